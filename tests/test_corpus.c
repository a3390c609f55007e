/*
 * The corpora in tests/formats: every good file is listed and read as its writer says, every bad one is refused in one clear
 * line that says what is wrong with it, and no damage to a good one leads a reader astray.
 *
 * What is said about each bad file is recorded in formats/messages.txt: UPDATE=1 build/tests/test_corpus writes it again.
 */
#include "corpus.h"
#include "testing.h"

#include "qloupe.h"
#include "tensor/tensor.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MESSAGES "tests/formats/messages.txt"

enum { PATH_SIZE = 512 };

static ql_engine *engine;
static char last_file[PATH_SIZE]; /* for those who look for what failed */

static int tell_last_file(void **state)
{
    (void)state;
    print_message("the last file was %s\n", last_file);
    return 0;
}

/* ---- Helpers --------------------------------------------------------------------------------------------------- */

static void assert_printable(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c < 0x20 || *c > 0x7e) /* the C locale: ASCII only */
            fail_msg("'%s' holds a character that may not reach a terminal", text);
}

/* One line that begins with a file of this folder, says something, and holds nothing that a terminal acts on. */
static void assert_clear_message(const ql_error *error, const char *path)
{
    size_t size = strlen(error->message), folder = (size_t)(strrchr(path, '/') - path);
    if (size < folder + 20 || size > sizeof error->message - 2 || memcmp(error->message, path, folder) != 0)
        fail_msg("'%s' does not say what is wrong with %s", error->message, path);
    assert_printable(error->message);
}

static ql_model *assert_opened(const char *path)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    if (ql_model_open(path, QL_LAYOUT_AUTO, &model, &error) != QL_OK)
        fail_msg("%s", error.message);
    return model;
}

/* All values as float64; NULL with a message when they cannot be read. */
static double *read_values(const ql_tensor *tensor, ql_error *error)
{
    size_t count = (size_t)tensor->element_count;
    double *values = malloc((count + 1) * sizeof *values);
    void *scratch = malloc(ql_tensor_scratch_size(tensor, count) + 1);
    assert_true(values && scratch);
    ql_status status = ql_tensor_read_f64(tensor, 0, count, values, scratch, error);
    free(scratch);
    if (status == QL_OK)
        return values;
    free(values);
    return NULL;
}

/* ---- What is right --------------------------------------------------------------------------------------------- */

static void show_value(const ql_value *value, FILE *out)
{
    char text[8192];
    size_t place = 0;
    ql_value element;
    bool first = true;
    switch (value->kind) {
    case QL_VALUE_TEXT:
        assert_in_range(ql_text_json(text, sizeof text, value->as.text), 0, sizeof text - 1);
        fputs(text, out);
        break;
    case QL_VALUE_BOOL:
        fputs(value->as.truth ? "true" : "false", out);
        break;
    case QL_VALUE_UNSIGNED:
        fprintf(out, "%llu", (unsigned long long)value->as.whole);
        break;
    case QL_VALUE_SIGNED:
        fprintf(out, "%lld", (long long)value->as.integer);
        break;
    case QL_VALUE_FLOAT:
        fprintf(out, "%.17g", value->as.number);
        break;
    case QL_VALUE_ARRAY:
        fputc('[', out);
        for (; ql_value_next(value, &place, &element); first = false) {
            fputs(first ? "" : ",", out);
            fputs(element.kind == QL_VALUE_TEXT ? "\"" : "", out);
            show_value(&element, out);
            fputs(element.kind == QL_VALUE_TEXT ? "\"" : "", out);
        }
        fputc(']', out);
    }
}

static void assert_metadata(const ql_model *model, size_t index, const corpus_row *row)
{
    ql_text key;
    ql_value value;
    ql_model_metadata(model, index, &key, &value);
    char *shown = NULL, name[20000];
    size_t size;
    FILE *out = open_memstream(&shown, &size);
    assert_non_null(out);
    show_value(&value, out);
    fclose(out);
    ql_text_json(name, sizeof name, key);
    assert_string_equal(name, row->fields[METADATA_KEY]);
    assert_string_equal(value.type, row->fields[METADATA_TYPE]);
    assert_string_equal(shown, row->fields[METADATA_VALUE]);
    free(shown);
}

