/*
 * Files that are cut short: a good file that ends anywhere opens and gives the same values (padding was lost), or is refused
 * in words, and so is one that becomes shorter after it was opened.
 */
#include "corpus.h"
#include "testing.h"

#include "qloupe.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 512, ENDS = 2048, STRIDE = 509 };

static ql_engine *engine;

/* A fingerprint of all that a model holds; false with a message when some of it cannot be read. */
static bool read_all(const ql_model *model, uint32_t *sum, ql_error *error)
{
    *sum = 0;
    for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
        const ql_tensor *tensor = ql_model_tensor(model, i);
        size_t count = (size_t)tensor->element_count;
        *sum = *sum * 31 + corpus_crc32(tensor->name.data, tensor->name.size) + (uint32_t)tensor->rank;
        if (!ql_dtype_describe(tensor->dtype)->has_values)
            continue;
        double *values = malloc((count + 1) * sizeof *values);
        void *scratch = malloc(ql_tensor_scratch_size(tensor, count) + 1);
        assert_true(values && scratch);
        ql_status status = ql_tensor_read_f64(tensor, 0, count, values, scratch, error);
        for (size_t k = 0; k < count && status == QL_OK; k++)
            if (isnan(values[k]))
                values[k] = NAN;
        if (status == QL_OK)
            *sum = *sum * 31 + corpus_crc32(values, count * sizeof *values);
        free(values);
        free(scratch);
        if (status != QL_OK)
            return false;
    }
    return true;
}

/* One line in words about this file. */
static void assert_words(const ql_error *error, const char *path, size_t cut)
{
    const char *message = error->message;
    size_t folder = (size_t)(strrchr(path, '/') - path);
    if (error->status != QL_BAD_FILE || strlen(message) < folder + 20 || memcmp(message, path, folder) != 0)
        fail_msg("%s cut at %zu: status %d, '%s'", path, cut, error->status, message);
    for (const char *c = message; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            fail_msg("%s cut at %zu: '%s'", path, cut, message);
}

/* The next place to cut: every byte near both ends, samples between. */
static size_t next_cut(size_t cut, size_t size)
{
    return cut < ENDS || cut + ENDS >= size ? cut + 1 : cut + STRIDE < size - ENDS ? cut + STRIDE : size - ENDS;
}

static ql_status open_cut(const char *path, const char *bytes, size_t size, uint32_t *sum, ql_error *error)
{
    ql_model *model = NULL;
    ql_status status = ql_model_open_memory(path, bytes, size, QL_LAYOUT_AUTO, &model, error);
    if (status == QL_OK && !read_all(model, sum, error))
        status = error->status;
    ql_model_free(&model);
    return status;
}

static void a_file_that_ends_anywhere_is_refused_or_lost_nothing(void **state)
{
    (void)state;
    corpus table = corpus_read("tests/formats/good.tsv");
    size_t at = 0, accepted = 0, refused = 0;
    for (const corpus_row *row; (row = corpus_next_file(&table, &at));) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, GOOD "/%s", row->fields[FILE_NAME]);
        if (strncmp(row->fields[FILE_NAME], "sharded", 7) == 0)
            continue;
        size_t size;
        uint32_t whole, sum;
        ql_error error = { 0 };
        char *bytes = testing_read(path, &size);
        assert_int_equal(open_cut(path, bytes, size, &whole, &error), QL_OK);
        for (size_t cut = 0; cut < size; cut = next_cut(cut, size)) {
            char *copy = malloc(cut + 1); /* so that a sanitizer sees a read behind the end */
            assert_non_null(copy);
            memcpy(copy, bytes, cut);
            copy = realloc(copy, cut ? cut : 1);
            assert_non_null(copy);
            if (open_cut(path, copy, cut, &sum, &error) != QL_OK) {
                assert_words(&error, path, cut);
                refused++;
            } else if (sum != whole || strcmp(row->fields[FILE_FORMAT], "gguf") != 0) {
                fail_msg("%s cut at %zu of %zu is read as something else", path, cut, size);
            } else {
                accepted++;
            }
            free(copy);
        }
        free(bytes);
    }
    assert_in_range(refused, 50000, SIZE_MAX);
    assert_in_range(accepted, 100, refused / 20); /* padding at the end of a GGUF file */
    corpus_free(&table);
}

