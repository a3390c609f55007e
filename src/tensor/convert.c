/* Conversions: see convert.h. One loader per element type; the two loops over each are made from it. */
#include "tensor/convert.h"

#include "kernels/kernels.h"
#include "kernels/narrow.h"

#include <assert.h>
#include <math.h>
#include <string.h>

float ql_half_to_float(uint16_t bits)
{
    return ql_half_value(bits);
}

float ql_bfloat_to_float(uint16_t bits)
{
    return ql_bfloat_value(bits);
}

uint16_t ql_double_to_half(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    const uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
    const double magnitude = fabs(value);
    if (isnan(value)) {
        return sign | 0x7E00;
    }
    if (magnitude >= 65520) { /* halfway to the next power of two: rounds to even, which is infinity */
        return sign | 0x7C00;
    }
    if (magnitude < 0x1p-14) { /* the grid of the subnormals, and the least normal where it rounds up */
        return sign | (uint16_t)rint(magnitude * 0x1p24);
    }
    int exponent;
    double fraction = frexp(magnitude, &exponent);         /* 0.5 <= fraction < 1 */
    uint16_t mantissa = (uint16_t)rint(fraction * 0x1p11); /* 1024..2048: 2048 carries into the exponent */
    return (uint16_t)(sign + ((exponent + 13) << 10) + mantissa);
}

uint16_t ql_float_to_half(float value)
{
    return ql_double_to_half(value);
}

static inline uint16_t load16(const uint8_t *p, bool swap)
{
    uint16_t word;
    memcpy(&word, p, 2);
    return swap ? __builtin_bswap16(word) : word;
}

static inline uint32_t load32(const uint8_t *p, bool swap)
{
    uint32_t word;
    memcpy(&word, p, 4);
    return swap ? __builtin_bswap32(word) : word;
}

static inline uint64_t load64(const uint8_t *p, bool swap)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return swap ? __builtin_bswap64(word) : word;
}

static inline float load_f32(const uint8_t *p, bool swap)
{
    uint32_t word = load32(p, swap);
    float value;
    memcpy(&value, &word, 4);
    return value;
}

static inline double load_f64(const uint8_t *p, bool swap)
{
    uint64_t word = load64(p, swap);
    double value;
    memcpy(&value, &word, 8);
    return value;
}

/*
 * 8-bit floats, | 1 sign | exponent E | m bits of mantissa M |: (2^m + M) 2^E halved, or M when E = 0, times the least
 * subnormal. E4M3 and E5M2: OCP 8-bit Floating Point Specification 1.0. FNUZ, finite and without negative zero: Noune et al.
 * 2022, arXiv:2206.02915. The value of every code, put together by the compiler:
 */
#define SIGNED(c, magnitude)   ((c) < 128 ? (magnitude) : -(magnitude))
#define EXPONENT(c, m)         (((c)&127) >> (m))
#define NORMAL(c, m)           ((float)((1 << (m)) + (c) % (1 << (m))) * (float)(1ull << EXPONENT(c, m)) * 0.5f)
#define MAGNITUDE(c, m, least) ((EXPONENT(c, m) ? NORMAL(c, m) : (float)((c)&127)) * (least))
#define E4M3(c)                (((c)&127) == 127 ? NAN : SIGNED(c, MAGNITUDE(c, 3, 0x1p-9f)))
#define E5M2(c)                (((c)&127) > 124 ? NAN : SIGNED(c, ((c)&127) == 124 ? INFINITY : MAGNITUDE(c, 2, 0x1p-16f)))
#define E4M3FNUZ(c)            ((c) == 128 ? NAN : SIGNED(c, MAGNITUDE(c, 3, 0x1p-10f)))
#define E5M2FNUZ(c)            ((c) == 128 ? NAN : SIGNED(c, MAGNITUDE(c, 2, 0x1p-17f)))

#define CODES_4(F, c)  F(c), F((c) + 1), F((c) + 2), F((c) + 3)
#define CODES_16(F, c) CODES_4(F, c), CODES_4(F, (c) + 4), CODES_4(F, (c) + 8), CODES_4(F, (c) + 12)
#define CODES_64(F, c) CODES_16(F, c), CODES_16(F, (c) + 16), CODES_16(F, (c) + 32), CODES_16(F, (c) + 48)
#define CODES(F)       CODES_64(F, 0), CODES_64(F, 64), CODES_64(F, 128), CODES_64(F, 192)
static const float e4m3_values[256] = { CODES(E4M3) };
static const float e5m2_values[256] = { CODES(E5M2) };
static const float e4m3fnuz_values[256] = { CODES(E4M3FNUZ) };
static const float e5m2fnuz_values[256] = { CODES(E5M2FNUZ) };

/* E2M1, and E8M0, 2^(c - 127): OCP Microscaling Formats 1.0. */
static const float f4_values[16] = { 0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6 };

static inline float e8m0_value(uint8_t c)
{
    const uint32_t bits = c > 0 ? (uint32_t)c << 23 : 1u << 22;
    return ql_float_of_bits(c == 255 ? 0x7FC00000 : bits);
}

