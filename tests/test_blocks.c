/* ggml's block types: the table, that a decoder stays within its blocks, and that all instruction sets agree. Values: test_golden. */
#include "tensors.h"

#include <stdlib.h>

#include "kernels/kernels.h"
#include "tensor/blocks.h"

static void every_type_is_found_by_name_and_by_number(void **state)
{
    (void)state;
    size_t count = 0;
    for (const ql_block_type *t; (t = ql_block_type_at(count)); count++) {
        assert_ptr_equal(ql_block_type_named(t->name), t);
        assert_ptr_equal(ql_block_type_of(t->ggml_id), t);
    }
    assert_int_equal(count, QL_BLOCK_COUNT);
    assert_null(ql_block_type_named("q4_k"));
    assert_null(ql_block_type_of(9));
    assert_null(ql_block_type_at(QL_BLOCK_COUNT));
}

static void bits_per_weight_are_those_of_the_format(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double bits;
    } known[] = { { "q4_0", 4.5 },   { "q4_1", 5 },      { "q5_0", 5.5 }, { "q5_1", 6 },   { "q8_0", 8.5 },
                  { "q2_K", 2.625 }, { "q3_K", 3.4375 }, { "q4_K", 4.5 }, { "q5_K", 5.5 }, { "q6_K", 6.5625 }, { "mxfp4", 4.25 }, { "nvfp4", 4.5 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const ql_block_type *t = ql_block_type_named(known[i].name);
        assert_true(8.0 * t->bytes / t->elements == known[i].bits);
    }
}

/* Bytes of blocks: random, but now and then all parameters infinite or NaN, all bits set, or none. */
static void fill_blocks(const ql_block_type *t, size_t count, uint8_t *bytes, uint64_t *seed)
{
    for (size_t j = 0; j < count * t->bytes; j++)
        bytes[j] = (uint8_t)random_bits(seed);
    const uint64_t kind = random_below(seed, 8);
    for (size_t block = 0; block < count && kind < 4; block++)
        for (unsigned j = 0; j < t->bytes; j++)
            bytes[block * t->bytes + j] = kind == 0   ? 0xff
                                          : kind == 1 ? 0
                                          : kind == 2 ? bytes[block * t->bytes + j] | 0x7c /* every half is special */
                                          : j < 8 || j + 4 > t->bytes ? bytes[block * t->bytes + j] | 0x7c
                                                                      : bytes[block * t->bytes + j];
}

/* Every instruction set, 0 to 5 blocks that end where the memory ends (the sanitizer looks), at any address: each is what the scalar kernel makes
   of it alone, and nothing else is written. */
static void blocks_are_decoded_as_each_alone_by_every_instruction_set(void **state)
{
    (void)state;
    enum { MOST = 5, ELEMENTS = 256 };
    uint64_t seed = 5;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *t = ql_block_type_at(i);
        for (int round = 0; round < 300; round++) {
            const size_t count = random_below(&seed, MOST + 1), shift = random_below(&seed, 17), from = random_below(&seed, 17);
            uint8_t *memory = malloc(shift + count * t->bytes + (count == 0));
            uint8_t *blocks = memory + shift;
            fill_blocks(t, count, blocks, &seed);
            float expected[MOST * ELEMENTS];
            for (size_t block = 0; block < count; block++)
                ql_kernels_at(0)->decode.blocks[t->kernel](blocks + block * t->bytes, 1, expected + block * t->elements);
            for (size_t isa = 0; ql_isa_at(isa, &(ql_isa_info) { 0 }); isa++) {
                float out[MOST * ELEMENTS + 34];
                const ql_kernels *kernels = ql_kernels_at(isa);
                if (!kernels)
                    continue;
                memset(out, 0xA5, sizeof out);
                kernels->decode.blocks[t->kernel](blocks, count, out + 1 + from);
                if (memcmp(out + 1 + from, expected, count * t->elements * sizeof *out) != 0)
                    fail_msg("%s: %zu blocks of %s are decoded otherwise, round %d", kernels->name, count, t->name, round);
                uint8_t guard[sizeof out];
                memset(guard, 0xA5, sizeof guard);
                assert_memory_equal(out, guard, (1 + from) * sizeof *out);
                assert_memory_equal(out + 1 + from + count * t->elements, guard,
                                    sizeof out - (1 + from + count * t->elements) * sizeof *out);
            }
            free(memory);
        }
    }
}

