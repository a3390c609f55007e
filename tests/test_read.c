/* The tile reader: any range of a tensor, in C order of its shape, whatever the order, place and byte order in the file. */
#include "tensors.h"

#include <stdlib.h>

#include "tensor/strided.h"

/* Where C-order element `index` lies in a file in Fortran order, in elements: by the definition, axis by axis. */
static uint64_t fortran_place(const ql_tensor *t, uint64_t index)
{
    uint64_t coordinate[QL_MAX_RANK], place = 0;
    for (unsigned axis = t->rank; axis-- > 0;) {
        coordinate[axis] = index % t->shape[axis];
        index /= t->shape[axis];
    }
    for (unsigned axis = t->rank; axis-- > 0;)
        place = place * t->shape[axis] + coordinate[axis];
    return place;
}

/* Writes the number of each element, as an unsigned number of `size` bytes, where it belongs. */
static unsigned char *make_bytes(const ql_tensor *t, size_t size, bool column_major, bool big_endian, size_t offset)
{
    unsigned char *bytes = calloc(1, offset + t->element_count * size);
    assert_non_null(bytes);
    for (uint64_t i = 0; i < t->element_count; i++) {
        unsigned char *at = bytes + offset + (column_major ? fortran_place(t, i) : i) * size;
        for (size_t byte = 0; byte < size; byte++)
            at[big_endian ? size - 1 - byte : byte] = byte < 4 ? (unsigned char)(i >> 8 * byte) : 0;
    }
    return bytes;
}

/* Reads with exactly the scratch that was asked for, so that a sanitizer sees a byte too many. */
static void check_range(const ql_tensor *t, uint64_t begin, size_t count)
{
    ql_error error;
    void *scratch = malloc(ql_tensor_scratch_size(t, count));
    float *f32 = malloc((count + 1) * sizeof *f32);
    double *f64 = malloc((count + 1) * sizeof *f64);
    f32[count] = -1;
    f64[count] = -1;
    must(ql_tensor_read_f32(t, begin, count, f32, scratch, &error), &error);
    must(ql_tensor_read_f64(t, begin, count, f64, scratch, &error), &error);
    const float *fetched;
    float *buffer = malloc((count + 1) * sizeof *buffer);
    must(ql_tensor_fetch_f32(t, begin, count, buffer, scratch, &fetched, &error), &error);
    assert_true(count == 0 || memcmp(fetched, f32, count * sizeof *f32) == 0);
    free(buffer);
    for (size_t i = 0; i < count; i++) {
        double want = (double)(t->dtype == QL_U8 ? (begin + i) & 255 : begin + i);
        if ((double)f32[i] != want || f64[i] != want)
            fail_msg("element %llu of [%llu, + %zu) is %g and %g", (unsigned long long)(begin + i), (unsigned long long)begin,
                     count, (double)f32[i], f64[i]);
    }
    assert_true(f32[count] == -1 && f64[count] == -1);
    free(scratch);
    free(f32);
    free(f64);
}

static void make_column_major(ql_storage *storage, unsigned rank, const uint64_t *shape)
{
    uint64_t strides[QL_MAX_RANK], stride = 1;
    ql_error error;
    for (unsigned axis = 0; axis < rank; stride *= shape[axis++])
        strides[axis] = stride;
    if (!ql_strided_is_plain(shape, strides, rank))
        must(ql_strided_new(strides, rank, &storage->strided, &error), &error);
}

static void check_shape(ql_dtype dtype, unsigned rank, const uint64_t *shape, bool column_major, bool big_endian, size_t offset,
                        bool from_file)
{
    const size_t size = ql_dtype_describe(dtype)->bits / 8;
    ql_error error;
    ql_storage storage = { .offset = offset, .big_endian = big_endian };
    if (column_major)
        make_column_major(&storage, rank, shape);
    ql_tensor t = { .name = ql_text_from("w"), .dtype = dtype, .rank = rank, .shape = shape, .element_count = 1, .storage = &storage };
    for (unsigned axis = 0; axis < rank; axis++)
        t.element_count *= shape[axis];
    t.byte_count = t.element_count * size;
    unsigned char *bytes = make_bytes(&t, size, column_major, big_endian, offset);
    const uint64_t byte_count = offset + t.element_count * size;
    ql_source *source;
    if (from_file) {
        const char *path = testing_path(testing_folder(), "w");
        testing_write(path, bytes, byte_count);
        must(ql_source_open(path, &source, &error), &error);
    } else {
        must(ql_source_from_memory("w", bytes, byte_count, &source, &error), &error);
    }
    storage.source = source;
    uint64_t seed = 7;
    for (uint64_t begin = 0; begin <= t.element_count; begin++) {
        const size_t left = (size_t)(t.element_count - begin);
        check_range(&t, begin, left);
        check_range(&t, begin, left < 1 ? left : 1);
        check_range(&t, begin, (size_t)random_below(&seed, left + 1));
    }
    ql_strided_free(&storage.strided);
    ql_source_free(&source);
    free(bytes);
}

