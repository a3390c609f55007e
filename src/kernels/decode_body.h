/* The definition of the kernels of decode.h, in plain C: see body.h. */
#include "kernels/decode.h"

#include <string.h>

/* | 1 sign | 5 exponent | 10 mantissa | */
static inline float half_value(uint32_t bits)
{
    const uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, mantissa = bits & 1023;
    uint32_t word;
    float magnitude = (float)mantissa * 0x1p-24f; /* zero and subnormals: exact */
    memcpy(&word, &magnitude, 4);
    if (exponent == 31) {
        word = 255u << 23 | mantissa << 13 | (mantissa ? 1u << 22 : 0);
    } else if (exponent > 0) {
        word = (exponent + 112) << 23 | mantissa << 13;
    }
    word |= sign;
    memcpy(&magnitude, &word, 4);
    return magnitude;
}

static inline uint32_t load_u16(const uint8_t *p)
{
    uint16_t bits;
    memcpy(&bits, p, 2);
    return bits;
}

static void half(const uint8_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = half_value(load_u16(in + 2 * i));
    }
}

static void bfloat(const uint8_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = load_u16(in + 2 * i), word = bits << 16 | ((bits & 0x7FFF) > 0x7F80 ? 1u << 22 : 0);
        memcpy(&out[i], &word, 4);
    }
}

#define DECODE_MEMBERS     \
    {                      \
        .half = half,      \
        .bfloat = bfloat,  \
    }