static void all_nan_of_blocks_are_the_same(void **state)
{
    (void)state;
    uint64_t seed = 6;
    unsigned found = 0;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *t = ql_block_type_at(i);
        for (int round = 0; round < 100; round++) {
            uint8_t block[256];
            float out[256];
            fill_blocks(t, 1, block, &seed);
            ql_blocks_decode(t, block, 1, out);
            for (unsigned j = 0; j < t->elements; j++) {
                uint32_t bits;
                memcpy(&bits, &out[j], 4);
                found += isnan(out[j]);
                assert_true(!isnan(out[j]) || bits == 0x7FC00000);
            }
        }
    }
    assert_true(found > 0);
}

/* By the definition, element by element: E2M1 times a power of two, or times E4M3. */
static void four_bit_floats_are_levels_times_scales(void **state)
{
    (void)state;
    static const double level[16] = { 0, .5, 1, 1.5, 2, 3, 4, 6, 0, -.5, -1, -1.5, -2, -3, -4, -6 };
    uint64_t seed = 7;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t mx[17] = { (uint8_t)byte }, nv[36];
        float out[64];
        for (int j = 0; j < 36; j++)
            nv[j] = (uint8_t)(j < 4 ? byte + (unsigned)j : random_bits(&seed));
        memcpy(mx + 1, nv + 4, 16);
        ql_blocks_decode(ql_block_type_named("mxfp4"), mx, 1, out);
        for (int j = 0; j < 32; j++)
            assert_true(out[j] == (float)ldexp(level[mx[1 + j % 16] >> 4 * (j / 16) & 15], (int)byte - 127) && !(out[j] == 0 && signbit(out[j])));
        ql_blocks_decode(ql_block_type_named("nvfp4"), nv, 1, out);
        for (int j = 0; j < 64; j++) {
            const int s = nv[j / 16] & 127, exponent = s >> 3, mantissa = s & 7;
            const double scale = s == 127 ? 0 : exponent ? ldexp(8 + mantissa, exponent - 10) : ldexp(mantissa, -9);
            assert_true(out[j] == (float)(level[nv[4 + j / 16 * 8 + j % 8] >> 4 * (j / 8 % 2) & 15] * scale));
        }
    }
}

/* Each element depends on bits of its own: flipping bits one by one changes every element at least once, codes never two
   at a time. */
static void every_element_has_bits_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *t = ql_block_type_at(i);
        uint8_t block[256];
        float before[256], after[256];
        unsigned alone[256] = { 0 };
        memset(block, 0x22, sizeof block); /* scales are neither 0 nor special */
        ql_blocks_decode(t, block, 1, before);
        for (unsigned bit = 0; bit < 8 * t->bytes; bit++) {
            unsigned changed = 0, last = 0;
            block[bit / 8] ^= (uint8_t)(1 << bit % 8);
            ql_blocks_decode(t, block, 1, after);
            block[bit / 8] ^= (uint8_t)(1 << bit % 8);
            for (unsigned j = 0; j < t->elements; j++)
                if (after[j] != before[j]) {
                    changed++;
                    last = j;
                }
            if (changed == 1)
                alone[last]++;
        }
        const unsigned bits = t->name[0] == 'q' ? t->name[1] - '0' : 4;
        for (unsigned j = 0; j < t->elements; j++)
            assert_int_equal(alone[j], bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_found_by_name_and_by_number),
        cmocka_unit_test(bits_per_weight_are_those_of_the_format),
        cmocka_unit_test(blocks_are_decoded_as_each_alone_by_every_instruction_set),
        cmocka_unit_test(all_nan_of_blocks_are_the_same),
        cmocka_unit_test(four_bit_floats_are_levels_times_scales),
        cmocka_unit_test(every_element_has_bits_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