static const struct {
    unsigned rank;
    uint64_t shape[5];
} shapes[] = {
    { 0, { 0 } },          { 1, { 1 } },          { 1, { 13 } },       { 2, { 1, 9 } },       { 2, { 9, 1 } },          { 2, { 7, 5 } },
    { 2, { 5, 7 } },       { 2, { 2, 64 } },      { 3, { 3, 4, 5 } },  { 3, { 1, 6, 2 } },    { 3, { 6, 1, 3 } },       { 3, { 2, 3, 1 } },
    { 4, { 2, 3, 4, 5 } }, { 4, { 5, 1, 2, 3 } }, { 4, { 1, 1, 1, 4 } }, { 4, { 3, 2, 2, 3 } }, { 5, { 2, 2, 3, 2, 2 } },
};

static void every_shape_in_both_orders(bool big_endian, bool from_file)
{
    static const ql_dtype dtypes[] = { QL_U8, QL_U16, QL_I32, QL_U64 };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (size_t d = 0; d < sizeof dtypes / sizeof dtypes[0]; d++)
            for (int column_major = 0; column_major < 2; column_major++)
                check_shape(dtypes[d], shapes[i].rank, shapes[i].shape, column_major, big_endian, i % 9, from_file && d == 2);
}

static void any_range_in_row_and_column_order_is_what_the_indices_say(void **state)
{
    (void)state;
    every_shape_in_both_orders(false, false);
}

static void the_other_byte_order_gives_the_same_values(void **state)
{
    (void)state;
    every_shape_in_both_orders(true, false);
}

static void a_file_gives_what_memory_gives(void **state)
{
    (void)state;
    every_shape_in_both_orders(false, true);
}

/* Where F32 lies in memory at a multiple of 4 and in this machine's byte order, nothing is copied; out of a file it comes without scratch. */
static void values_that_need_no_conversion_are_fetched_where_they_are(void **state)
{
    (void)state;
    static _Alignas(16) unsigned char bytes[7 * sizeof(float) + 4];
    for (int from_file = 0; from_file < 2; from_file++) {
        for (uint64_t offset = 0; offset < 4; offset++) {
            const float values[7] = { 1, -2, 3.5f, 0, -0.0f, 0x1p-149f, 0x1p127f };
            memcpy(bytes + offset, values, sizeof values);
            ql_source *source;
            ql_error error;
            const char *path = testing_path(testing_folder(), "w");
            testing_write(path, bytes, sizeof bytes);
            must(from_file ? ql_source_open(path, &source, &error) : ql_source_from_memory("w", bytes, sizeof bytes, &source, &error), &error);
            ql_storage storage = { .source = source, .offset = offset };
            const ql_tensor t = { .dtype = QL_F32, .rank = 1, .shape = (uint64_t[]) { 7 }, .element_count = 7, .byte_count = 28, .storage = &storage };
            float buffer[7] = { 0 };
            const float *out;
            must(ql_tensor_fetch_f32(&t, 2, 5, buffer, NULL, &out, &error), &error);
            assert_ptr_equal(out, from_file || offset != 0 ? buffer : (const float *)(const void *)(bytes + 8));
            assert_memory_equal(out, values + 2, 5 * sizeof *out);
            must(ql_tensor_read_f32(&t, 2, 5, buffer, NULL, &error), &error);
            assert_memory_equal(buffer, values + 2, 5 * sizeof *out);
            ql_source_free(&source);
        }
    }
}

