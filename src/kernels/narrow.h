/* One number of a narrow format as float32, exactly. */
#ifndef QL_KERNELS_NARROW_H
#define QL_KERNELS_NARROW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline float ql_float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* In native byte order, at any address. */
static inline uint32_t ql_load_u16(const uint8_t *p)
{
    uint16_t bits;
    memcpy(&bits, p, 2);
    return bits;
}

/*
 * | 1 sign | 5 exponent | 10 mantissa |   half
 * | 1 sign | 8 exponent | 23 mantissa |   float
 *
 * NaN becomes quiet and keeps sign and payload, here and in bfloat16.
 */
static inline float ql_half_value(uint32_t bits)
{
    const uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, mantissa = bits & 1023;
    if (exponent == 0) {
        const float magnitude = (float)mantissa * 0x1p-24f; /* zero and subnormals */
        return sign ? -magnitude : magnitude;
    }
    if (exponent == 31) {
        return ql_float_of_bits(sign | 255u << 23 | mantissa << 13 | (mantissa ? 1u << 22 : 0));
    }
    return ql_float_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

/* The upper half of a float. */
static inline float ql_bfloat_value(uint32_t bits)
{
    return ql_float_of_bits(bits << 16 | ((bits & 0x7FFF) > 0x7F80 ? 1u << 22 : 0));
}

/*
 * ggml's 4-bit floats: doubled levels times halved scales. Code 8 is 0, not -0.
 */
static const float ql_e2m1_doubled[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };

/* The 16 levels of ggml's "non-linear" 4-bit types, iq4_nl and iq4_xs (kvalues_iq4nl of ggml-common.h). */
static const float ql_iq4_levels[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

/* 2^(e - 128), with 2^-128 and 2^-127 as the subnormals that they are. e = 255 is not the NaN of OCP but 2^127. */
static inline float ql_e8m0_halved(uint32_t e)
{
    return ql_float_of_bits(e < 2 ? 0x00200000u << e : (e - 1) << 23);
}

/* E4M3 without its sign, half of it. 0x7F is 0. */
static inline float ql_e4m3_halved(uint32_t s)
{
    s &= 127;
    return s == 127 ? 0 : s < 8 ? (float)s * 0x1p-10f : ql_float_of_bits((s << 20) + (119u << 23));
}

/* Of 4-bit codes as bitsandbytes packs them: the first of two in the high nibble. */
static inline unsigned ql_nf4_code(const uint8_t *codes, size_t i)
{
    return codes[i / 2] >> (i % 2 ? 0 : 4) & 15;
}

#endif
