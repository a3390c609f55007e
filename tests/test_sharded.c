/* Models in several files: what an index lists is found, in order, and no index leads anywhere else. */
#include "shards.h"
#include "tensors.h"

#include <dirent.h>
#include <locale.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Helpers --------------------------------------------------------------------------------------------------- */

static ql_model *open_model(const char *path)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    must(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), &error);
    return model;
}

/* One line of ASCII that begins with the folder and says `words`. */
static void assert_refused(const char *path, const char *folder, const char *words)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    const ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, &error);
    if (status != QL_BAD_FILE || model || strncmp(error.message, folder, strlen(folder)) != 0 ||
        !strstr(error.message, words) || !strchr(error.message, ';'))
        fail_msg("status %d: '%s' does not say '%s' of '%s'", (int)status, error.message, words, folder);
    for (const char *c = error.message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e);
}

static bool text_is(ql_text text, const char *wanted)
{
    return text.size == strlen(wanted) && memcmp(text.data, wanted, text.size) == 0;
}

static float first_value(const ql_tensor *tensor)
{
    float value = 0, scratch[64];
    ql_error error;
    assert_in_range(ql_tensor_scratch_size(tensor, 1), 1, sizeof scratch);
    must(ql_tensor_read_f32(tensor, 0, 1, &value, scratch, &error), &error);
    return value;
}

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* A folder of two files: a.safetensors holds u (1) and w (2), b.safetensors x (11) and y (12). */
static const char *two_files(void)
{
    const char *folder = testing_folder();
    write_shard(folder, "a.safetensors", "u w", 3, 1);
    write_shard(folder, "b.safetensors", "x y", 5, 11);
    return folder;
}

#define WHOLE                                                                                                               \
    "{\"metadata\":{\"total_size\":64},\"weight_map\":{\"y\":\"b.safetensors\",\"w\":\"a.safetensors\","                    \
    "\"x\":\"b.safetensors\",\"u\":\"a.safetensors\"}}"

/* ---- What is read ---------------------------------------------------------------------------------------------- */

static void tensors_come_by_the_name_of_their_file_and_then_in_the_order_of_their_data(void **state)
{
    (void)state;
    static const struct {
        const char *name, *file;
        uint64_t elements;
        float value;
    } wanted[] = { { "u", "a.safetensors", 3, 1 },
                   { "w", "a.safetensors", 3, 2 },
                   { "x", "b.safetensors", 5, 11 },
                   { "y", "b.safetensors", 5, 12 } };
    const char *folder = two_files();
    const int before = open_descriptors();
    ql_model *model = open_model(write_index(folder, WHOLE));
    assert_string_equal(ql_model_format(model), "safetensors-index");
    assert_string_equal(ql_model_path(model), testing_path(folder, INDEX));
    assert_string_equal(ql_model_note(model), "");
    assert_int_equal(open_descriptors(), before + 1);
    assert_int_equal(ql_model_tensor_count(model), COUNT(wanted));
    uint64_t bytes = 0;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        const ql_tensor *tensor = ql_model_tensor(model, i);
        assert_true(text_is(tensor->name, wanted[i].name) && text_is(tensor->file, wanted[i].file));
        assert_true(tensor->element_count == wanted[i].elements && tensor->rows == 1 && tensor->cols == wanted[i].elements);
        assert_true(first_value(tensor) == wanted[i].value);
        if (i % 2 == 1)
            bytes += tensor->offset + tensor->byte_count; /* the last tensor ends its file */
    }
    assert_int_equal(ql_model_byte_count(model), bytes);
    size_t match;
    assert_int_equal(ql_model_match(model, "x", &match, 1), 1);
    assert_int_equal(match, 2);
    ql_model_free(&model);
    assert_int_equal(open_descriptors(), before);
}

