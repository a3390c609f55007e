/* Opening models: what is no weight file is refused in words that help, tensors are found by name, a layout can be forced. */
#include "testing.h"

#include "formats/glob.h"
#include "qloupe.h"
#include "tensor/tensor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void assert_refused(const char *path, const char *words)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), QL_BAD_FILE);
    assert_null(model);
    if (strncmp(error.message, path, strlen(path)) != 0 || !strstr(error.message, words))
        fail_msg("'%s' does not begin with '%s' or does not say '%s'", error.message, path, words);
    for (const char *c = error.message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e);
}

static ql_model *assert_opened(const char *path, ql_layout layout)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    if (ql_model_open(path, layout, &model, &error) != QL_OK)
        fail_msg("%s", error.message);
    return model;
}

/* A safetensors file of U8 tensors: names as they stand in JSON, every shape [2, 6]. */
static const char *write_model(const char *const names[], size_t count)
{
    char header[4096] = "{", bytes[8192] = "";
    for (size_t i = 0; i < count; i++)
        sprintf(header + strlen(header), "%s\"%s\":{\"dtype\":\"U8\",\"shape\":[2,6],\"data_offsets\":[%zu,%zu]}", i ? "," : "",
                names[i], 12 * i, 12 * i + 12);
    strcat(header, "}");
    size_t size = strlen(header);
    bytes[0] = (char)(size & 0xff);
    bytes[1] = (char)(size >> 8);
    memcpy(bytes + 8, header, size);
    const char *path = testing_path(testing_folder(), "model.safetensors");
    testing_write(path, bytes, 8 + size + 12 * count);
    return path;
}

/* ---- What is no weight file ------------------------------------------------------------------------------------- */

