/* Any file as one tensor, as a person describes it. */
#include "tensors.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A file of the numbers 0, 1, 2 ... as F32, `shift` bytes in. */
static const char *write_numbers(size_t count, size_t shift)
{
    char *bytes = calloc(1, shift + 4 * count + 1);
    for (size_t i = 0; i < count; i++) {
        const float value = (float)i;
        memcpy(bytes + shift + 4 * i, &value, 4);
    }
    const char *path = testing_path(testing_folder(), "my.numbers.bin");
    testing_write(path, bytes, shift + 4 * count);
    free(bytes);
    return path;
}

static ql_model *open_raw(const char *path, const char *description)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    must(ql_model_open_raw(path, description, QL_LAYOUT_AUTO, &model, &error), &error);
    return model;
}

static void assert_refused(const char *path, const char *description, ql_status status, const char *words)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    const char *begin = status == QL_BAD_FILE ? path : "raw: ";
    if (ql_model_open_raw(path, description, QL_LAYOUT_AUTO, &model, &error) != status || model || error.status != status ||
        strncmp(error.message, begin, strlen(begin)) != 0 || !strstr(error.message, words) || !strchr(error.message, ';'))
        fail_msg("%s: status %d, '%s' does not say '%s'", description, (int)error.status, error.message, words);
    for (const char *c = error.message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e);
}

static void numbers_are_found_at_any_offset_in_c_order(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 19; shift += 3) {
        const char *path = write_numbers(24, shift);
        char description[32], scratch[256];
        snprintf(description, sizeof description, shift % 2 ? "F32:2x3x4:%zu" : "f32:2x3x4:0X%zX", shift);
        ql_model *model = open_raw(path, description);
        assert_string_equal(ql_model_format(model), "raw");
        assert_string_equal(ql_model_path(model), path);
        assert_int_equal(ql_model_metadata_count(model), 0);
        assert_int_equal(ql_model_tensor_count(model), 1);
        const ql_tensor *tensor = ql_model_tensor(model, 0);
        assert_int_equal(tensor->name.size, strlen("my.numbers"));
        assert_memory_equal(tensor->name.data, "my.numbers", tensor->name.size);
        assert_true(tensor->rank == 3 && tensor->shape[0] == 2 && tensor->shape[1] == 3 && tensor->shape[2] == 4);
        assert_true(tensor->element_count == 24 && tensor->byte_count == 96 && tensor->offset == shift);
        assert_true(tensor->rows == 2 && tensor->cols == 12);
        float values[24];
        ql_error error;
        assert_in_range(ql_tensor_scratch_size(tensor, 24), 1, sizeof scratch);
        must(ql_tensor_read_f32(tensor, 0, 24, values, scratch, &error), &error);
        for (size_t i = 0; i < 24; i++)
            assert_true(values[i] == (float)i);
        ql_model_free(&model);
    }
}

static void what_is_left_of_the_file_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *description, *note;
    } cases[] = { { "F32:10", "" },
                  { "F32:8", "8 bytes after the tensor left out" },
                  { "I8:39", "1 byte after the tensor left out" },
                  { "U8:1:0x20", "7 bytes after the tensor left out" } };
    const char *path = write_numbers(10, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ql_model *model = open_raw(path, cases[i].description);
        assert_string_equal(ql_model_note(model), cases[i].note);
        ql_model_free(&model);
    }
}

static void every_type_is_known_by_its_name_in_any_case(void **state)
{
    (void)state;
    const char *path = write_numbers(512, 0);
    for (ql_dtype dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
        for (int lower = 0; lower < 2; lower++) {
            const ql_dtype_info *info = ql_dtype_describe(dtype);
            char description[64];
            snprintf(description, sizeof description, "%s:1x256", info->name);
            for (char *c = description; lower && *c != ':'; c++)
                *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
            ql_model *model = open_raw(path, description);
            const ql_tensor *tensor = ql_model_tensor(model, 0);
            assert_int_equal(tensor->dtype, dtype);
            assert_int_equal(tensor->byte_count, 256 / info->block_elements * info->block_bytes);
            ql_model_free(&model);
        }
    }
}