/* The bytes of the file that holds a tensor. */
static char *file_of(const char *path, const corpus_row *row, size_t *size)
{
    const char *file = row->fields[TENSOR_FILE];
    struct stat status;
    if (!*file)
        return testing_read(path, size);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return testing_read(testing_path(path, file), size);
    char folder[256];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    return testing_read(testing_path(folder, file), size);
}

static void assert_place(const ql_tensor *tensor, const corpus_row *row, const char *path)
{
    char crc[16];
    if (strcmp(row->fields[TENSOR_OFFSET], "-") == 0) {
        assert_true(tensor->offset == QL_NO_OFFSET);
        return;
    }
    size_t size;
    char *bytes = file_of(path, row, &size);
    assert_true(tensor->offset == strtoull(row->fields[TENSOR_OFFSET], NULL, 10));
    if (strcmp(row->fields[TENSOR_CRC], "-") != 0) {
        assert_true(tensor->byte_count <= size && tensor->offset <= size - tensor->byte_count);
        snprintf(crc, sizeof crc, "%08x", corpus_crc32(bytes + tensor->offset, (size_t)tensor->byte_count));
        assert_string_equal(crc, row->fields[TENSOR_CRC]);
    }
    free(bytes);
}

static void assert_number(double found, const corpus_row *row, int field, double tolerance)
{
    double wanted = strtod(row->fields[field], NULL);
    if (!(fabs(found - wanted) <= tolerance) && found != wanted && !(isnan(found) && isnan(wanted)))
        fail_msg("%s: %.17g, expected %.17g", row->fields[TENSOR_NAME], found, wanted);
}

static void assert_values(const ql_model *model, const ql_tensor *tensor, const corpus_row *row)
{
    ql_error error = { 0 };
    double *values = read_values(tensor, &error);
    if (strcmp(row->fields[TENSOR_VALUES_CRC], "-") == 0) {
        assert_null(values);
        assert_int_equal(error.status, QL_UNUSABLE);
        return;
    }
    if (!values)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < tensor->element_count; i++)
        if (isnan(values[i]))
            memcpy(&values[i], &(uint64_t) { UINT64_C(0x7ff8000000000000) }, sizeof *values);
    char crc[16];
    snprintf(crc, sizeof crc, "%08x", corpus_crc32(values, (size_t)tensor->element_count * sizeof *values));
    free(values);
    assert_string_equal(crc, row->fields[TENSOR_VALUES_CRC]);

    ql_profile *profile = NULL;
    ql_status status = ql_profile_make(engine, model, tensor, NULL, &profile, &error);
    assert_int_equal(status, tensor->element_count ? QL_OK : QL_UNUSABLE);
    if (status != QL_OK)
        return;
    const ql_stats *stats = &profile->stats;
    const double tolerance = 1e-9 * strtod(row->fields[TENSOR_SUM_ABS], NULL);
    assert_true(stats->count == tensor->element_count);
    assert_number((double)stats->nan, row, TENSOR_NAN, 0);
    assert_number((double)stats->inf, row, TENSOR_INF, 0);
    assert_number(stats->sum, row, TENSOR_SUM, tolerance);
    assert_number(stats->sum_abs, row, TENSOR_SUM_ABS, tolerance);
    assert_number(stats->min, row, TENSOR_MIN, 0);
    assert_number(stats->max, row, TENSOR_MAX, 0);
    ql_profile_free(&profile);
}

