/* What a hostile file can do to the readers of safetensors and .npy that the corpora (test_corpus.c) are too small for. */
#include "testing.h"

#include "base/text.h"
#include "qloupe.h"
#include "tensor/tensor.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Helpers --------------------------------------------------------------------------------------------------- */

/* One line that begins with the file, says something, and holds nothing that a terminal acts on. */
static void assert_clear_message(const ql_error *error, const char *path)
{
    size_t size = strlen(error->message);
    assert_true(size > strlen(path) + 10 && size < sizeof error->message - 1);
    assert_memory_equal(error->message, path, strlen(path));
    for (size_t i = 0; i < size; i++)
        assert_in_range((uint8_t)error->message[i], 0x20, 0x7e); /* the C locale: ASCII only */
}

static void assert_refused(const char *path, const char *words)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, &error);
    if (status != QL_BAD_FILE)
        fail_msg("%s: status %d", path, status);
    assert_null(model);
    assert_int_equal(error.status, QL_BAD_FILE);
    assert_clear_message(&error, path);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
}

static ql_model *assert_opened(const char *path)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    if (ql_model_open(path, QL_LAYOUT_AUTO, &model, &error) != QL_OK)
        fail_msg("%s", error.message);
    return model;
}

/* A safetensors file of this header and data_size zero bytes. */
static const char *write_safetensors(const char *folder, const char *header, size_t header_size, size_t data_size)
{
    uint8_t *bytes = calloc(1, 8 + header_size + data_size);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)header_size >> 8 * i);
    memcpy(bytes + 8, header, header_size);
    const char *path = testing_path(folder, "made.safetensors");
    testing_write(path, bytes, 8 + header_size + data_size);
    free(bytes);
    return path;
}

/* ---- Larger files ---------------------------------------------------------------------------------------------- */

static void every_half_and_bfloat_has_its_value(void **state)
{
    (void)state;
    static const char header[] = "{\"f16\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[0,131072]},"
                                 "\"bf16\":{\"dtype\":\"BF16\",\"shape\":[65536],\"data_offsets\":[131072,262144]}}";
    const char *path = write_safetensors(testing_folder(), header, sizeof header - 1, 262144);
    size_t size;
    char *bytes = testing_read(path, &size);
    for (size_t i = 0; i < 131072; i++) {
        bytes[8 + sizeof header - 1 + 2 * i] = (char)i;
        bytes[8 + sizeof header - 1 + 2 * i + 1] = (char)(i >> 8);
    }
    testing_write(path, bytes, size);
    free(bytes);
    ql_model *model = assert_opened(path);
    static double values[65536];
    static char scratch[1 << 20];
    for (size_t t = 0; t < 2; t++) {
        const unsigned exponent_bits = t == 0 ? 5 : 8, mantissa_bits = 15 - exponent_bits;
        const int bias = (1 << (exponent_bits - 1)) - 1, last = (1 << exponent_bits) - 1;
        const ql_tensor *tensor = ql_model_tensor(model, t);
        assert_in_range(ql_tensor_scratch_size(tensor, 65536), 0, sizeof scratch);
        assert_int_equal(ql_tensor_read_f64(tensor, 0, 65536, values, scratch, NULL), QL_OK);
        for (int i = 0; i < 65536; i++) {
            int exponent = i >> mantissa_bits & last, mantissa = i & ((1 << mantissa_bits) - 1);
            double value = exponent == 0 ? ldexp(mantissa, 1 - bias - (int)mantissa_bits)
                                         : ldexp(mantissa + (1 << mantissa_bits), exponent - bias - (int)mantissa_bits);
            if (exponent == last)
                value = mantissa ? NAN : INFINITY;
            value = i & 0x8000 ? -value : value;
            assert_true(isnan(value) ? isnan(values[i]) : values[i] == value && signbit(values[i]) == signbit(value));
        }
    }
    ql_model_free(&model);
}

/* A header of `count` tensors of 2 bytes each, the last one first. */
static char *many_tensors(size_t count, size_t *size)
{
    char *header = malloc(count * 100 + 16), *at = header;
    assert_non_null(header);
    *at++ = '{';
    for (size_t i = count; i-- > 0;)
        at +=
            sprintf(at, "\"model.layers.%zu.mlp.%zu.weight\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}%s",
                    i / 64, i, 2 * i, 2 * i + 2, i ? "," : "}");
    *size = (size_t)(at - header);
    return header;
}

static void a_hundred_thousand_tensors_are_listed_in_the_order_of_their_data(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    size_t size;
    char *header = many_tensors(COUNT, &size);
    const char *path = write_safetensors(testing_folder(), header, size, 2 * COUNT);
    ql_model *model = assert_opened(path);
    assert_int_equal(ql_model_tensor_count(model), COUNT);
    for (size_t i = 0; i < COUNT; i++)
        assert_true(ql_model_tensor(model, i)->offset == 8 + size + 2 * i);
    ql_model_free(&model);

    /* The same name far away, written in another way. */
    char *name = strstr(header, "model.layers.0.mlp.1.weight");
    memcpy(name, "model.layers.0.mlp.7.weight", 27);
    path = write_safetensors(testing_folder(), header, size, 2 * COUNT);
    assert_refused(path, "two tensors are named 'model.layers.0.mlp.7.weight'");
    free(header);
}

/* `begin`, then `fill` to the size, then `end`. */
static char *long_header(const char *begin, char fill, size_t size, const char *end)
{
    char *header = malloc(size + 1);
    assert_non_null(header);
    memset(header, fill, size);
    memcpy(header, begin, strlen(begin));
    memcpy(header + size - strlen(end), end, strlen(end));
    return header;
}

