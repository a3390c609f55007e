/* Conversions of every element type, against their definitions in plain double arithmetic. */
#include "testing.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "tensor/convert.h"

/* (-1)^s 2^(E - bias) (1 + M / 2^m), or without the 1 below the normal range: the definition. */
static double by_definition(unsigned bits, int exponent_bits, int mantissa_bits)
{
    const int bias = (1 << (exponent_bits - 1)) - 1, top = (1 << exponent_bits) - 1;
    const int exponent = (int)(bits >> mantissa_bits) & top;
    const double mantissa = (double)(bits & ((1u << mantissa_bits) - 1)) / (double)(1u << mantissa_bits);
    const double sign = bits >> (exponent_bits + mantissa_bits) & 1 ? -1 : 1;
    if (exponent == top)
        return mantissa != 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1 + mantissa, exponent - bias) : ldexp(mantissa, 1 - bias));
}

static void same(double got, double want, unsigned bits)
{
    if (!(isnan(want) ? isnan(got) : got == want && !signbit(got) == !signbit(want)))
        fail_msg("0x%04x is %a, expected %a", bits, got, want);
}

static void every_16_bit_float(ql_dtype dtype, float (*one)(uint16_t), int exponent_bits, int mantissa_bits)
{
    for (unsigned bits = 0; bits < 65536; bits++) {
        const double want = by_definition(bits, exponent_bits, mantissa_bits);
        const uint8_t little[2] = { bits & 255, bits >> 8 }, big[2] = { bits >> 8, bits & 255 };
        float f32[2];
        double f64[2];
        same((double)one((uint16_t)bits), want, bits);
        ql_decode_f32(dtype, false, little, 1, &f32[0]);
        ql_decode_f32(dtype, true, big, 1, &f32[1]);
        ql_decode_f64(dtype, false, little, 1, &f64[0]);
        ql_decode_f64(dtype, true, big, 1, &f64[1]);
        for (int i = 0; i < 2; i++) {
            same((double)f32[i], want, bits);
            same(f64[i], want, bits);
        }
    }
}

static void every_half_is_its_value(void **state)
{
    (void)state;
    every_16_bit_float(QL_F16, ql_half_to_float, 5, 10);
}

static void every_bfloat_is_its_value(void **state)
{
    (void)state;
    every_16_bit_float(QL_BF16, ql_bfloat_to_float, 8, 7);
}

/* The codes of an 8-bit float that are no number: by the least and the greatest magnitude of them, signs cleared; or -0. */
typedef struct special_codes {
    unsigned infinity, first_nan, last_nan;
    bool negative_zero_is_nan;
} special_codes;

static double small_by_definition(unsigned code, int exponent_bits, int mantissa_bits, int bias, special_codes special)
{
    const unsigned magnitude = code & ((1u << (exponent_bits + mantissa_bits)) - 1);
    const double sign = code == magnitude ? 1 : -1, fraction = ldexp(code & ((1u << mantissa_bits) - 1), -mantissa_bits);
    const int exponent = (int)(magnitude >> mantissa_bits);
    if ((special.first_nan <= magnitude && magnitude <= special.last_nan) || (special.negative_zero_is_nan && sign < 0 && magnitude == 0))
        return NAN;
    if (magnitude == special.infinity)
        return sign * INFINITY;
    return sign * (exponent > 0 ? ldexp(1 + fraction, exponent - bias) : ldexp(fraction, 1 - bias));
}

enum { NO_CODE = 1000 };

static void every_8_bit_float_is_its_value(void **state)
{
    (void)state;
    static const struct {
        ql_dtype dtype;
        int exponent_bits, mantissa_bits, bias;
        special_codes special;
        double largest, least;
    } types[] = {
        { QL_F8_E4M3, 4, 3, 7, { NO_CODE, 0x7F, 0x7F, false }, 448, 0x1p-9 },
        { QL_F8_E5M2, 5, 2, 15, { 0x7C, 0x7D, 0x7F, false }, 57344, 0x1p-16 },
        { QL_F8_E4M3FNUZ, 4, 3, 8, { NO_CODE, NO_CODE, NO_CODE, true }, 240, 0x1p-10 },
        { QL_F8_E5M2FNUZ, 5, 2, 16, { NO_CODE, NO_CODE, NO_CODE, true }, 57344, 0x1p-17 },
    };
    uint8_t bytes[256];
    float f32[256];
    double f64[256];
    for (unsigned code = 0; code < 256; code++)
        bytes[code] = (uint8_t)code;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (int swap = 0; swap < 2; swap++) {
            double largest = 0;
            ql_decode_f32(types[i].dtype, swap, bytes, 256, f32);
            ql_decode_f64(types[i].dtype, swap, bytes, 256, f64);
            for (unsigned code = 0; code < 256; code++) {
                const double want = small_by_definition(code, types[i].exponent_bits, types[i].mantissa_bits, types[i].bias, types[i].special);
                same((double)f32[code], want, code);
                same(f64[code], want, code);
                largest = isfinite(f64[code]) && f64[code] > largest ? f64[code] : largest;
            }
            assert_true(largest == types[i].largest && f64[1] == types[i].least);
        }
    }
}