static void mix_ups_are_refused_by_what_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t size;
        const char *words;
    } cases[] = {
#define BYTES(literal) literal, sizeof(literal) - 1
        { "a.safetensors", BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n"), "the weights were not downloaded" },
        { "a.safetensors", BYTES("<!DOCTYPE html><html>"), "a web page" },
        { "a.npy", BYTES("\n <!doctype html>"), "a web page" },
        { "a.bin", BYTES("<HTML><head>"), "a web page" },
        { "a.gguf", BYTES("GGUF\3\0\0\0{\0\0\0\0\0\0\0"), "byte 8: the file (16 bytes) ends inside its header" },
        { "a.bin", BYTES("tjgg\3\0\0\0"), "a GGML file from before GGUF" },
        { "a.pt", BYTES("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9"), "a Python pickle" },
        { "a.pkl", BYTES("\x80\x04\x95\x10"), "pickle" },
        { "a.zip", BYTES("PK\5\6\0\0"), "has no end record of a zip archive" },
        { "a.h5", BYTES("\x89HDF\r\n\x1a\n...."), "HDF5" },
        { "a.npy.gz", BYTES("\x1f\x8b\x08\0\0\0\0\0\0\3"), "gzip" },
        { "a.onnx", BYTES("\x08\x07\x12\x07pytorch"), "ONNX" },
        { "a.bin", BYTES("\x08\x07\x12\x07pytorch\x1a\x05"), "an ONNX model" },
        { "a.onnx_data", BYTES("\x3f\x80\0\0"), "the data of an ONNX model; read one tensor of it with --raw" },
        { "a.safetensors", BYTES("\xef\xbb\xbf \r\n<html>"), "a web page" },
        { "a.safetensors", BYTES("\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\n"), "the weights were not downloaded" },
        { "a.safetensors", BYTES("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>"), "an XML text" },
        { "a.safetensors", BYTES("Entry not found"), "a server's answer, not weights: the download failed; check the file's name" },
        { "a.safetensors", BYTES("Access to model x/y is restricted."), "accept the model's terms" },
        { "a.safetensors", BYTES("{\"error\":\"Repository not found\"}"), "a server's answer" },
        { "a.safetensors", BYTES("{\"err\": {\"a\": 1}}"), "a JSON text, not weights" },
        { "a.bin", BYTES("\xef\xbb\xbf{\n  \"message\": \"Not Found\"}"), "a server's answer" },
        { "a.bin", BYTES("[{\"detail\":\"x\"}]"), "a server's answer" },
        { "config.json", BYTES("{\n  \"architectures\": []}"), "a JSON text, not weights; name a file that holds weights, or the folder" },
        { "a.tflite", BYTES("\x1c\0\0\0TFL3"), "TensorFlow Lite" },
        { "a.bin", BYTES("\x1c\0\0\0TFL3"), "TensorFlow Lite" },
        { "saved_model.pb", BYTES("\x08\x01\x12\x9c\x8f\x04"), "a TensorFlow graph" },
        { "model.ckpt.data-00000-of-00001", BYTES("\0\0\0\0"), "a TensorFlow checkpoint" },
        { "a.npy", BYTES("cnumpy.core.multiarray\n_reconstruct\n"), "an old Python pickle" },
        { "a.mat", BYTES("MATLAB 5.0 MAT-file, Platform: GLNXA64"), "a MATLAB file" },
        { "a.7z", BYTES("7z\xbc\xaf\x27\x1c\0\4"), "a 7z archive" },
        { "a.xz", BYTES("\xfd\x37zXZ\0\0"), "compressed with xz" },
        { "a.zst", BYTES("\x28\xb5\x2f\xfd\x24"), "compressed with zstd" },
        { "a.bz2", BYTES("BZh91AY"), "compressed with bzip2" },
        { "a.mlmodel", BYTES("\x08\x05"), "a Core ML model" },
        { "a.msgpack", BYTES("\x81\xa6"), "a Flax checkpoint" },
        { "a.weights", BYTES("\0\0\0\0\2\0\0\0"), "read some of them with --raw F32:COUNT:20" },
        { "model.safetensors.index.json", BYTES("{\n  \"metadata\": {}}"), "weight_map is missing" },
        { "a.bin", BYTES("hello \x1b[31m"), "not a weight file that is known (it begins with 'hello \\x1b[31m'); this build reads .safetensors, .index.json, .gguf, .npy, .pt, .npz, and bare numbers with --raw DTYPE:SHAPE" },
        { "a.bin", "", 0, "the file is empty" },
    };
    const char *folder = testing_folder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = testing_path(folder, cases[i].name);
        testing_write(path, cases[i].bytes, cases[i].size);
        assert_refused(path, cases[i].words);
    }
    char tar[512] = "model/weights.npy";
    memcpy(tar + 257, "ustar", 5);
    const char *path = testing_path(folder, "a.tar");
    testing_write(path, tar, sizeof tar);
    assert_refused(path, "a tar archive; unpack it");
    testing_write(path, tar, 261); /* cut within the mark */
    assert_refused(path, "not a weight file that is known");
}

/* Numbers that look a little like something else. */
static void a_guess_at_what_a_file_is_wants_evidence(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = { { BYTES("\x08\x07\x12\x07pyt\1rch") }, { BYTES("\x08\x07\x12\x00pytorch") }, { BYTES("\x08\x07\x12\x40py") },
                  { BYTES("\x08\x7f\x12\x02py") },       { BYTES("{\0\0\0\0\0\0\0x") },      { BYTES("Not") },
                  { BYTES("TFL3") },                        { BYTES("\0TFL3\0") },               { BYTES(" \n\t") },
                  { BYTES("\xef\xbb\xbf") },                { BYTES("PK\3") },                   { BYTES("<") } };
    const char *path = testing_path(testing_folder(), "a.bin");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        testing_write(path, cases[i].bytes, cases[i].size);
        assert_refused(path, "not a weight file that is known");
    }
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    const char *pipe = testing_path(folder, "pipe.npy"), *link = testing_path(folder, "link.npy");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_refused(pipe, "named pipe");
    assert_refused(folder, "folder");
    assert_refused("/dev/null", "device");
    assert_int_equal(symlink("pipe.npy", link), 0);
    assert_refused(link, "named pipe");
    assert_refused(testing_path(folder, "none.npy"), strerror(ENOENT));

    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", testing_path(folder, "socket"));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    assert_refused(address.sun_path, "cannot be opened");
    close(fd);
}