static void a_header_of_a_hundred_million_brackets_is_refused_for_its_depth(void **state)
{
    (void)state;
    enum { SIZE = 100000000 };
    char *header = long_header("{\"w\":{\"more\":", '[', SIZE, "");
    const char *path = write_safetensors(testing_folder(), header, SIZE, 0);
    free(header);
    assert_refused(path, "nested deeper than the limit of 128 levels (header, byte 147 of the file)");
    assert_int_equal(unlink(path), 0);
}

static void each_limit_is_named_by_the_error_that_it_causes(void **state)
{
    (void)state;
    static const struct {
        const char *begin;
        char fill;
        size_t size;
        const char *end, *words;
    } cases[] = {
        { "{\"", 'n', (1 << 20) + 200, "\":{}}", "a name of 1048769 bytes is over the limit of 1048576" },
        { "{\"w\":{\"shape\":[1", '0', 300, "]}}", "which is no integer from 0 to 2^64-1" },
        { "{\"w\":{\"dtype\":\"", 'F', 100000, "\"}}", "unknown dtype \"FFFFFFFFFFFFFFFFFFFFF...\"" },
        { "{\"__metadata__\":{\"a\":", '[', 120000, "", "a value in __metadata__ must be a string, not an array" },
    };
    const char *folder = testing_folder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *header = long_header(cases[i].begin, cases[i].fill, cases[i].size, cases[i].end);
        assert_refused(write_safetensors(folder, header, cases[i].size, 0), cases[i].words);
        free(header);
    }
    /* Rank 64 is the last that is taken. */
    for (size_t rank = 64; rank <= 65; rank++) {
        char header[512];
        int size = sprintf(header, "{\"w\":{\"dtype\":\"U8\",\"data_offsets\":[0,1],\"shape\":[1");
        for (size_t i = 1; i < rank; i++)
            size += sprintf(header + size, ",1");
        size += sprintf(header + size, "]}}");
        const char *path = write_safetensors(folder, header, (size_t)size, 1);
        if (rank == 64) {
            ql_model *model = assert_opened(path);
            assert_int_equal(ql_model_tensor(model, 0)->rank, 64);
            ql_model_free(&model);
        } else {
            assert_refused(path, "shape has more numbers than the limit of 64");
        }
    }
}

static void an_npy_shape_of_nested_brackets_is_refused_at_the_second(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "deep.npy");
    enum { SIZE = 1 << 20 };
    char *header = long_header("{'descr': '<f4', 'fortran_order': False, 'shape': ", '(', SIZE, "");
    char *bytes = malloc(12 + SIZE);
    assert_non_null(bytes);
    memcpy(bytes, "\x93NUMPY\x02\x00\x00\x00\x10\x00", 12);
    memcpy(bytes + 12, header, SIZE);
    testing_write(path, bytes, 12 + SIZE);
    assert_refused(path, "'(' stands where a dimension in plain digits should be (header, byte 63 of the file)");
    bytes[8] = 1; /* one byte over the limit */
    testing_write(path, bytes, 12 + SIZE);
    assert_refused(path, "a header of 1048577 bytes (byte 8) is over the limit of 1048576");
    free(bytes);
    free(header);
}

/* ---- Rules of safetensors that no file of the corpora shows ------------------------------------------------------ */

static void unknown_fields_are_ignored_and_duplicate_keys_are_not(void **state)
{
    (void)state;
    static const struct {
        const char *header, *words; /* NULL: accepted */
    } cases[] = {
        { "{\"w\":{\"x\":[{\"y\":[]}],\"dtype\":\"U8\",\"x\":null,\"shape\":[],\"data_offsets\":[0,1]}}", NULL },
        { "{\"w\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},\"__metadata__\":null}", NULL },
        { "{\"__metadata__\":{\"a\":\"1\",\"b\":\"1\"},\"\\u005f\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}",
          NULL },
        { "{\"__metadata__\":{\"a\":\"1\",\"\\u0061\":\"2\"}}", "two keys of __metadata__ are named 'a'" },
        { "{\"__metadata__\":null,\"\\u005f_metadata__\":{}}", "__metadata__ is given twice" },
        { "{\"w\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1],\"\\u0073hape\":[]}}",
          "tensor 'w': shape is given twice" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]}}",
          "tensor 'b': data_offsets [2, 2] end after the file" },
        { "{\"w\":{\"dtype\":\"U8\",\"shape\":[18446744073709551615,2,0],\"data_offsets\":[0,0]}}",
          "ask for more than 2^64 bits" },
    };
    const char *folder = testing_folder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = write_safetensors(folder, cases[i].header, strlen(cases[i].header), 1);
        if (cases[i].words) {
            assert_refused(path, cases[i].words);
        } else {
            ql_model *model = assert_opened(path);
            assert_int_equal(ql_model_tensor_count(model), 1);
            ql_model_free(&model);
        }
    }
}

int main(void)
{
    setlocale(LC_CTYPE, "C"); /* names come out as ASCII, like those of the tables */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_and_bfloat_has_its_value),
        cmocka_unit_test(a_hundred_thousand_tensors_are_listed_in_the_order_of_their_data),
        cmocka_unit_test(a_header_of_a_hundred_million_brackets_is_refused_for_its_depth),
        cmocka_unit_test(each_limit_is_named_by_the_error_that_it_causes),
        cmocka_unit_test(an_npy_shape_of_nested_brackets_is_refused_at_the_second),
        cmocka_unit_test(unknown_fields_are_ignored_and_duplicate_keys_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