/* | f16 scale 0.5 | 32 codes: 0, 1, ... 15, and 8 sixteen times |   w = scale (q - 8) */
static void blocks_of_ggml_have_their_values(void **state)
{
    (void)state;
    uint8_t blocks[2 * 18] = { 0 };
    for (size_t b = 0; b < 2; b++) {
        blocks[18 * b + 1] = 0x38;
        for (size_t i = 0; i < 16; i++)
            blocks[18 * b + 2 + i] = (uint8_t)(0x80 + i);
    }
    const char *path = testing_path(testing_folder(), "q");
    testing_write(path, blocks, sizeof blocks);
    ql_model *model = open_raw(path, "q4_0:2x32");
    const ql_tensor *tensor = ql_model_tensor(model, 0);
    float values[64];
    char scratch[256];
    ql_error error;
    must(ql_tensor_read_f32(tensor, 0, 64, values, scratch, &error), &error);
    for (size_t i = 0; i < 64; i++)
        assert_true(values[i] == (i % 32 < 16 ? 0.5f * ((float)(i % 32) - 8) : 0));
    ql_model_free(&model);
}

/* | low nibble, high nibble | ...   rows of an odd length begin in the middle of a byte. */
static void rows_of_f4_may_begin_in_the_middle_of_a_byte(void **state)
{
    (void)state;
    static const float e2m1[] = { 0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6 };
    static const uint8_t bytes[] = { 0xff, 0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe };
    const char *path = testing_path(testing_folder(), "f4");
    testing_write(path, bytes, sizeof bytes);
    ql_model *model = open_raw(path, "F4:2x7:1");
    const ql_tensor *tensor = ql_model_tensor(model, 0);
    assert_true(tensor->byte_count == 7 && tensor->rows == 2 && tensor->cols == 7);
    char scratch[64];
    ql_error error;
    for (size_t begin = 0; begin < 14; begin++) {
        for (size_t count = 1; begin + count <= 14; count++) {
            float values[15] = { 0 };
            values[count] = 77;
            assert_in_range(ql_tensor_scratch_size(tensor, count), 1, sizeof scratch);
            must(ql_tensor_read_f32(tensor, begin, count, values, scratch, &error), &error);
            for (size_t i = 0; i < count; i++)
                assert_true(values[i] == e2m1[begin + i]);
            assert_true(values[count] == 77);
        }
    }
    ql_model_free(&model);
}

static void every_wrong_description_is_refused_with_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *description, *words;
    } cases[] = {
        { "", "the shape is missing; write DTYPE:SHAPE[:OFFSET]" },
        { "F32", "the shape is missing; write DTYPE:SHAPE[:OFFSET]" },
        { ":4", "there is no type ''; allowed: F64 F32 F16 BF16 " },
        { "float:4", "there is no type 'float'; allowed: F64 " },
        { "F32 :4", "there is no type 'F32 '" },
        { "F\x1b[2J:4", "there is no type 'F\\x1b[2J'" },
        { "F32:", "a dimension ''; allowed: whole numbers from 1 to 2^64-1 with x between them" },
        { "F32::0", "a dimension ''" },
        { "F32:x", "a dimension ''" },
        { "F32:4x", "a dimension ''" },
        { "F32:x4", "a dimension ''" },
        { "F32:4xx4", "a dimension ''" },
        { "F32:0", "a dimension '0'" },
        { "F32:4x0", "a dimension '0'" },
        { "F32:-1", "a dimension '-1'" },
        { "F32:+1", "a dimension '+1'" },
        { "F32: 1", "a dimension ' 1'" },
        { "F32:1.5", "a dimension '1.5'" },
        { "F32:4k", "a dimension '4k'" },
        { "F32:*", "a dimension '*'" },
        { "F32:0x10", "a dimension '0'" },
        { "F32:18446744073709551616", "a dimension '18446744073709551616'" },
        { "F32:2\x1b", "a dimension '2\\x1b'" },
        { "F32:18446744073709551615", "more than 2^64 elements or bytes" },
        { "U8:4294967296x4294967296", "more than 2^64 elements or bytes" },
        { "F64:2305843009213693952", "more than 2^64 elements or bytes" },
        { "Q8_K:18446744073709551360", "more than 2^64 elements or bytes" },
        { "F32:4:", "an offset of ''; allowed: bytes up to 2^64-1" },
        { "F32:4:0x", "an offset of '0x'" },
        { "F32:4:-1", "an offset of '-1'" },
        { "F32:4:1f", "an offset of '1f'" },
        { "F32:4:0x1g", "an offset of '0x1g'" },
        { "F32:4:1:2", "an offset of '1:2'" },
        { "F32:4:18446744073709551616", "an offset of '18446744073709551616'" },
        { "F32:4:0x10000000000000000", "an offset of '0x10000000000000000'" },
        { "F4:3", "3 elements together are no whole blocks of F4; allowed: multiples of 2" },
        { "F4:3x5", "15 elements together are no whole blocks of F4" },
        { "F6_E2M3:2x3", "6 elements together are no whole blocks of F6_E2M3; allowed: multiples of 4" },
        { "Q4_0:31", "31 elements in the last dimension are no whole blocks of Q4_0; allowed: multiples of 32" },
        { "Q4_0:2x16", "16 elements in the last dimension" },
        { "q6_k:32x8", "8 elements in the last dimension are no whole blocks of Q6_K; allowed: multiples of 256" },
    };
    const char *path = write_numbers(10, 0);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(path, cases[i].description, QL_BAD_USAGE, cases[i].words);
    ql_model *model = open_raw(path, "F4:3x6"); /* pairs go on from row to row */
    assert_int_equal(ql_model_tensor(model, 0)->byte_count, 9);
    ql_model_free(&model);

    char description[256] = "U8:1";
    for (size_t rank = 1; rank < 64; rank++)
        strcat(description, "x1");
    model = open_raw(path, description);
    assert_int_equal(ql_model_tensor(model, 0)->rank, 64);
    ql_model_free(&model);
    assert_refused(path, strcat(description, "x1"), QL_BAD_USAGE, "more dimensions than the limit of 64");
}