static void an_element_outside_the_file_is_an_error_that_names_it(void **state)
{
    (void)state;
    for (int column_major = 0; column_major < 2; column_major++) {
        const char *path = testing_path(testing_folder(), "cut.npy");
        const float values[6] = { 0 };
        testing_write(path, values, sizeof values);
        ql_source *source;
        ql_error error = { 0 };
        must(ql_source_open(path, &source, &error), &error);
        ql_storage storage = { .source = source, .offset = 1 };
        if (column_major)
            make_column_major(&storage, 2, (uint64_t[]) { 2, 3 });
        ql_tensor t = { .dtype = QL_F32, .rank = 2, .shape = (uint64_t[]) { 2, 3 }, .element_count = 6, .byte_count = 24, .storage = &storage };
        float out[6];
        unsigned char scratch[64];
        assert_int_equal(ql_tensor_read_f32(&t, 0, 6, out, scratch, &error), QL_BAD_FILE);
        assert_non_null(strstr(error.message, path));
        ql_strided_free(&storage.strided);
        ql_source_free(&source);
    }
}

/* Two elements a byte: a range may begin and end in the middle of one. Of a file no more than its bytes are at hand. */
static void ranges_of_4_bit_floats_begin_and_end_anywhere(void **state)
{
    (void)state;
    enum { COUNT = 23 };
    static const double level[16] = { 0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6 };
    const uint8_t bytes[(COUNT + 1) / 2] = { 0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE, 0x3C, 0xA5, 0x77, 0xF1 };
    const char *path = testing_path(testing_folder(), "nibbles");
    ql_error error = { 0 };
    testing_write(path, bytes, sizeof bytes);
    for (int from_file = 0; from_file < 2; from_file++) {
        ql_source *source;
        must(from_file ? ql_source_open(path, &source, &error) : ql_source_from_memory("w", bytes, sizeof bytes, &source, &error), &error);
        ql_storage storage = { .source = source };
        ql_tensor t = { .dtype = QL_F4, .rank = 1, .shape = (uint64_t[]) { COUNT }, .element_count = COUNT, .byte_count = sizeof bytes, .storage = &storage };
        for (size_t begin = 0; begin <= COUNT; begin++) {
            for (size_t count = 0; begin + count <= COUNT; count++) {
                float f32[COUNT + 1];
                double f64[COUNT + 1];
                const size_t size = ql_tensor_scratch_size(&t, count);
                void *scratch = malloc(size);
                memset(scratch, 0x77, size);
                f32[count] = 12345;
                f64[count] = 12345;
                must(ql_tensor_read_f32(&t, begin, count, f32, scratch, &error), &error);
                memset(scratch, 0x77, size);
                must(ql_tensor_read_f64(&t, begin, count, f64, scratch, &error), &error);
                free(scratch);
                assert_true(f32[count] == 12345 && f64[count] == 12345);
                for (size_t i = 0; i < count; i++) {
                    const double want = level[bytes[(begin + i) / 2] >> 4 * ((begin + i) % 2) & 15];
                    assert_true((double)f32[i] == want && f64[i] == want);
                }
            }
        }
        ql_source_free(&source);
    }
}

static void a_type_without_values_is_refused_by_name(void **state)
{
    (void)state;
    for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
        const ql_dtype_info *info = ql_dtype_describe(dtype);
        if (info->has_values)
            continue;
        memory_tensor m;
        const unsigned char bytes[16] = { 0 };
        memory_tensor_make(&m, dtype, bytes, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 2 });
        ql_error error = { 0 };
        float f32[2];
        double f64[2];
        unsigned char scratch[64];
        assert_int_equal(ql_tensor_read_f32(&m.tensor, 0, 2, f32, scratch, &error), QL_UNUSABLE);
        assert_non_null(strstr(error.message, info->shown));
        assert_non_null(strstr(error.message, "'w'"));
        assert_int_equal(ql_tensor_read_f64(&m.tensor, 0, 2, f64, scratch, &error), QL_UNUSABLE);
        memory_tensor_free(&m);
    }
}