static void assert_tensor(const ql_model *model, size_t index, const corpus_row *row, const char *path)
{
    const ql_tensor *tensor = ql_model_tensor(model, index);
    char name[40000], shape[512] = "", file[512];
    assert_in_range(ql_text_json(name, sizeof name, tensor->name), 0, sizeof name - 1);
    assert_string_equal(name, row->fields[TENSOR_NAME]);
    assert_string_equal(ql_dtype_describe(tensor->dtype)->name, row->fields[TENSOR_DTYPE]);
    for (unsigned axis = 0; axis < tensor->rank; axis++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%llu", axis ? "," : "",
                 (unsigned long long)tensor->shape[axis]);
    assert_string_equal(shape, row->fields[TENSOR_SHAPE]);
    ql_text_json(file, sizeof file, tensor->file);
    assert_string_equal(file, row->fields[TENSOR_FILE]);
    assert_true(tensor->rows * tensor->cols == tensor->element_count);
    assert_true(tensor->byte_count == strtoull(row->fields[TENSOR_BYTES], NULL, 10));
    assert_place(tensor, row, path);
    assert_values(model, tensor, row);
}

/* Every file in a folder, as a table says. */
static void check_good_files(const char *table_path, const char *folder, size_t least)
{
    corpus table = corpus_read(table_path);
    size_t at = 0, files = 0;
    for (const corpus_row *row; (row = corpus_next_file(&table, &at)); files++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", folder, row->fields[FILE_NAME]);
        size_t tensors = strtoul(row->fields[FILE_TENSORS], NULL, 10), keys = strtoul(row->fields[FILE_METADATA], NULL, 10);
        snprintf(last_file, sizeof last_file, "%s", path);
        ql_model *model = assert_opened(path);
        assert_string_equal(ql_model_format(model), row->fields[FILE_FORMAT]);
        assert_memory_equal(ql_model_path(model), path, strlen(path)); /* of a folder: the file in it */
        assert_int_equal(ql_model_tensor_count(model), tensors);
        assert_int_equal(ql_model_metadata_count(model), keys);
        for (size_t i = 0; i < keys; i++)
            assert_metadata(model, i, &table.rows[at++]);
        for (size_t i = 0; i < tensors; i++)
            assert_tensor(model, i, &table.rows[at++], path);
        ql_model_free(&model);
        assert_null(model);
    }
    assert_in_range(files, least, 10000);
    corpus_free(&table);
}

static void every_good_file_is_listed_and_read_as_its_writer_says(void **state)
{
    (void)state;
    check_good_files("tests/formats/good.tsv", GOOD, 150);
}

static void files_of_other_programs_are_listed_and_read_as_these_say(void **state)
{
    (void)state;
    check_good_files("tests/formats/real.tsv", "tests/formats/real", 20);
}

/* ---- What is wrong --------------------------------------------------------------------------------------------- */

/* What the file is told: "" when it opens and every value of it can be read. */
static void open_and_read(const char *path, const char *verdict, ql_error *error)
{
    ql_model *model = NULL;
    *error = (ql_error) { 0 };
    if (ql_model_open(path, QL_LAYOUT_AUTO, &model, error) != QL_OK) {
        assert_null(model);
        if (strcmp(verdict, "refuse") != 0)
            fail_msg("refused: %s", error->message);
        return;
    }
    if (strcmp(verdict, "refuse") == 0)
        fail_msg("%s is not refused", path);
    for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
        const ql_tensor *tensor = ql_model_tensor(model, i);
        char shown[20000];
        ql_text_print(shown, sizeof shown, tensor->name, 0);
        assert_printable(shown);
        ql_text_json(shown, sizeof shown, tensor->name);
        assert_printable(shown);
        if (tensor->element_count > 1 << 24 || !ql_dtype_describe(tensor->dtype)->has_values)
            continue;
        double *values = read_values(tensor, error);
        ql_profile *profile = NULL;
        ql_error again = { 0 };
        ql_status status = ql_profile_make(engine, model, tensor, NULL, &profile, &again);
        assert_true(status == error->status || (status == QL_UNUSABLE && tensor->element_count == 0));
        free(values);
        ql_profile_free(&profile);
        if (error->status != QL_OK)
            break;
    }
    ql_model_free(&model);
}