static void a_file_that_may_not_be_read_is_refused(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "secret.npy");
    testing_write(path, "\x93NUMPY", 6);
    assert_int_equal(chmod(path, 0), 0);
    if (access(path, R_OK) == 0) {
        print_message("root may read everything: skipped\n");
        skip();
    }
    assert_refused(path, strerror(EACCES));
}

static void a_link_to_a_good_file_is_opened(void **state)
{
    (void)state;
    char *target = realpath("tests/formats/good/npy-f4.npy", NULL);
    const char *link = testing_path(testing_folder(), "link.npy");
    assert_non_null(target);
    assert_int_equal(symlink(target, link), 0);
    ql_model *model = assert_opened(link, QL_LAYOUT_AUTO);
    assert_int_equal(ql_model_tensor_count(model), 1);
    ql_model_free(&model);
    free(target);
}

/* A 0 among the dimensions hides no overflow of the others, wherever it stands. */
static void dimensions_beside_a_zero_must_fit_too(void **state)
{
    (void)state;
    static const char *const shapes[] = { "0,1099511627776,1099511627776", "1099511627776,0,1099511627776",
                                          "1099511627776,1099511627776,0", "0,16777216,16777216" };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char bytes[256];
        const int size = snprintf(bytes + 8, sizeof bytes - 8, "{\"w\":{\"dtype\":\"U8\",\"shape\":[%s],\"data_offsets\":[0,0]}}",
                                  shapes[i]);
        memcpy(bytes, &(uint64_t) { (uint64_t)size }, 8);
        ql_model *model = NULL;
        ql_error error = { 0 };
        const ql_status status = ql_model_open_memory("w", bytes, (uint64_t)size + 8, QL_LAYOUT_AUTO, &model, &error);
        assert_int_equal(status, i < 3 ? QL_BAD_FILE : QL_OK);
        assert_true(i == 3 || strstr(error.message, "more than 2^64"));
        assert_true(i < 3 || ql_model_tensor(model, 0)->element_count == 0);
        ql_model_free(&model);
    }
}

static void nothing_in_memory_is_an_empty_file(void **state)
{
    (void)state;
    ql_model *model = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_model_open_memory("none", NULL, 0, QL_LAYOUT_AUTO, &model, &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, "none: the file is empty"));
    assert_null(model);
}

static void a_hostile_path_is_escaped_in_the_message(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof path, "%s/a\x1b]0;b\n.npy", testing_folder());
    testing_write(path, "x", 1);
    ql_model *model = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, "/a\\x1b]0;b\\x0a.npy: "));
    for (const char *c = error.message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e);
}

static void a_file_that_shrinks_after_opening_gives_an_error(void **state)
{
    (void)state;
    const char *path = write_model((const char *const[]) { "a", "b" }, 2);
    ql_model *model = assert_opened(path, QL_LAYOUT_AUTO);
    const ql_tensor *tensor = ql_model_tensor(model, 1);
    assert_int_equal(truncate(path, (off_t)tensor->offset + 5), 0);
    double values[12], scratch[64];
    assert_in_range(ql_tensor_scratch_size(tensor, 12), 0, sizeof scratch);
    ql_error error = { 0 };
    assert_int_equal(ql_tensor_read_f64(tensor, 0, 12, values, scratch, &error), QL_BAD_FILE);
    assert_memory_equal(error.message, path, strlen(path));
    assert_int_equal(ql_tensor_read_f64(tensor, 0, 5, values, scratch, &error), QL_OK);
    ql_model_free(&model);
}

/* ---- Recognition, names, layout --------------------------------------------------------------------------------- */