static void plain_values_of_the_metadata_are_kept_as_what_they_are(void **state)
{
    (void)state;
    const char *folder = two_files();
    ql_model *model = open_model(write_index(
        folder,
        "{\"other\":[{\"weight_map\":1}],\"metadata\":{\"total_size\":18446744073709551615,\"a\":\"b\\u0000c\",\"t\":true,"
        "\"f\":false,\"n\":null,\"o\":{\"k\":[1]},\"l\":[1,2],\"e\":1.5e3,\"m\":-3,\"long\":"
        "1000000000000000000000000000000000000000000000000000000000000000000000},\"weight_map\":{}}"));
    static const struct {
        const char *key;
        ql_value_kind kind;
    } wanted[] = { { "total_size", QL_VALUE_UNSIGNED },
                   { "a", QL_VALUE_TEXT },
                   { "t", QL_VALUE_BOOL },
                   { "f", QL_VALUE_BOOL },
                   { "e", QL_VALUE_FLOAT },
                   { "m", QL_VALUE_FLOAT },
                   { "long", QL_VALUE_TEXT } };
    ql_value values[COUNT(wanted)];
    assert_int_equal(ql_model_metadata_count(model), COUNT(wanted));
    for (size_t i = 0; i < COUNT(wanted); i++) {
        ql_text key;
        ql_model_metadata(model, i, &key, &values[i]);
        assert_true(text_is(key, wanted[i].key));
        assert_int_equal(values[i].kind, wanted[i].kind);
    }
    assert_true(values[0].as.whole == UINT64_MAX && values[1].as.text.size == 3);
    assert_true(values[2].as.truth && !values[3].as.truth && values[4].as.number == 1500 && values[5].as.number == -3);
    assert_int_equal(values[6].as.text.size, 70);
    assert_int_equal(ql_model_tensor_count(model), 0);
    ql_model_free(&model);
}

static void what_the_files_hold_beyond_the_index_is_left_out_and_said(void **state)
{
    (void)state;
    const char *folder = two_files();
    ql_model *model = open_model(write_index(folder, "{\"weight_map\":{\"w\":\"a.safetensors\",\"y\":\"b.safetensors\"}}"));
    assert_int_equal(ql_model_tensor_count(model), 2);
    assert_true(first_value(ql_model_tensor(model, 0)) == 2 && first_value(ql_model_tensor(model, 1)) == 12);
    assert_string_equal(ql_model_note(model), "2 tensors of the files are not in the index");
    ql_model_free(&model);
    /* The same name in two files: the index says which one counts. */
    write_shard(folder, "b.safetensors", "w", 1, 77);
    model = open_model(write_index(folder, "{\"weight_map\":{\"u\":\"a.safetensors\",\"w\":\"b.safetensors\"}}"));
    assert_int_equal(ql_model_tensor_count(model), 2);
    assert_true(first_value(ql_model_tensor(model, 1)) == 77);
    assert_string_equal(ql_model_note(model), "1 tensor of the files is not in the index");
    ql_model_free(&model);
}

/* Model hubs keep files elsewhere, under other names. */
static void links_are_followed_and_files_are_looked_for_beside_the_link(void **state)
{
    (void)state;
    const char *store = testing_folder(), *folder = testing_folder();
    write_shard(store, "1f3a", "w", 1, 5);
    const char *index = "{\"weight_map\":{\"w\":\"model-1.safetensors\"}}";
    testing_write(testing_path(store, "77c0"), index, strlen(index));
    assert_int_equal(symlink(testing_path(store, "1f3a"), testing_path(folder, "model-1.safetensors")), 0);
    assert_int_equal(symlink(testing_path(store, "77c0"), testing_path(folder, INDEX)), 0);
    ql_model *model = open_model(testing_path(folder, INDEX));
    assert_true(first_value(ql_model_tensor(model, 0)) == 5);
    ql_model_free(&model);
}

/* The layout of GPT-2 shows in one file and holds in all. */
static void the_layout_is_that_of_the_whole_model(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    static const struct {
        const char *file, *header;
        size_t data;
    } files[] = {
        { "a.safetensors", "{\"h.0.attn.c_attn.weight\":{\"dtype\":\"U8\",\"shape\":[2,6],\"data_offsets\":[0,12]}}", 12 },
        { "b.safetensors", "{\"h.0.mlp.c_fc.weight\":{\"dtype\":\"U8\",\"shape\":[2,8],\"data_offsets\":[0,16]}}", 16 },
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        char bytes[256] = { (char)strlen(files[i].header) };
        strcpy(bytes + 8, files[i].header);
        testing_write(testing_path(folder, files[i].file), bytes, 8 + strlen(files[i].header) + files[i].data);
    }
    ql_model *model = open_model(write_index(folder, "{\"weight_map\":{\"h.0.mlp.c_fc.weight\":\"b.safetensors\","
                                                     "\"h.0.attn.c_attn.weight\":\"a.safetensors\"}}"));
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ql_model_tensor(model, i)->layout, QL_LAYOUT_IN_OUT);
    assert_int_equal(ql_model_tensor(model, 1)->rows, 8);
    ql_model_free(&model);
}

/* ---- Many files ------------------------------------------------------------------------------------------------ */

enum { FILES = 2000, PER_FILE = 50 };