static void every_bad_file_is_refused_in_one_clear_line(void **state)
{
    (void)state;
    corpus table = corpus_read("tests/formats/bad.tsv");
    const bool update = getenv("UPDATE") != NULL;
    corpus recorded = update ? (corpus) { 0 } : corpus_read(MESSAGES);
    FILE *out = update ? fopen(MESSAGES, "w") : NULL;
    size_t at = 0, files = 0, messages = 0;
    for (const corpus_row *row; (row = corpus_next_file(&table, &at)); files++) {
        const char *verdict = row->fields[BAD_VERDICT];
        char path[PATH_SIZE];
        snprintf(path, sizeof path, BAD "/%s", row->fields[BAD_NAME]);
        ql_error error;
        snprintf(last_file, sizeof last_file, "%s", path);
        open_and_read(path, verdict, &error);
        if (strcmp(verdict, "accept") == 0) {
            assert_string_equal(error.message, "");
            continue;
        }
        assert_int_equal(error.status, QL_BAD_FILE);
        assert_clear_message(&error, path);
        if (!strstr(error.message, row->fields[BAD_WORDS]))
            fail_msg("'%s' does not say '%s'", error.message, row->fields[BAD_WORDS]);
        char *message = error.message + sizeof BAD, *formats = strstr(message, "this build reads");
        if (formats)
            *formats = '\0'; /* the list of them */
        if (out)
            fprintf(out, "%s\n", message);
        else
            assert_string_equal(message, recorded.rows[messages++].fields[0]);
    }
    if (out)
        assert_int_equal(fclose(out), 0);
    assert_int_equal(messages, recorded.count);
    assert_in_range(files, 500, 10000);
    corpus_free(&recorded);
    corpus_free(&table);
}

/* ---- Damage ---------------------------------------------------------------------------------------------------- */

static void open_damaged(const char *name, const char *bytes, size_t size)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    if (ql_model_open_memory(name, bytes, size, QL_LAYOUT_AUTO, &model, &error) != QL_OK) {
        assert_int_equal(error.status, QL_BAD_FILE);
        assert_clear_message(&error, name);
        return;
    }
    for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
        const ql_tensor *tensor = ql_model_tensor(model, i);
        if (tensor->element_count > 1 << 16)
            continue;
        double *values = read_values(tensor, &error);
        if (!values)
            assert_clear_message(&error, name);
        free(values);
    }
    ql_model_free(&model);
}

static void no_changed_byte_leads_outside_the_file(void **state)
{
    (void)state;
    enum { ROUNDS = 200, HEADER = 1000 };
    const unsigned seed = 20240612;
    print_message("seed %u\n", seed);
    srand(seed);
    corpus table = corpus_read("tests/formats/good.tsv");
    size_t at = 0;
    for (const corpus_row *row; (row = corpus_next_file(&table, &at));) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, GOOD "/%s", row->fields[FILE_NAME]);
        if (strncmp(row->fields[FILE_NAME], "sharded", 7) == 0)
            continue;
        size_t size;
        char *bytes = testing_read(path, &size);
        for (int round = 0; round < ROUNDS; round++) {
            size_t place = (size_t)rand() % (size < HEADER ? size : HEADER);
            if (rand() % 4 == 0) /* the directory of an archive is at the end */
                place = size - 1 - (size_t)rand() % (size < HEADER ? size : HEADER);
            char before = bytes[place];
            bytes[place] = rand() % 2 ? (char)rand() : "0123456789[]{},:\"\\"[rand() % 18];
            open_damaged(path, bytes, size);
            bytes[place] = before;
        }
        free(bytes);
    }
    corpus_free(&table);
}

int main(void)
{
    setlocale(LC_CTYPE, "C"); /* names come out as ASCII, like those of the tables */
    if (ql_engine_new(2, &engine, NULL) != QL_OK)
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_good_file_is_listed_and_read_as_its_writer_says, tell_last_file),
        cmocka_unit_test_teardown(files_of_other_programs_are_listed_and_read_as_these_say, tell_last_file),
        cmocka_unit_test_teardown(every_bad_file_is_refused_in_one_clear_line, tell_last_file),
        cmocka_unit_test(no_changed_byte_leads_outside_the_file),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ql_engine_free(&engine);
    return failed;
}
