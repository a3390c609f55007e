/* ggml's block types: the table, that a decoder stays within its blocks, and that all instruction sets agree. Values: test_golden. */
#include "tensors.h"

#include <stdlib.h>
#include <strings.h>

#include "kernels/kernels.h"
#include "tensor/ggml.h"

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
    assert_null(ql_block_type_of(4));
    assert_null(ql_block_type_of(43));
    assert_null(ql_block_type_at(QL_BLOCK_COUNT));
}

/* What is decoded here, what is told of a dtype, and the numbers in a file: three tables. */
static void the_tables_of_types_agree(void **state)
{
    (void)state;
    size_t decoded = 0, numbered = 0;
    for (ql_dtype dtype = QL_SAFETENSORS_DTYPE_COUNT; dtype < QL_DTYPE_COUNT; dtype++) {
        const ql_dtype_info *info = ql_dtype_describe(dtype);
        const ql_block_type *type = ql_block_type_for(dtype);
        assert_int_equal(type != NULL, info->has_values);
        if (type) {
            decoded++;
            assert_true(strcasecmp(type->name, info->name) == 0);
            assert_int_equal(type->elements, info->block_elements);
            assert_int_equal(type->bytes, info->block_bytes);
        }
    }
    assert_int_equal(decoded, QL_BLOCK_COUNT);
    for (uint32_t id = 0; id < 100; id++) {
        ql_dtype dtype;
        const bool known = ql_ggml_dtype(id, &dtype);
        numbered += known;
        assert_true(known || !ql_block_type_of(id));
        assert_true(!known || dtype < QL_SAFETENSORS_DTYPE_COUNT || ql_block_type_of(id) == ql_block_type_for(dtype));
    }
    assert_int_equal(numbered, QL_DTYPE_COUNT - QL_SAFETENSORS_DTYPE_COUNT + 8); /* and F64 F32 F16 BF16, I8 to I64 */
}

static void bits_per_weight_are_those_of_the_format(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double bits;
    } known[] = { { "q4_0", 4.5 },   { "q4_1", 5 },      { "q5_0", 5.5 }, { "q5_1", 6 },   { "q8_0", 8.5 },
                  { "q2_K", 2.625 }, { "q3_K", 3.4375 }, { "q4_K", 4.5 }, { "q5_K", 5.5 }, { "q6_K", 6.5625 }, { "mxfp4", 4.25 }, { "nvfp4", 4.5 },
                  { "q8_1", 9 },     { "q8_K", 9.125 },  { "iq4_nl", 4.5 }, { "iq4_xs", 4.25 }, { "tq1_0", 1.6875 }, { "tq2_0", 2.0625 },
                  { "q1_0", 1.125 }, { "q2_0", 2.25 } };
    assert_int_equal(sizeof known / sizeof *known, QL_BLOCK_COUNT);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const ql_block_type *t = ql_block_type_named(known[i].name);
        assert_true(8.0 * t->bytes / t->elements == known[i].bits);
    }
}

enum { MOST_BYTES = 292, MOST_ELEMENTS = 256 }; /* of a block */

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
    enum { MOST = 5 };
    uint64_t seed = 5;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *t = ql_block_type_at(i);
        for (int round = 0; round < 300; round++) {
            const size_t count = random_below(&seed, MOST + 1), shift = random_below(&seed, 17), from = random_below(&seed, 17);
            uint8_t *memory = malloc(shift + count * t->bytes + (count == 0));
            uint8_t *blocks = memory + shift;
            fill_blocks(t, count, blocks, &seed);
            float expected[MOST * MOST_ELEMENTS];
            for (size_t block = 0; block < count; block++)
                ql_kernels_at(0)->decode.blocks[t->kernel](blocks + block * t->bytes, 1, expected + block * t->elements);
            for (size_t isa = 0; ql_isa_at(isa, &(ql_isa_info) { 0 }); isa++) {
                float out[MOST * MOST_ELEMENTS + 34];
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
            uint8_t block[MOST_BYTES];
            float out[MOST_ELEMENTS];
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
   at a time. The digits of tq1_0 share their bits. */
static void every_element_has_bits_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *t = ql_block_type_at(i);
        if (t->kernel == QL_TQ1_0)
            continue;
        uint8_t block[MOST_BYTES];
        float before[MOST_ELEMENTS], after[MOST_ELEMENTS];
        unsigned alone[MOST_ELEMENTS] = { 0 };
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
        const unsigned bits = *strpbrk(t->name, "123456789") - '0';
        for (unsigned j = 0; j < t->elements; j++)
            assert_int_equal(alone[j], bits);
    }
}

/* Blocks of zeros but for some bytes, and what the formulas of ggml_blocks.h make of them by hand. Halves: 0x3800 is 0.5,
   0x3C00 1, 0x4000 2, 0x7E00 NaN. */