static void a_file_that_is_too_short_is_refused_with_what_fits(void **state)
{
    (void)state;
    static const struct {
        const char *description, *words;
    } cases[] = {
        { "F32:11", "44 bytes of F32 are needed from byte 0 on, 40 are there: 10 elements fit" },
        { "F32:10:1", "40 bytes of F32 are needed from byte 1 on, 39 are there: 9 elements fit" },
        { "F32:1:37", "4 bytes of F32 are needed from byte 37 on, 3 are there: 0 elements fit" },
        { "U8:1:40", "from byte 40 on, 0 are there: 0 elements fit" },
        { "U8:1:41", "from byte 41 on, 0 are there" },
        { "U8:1:18446744073709551615", "from byte 18446744073709551615 on, 0 are there" },
        { "U8:18446744073709551615:0xffffffffffffffff", "18446744073709551615 bytes of U8 are needed" },
        { "F4:100", "50 bytes of F4 are needed from byte 0 on, 40 are there: 80 elements fit" },
        { "Q4_0:3x32", "54 bytes of Q4_0 are needed from byte 0 on, 40 are there: 64 elements fit" },
    };
    const char *path = write_numbers(10, 0);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(path, cases[i].description, QL_BAD_FILE, cases[i].words);
    testing_write(path, "", 0);
    assert_refused(path, "U8:1", QL_BAD_FILE, "0 are there: 0 elements fit");
    assert_refused(testing_folder(), "U8:1", QL_BAD_FILE, "is a folder, not a file");
    assert_refused("/dev/zero", "U8:1", QL_BAD_FILE, "is a device, not a file");
}

static void a_layout_may_be_asked_for(void **state)
{
    (void)state;
    ql_model *model = NULL;
    ql_error error;
    must(ql_model_open_raw(write_numbers(24, 0), "F32:4x6", QL_LAYOUT_IN_OUT, &model, &error), &error);
    assert_true(ql_model_tensor(model, 0)->rows == 6 && ql_model_tensor(model, 0)->cols == 4);
    ql_model_free(&model);
}

static void a_file_that_is_cut_after_it_was_opened_gives_an_error(void **state)
{
    (void)state;
    const char *path = write_numbers(24, 0);
    ql_model *model = open_raw(path, "F32:24");
    assert_int_equal(truncate(path, 50), 0);
    float values[24];
    char scratch[256];
    ql_error error = { 0 };
    assert_int_equal(ql_tensor_read_f32(ql_model_tensor(model, 0), 0, 24, values, scratch, &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, path));
    ql_model_free(&model);
}