/* FILES files of PER_FILE tensors of one element, the value of which is the tensor's number; the index in another order. */
static const char *write_many(const char *folder, size_t files)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs("{\"weight_map\":{", out);
    for (size_t i = files; i-- > 0;) {
        char name[32], names[PER_FILE * 16] = "";
        snprintf(name, sizeof name, "m-%05zu", i);
        for (size_t t = 0; t < PER_FILE; t++) {
            sprintf(names + strlen(names), "t.%zu ", i * PER_FILE + t);
            fprintf(out, "%s\"t.%zu\":\"%s\"", i + 1 == files && t == 0 ? "" : ",", i * PER_FILE + (t * 7) % PER_FILE, name);
        }
        write_shard(folder, name, names, 1, (float)(i * PER_FILE));
    }
    fputs("}}", out);
    fclose(out);
    const char *path = write_index(folder, text);
    free(text);
    return path;
}

static void assert_many(const ql_model *model, size_t files)
{
    assert_int_equal(ql_model_tensor_count(model), files * PER_FILE);
    for (size_t i = 0; i < files * PER_FILE; i++) {
        char name[32];
        snprintf(name, sizeof name, "t.%zu", i);
        assert_true(text_is(ql_model_tensor(model, i)->name, name));
    }
}

static void a_hundred_thousand_tensors_in_two_thousand_files_are_found(void **state)
{
    (void)state;
    const char *path = write_many(testing_folder(), FILES);
    ql_model *model = open_model(path);
    assert_many(model, FILES);
    for (size_t i = 0; i < FILES * PER_FILE; i += 997)
        assert_true(first_value(ql_model_tensor(model, i)) == (float)i);
    ql_model_free(&model);
}