static void check_matrix(ql_layout layout, unsigned rank, const uint64_t *shape, ql_layout want, uint64_t rows, uint64_t cols)
{
    ql_tensor t = { .rank = rank, .shape = shape };
    ql_tensor_set_layout(&t, layout);
    assert_int_equal(t.layout, want);
    assert_int_equal(t.rows, rows);
    assert_int_equal(t.cols, cols);
}

static void the_logical_matrix_is_what_the_layout_says(void **state)
{
    (void)state;
    check_matrix(QL_LAYOUT_IN_OUT, 0, NULL, QL_LAYOUT_OUT_IN, 1, 1);
    check_matrix(QL_LAYOUT_IN_OUT, 1, (uint64_t[]) { 5 }, QL_LAYOUT_OUT_IN, 1, 5);
    check_matrix(QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 3, 5 }, QL_LAYOUT_OUT_IN, 3, 5);
    check_matrix(QL_LAYOUT_IN_OUT, 2, (uint64_t[]) { 3, 5 }, QL_LAYOUT_IN_OUT, 5, 3);
    check_matrix(QL_LAYOUT_OUT_IN, 4, (uint64_t[]) { 3, 5, 2, 2 }, QL_LAYOUT_OUT_IN, 3, 20);
    check_matrix(QL_LAYOUT_IN_OUT, 4, (uint64_t[]) { 3, 5, 2, 7 }, QL_LAYOUT_IN_OUT, 7, 30);
    check_matrix(QL_LAYOUT_OUT_IN, 3, (uint64_t[]) { 0, (uint64_t)1 << 40, (uint64_t)1 << 40 }, QL_LAYOUT_OUT_IN, 0, 0);
}

static void check_found(const char *name, unsigned rank, const uint64_t *shape, const uint64_t *attention, ql_layout option,
                        ql_layout want)
{
    ql_tensor tensors[2] = { { .name = ql_text_from("h.0.attn.c_attn.weight"), .rank = 2, .shape = attention },
                             { .name = ql_text_from(name), .rank = rank, .shape = shape } };
    ql_tensors_find_layout(tensors, 2, option);
    assert_int_equal(tensors[1].layout, want);
}

static void conv1d_is_found_by_the_shape_of_c_attn(void **state)
{
    (void)state;
    const uint64_t in_out[2] = { 4, 12 }, out_in[2] = { 12, 4 }, square[2] = { 4, 4 }, flat[1] = { 4 };
    check_found("h.0.mlp.c_fc.weight", 2, square, in_out, QL_LAYOUT_AUTO, QL_LAYOUT_IN_OUT);
    check_found("h.0.mlp.c_proj.weight", 2, square, in_out, QL_LAYOUT_AUTO, QL_LAYOUT_IN_OUT);
    check_found("h.0.mlp.c_fc.weight", 2, square, out_in, QL_LAYOUT_AUTO, QL_LAYOUT_OUT_IN);
    check_found("wte.weight", 2, square, in_out, QL_LAYOUT_AUTO, QL_LAYOUT_OUT_IN);
    check_found("wte.weight", 2, square, in_out, QL_LAYOUT_IN_OUT, QL_LAYOUT_IN_OUT);
    check_found("h.0.mlp.c_fc.weight", 2, square, in_out, QL_LAYOUT_OUT_IN, QL_LAYOUT_OUT_IN);
    check_found("h.0.mlp.c_fc.weight", 1, flat, in_out, QL_LAYOUT_IN_OUT, QL_LAYOUT_OUT_IN);
    check_found("h.1.attn.c_attn.weight", 2, square, in_out, QL_LAYOUT_AUTO, QL_LAYOUT_OUT_IN); /* every one must be [d, 3d] */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_range_in_row_and_column_order_is_what_the_indices_say),
        cmocka_unit_test(the_other_byte_order_gives_the_same_values),
        cmocka_unit_test(a_file_gives_what_memory_gives),
        cmocka_unit_test(values_that_need_no_conversion_are_fetched_where_they_are),
        cmocka_unit_test(an_element_outside_the_file_is_an_error_that_names_it),
        cmocka_unit_test(ranges_of_4_bit_floats_begin_and_end_anywhere),
        cmocka_unit_test(a_type_without_values_is_refused_by_name),
        cmocka_unit_test(the_logical_matrix_is_what_the_layout_says),
        cmocka_unit_test(conv1d_is_found_by_the_shape_of_c_attn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