/* ---- The program ----------------------------------------------------------------------------------------------- */

static void expect(const char *command, int exit_code, const char *words)
{
    testing_result result = testing_run("%s", command);
    if (result.exit_code != exit_code || !(strstr(result.standard_output, words) || strstr(result.standard_error, words)))
        fail_msg("%s: exit %d, '%s', '%s'", command, result.exit_code, result.standard_output, result.standard_error);
    testing_result_free(&result);
}

static void commands_and_the_screen_read_raw_files(void **state)
{
    (void)state;
    const char *path = write_numbers(64, 4), *folder = testing_folder();
    static const struct {
        const char *arguments;
        int exit_code;
        const char *words;
    } cases[] = {
        { "ls '%s' --raw F32:8x8:4 --json", 0,
          "\"format\":\"raw\",\"metadata\":{},\"tensors\":[\n{\"name\":\"my.numbers\",\"dtype\":\"F32\",\"shape\":[8,8],"
          "\"layout\":\"out,in\",\"elements\":64,\"bytes\":256,\"offset\":4}" },
        { "ls '%s' --raw F32:60:4", 0,
          "my.numbers  F32       60  out,in        60  240 B\n\n1 tensor, 60 elements, raw, 260 B\n16 bytes after the "
          "tensor left out" },
        { "stat '%s' --raw=F32:8x8:4 --layout in,out --json", 0,
          "\"layout\":\"in,out\",\"elements\":64,\"bytes\":256,\"stats\":{\"count\":64,\"nan\":0,\"inf\":0,\"zeros\":1,"
          "\"sum\":2016," },
        { "compare '%s' --raw F32:8x8:4 -s absmax", 0, "my.numbers  F32      8×8    8.500" },
        { "ls '%s' --raw F33:8x8:4", 2, "qloupe: raw: there is no type 'F33'; allowed: F64 F32" },
        { "ls '%s' --raw F32:100", 2, "65 elements fit" },
        { "ls '%s'", 2, "--raw DTYPE:SHAPE" },
        { "ls --raw F32:1 # '%s'", 2, "--raw describes a FILE: name it" },
        { "--raw F32:1 --screenshot a.txt # '%s'", 2, "--raw describes a FILE: name it" },
        { "schemes --raw F32:1 # '%s'", 2, "takes no --raw" },
    };
    char command[5000], arguments[4500];
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(arguments, sizeof arguments, cases[i].arguments, path);
        snprintf(command, sizeof command, "\"${QLOUPE:-build/qloupe}\" -q %s", arguments);
        expect(command, cases[i].exit_code, cases[i].words);
    }
    snprintf(command, sizeof command,
             "\"${QLOUPE:-build/qloupe}\" '%s' --raw F32:8x8:4 --screenshot '%s/s.txt' && cat '%s/s.txt'", path, folder,
             folder);
    expect(command, 0, "1 tensor");
    snprintf(
        command, sizeof command,
        "\"${QLOUPE:-build/qloupe}\" plot '%s' --raw F32:8x8:4 -t my.numbers -s absmax --kind histogram -o '%s/p.svg' && "
        "cat '%s/p.svg'",
        path, folder, folder);
    expect(command, 0, "--raw F32:8x8:4 -o"); /* the command that makes the figure again */
}

int main(void)
{
    setlocale(LC_CTYPE, "C"); /* messages come out as ASCII */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_found_at_any_offset_in_c_order),
        cmocka_unit_test(what_is_left_of_the_file_is_said),
        cmocka_unit_test(every_type_is_known_by_its_name_in_any_case),
        cmocka_unit_test(blocks_of_ggml_have_their_values),
        cmocka_unit_test(rows_of_f4_may_begin_in_the_middle_of_a_byte),
        cmocka_unit_test(every_wrong_description_is_refused_with_what_is_allowed),
        cmocka_unit_test(a_file_that_is_too_short_is_refused_with_what_fits),
        cmocka_unit_test(a_layout_may_be_asked_for),
        cmocka_unit_test(a_file_that_is_cut_after_it_was_opened_gives_an_error),
        cmocka_unit_test(commands_and_the_screen_read_raw_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