static void more_files_than_descriptors_are_read(void **state)
{
    (void)state;
    enum { SOME = 300 }; /* more than there are maps, too */
    struct rlimit limit, low;
    const char *path = write_many(testing_folder(), SOME);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int mapped = 0; mapped < 2; mapped++) {
        ql_map_files(mapped);
        ql_model *model = open_model(path);
        ql_map_files(false);
        assert_many(model, SOME);
        for (size_t i = 0; i < SOME * PER_FILE; i++)
            assert_true(first_value(ql_model_tensor(model, i)) == (float)i);
        ql_model_free(&model);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void many_names_of_one_large_file_take_no_more_memory_than_the_limit(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    write_shard_padded(folder, "a.safetensors", "u w", 1, 1, 60000000);
    assert_int_equal(link(testing_path(folder, "a.safetensors"), testing_path(folder, "b.safetensors")), 0);
    const char *path = write_index(folder, "{\"weight_map\":{\"u\":\"a.safetensors\",\"w\":\"b.safetensors\"}}");
    assert_refused(path, path,
                   "the headers of its first 2 files have 120000144 bytes together, which is over the limit of 100000000");
    assert_int_equal(unlink(testing_path(folder, "a.safetensors")), 0);
    assert_int_equal(unlink(testing_path(folder, "b.safetensors")), 0);
}

/* ---- What is refused ------------------------------------------------------------------------------------------- */

static void every_broken_index_is_refused_in_one_clear_line(void **state)
{
    (void)state;
#define MAP(pairs) "{\"weight_map\":{" pairs "}}"
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "{}", "weight_map is missing" },
        { "{\"metadata\":{\"total_size\":1}}", "weight_map is missing" },
        { "{\"weight_map\":[\"w\"]}", "weight_map must be an object, not an array (byte 14)" },
        { "{\"weight_map\":null}", "weight_map must be an object, not null" },
        { "{\"weight_map\":{},\"weight_ma\\u0070\":{}}", "weight_map is given twice" },
        { "{\"metadata\":{},\"metadata\":{},\"weight_map\":{}}", "metadata is given twice" },
        { "{\"metadata\":7,\"weight_map\":{}}", "metadata must be an object, not a number" },
        { "{\"metadata\":{\"a\":1,\"\\u0061\":2},\"weight_map\":{}}", "two keys of metadata are named 'a'" },
        { "[]", "the index must be a JSON object, not an array" },
        { MAP("") " x", "not valid JSON" },
        { "{\"weight_map\":{\"w\":\"a.safetensors\"}", "not valid JSON" },
        { MAP("\"w\":7"), "a file in weight_map must be a string, not a number" },
        { MAP("\"w\":[\"a.safetensors\"]"), "a file in weight_map must be a string, not an array" },
        { MAP("\"w\":\"a.safetensors\",\"\\u0077\":\"b.safetensors\""), "two tensors of weight_map are named 'w'" },
        { MAP("\"w\":\"\""), "is the name of no file" },
        { MAP("\"w\":\".\""), "is the name of no file" },
        { MAP("\"w\":\"..\""), "is the name of no file" },
        { MAP("\"w\":\"../a.safetensors\""), "tensor 'w': its file '../a.safetensors' (byte 19) is a path" },
        { MAP("\"w\":\"/etc/passwd\""), "is a path" },
        { MAP("\"w\":\"./a.safetensors\""), "is a path" },
        { MAP("\"w\":\"a.safetensors/\""), "is a path" },
        { MAP("\"w\":\"..\\\\a.safetensors\""), "is a path" },
        { MAP("\"w\":\"\\u002f\\u002e\""), "is a path" },
        { MAP("\"w\":\"a.safetensors\\u0000\""), "a control character" },
        { MAP("\"w\":\"\\u001b[2Ja\""), "its file '\\x1b[2Ja' (byte 19) has a control character" },
        { MAP("\"w\":\"a\\u007f\""), "a control character" },
        { MAP("\"w\":\"a\\u009b\""), "a control character" },
        { MAP("\"w\":\"none.safetensors\""), "tensor 'w': its file 'none.safetensors' (byte 19) is not there; download it" },
        { MAP("\"w\":\"gone\""), "is not there" },
        { MAP("\"w\":\"a.safetensors\",\"x\":\"a.safetensors\""),
          "tensor 'x': its file 'a.safetensors' (byte 39) does not hold it" },
        { MAP("\"w\":\"b.safetensors\",\"x\":\"a.safetensors\""), "does not hold it" },
        { MAP("\"u\":\"a.safetensors\",\"\":\"a.safetensors\""), "tensor '': its file" },
        { MAP("\"\\u202e\":\"a.safetensors\""), "tensor '\\u202e': its file" },
        { MAP("\"w\":\"" INDEX "\""),
          "is safetensors-index (a model in several safetensors files), where safetensors is needed" },
        { MAP("\"w\":\"x.npy\""), "x.npy: is npy (one NumPy array), where safetensors is needed" },
        { MAP("\"w\":\"pointer.safetensors\""), "pointer.safetensors: is a Git LFS pointer" },
        { MAP("\"w\":\"short.safetensors\""), "short.safetensors: 4 bytes are too few" },
        { MAP("\"w\":\"empty.safetensors\""), "empty.safetensors: the file is empty" },
        { MAP("\"w\":\"folder\""), "folder: is a folder, not a file" },
        { MAP("\"w\":\"pipe\""), "pipe: is a named pipe, not a file" },
        { MAP("\"w\":\"null\""), "null: is a device, not a file" },
    };
    const char *folder = two_files(), *path = testing_path(folder, INDEX);
    testing_write(testing_path(folder, "x.npy"), "\x93NUMPY\1", 7);
    testing_write(testing_path(folder, "pointer.safetensors"), "version https://git-lfs.github.com/spec/v1\n", 43);
    testing_write(testing_path(folder, "short.safetensors"), "abcd", 4);
    testing_write(testing_path(folder, "empty.safetensors"), "", 0);
    assert_int_equal(mkdir(testing_path(folder, "folder"), 0700), 0);
    assert_int_equal(mkfifo(testing_path(folder, "pipe"), 0600), 0);
    assert_int_equal(symlink("/dev/null", testing_path(folder, "null")), 0);
    assert_int_equal(symlink("nowhere", testing_path(folder, "gone")), 0);
    alarm(60); /* a named pipe must not make it wait */
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(write_index(folder, cases[i].text), folder, cases[i].words);
    alarm(0);

    char text[700] = "{\"weight_map\":{\"w\":\"";
    memset(text + strlen(text), 'n', 256);
    strcat(text, "\"}}");
    assert_refused(write_index(folder, text), path, "has a name of more than 255 bytes");
    memmove(text + 25, text + 26, strlen(text) - 25); /* 255 */
    assert_refused(write_index(folder, text), path, "is not there");
}

static void an_index_over_the_limit_is_refused_unread(void **state)
{
    (void)state;
    const char *path = write_index(testing_folder(), "{");
    assert_int_equal(truncate(path, 100000001), 0);
    assert_refused(path, path, "an index of 100000001 bytes is over the limit of 100000000");
    assert_int_equal(unlink(path), 0);
}

static void nested_brackets_are_refused_for_their_depth(void **state)
{
    (void)state;
    enum { SIZE = 1000000 };
    const char *folder = testing_folder(), *path = testing_path(folder, INDEX);
    char *text = malloc(SIZE);
    static const char begin[] = "{\"metadata\":{\"a\":";
    memset(text, '[', SIZE);
    memcpy(text, begin, sizeof begin - 1);
    testing_write(path, text, SIZE);
    free(text);
    assert_refused(path, path, "nested deeper than the limit of 128 levels");
}