static void every_power_of_two_of_8_bits_is_its_value(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        const uint8_t byte = (uint8_t)code;
        const double want = code == 255 ? NAN : ldexp(1, (int)code - 127);
        float f32;
        double f64;
        ql_decode_f32(QL_F8_E8M0, false, &byte, 1, &f32);
        ql_decode_f64(QL_F8_E8M0, false, &byte, 1, &f64);
        same((double)f32, want, code);
        same(f64, want, code);
    }
}

/* Two a byte, the low nibble first; of the last byte of an odd count only the low one. */
static void every_nibble_is_its_4_bit_float(void **state)
{
    (void)state;
    uint8_t bytes[257];
    for (unsigned byte = 0; byte < 256; byte++)
        bytes[byte] = (uint8_t)byte;
    for (size_t count = 500; count <= 512; count++) {
        float f32[513];
        double f64[513];
        f32[count] = 12345;
        f64[count] = 12345;
        ql_decode_f32(QL_F4, false, bytes, count, f32);
        ql_decode_f64(QL_F4, true, bytes, count, f64);
        assert_true(f32[count] == 12345 && f64[count] == 12345);
        for (unsigned i = 0; i < count; i++) {
            const unsigned code = i % 2 ? i / 2 / 16 : i / 2 % 16;
            const double want = small_by_definition(code, 2, 1, 1, (special_codes) { NO_CODE, NO_CODE, NO_CODE, false });
            same((double)f32[i], want, code);
            same(f64[i], want, code);
        }
    }
}

/* One element given as an unsigned number of `size` bytes, low byte first. */
static void check_element(ql_dtype dtype, size_t size, uint64_t bits, float want32, double want64)
{
    uint8_t bytes[8], reversed[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = reversed[size - 1 - i] = (uint8_t)(bits >> 8 * i);
    for (int swap = 0; swap < 2; swap++) {
        float f32;
        double f64;
        ql_decode_f32(dtype, swap, swap ? reversed : bytes, 1, &f32);
        ql_decode_f64(dtype, swap, swap ? reversed : bytes, 1, &f64);
        if (f32 != want32 || f64 != want64 || signbit(f32) != signbit(want32))
            fail_msg("%s 0x%llx (swapped %d) is %a and %a, expected %a and %a", ql_dtype_describe(dtype)->name,
                     (unsigned long long)bits, swap, (double)f32, f64, (double)want32, want64);
    }
}

static void every_byte_is_its_integer(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        check_element(QL_U8, 1, byte, byte, byte);
        check_element(QL_I8, 1, byte, byte < 128 ? (float)byte : (float)byte - 256, byte < 128 ? byte : byte - 256.0);
        check_element(QL_BOOL, 1, byte, byte != 0, byte != 0);
    }
}

static void every_16_bit_integer_is_its_value(void **state)
{
    (void)state;
    for (unsigned word = 0; word < 65536; word++) {
        double value = word < 32768 ? word : word - 65536.0;
        check_element(QL_U16, 2, word, (float)word, word);
        check_element(QL_I16, 2, word, (float)value, value);
    }
}

/* Above 2^24 float32 rounds to even, above 2^53 float64 does. */
static void large_integers_round_to_nearest_even(void **state)
{
    (void)state;
    check_element(QL_I32, 4, 0x80000000, -0x1p31f, -0x1p31);
    check_element(QL_I32, 4, 0x7fffffff, 0x1p31f, 2147483647.0);
    check_element(QL_I32, 4, 0xffffffff, -1, -1);
    check_element(QL_I32, 4, 16777217, 16777216, 16777217);
    check_element(QL_I32, 4, 16777219, 16777220, 16777219);
    check_element(QL_I32, 4, (uint32_t)-16777217, -16777216, -16777217);
    check_element(QL_U32, 4, 0xffffffff, 0x1p32f, 4294967295.0);
    check_element(QL_U32, 4, 0xffffff7f, 0xffffff00p0f, 0xffffff7fp0);
    check_element(QL_U32, 4, 0xffffff80, 0x1p32f, 0xffffff80p0);
    check_element(QL_I64, 8, 0x8000000000000000, -0x1p63f, -0x1p63);
    check_element(QL_I64, 8, 0x7fffffffffffffff, 0x1p63f, 0x1p63);
    check_element(QL_I64, 8, 9007199254740993, 0x1p53f, 9007199254740992.0);
    check_element(QL_I64, 8, 9007199254740995, 0x1p53f, 9007199254740996.0);
    check_element(QL_I64, 8, UINT64_MAX, -1, -1);
    check_element(QL_U64, 8, UINT64_MAX, 0x1p64f, 0x1p64);
    check_element(QL_U64, 8, 0x8000000000000000, 0x1p63f, 0x1p63);
    check_element(QL_U64, 8, 0xfffffffffffff400, 0x1p64f, 0xfffffffffffff000p0); /* a tie, to the even one below */
    check_element(QL_U64, 8, 0xffffff7fffffffff, 0xffffff00p32f, 0xffffff8000000000p0); /* once, not by way of float64 */
}

