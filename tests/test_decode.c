/* Kernels that widen stored numbers: every instruction set gives the bits of the scalar one, and that one what the format means. Blocks of ggml: test_blocks. */
#include "tensors.h"

#include <stdlib.h>

#include "kernels/kernels.h"

enum { NUMBERS = 65536, GUARD = 16 };

/* All 16-bit numbers through every instruction set, in pieces of 0..67 numbers at any address; then all at once. */
static void every_piece_is_that_of_the_scalar_one(bool bfloat)
{
    static uint8_t bytes[2 * NUMBERS + 1];
    static float expected[NUMBERS], got[NUMBERS + GUARD];
    for (unsigned odd = 0; odd < 2; odd++) {
        for (uint32_t i = 0; i < NUMBERS; i++)
            memcpy(bytes + odd + 2 * i, &(uint16_t) { (uint16_t)i }, 2);
        const ql_decode_kernels *scalar = &ql_kernels_at(0)->decode;
        (bfloat ? scalar->bfloat : scalar->half)(bytes + odd, NUMBERS, expected);
        for (size_t isa = 0; ql_isa_at(isa, &(ql_isa_info) { 0 }); isa++) {
            const ql_kernels *kernels = ql_kernels_at(isa);
            if (!kernels)
                continue;
            for (size_t at = 0, n = 0; at < NUMBERS; at += n, n = (n + 1) % 68) {
                n = n < NUMBERS - at ? n : NUMBERS - at;
                got[at + n] = 42;
                (bfloat ? kernels->decode.bfloat : kernels->decode.half)(bytes + odd + 2 * at, n, got + at);
                assert_true(got[at + n] == 42);
            }
            if (memcmp(got, expected, sizeof expected) != 0)
                fail_msg("%s differs from scalar", kernels->name);
        }
    }
    for (uint32_t i = 0; i < NUMBERS; i++) {
        uint32_t bits;
        memcpy(&bits, &expected[i], 4);
        assert_true(!isnan(expected[i]) || (bits & 1u << 22)); /* quiet */
        assert_int_equal(bits >> 31, i >> 15);
    }
}

static void halves_are_widened_alike(void **state)
{
    (void)state;
    every_piece_is_that_of_the_scalar_one(false);
}

static void bfloats_are_widened_alike(void **state)
{
    (void)state;
    every_piece_is_that_of_the_scalar_one(true);
}

/* n packed codes in blocks of any size. The memory of codes, scales and values ends with the last of them. */
static void check_nf4(size_t n, size_t block, size_t shift, uint64_t *seed)
{
    const size_t code_bytes = (n + 1) / 2, scale_count = n / block + (n % block != 0);
    float level[16], *scale = malloc((scale_count + 1) * sizeof *scale), *out = malloc((shift + n + 1) * sizeof *out);
    uint8_t *memory = malloc(shift + code_bytes + 1), *codes = memory + shift + 1;
    for (int i = 0; i < 16; i++)
        level[i] = (float)random_normal(seed);
    for (size_t i = 0; i < scale_count; i++)
        scale[1 + i] = (float)random_normal(seed);
    for (size_t i = 0; i < code_bytes; i++)
        codes[i] = (uint8_t)random_bits(seed);
    for (size_t isa = 0; ql_isa_at(isa, &(ql_isa_info) { 0 }); isa++) {
        const ql_kernels *kernels = ql_kernels_at(isa);
        if (!kernels)
            continue;
        memset(out, 0xA5, (shift + n + 1) * sizeof *out);
        out[shift] = 42;
        kernels->decode.nf4(level, codes, n, block, scale + 1, out + shift + 1);
        assert_true(out[shift] == 42);
        for (size_t i = 0; i < n; i++) {
            const float want = level[i % 2 == 0 ? codes[i / 2] >> 4 : codes[i / 2] & 15] * scale[1 + i / block];
            if (memcmp(&out[shift + 1 + i], &want, 4) != 0)
                fail_msg("%s: element %zu of %zu in blocks of %zu is %a, not %a", kernels->name, i, n, block,
                         (double)out[shift + 1 + i], (double)want);
        }
    }
    free(scale);
    free(out);
    free(memory);
}

static void nf4_codes_are_levels_times_scales(void **state)
{
    (void)state;
    static const size_t blocks[] = { 1, 2, 3, 16, 17, 50, 64, 100, 4096, SIZE_MAX };
    uint64_t seed = 8;
    for (size_t n = 0; n <= 200; n += n < 67 ? 1 : 19)
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
            check_nf4(n, blocks[i], n % 16, &seed);
    check_nf4(5000, 64, 1, &seed);
}

/* So many that they go around the cache. */
static void many_nf4_codes_are_decoded_like_few(void **state)
{
    (void)state;
    uint64_t seed = 9;
    check_nf4((1 << 22) + 1077, 64, 2, &seed);
    check_nf4((1 << 22) + 16, 1000, 15, &seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_widened_alike),
        cmocka_unit_test(bfloats_are_widened_alike),
        cmocka_unit_test(nf4_codes_are_levels_times_scales),
        cmocka_unit_test(many_nf4_codes_are_decoded_like_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