/* NAME, bytes of an element, expression of the element at p. Of f4, two a byte, p is where element 0 is. */
#define ELEMENTS(DO)                                                                                                        \
    DO(f64, 8, load_f64(p, swap))                                                                                           \
    DO(f32, 4, load_f32(p, swap))                                                                                           \
    DO(f16, 2, ql_half_to_float(load16(p, swap)))                                                                           \
    DO(bf16, 2, ql_bfloat_to_float(load16(p, swap)))                                                                        \
    DO(i64, 8, (int64_t)load64(p, swap))                                                                                    \
    DO(i32, 4, (int32_t)load32(p, swap))                                                                                    \
    DO(i16, 2, (int16_t)load16(p, swap))                                                                                    \
    DO(i8, 1, (int8_t)*p)                                                                                                   \
    DO(u64, 8, load64(p, swap))                                                                                             \
    DO(u32, 4, load32(p, swap))                                                                                             \
    DO(u16, 2, load16(p, swap))                                                                                             \
    DO(u8, 1, *p)                                                                                                           \
    DO(boolean, 1, *p != 0)                                                                                                 \
    DO(e4m3, 1, e4m3_values[*p])                                                                                            \
    DO(e5m2, 1, e5m2_values[*p])                                                                                            \
    DO(e4m3fnuz, 1, e4m3fnuz_values[*p])                                                                                    \
    DO(e5m2fnuz, 1, e5m2fnuz_values[*p])                                                                                    \
    DO(e8m0, 1, e8m0_value(*p))                                                                                             \
    DO(f4, 0, f4_values[p[i / 2] >> 4 * (i % 2) & 15])

#define DECODER(NAME, SIZE, VALUE)                                                                                          \
    static void NAME##_to_f32(bool swap, const uint8_t *p, size_t count, float *out)                                        \
    {                                                                                                                       \
        (void)swap;                                                                                                         \
        for (size_t i = 0; i < count; i++, p += SIZE) {                                                                     \
            out[i] = (float)(VALUE);                                                                                        \
        }                                                                                                                   \
    }                                                                                                                       \
    static void NAME##_to_f64(bool swap, const uint8_t *p, size_t count, double *out)                                       \
    {                                                                                                                       \
        (void)swap;                                                                                                         \
        for (size_t i = 0; i < count; i++, p += SIZE) {                                                                     \
            out[i] = (double)(VALUE);                                                                                       \
        }                                                                                                                   \
    }
ELEMENTS(DECODER)

typedef struct decoder {
    void (*to_f32)(bool swap, const uint8_t *p, size_t count, float *out);
    void (*to_f64)(bool swap, const uint8_t *p, size_t count, double *out);
} decoder;

static const decoder decoders[QL_DTYPE_COUNT] = {
    [QL_F64] = { f64_to_f32, f64_to_f64 },
    [QL_F32] = { f32_to_f32, f32_to_f64 },
    [QL_F16] = { f16_to_f32, f16_to_f64 },
    [QL_BF16] = { bf16_to_f32, bf16_to_f64 },
    [QL_I64] = { i64_to_f32, i64_to_f64 },
    [QL_I32] = { i32_to_f32, i32_to_f64 },
    [QL_I16] = { i16_to_f32, i16_to_f64 },
    [QL_I8] = { i8_to_f32, i8_to_f64 },
    [QL_U64] = { u64_to_f32, u64_to_f64 },
    [QL_U32] = { u32_to_f32, u32_to_f64 },
    [QL_U16] = { u16_to_f32, u16_to_f64 },
    [QL_U8] = { u8_to_f32, u8_to_f64 },
    [QL_BOOL] = { boolean_to_f32, boolean_to_f64 },
    [QL_F8_E4M3] = { e4m3_to_f32, e4m3_to_f64 },
    [QL_F8_E5M2] = { e5m2_to_f32, e5m2_to_f64 },
    [QL_F8_E4M3FNUZ] = { e4m3fnuz_to_f32, e4m3fnuz_to_f64 },
    [QL_F8_E5M2FNUZ] = { e5m2fnuz_to_f32, e5m2fnuz_to_f64 },
    [QL_F8_E8M0] = { e8m0_to_f32, e8m0_to_f64 },
    [QL_F4] = { f4_to_f32, f4_to_f64 },
};

void ql_decode_f32(ql_dtype dtype, bool swap, const void *bytes, size_t count, float *out)
{
    assert(decoders[dtype].to_f32);
    const ql_decode_kernels *kernels = &ql_kernels_active()->decode;
    if (!swap && (dtype == QL_F16 || dtype == QL_BF16)) {
        (dtype == QL_F16 ? kernels->half : kernels->bfloat)(bytes, count, out);
        return;
    }
    decoders[dtype].to_f32(swap, bytes, count, out);
}

void ql_decode_f64(ql_dtype dtype, bool swap, const void *bytes, size_t count, double *out)
{
    assert(decoders[dtype].to_f64);
    decoders[dtype].to_f64(swap, bytes, count, out);
}
