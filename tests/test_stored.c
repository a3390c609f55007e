/* How a tensor of a block type is stored: scales and codes counted, against a count by hand. */
#include "tensors.h"

#include <stdio.h>
#include <stdlib.h>

#include "tensor/block_parts.h"
#include "tensor/ggml.h"

static ql_engine *engine, *alone; /* three threads, one */
static uint64_t seed = 61;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(3, &engine, NULL) != QL_OK || ql_engine_new(1, &alone, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    ql_engine_free(&alone);
    return 0;
}

/* A tensor of `blocks` blocks over bytes, which are borrowed. */
static void make_tensor(memory_tensor *m, ql_dtype dtype, const uint8_t *bytes, uint64_t blocks)
{
    const ql_dtype_info *info = ql_dtype_describe(dtype);
    const uint64_t elements = blocks * info->block_elements;
    memory_tensor_make(m, QL_U8, bytes, QL_LAYOUT_OUT_IN, 1, &(uint64_t) { blocks * info->block_bytes });
    m->tensor.dtype = dtype;
    m->tensor.byte_count = m->tensor.element_count;
    m->tensor.element_count = m->shape[0] = elements;
    ql_tensor_set_layout(&m->tensor, QL_LAYOUT_OUT_IN);
}

static ql_stored stored_of(ql_engine *with, ql_dtype dtype, const uint8_t *bytes, uint64_t blocks)
{
    memory_tensor m;
    ql_stored stored;
    ql_error error = { 0 };
    make_tensor(&m, dtype, bytes, blocks);
    must(ql_stored_make(with, &m.tensor, NULL, &stored, &error), &error);
    memory_tensor_free(&m);
    return stored;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* By the parts of each block, one after the other. */
static void assert_stored(const ql_stored *stored, ql_dtype dtype, const uint8_t *bytes, uint64_t blocks)
{
    const ql_block_type *type = ql_block_type_for(dtype);
    const ql_block_parts *parts = ql_block_parts_of(type->kernel);
    double *scales = malloc((blocks * parts->scale_count + 1) * sizeof *scales);
    uint64_t counts[256] = { 0 }, zeros = 0, nonfinite = 0;
    size_t finite = 0;
    assert_non_null(scales);
    for (uint64_t i = 0; i < blocks; i++) {
        float of_block[QL_BLOCK_SCALES];
        uint8_t codes[QL_BLOCK_CODES];
        parts->take_scales(bytes + i * type->bytes, of_block, NULL);
        parts->take_codes(bytes + i * type->bytes, codes);
        for (unsigned k = 0; k < parts->scale_count; k++) {
            const double magnitude = fabs((double)of_block[k]) * parts->unit;
            if (isfinite(magnitude))
                scales[finite++] = magnitude;
            else
                nonfinite++;
            zeros += magnitude == 0;
        }
        for (unsigned k = 0; k < type->elements; k++)
            counts[parts->levels == NULL || codes[k] != 8 || parts->levels[8] != 0 ? codes[k] : 0]++; /* -0 is 0 */
    }
    qsort(scales, finite, sizeof *scales, compare_doubles);
    assert_int_equal(stored->scale_count, finite + nonfinite);
    assert_int_equal(stored->run, type->elements / parts->scale_count);
    assert_int_equal(stored->scale_zeros, zeros);
    assert_int_equal(stored->scale_nonfinite, nonfinite);
    assert_true(stored->bits_per_weight == 8.0 * type->bytes / type->elements);
    if (finite) {
        assert_true(stored->scale_min == scales[0] && stored->scale_max == scales[finite - 1]);
        assert_true(stored->scale_median == (scales[(finite - 1) / 2] + scales[finite / 2]) / 2);
    } else {
        assert_true(isnan(stored->scale_min) && isnan(stored->scale_median) && isnan(stored->scale_max));
    }
    double entropy = 0;
    unsigned used = 0;
    for (unsigned code = 0; code < 256; code++) {
        const double p = (double)counts[code] / (double)(blocks * type->elements);
        used += counts[code] > 0;
        entropy -= p > 0 ? p * log2(p) : 0;
    }
    assert_int_equal(stored->codes_used, used);
    assert_close(stored->entropy_bits, entropy, 1e-12, 1e-12);
    free(scales);
}

/* Halves at the usual places of a scale are small but now and then 0, infinite or NaN. */
static uint8_t *random_blocks(ql_dtype dtype, uint64_t blocks)
{
    const unsigned size = ql_dtype_describe(dtype)->block_bytes;
    uint8_t *bytes = malloc(blocks * size + 1);
    assert_non_null(bytes);
    for (uint64_t i = 0; i < blocks * size; i++)
        bytes[i] = (uint8_t)random_bits(&seed);
    for (uint64_t i = 0; i < blocks; i++) {
        uint8_t *block = bytes + i * size;
        const uint64_t kind = random_below(&seed, 200);
        if (kind == 0)
            memset(block, 0, size);
        else if (kind == 1)
            memset(block, 0x7c, size);
    }
    return bytes;
}

static void every_type_is_counted(void **state)
{
    (void)state;
    static const unsigned possible[] = {
        [QL_Q4_0] = 16, [QL_Q4_1] = 16, [QL_Q5_0] = 32, [QL_Q5_1] = 32, [QL_Q8_0] = 256, [QL_Q8_1] = 256, [QL_IQ4_NL] = 16,
        [QL_Q2_K] = 4,  [QL_Q3_K] = 8,  [QL_Q4_K] = 16, [QL_Q5_K] = 32, [QL_Q6_K] = 64,  [QL_Q8_K] = 256, [QL_IQ4_XS] = 16,
        [QL_TQ1_0] = 3, [QL_TQ2_0] = 4, [QL_Q1_0] = 2,  [QL_Q2_0] = 4,  [QL_MXFP4] = 15, [QL_NVFP4] = 15
    };
    for (ql_dtype dtype = QL_GGML_Q4_0; dtype < QL_DTYPE_COUNT; dtype++) {
        if (!ql_dtype_describe(dtype)->has_values)
            continue;
        for (uint64_t blocks = 1; blocks <= 5000; blocks = blocks * 17 + 1) {
            uint8_t *bytes = random_blocks(dtype, blocks);
            const ql_stored stored = stored_of(engine, dtype, bytes, blocks), again = stored_of(alone, dtype, bytes, blocks);
            assert_stored(&stored, dtype, bytes, blocks);
            assert_stored(&again, dtype, bytes, blocks);
            assert_int_equal(stored.codes_possible, possible[ql_block_type_for(dtype)->kernel]);
            free(bytes);
        }
    }
}

static void scales_that_are_all_nan_have_no_range(void **state)
{
    (void)state;
    uint8_t block[18];
    memset(block, 0xff, sizeof block);
    const ql_stored stored = stored_of(engine, QL_GGML_Q4_0, block, 1);
    assert_stored(&stored, QL_GGML_Q4_0, block, 1);
    assert_int_equal(stored.scale_nonfinite, 1);
    assert_int_equal(stored.codes_used, 1);
    assert_true(stored.entropy_bits == 0);
}

/* q4_0 with d = 0.5 and -2: the sign of a scale is of no concern. A q4_K with d = 1: scales of sub-blocks are multiplied
   in. */
static void scales_are_magnitudes_with_everything_multiplied_in(void **state)
{
    (void)state;
    uint8_t two[36] = { 0x00, 0x38, [18] = 0x00, [19] = 0xc0 };
    ql_stored stored = stored_of(engine, QL_GGML_Q4_0, two, 2);
    assert_true(stored.scale_min == 0.5 && stored.scale_max == 2 && stored.scale_median == 1.25);
    assert_int_equal(stored.run, 32);
    uint8_t block[144] = { 0x00, 0x3c, 0, 0, 1, 2, 3, 4 }; /* the first four scales, the others are 0 */
    stored = stored_of(engine, QL_GGML_Q4_K, block, 1);
    assert_true(stored.scale_min == 0 && stored.scale_max == 4 && stored.scale_median == 0.5);
    assert_int_equal(stored.scale_zeros, 4);
    assert_int_equal(stored.run, 32);
    uint8_t power[17] = { 130 };
    stored = stored_of(engine, QL_GGML_MXFP4, power, 1);
    assert_true(stored.scale_min == 8 && stored.scale_max == 8);
}

static void types_without_values_tell_their_bits(void **state)
{
    (void)state;
    uint8_t block[50] = { 0 };
    ql_stored stored = stored_of(engine, QL_GGML_IQ1_S, block, 1);
    assert_true(stored.bits_per_weight == 1.5625);
    assert_int_equal(stored.scale_count, 0);
    stored = stored_of(engine, QL_GGML_Q6_K, block, 0);
    assert_true(stored.bits_per_weight == 6.5625);
    assert_int_equal(stored.scale_count, 0);
    memory_tensor m;
    ql_error error;
    memory_tensor_make(&m, QL_F32, block, QL_LAYOUT_OUT_IN, 1, &(uint64_t) { 4 });
    assert_int_equal(ql_stored_make(engine, &m.tensor, NULL, &stored, &error), QL_BAD_USAGE);
    assert_string_equal(error.message, "memory: tensor 'w': values of type F32 have no scales");
    memory_tensor_free(&m);
}

static bool refuse(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    (void)done;
    (void)total;
    return false;
}

static void counting_can_be_cancelled(void **state)
{
    (void)state;
    uint8_t *bytes = random_blocks(QL_GGML_Q8_0, 9000);
    memory_tensor m;
    ql_stored stored;
    ql_error error;
    const ql_monitor monitor = { refuse, NULL };
    make_tensor(&m, QL_GGML_Q8_0, bytes, 9000);
    assert_int_equal(ql_stored_make(engine, &m.tensor, &monitor, &stored, &error), QL_CANCELLED);
    memory_tensor_free(&m);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_counted),
        cmocka_unit_test(scales_that_are_all_nan_have_no_range),
        cmocka_unit_test(scales_are_magnitudes_with_everything_multiplied_in),
        cmocka_unit_test(types_without_values_tell_their_bits),
        cmocka_unit_test(counting_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
