/* Scales and codes taken from ggml's blocks: together they make the values that the decoders give. */
#include "tensors.h"

#include <stdio.h>

#include "tensor/block_parts.h"
#include "tensor/blocks.h"

/* Any bytes: a NaN is the same as another. */
static bool are_same(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void dequantizing_the_parts_gives_the_decoders_values(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *type = ql_block_type_at(i);
        const ql_block_parts *parts = ql_block_parts_of(type->kernel);
        assert_int_equal(type->elements % parts->scale_count, 0);
        const unsigned run = type->elements / parts->scale_count;
        for (int round = 0; round < 2000; round++) {
            uint8_t block[512], codes[QL_BLOCK_CODES];
            float values[256], scales[QL_BLOCK_SCALES], least[QL_BLOCK_SCALES];
            for (unsigned j = 0; j < type->bytes; j++)
                block[j] = (uint8_t)(round % 16 == 0 ? random_bits(&seed) | 0x7c : random_bits(&seed));
            ql_blocks_decode(type, block, 1, values);
            parts->take_scales(block, scales, least);
            parts->take_codes(block, codes);
            for (unsigned j = 0; j < type->elements; j++) {
                assert_true(codes[j] < parts->code_count);
                const float product = ql_block_level(parts, codes[j]) * scales[j / run];
                const float y = product - least[j / run];
                if (!are_same(y, values[j]))
                    fail_msg("%s: element %u is %a, of its parts %a", type->name, j, (double)values[j], (double)y);
            }
        }
    }
}

/* Every code that is said to be possible occurs in some block. */
static void all_codes_occur(void **state)
{
    (void)state;
    uint64_t seed = 12;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *type = ql_block_type_at(i);
        const ql_block_parts *parts = ql_block_parts_of(type->kernel);
        bool seen[QL_BLOCK_CODES] = { false };
        for (int round = 0; round < 500; round++) {
            uint8_t block[512], codes[QL_BLOCK_CODES];
            for (unsigned j = 0; j < type->bytes; j++)
                block[j] = (uint8_t)random_bits(&seed);
            parts->take_codes(block, codes);
            for (unsigned j = 0; j < type->elements; j++)
                seen[codes[j]] = true;
        }
        for (unsigned code = 0; code < parts->code_count; code++)
            assert_true(seen[code]);
    }
}

static void scales_are_taken_also_where_minima_are_not_wanted(void **state)
{
    (void)state;
    uint64_t seed = 13;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *type = ql_block_type_at(i);
        const ql_block_parts *parts = ql_block_parts_of(type->kernel);
        uint8_t block[512];
        float with[QL_BLOCK_SCALES], without[QL_BLOCK_SCALES], least[QL_BLOCK_SCALES];
        for (unsigned j = 0; j < type->bytes; j++)
            block[j] = (uint8_t)random_bits(&seed);
        parts->take_scales(block, with, least);
        parts->take_scales(block, without, NULL);
        assert_memory_equal(with, without, parts->scale_count * sizeof *with);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dequantizing_the_parts_gives_the_decoders_values),
        cmocka_unit_test(all_codes_occur),
        cmocka_unit_test(scales_are_taken_also_where_minima_are_not_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