static void check_f64(double value, float want)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    check_element(QL_F64, 8, bits, want, value);
}

static void doubles_round_once_to_nearest_even(void **state)
{
    (void)state;
    check_f64(0.0, 0.0f);
    check_f64(-0.0, -0.0f);
    check_f64(1 + 0x1p-24, 1);
    check_f64(1 + 3 * 0x1p-24, 1 + 0x1p-22f);
    check_f64(1 + 0x1p-24 + 0x1p-52, 1 + 0x1p-23f);
    check_f64(0x1.fffffefffffffp127, FLT_MAX);
    check_f64(0x1.ffffffp127, INFINITY);
    check_f64(-DBL_MAX, -INFINITY);
    check_f64(0x1p-150, 0);
    check_f64(nextafter(0x1p-150, 1), 0x1p-149f);
    check_f64(-0x1p-1074, -0.0f);
    check_f64(0x1.fffffep-127, 0x1p-126f); /* a tie between the largest subnormal and the least normal number */
    check_f64(INFINITY, INFINITY);
}

static void floats_keep_their_bits(void **state)
{
    (void)state;
    static const uint32_t words[] = { 0, 0x80000000, 1, 0x807fffff, 0x00800000, 0x3f800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000 };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        float value;
        memcpy(&value, &words[i], 4);
        check_element(QL_F32, 4, words[i], value, (double)value);
    }
    const uint32_t nan = 0x7fc00001;
    float f32;
    double f64;
    ql_decode_f32(QL_F32, false, &nan, 1, &f32);
    ql_decode_f64(QL_F32, false, &nan, 1, &f64);
    assert_true(isnan(f32) && isnan(f64));
}

/* Runs of every length at every alignment: nothing but the elements is read or written. */
static void any_alignment_and_count_give_the_same_values(void **state)
{
    (void)state;
    enum { MOST = 37 };
    for (int dtype = 0; dtype < QL_SAFETENSORS_DTYPE_COUNT; dtype++) {
        if (!ql_dtype_describe(dtype)->has_values || ql_dtype_describe(dtype)->block_elements > 1)
            continue;
        const size_t size = ql_dtype_describe(dtype)->bits / 8;
        uint8_t bytes[MOST * 8], shifted[MOST * 8 + 8];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i * 37 % 100); /* no exponent of all ones */
        for (size_t count = 0; count <= MOST; count++) {
            for (size_t shift = 0; shift < 8; shift++) {
                float f32[MOST + 1];
                double f64[MOST + 1];
                memcpy(shifted + shift, bytes, count * size);
                f32[count] = 12345;
                f64[count] = 12345;
                ql_decode_f32(dtype, false, shifted + shift, count, f32);
                ql_decode_f64(dtype, false, shifted + shift, count, f64);
                assert_true(f32[count] == 12345 && f64[count] == 12345);
                for (size_t i = 0; i < count; i++) {
                    float one32;
                    double one64;
                    ql_decode_f32(dtype, false, bytes + i * size, 1, &one32);
                    ql_decode_f64(dtype, false, bytes + i * size, 1, &one64);
                    assert_true(f32[i] == one32 && f64[i] == one64 && f32[i] == (float)one64);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_is_its_value),
        cmocka_unit_test(every_bfloat_is_its_value),
        cmocka_unit_test(every_8_bit_float_is_its_value),
        cmocka_unit_test(every_power_of_two_of_8_bits_is_its_value),
        cmocka_unit_test(every_nibble_is_its_4_bit_float),
        cmocka_unit_test(every_byte_is_its_integer),
        cmocka_unit_test(every_16_bit_integer_is_its_value),
        cmocka_unit_test(large_integers_round_to_nearest_even),
        cmocka_unit_test(doubles_round_once_to_nearest_even),
        cmocka_unit_test(floats_keep_their_bits),
        cmocka_unit_test(any_alignment_and_count_give_the_same_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