static void content_counts_more_than_the_name(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    static const char *const files[] = { "npy-f4.npy", "st-ranks.safetensors" };
    static const char *const formats[] = { "npy", "safetensors" };
    for (size_t i = 0; i < 2; i++) {
        size_t size;
        char *bytes = testing_read(testing_path("tests/formats/good", files[i]), &size);
        const char *path = testing_path(folder, i ? "x.npy" : "x.safetensors");
        testing_write(path, bytes, size);
        ql_model *model = assert_opened(path, QL_LAYOUT_AUTO);
        assert_string_equal(ql_model_format(model), formats[i]);
        ql_model_free(&model);
        free(bytes);
    }
}

static void an_npy_array_is_named_after_its_file(void **state)
{
    (void)state;
    static const char *const names[][2] = { { "w.npy", "w" },       { "h.0.c_fc.npy", "h.0.c_fc" }, { "plain", "plain" },
                                            { ".npy", ".npy" },     { "w.NPY", "w" } };
    size_t size;
    char *bytes = testing_read("tests/formats/good/npy-f4.npy", &size);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = testing_path(testing_folder(), names[i][0]);
        testing_write(path, bytes, size);
        ql_model *model = assert_opened(path, QL_LAYOUT_AUTO);
        ql_text name = ql_model_tensor(model, 0)->name;
        assert_int_equal(name.size, strlen(names[i][1]));
        assert_memory_equal(name.data, names[i][1], name.size);
        ql_model_free(&model);
    }
    free(bytes);
}

static void matching_prefers_the_exact_name_and_knows_globs(void **state)
{
    (void)state;
    static const char *const names[] = { "h.0.c_fc.weight", "h.1.c_fc.weight", "h.0.c_proj.weight", "*", "", "\\u5c64.w", "a[1]" };
    static const struct {
        const char *pattern;
        size_t count, first;
    } cases[] = {
        { "h.1.c_fc.weight", 1, 1 }, { "*", 1, 3 },        { "", 1, 4 },           { "h.?.c_fc.*", 2, 0 },   { "h.*", 3, 0 },
        { "*weight", 3, 0 },         { "**", 7, 0 },       { "h.[0-9].c_*", 3, 0 }, { "h.[!0].*", 1, 1 },     { "?.w", 1, 5 },
        { "a[1]", 1, 6 },            { "a[[]1]", 1, 6 },   { "a[1", 0, 0 },         { "H.*", 0, 0 },          { "h.0", 0, 0 },
        { "\xe5\xb1\xa4.w", 1, 5 },  { "*.*.*.*", 3, 0 },
    };
    ql_model *model = assert_opened(write_model(names, sizeof names / sizeof *names), QL_LAYOUT_AUTO);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t found[8] = { 99 }, count = ql_model_match(model, cases[i].pattern, found, 8);
        if (count != cases[i].count || (count > 0 && found[0] != cases[i].first))
            fail_msg("'%s' matches %zu, first %zu", cases[i].pattern, count, found[0]);
        assert_int_equal(ql_model_match(model, cases[i].pattern, NULL, 0), count);
    }
    size_t two[3] = { 99, 99, 99 };
    assert_int_equal(ql_model_match(model, "h.*", two, 2), 3);
    assert_true(two[0] == 0 && two[1] == 1 && two[2] == 99);
    ql_model_free(&model);
}

static void a_glob_takes_no_exponential_time_and_reads_no_byte_too_far(void **state)
{
    (void)state;
    char name[2000], pattern[400] = "";
    memset(name, 'a', sizeof name);
    for (int i = 0; i < 100; i++)
        strcat(pattern, "a*");
    assert_true(ql_glob_matches(pattern, (ql_text) { name, sizeof name }));
    strcat(pattern, "b");
    assert_false(ql_glob_matches(pattern, (ql_text) { name, sizeof name }));
    static const char *const odd[] = { "[", "[!", "[]", "[a-", "[!]", "[a-]", "[]a]", "\xe5\xb1", "[\xe5\xb1", "*[" };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char *copy = strdup(odd[i]); /* so that a sanitizer sees its end */
        ql_glob_matches(copy, (ql_text) { name, 3 });
        assert_int_equal(ql_glob_matches(copy, ql_text_from(odd[i])), i != 5 && i != 6);
        free(copy);
    }
}

