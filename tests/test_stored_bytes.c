/* Elements as they are stored: the bytes of a file, and the code and scale that a value is made from. */
#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>

#include "tensor/block_parts.h"
#include "tensor/ggml.h"

static uint64_t seed = 17;

/* Over bytes[size], which are borrowed, as they lie in a file from byte 1000 on. */
static void make_tensor(memory_tensor *m, ql_dtype dtype, const uint8_t *bytes, uint64_t size)
{
    const ql_dtype_info *info = ql_dtype_describe(dtype);
    memory_tensor_make(m, QL_U8, bytes, QL_LAYOUT_OUT_IN, 1, &size);
    m->tensor.dtype = dtype;
    m->tensor.offset = 1000;
    m->tensor.byte_count = size;
    m->tensor.element_count = m->shape[0] = size / info->block_bytes * info->block_elements;
    ql_tensor_set_layout(&m->tensor, QL_LAYOUT_OUT_IN);
}

static ql_stored_bytes *bytes_of(const ql_tensor *tensor, uint64_t element, size_t before, size_t after)
{
    ql_error error;
    ql_stored_bytes *stored;
    must(ql_stored_bytes_make(tensor, element, before, after, &stored, &error), &error);
    return stored;
}

static void the_bytes_are_those_of_the_file(void **state)
{
    (void)state;
    static const ql_dtype dtypes[] = { QL_F64,     QL_F32, QL_BF16,      QL_U8,        QL_F4,
                                       QL_F6_E2M3, QL_C64, QL_GGML_Q4_0, QL_GGML_Q6_K, QL_GGML_IQ2_S };
    uint8_t bytes[2 * 10080];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)random_bits(&seed);
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        const ql_dtype_info *info = ql_dtype_describe(dtypes[i]);
        const uint64_t size = sizeof bytes / info->block_bytes * info->block_bytes;
        memory_tensor m;
        make_tensor(&m, dtypes[i], bytes, size);
        for (int k = 0; k < 200; k++) {
            const uint64_t element = k == 0   ? 0
                                     : k == 1 ? m.tensor.element_count - 1
                                              : random_below(&seed, m.tensor.element_count);
            const size_t before = (size_t)random_below(&seed, 6000), after = (size_t)random_below(&seed, 6000);
            ql_stored_bytes *stored = bytes_of(&m.tensor, element, before, after);
            const uint64_t from = stored->offset - 1000, block = element / info->block_elements * info->block_bytes;
            assert_int_equal(stored->first * info->block_bytes, from * info->block_elements);
            assert_true(from <= block && block - from <= before);
            assert_true(from + stored->count >= block + info->block_bytes && from + stored->count <= size);
            assert_true(stored->count <= QL_STORED_MOST);
            assert_int_equal(stored->count % info->block_bytes, 0);
            assert_memory_equal(stored->bytes, bytes + from, stored->count);
            if (before + after + 2 * info->block_bytes < QL_STORED_MOST) /* as much as was asked for */
                assert_true(from < info->block_bytes || block - from + info->block_bytes > before);
            ql_stored_bytes_free(&stored);
            assert_null(stored);
        }
        ql_error error;
        ql_stored_bytes *none = NULL;
        assert_int_equal(ql_stored_bytes_make(&m.tensor, m.tensor.element_count, 0, 0, &none, &error), QL_BAD_USAGE);
        memory_tensor_free(&m);
    }
}

static void a_value_is_made_from_its_code_and_scale(void **state)
{
    (void)state;
    for (int i = 0; i < QL_DTYPE_COUNT; i++) {
        const ql_dtype dtype = (ql_dtype)i;
        const ql_dtype_info *info = ql_dtype_describe(dtype);
        if (!info->has_values)
            continue;
        uint8_t bytes[8 * 300];
        float values[8 * 300 * 8], *scratch = malloc(8 * 300 * 16);
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)random_bits(&seed);
        memory_tensor m;
        ql_error error;
        make_tensor(&m, dtype, bytes, 8 * info->block_bytes);
        must(ql_tensor_read_f32(&m.tensor, 0, (size_t)m.tensor.element_count, values, scratch, &error), &error);
        for (uint64_t element = 0; element < m.tensor.element_count; element++) {
            ql_stored_bytes *stored = bytes_of(&m.tensor, element, 100, 100);
            assert_int_equal(stored->code_count > 0, ql_dtype_has_scales(dtype));
            if (stored->code_count > 0) {
                assert_true(stored->code < stored->code_count);
                const float product = stored->level * stored->scale, value = product - stored->least;
                if (!isnan(value) && !(value == values[element]))
                    fail_msg("%s, element %llu: %g, expected %g", info->name, (unsigned long long)element, (double)value,
                             (double)values[element]);
            }
            ql_stored_bytes_free(&stored);
        }
        memory_tensor_free(&m);
        free(scratch);
    }
}

/* A byte is of the scales if another value there makes other scales. */
static void scale_bytes_are_those_that_change_scales(void **state)
{
    (void)state;
    for (int i = 0; i < QL_DTYPE_COUNT; i++) {
        const ql_dtype dtype = (ql_dtype)i;
        const ql_block_type *type = ql_block_type_for(dtype);
        if (!type) {
            assert_false(ql_dtype_is_scale_byte(dtype, 0));
            continue;
        }
        const ql_block_parts *parts = ql_block_parts_of(type->kernel);
        bool changes[300] = { false };
        for (int round = 0; round < 20; round++) {
            uint8_t block[300];
            float scales[2][QL_BLOCK_SCALES], least[2][QL_BLOCK_SCALES];
            for (unsigned byte = 0; byte < type->bytes; byte++)
                block[byte] = (uint8_t)random_bits(&seed);
            for (unsigned byte = 0; byte < type->bytes; byte++) {
                parts->take_scales(block, scales[0], least[0]);
                block[byte] ^= 0x55;
                parts->take_scales(block, scales[1], least[1]);
                block[byte] ^= 0x55;
                changes[byte] |= memcmp(scales[0], scales[1], parts->scale_count * sizeof(float)) != 0 ||
                                 memcmp(least[0], least[1], parts->scale_count * sizeof(float)) != 0;
            }
        }
        for (unsigned byte = 0; byte < type->bytes; byte++)
            if (changes[byte] != ql_dtype_is_scale_byte(dtype, byte))
                fail_msg("%s: byte %u", type->name, byte);
        assert_false(ql_dtype_is_scale_byte(dtype, type->bytes));
    }
}

static void places_and_indices_are_inverse(void **state)
{
    (void)state;
    static const float values[60];
    for (int layout = QL_LAYOUT_OUT_IN; layout <= QL_LAYOUT_IN_OUT; layout++) {
        memory_tensor m;
        memory_tensor_make(&m, QL_F32, values, (ql_layout)layout, 3, (uint64_t[]) { 3, 4, 5 });
        for (uint64_t i = 0; i < 60; i++) {
            uint64_t row, col;
            ql_tensor_place(&m.tensor, i, &row, &col);
            assert_int_equal(ql_tensor_index(&m.tensor, row, col), i);
            assert_int_equal(row, layout == QL_LAYOUT_IN_OUT ? i % 5 : i / 20);
        }
        memory_tensor_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_those_of_the_file),
        cmocka_unit_test(a_value_is_made_from_its_code_and_scale),
        cmocka_unit_test(scale_bytes_are_those_that_change_scales),
        cmocka_unit_test(places_and_indices_are_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