/* The folder of a sharded model, copied. */
static const char *copy_model(const char *name, const char *const files[], size_t count)
{
    const char *folder = testing_folder();
    for (size_t i = 0; i < count; i++) {
        char from[PATH_SIZE];
        size_t size;
        snprintf(from, sizeof from, GOOD "/%s/%s", name, files[i]);
        char *bytes = testing_read(from, &size);
        testing_write(testing_path(folder, files[i]), bytes, size);
        free(bytes);
    }
    return folder;
}

static void a_sharded_model_of_which_a_file_is_cut_is_refused(void **state)
{
    (void)state;
    static const char *const files[] = { "model.safetensors.index.json", "model-00001-of-00003.safetensors",
                                         "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors" };
    const char *folder = copy_model("sharded", files, 4);
    char index[PATH_SIZE];
    snprintf(index, sizeof index, "%s/%s", folder, files[0]);
    for (size_t i = 0; i < 4; i++) {
        char path[PATH_SIZE];
        size_t size;
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        char *bytes = testing_read(path, &size);
        for (size_t cut = size; cut-- > 0;) {
            ql_model *model = NULL;
            ql_error error = { 0 };
            assert_int_equal(truncate(path, (off_t)cut), 0);
            if (ql_model_open(index, QL_LAYOUT_AUTO, &model, &error) == QL_OK)
                fail_msg("%s cut at %zu of %zu opens", path, cut, size);
            assert_words(&error, index, cut);
        }
        testing_write(path, bytes, size);
        free(bytes);
    }
}

/* Mapped or read, all values at once or in a profile. */
static void check_shorter(const char *path, const char *bytes, size_t size, size_t cut)
{
    testing_write(path, bytes, size);
    ql_model *model = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), QL_OK);
    assert_int_equal(truncate(path, (off_t)cut), 0);
    for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
        ql_profile *profile = NULL;
        ql_status status = ql_profile_make(engine, model, ql_model_tensor(model, i), NULL, &profile, &error);
        assert_true(status == QL_BAD_FILE || status == QL_UNUSABLE);
        if (status == QL_BAD_FILE)
            assert_words(&error, path, cut);
        assert_null(profile);
    }
    ql_model_free(&model);
}

static void a_file_that_becomes_shorter_after_it_was_opened_is_noticed(void **state)
{
    (void)state;
    corpus table = corpus_read("tests/formats/good.tsv");
    const char *folder = testing_folder();
    size_t at = 0;
    for (const corpus_row *row; (row = corpus_next_file(&table, &at));) {
        char from[PATH_SIZE], path[PATH_SIZE];
        snprintf(from, sizeof from, GOOD "/%s", row->fields[FILE_NAME]);
        snprintf(path, sizeof path, "%s/%s", folder, row->fields[FILE_NAME]);
        if (strncmp(row->fields[FILE_NAME], "sharded", 7) == 0)
            continue;
        size_t size;
        char *bytes = testing_read(from, &size);
        for (size_t part = 0; part < 4; part++)
            check_shorter(path, bytes, size, size * part / 4);
        check_shorter(path, bytes, size, size - 1);
        assert_int_equal(unlink(path), 0);
        free(bytes);
    }
    corpus_free(&table);
}

int main(void)
{
    if (ql_engine_new(2, &engine, NULL) != QL_OK)
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_ends_anywhere_is_refused_or_lost_nothing),
        cmocka_unit_test(a_sharded_model_of_which_a_file_is_cut_is_refused),
        cmocka_unit_test(a_file_that_becomes_shorter_after_it_was_opened_is_noticed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ql_engine_free(&engine);
    return failed;
}