static void an_index_cut_at_any_byte_is_refused(void **state)
{
    (void)state;
    const char *folder = two_files(), *path = write_index(folder, WHOLE);
    for (size_t size = strlen(WHOLE); size-- > 0;) {
        assert_int_equal(truncate(path, (off_t)size), 0);
        assert_refused(path, path, ";");
    }
}

static void no_changed_byte_leads_out_of_the_folder(void **state)
{
    (void)state;
    uint64_t seed = 20240613;
    print_message("seed %d\n", (int)seed);
    const char *folder = two_files(), *path = testing_path(folder, INDEX);
    for (int round = 0; round < 3000; round++) {
        char text[] = WHOLE;
        for (uint64_t i = 0; i <= random_below(&seed, 3); i++)
            text[random_below(&seed, sizeof text - 1)] = "abuwxy.[]{},:\"\\/0"[random_below(&seed, 17)];
        testing_write(path, text, sizeof text - 1);
        ql_model *model = NULL;
        ql_error error = { 0 };
        if (ql_model_open(path, QL_LAYOUT_AUTO, &model, &error) != QL_OK) {
            assert_memory_equal(error.message, folder, strlen(folder));
            continue;
        }
        for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
            const ql_tensor *tensor = ql_model_tensor(model, i);
            assert_true(text_is(tensor->file, "a.safetensors") || text_is(tensor->file, "b.safetensors"));
            first_value(tensor);
        }
        ql_model_free(&model);
    }
}

/* ---- The program ----------------------------------------------------------------------------------------------- */

static void ls_says_which_file_holds_a_tensor(void **state)
{
    (void)state;
    const char *folder = two_files();
    write_index(folder,
                "{\"metadata\":{\"total_size\":64},\"weight_map\":{\"w\":\"a.safetensors\",\"y\":\"b.safetensors\"}}");
    testing_result result = testing_run(
        "P=$(realpath \"${QLOUPE:-build/qloupe}\"); cd '%s' && \"$P\" ls " INDEX " && \"$P\" ls --json " INDEX, folder);
    assert_int_equal(result.exit_code, 0);
    static const char *const wanted[] = {
        INDEX "\n  total_size = 64\n\n",
        "w     F32        3  out,in         3  12 B  a.safetensors\n",
        "2 tensors, 8 elements, safetensors-index, ",
        "\n2 tensors of the files are not in the index\n",
        "{\"schema\":1,\"file\":\"" INDEX
        "\",\"format\":\"safetensors-index\",\"note\":\"2 tensors of the files are not in the index\","
        "\"metadata\":{\"total_size\":64},",
        ",\"bytes\":20,\"offset\":140,\"file\":\"b.safetensors\"}",
    };
    for (size_t i = 0; i < COUNT(wanted); i++)
        if (!strstr(result.standard_output, wanted[i]))
            fail_msg("'%s' is not in\n%s", wanted[i], result.standard_output);
    testing_result_free(&result);
    result = testing_run("\"${QLOUPE:-build/qloupe}\" stat --json '%s'", testing_path(folder, INDEX));
    assert_int_equal(result.exit_code, 0);
    assert_non_null(strstr(result.standard_output, "\"min\":12,"));
    testing_result_free(&result);
}

int main(void)
{
    setlocale(LC_CTYPE, "C"); /* messages come out as ASCII */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_come_by_the_name_of_their_file_and_then_in_the_order_of_their_data),
        cmocka_unit_test(plain_values_of_the_metadata_are_kept_as_what_they_are),
        cmocka_unit_test(what_the_files_hold_beyond_the_index_is_left_out_and_said),
        cmocka_unit_test(links_are_followed_and_files_are_looked_for_beside_the_link),
        cmocka_unit_test(the_layout_is_that_of_the_whole_model),
        cmocka_unit_test(a_hundred_thousand_tensors_in_two_thousand_files_are_found),
        cmocka_unit_test(more_files_than_descriptors_are_read),
        cmocka_unit_test(many_names_of_one_large_file_take_no_more_memory_than_the_limit),
        cmocka_unit_test(every_broken_index_is_refused_in_one_clear_line),
        cmocka_unit_test(an_index_over_the_limit_is_refused_unread),
        cmocka_unit_test(nested_brackets_are_refused_for_their_depth),
        cmocka_unit_test(an_index_cut_at_any_byte_is_refused),
        cmocka_unit_test(no_changed_byte_leads_out_of_the_folder),
        cmocka_unit_test(ls_says_which_file_holds_a_tensor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