static void the_layout_is_found_and_can_be_forced(void **state)
{
    (void)state;
    static const char *const names[] = { "h.0.attn.c_attn.weight", "wte.weight" }; /* [2, 6] = [d, 3d] */
    const char *path = write_model(names, 2);
    static const struct {
        ql_layout asked, first, second;
    } cases[] = { { QL_LAYOUT_AUTO, QL_LAYOUT_IN_OUT, QL_LAYOUT_OUT_IN },
                  { QL_LAYOUT_OUT_IN, QL_LAYOUT_OUT_IN, QL_LAYOUT_OUT_IN },
                  { QL_LAYOUT_IN_OUT, QL_LAYOUT_IN_OUT, QL_LAYOUT_IN_OUT } };
    for (size_t i = 0; i < 3; i++) {
        ql_model *model = assert_opened(path, cases[i].asked);
        const ql_tensor *first = ql_model_tensor(model, 0), *second = ql_model_tensor(model, 1);
        assert_int_equal(first->layout, cases[i].first);
        assert_int_equal(second->layout, cases[i].second);
        assert_true(first->rows == (cases[i].first == QL_LAYOUT_IN_OUT ? 6 : 2) && first->rows * first->cols == 12);
        ql_model_free(&model);
    }
    ql_model *model = assert_opened("tests/formats/good/npy-fortran.npy", QL_LAYOUT_AUTO);
    assert_int_equal(ql_model_tensor(model, 0)->layout, QL_LAYOUT_OUT_IN);
    assert_true(ql_model_tensor(model, 0)->rows == 5 && ql_model_tensor(model, 0)->cols == 3);
    ql_model_free(&model);
}

static void metadata_and_formats_are_told(void **state)
{
    (void)state;
    ql_model *model = assert_opened("tests/formats/good/st-header-order.safetensors", QL_LAYOUT_AUTO);
    ql_text key;
    ql_value value;
    assert_int_equal(ql_model_metadata_count(model), 1);
    ql_model_metadata(model, 0, &key, &value);
    assert_memory_equal(key.data, "k", key.size);
    assert_int_equal(value.kind, QL_VALUE_TEXT);
    assert_memory_equal(value.as.text.data, "v", value.as.text.size);
    ql_model_free(&model);
    static const char *const formats[] = { "safetensors", "safetensors-index", "gguf", "npy", "torch", "torch-legacy", "npz" };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        assert_string_equal(ql_format_at(i)->name, formats[i]);
    assert_null(ql_format_at(sizeof formats / sizeof *formats));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mix_ups_are_refused_by_what_they_are),
        cmocka_unit_test(a_guess_at_what_a_file_is_wants_evidence),
        cmocka_unit_test(what_is_no_regular_file_is_refused_without_waiting),
        cmocka_unit_test(a_file_that_may_not_be_read_is_refused),
        cmocka_unit_test(a_link_to_a_good_file_is_opened),
        cmocka_unit_test(a_hostile_path_is_escaped_in_the_message),
        cmocka_unit_test(nothing_in_memory_is_an_empty_file),
        cmocka_unit_test(dimensions_beside_a_zero_must_fit_too),
        cmocka_unit_test(a_file_that_shrinks_after_opening_gives_an_error),
        cmocka_unit_test(content_counts_more_than_the_name),
        cmocka_unit_test(an_npy_array_is_named_after_its_file),
        cmocka_unit_test(matching_prefers_the_exact_name_and_knows_globs),
        cmocka_unit_test(a_glob_takes_no_exponential_time_and_reads_no_byte_too_far),
        cmocka_unit_test(the_layout_is_found_and_can_be_forced),
        cmocka_unit_test(metadata_and_formats_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