static const struct {
    const char *name;
    struct {
        unsigned at, byte;
    } bytes[12];
    struct {
        unsigned at;
        float value;
    } elements[16]; /* of those behind the last one 0 is not looked at */
} worked[] = {
    { "q8_1", /* the sum, NaN, is not used */
      { { 1, 0x38 }, { 3, 0x7E }, { 4, 0x80 }, { 5, 0x7F }, { 35, 1 } },
      { { 0, -64 }, { 1, 63.5f }, { 2, 0 }, { 31, 0.5f } } },
    { "q8_K", /* d = 0.25 */
      { { 2, 0x80 }, { 3, 0x3E }, { 4, 0x80 }, { 5, 0x7F }, { 259, 3 }, { 260, 0xFF }, { 291, 0xFF } },
      { { 0, -32 }, { 1, 31.75f }, { 2, 0 }, { 255, 0.75f } } },
    { "iq4_nl",
      { { 1, 0x40 }, { 2, 0x80 }, { 17, 0x7F } },
      { { 0, -254 }, { 16, 2 }, { 15, 226 }, { 31, -20 }, { 1, -254 } } },
    { "iq4_xs", /* scales of sub-blocks 0, 1, 2, 7: 33, 9, 0, 63; each minus 32 */
      { { 1, 0x3C }, { 2, 0x02 }, { 3, 0xC0 }, { 4, 0x91 }, { 7, 0xF0 }, { 8, 0xF8 }, { 135, 0x08 } },
      { { 0, 1 }, { 16, 113 }, { 1, -127 }, { 32, 127 * 23 }, { 64, 127 * 32 }, { 239, 31 }, { 255, -127 * 31 } } },
    { "tq1_0", /* digits 2 0 1 2 1, 0 1 2 0 2 and 1 2 0 2 are 178, 47 and 141 of 243; times 256, rounded up */
      { { 53, 0x38 }, { 0, 188 }, { 47, 50 }, { 51, 149 } },
      { { 0, 0.5f }, { 32, -0.5f }, { 64, 0 }, { 96, 0.5f }, { 128, 0 }, { 175, -0.5f }, { 191, 0 }, { 207, 0.5f }, { 223, -0.5f },
        { 239, 0.5f }, { 243, 0 }, { 247, 0.5f }, { 251, -0.5f }, { 255, 0.5f }, { 1, -0.5f }, { 240, -0.5f } } },
    { "tq2_0",
      { { 65, 0x38 }, { 0, 0xE4 }, { 63, 0x1B } },
      { { 0, -0.5f }, { 32, 0 }, { 64, 0.5f }, { 96, 1 }, { 159, 1 }, { 191, 0.5f }, { 223, 0 }, { 255, -0.5f } } },
    { "q1_0",
      { { 1, 0x38 }, { 2, 0x01 }, { 17, 0x80 } },
      { { 0, 0.5f }, { 1, -0.5f }, { 64, -0.5f }, { 126, -0.5f }, { 127, 0.5f } } },
    { "q2_0",
      { { 1, 0x38 }, { 2, 0xE4 }, { 17, 0x1B } },
      { { 0, -0.5f }, { 1, 0 }, { 2, 0.5f }, { 3, 1 }, { 60, 1 }, { 61, 0.5f }, { 62, 0 }, { 63, -0.5f } } },
};

static void blocks_worked_by_hand_have_those_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof worked / sizeof *worked; i++) {
        const ql_block_type *t = ql_block_type_named(worked[i].name);
        uint8_t block[MOST_BYTES] = { 0 };
        float out[MOST_ELEMENTS];
        for (size_t k = 0; k < 12 && worked[i].bytes[k].byte; k++)
            block[worked[i].bytes[k].at] = (uint8_t)worked[i].bytes[k].byte;
        ql_blocks_decode(t, block, 1, out);
        size_t count = 16;
        while (worked[i].elements[count - 1].at == 0)
            count--;
        for (size_t k = 0; k < count; k++)
            if (out[worked[i].elements[k].at] != worked[i].elements[k].value)
                fail_msg("%s: element %u is %a, by hand %a", t->name, worked[i].elements[k].at, (double)out[worked[i].elements[k].at],
                         (double)worked[i].elements[k].value);
    }
}

/* Packed as ggml packs: v of 243 times 256, rounded up. */
static void every_byte_of_tq1_0_holds_its_digits(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 243; v++) {
        uint8_t block[54];
        float out[256];
        memset(block, (int)((v * 256 + 242) / 243), 52);
        memcpy(block + 52, (uint8_t[]) { 0, 0x3C }, 2);
        ql_blocks_decode(ql_block_type_named("tq1_0"), block, 1, out);
        for (int j = 0; j < 256; j++) {
            const unsigned k = j < 160 ? j / 32 : j < 240 ? (j - 160) / 16 : (j - 240) / 4, weight[] = { 81, 27, 9, 3, 1 };
            assert_true(out[j] == (float)(v / weight[k] % 3) - 1);
        }
    }
}

/* All other types have their parameters in half precision. */
static void an_infinite_scale_of_q8_k_makes_infinities_and_the_one_nan(void **state)
{
    (void)state;
    const uint8_t block[292] = { 0, 0, 0x80, 0xFF, 1, 0xFF };
    float out[256];
    uint32_t bits;
    ql_blocks_decode(ql_block_type_named("q8_K"), block, 1, out);
    memcpy(&bits, &out[2], 4);
    assert_true(out[0] == -INFINITY && out[1] == INFINITY && bits == 0x7FC00000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_found_by_name_and_by_number),
        cmocka_unit_test(the_tables_of_types_agree),
        cmocka_unit_test(bits_per_weight_are_those_of_the_format),
        cmocka_unit_test(blocks_are_decoded_as_each_alone_by_every_instruction_set),
        cmocka_unit_test(all_nan_of_blocks_are_the_same),
        cmocka_unit_test(four_bit_floats_are_levels_times_scales),
        cmocka_unit_test(every_element_has_bits_of_its_own),
        cmocka_unit_test(blocks_worked_by_hand_have_those_values),
        cmocka_unit_test(every_byte_of_tq1_0_holds_its_digits),
        cmocka_unit_test(an_infinite_scale_of_q8_k_makes_infinities_and_the_one_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
