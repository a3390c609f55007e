/*
 * The definition of the decoders of ggml's blocks, in plain C: see body.h and ggml_blocks.h. TYPE_values decodes one block;
 * vector_blocks.h has its own ones.
 */
#include "kernels/ggml_blocks.h"
#include "kernels/narrow.h"

#include <stdbool.h>
#include <string.h>

#ifndef OWN_blocks
static inline float half_at(const uint8_t *bytes)
{
    return ql_half_value(bytes[0] | (uint32_t)bytes[1] << 8);
}

/* ---- 32 elements: the low nibbles are elements 0..15, the high ones 16..31; bit j of the 4 bytes `high` is bit 4 of
 * element j. */

static inline int fifth_bit(const uint8_t *high, int j)
{
    return (high[j / 8] >> j % 8 & 1) << 4;
}

static inline void q4_0_values(const ql_q4_0 *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int j = 0; j < 16; j++) {
        out[j] = (float)((b->nibs[j] & 15) - 8) * d;
        out[j + 16] = (float)((b->nibs[j] >> 4) - 8) * d;
    }
}

static inline void q4_1_values(const ql_q4_1 *restrict b, float *restrict out)
{
    const float d = half_at(b->d), m = half_at(b->m);
    for (int j = 0; j < 16; j++) {
        out[j] = (float)(b->nibs[j] & 15) * d + m;
        out[j + 16] = (float)(b->nibs[j] >> 4) * d + m;
    }
}

static inline void q5_0_values(const ql_q5_0 *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int j = 0; j < 16; j++) {
        out[j] = (float)(((b->nibs[j] & 15) | fifth_bit(b->high, j)) - 16) * d;
        out[j + 16] = (float)((b->nibs[j] >> 4 | fifth_bit(b->high, j + 16)) - 16) * d;
    }
}

static inline void q5_1_values(const ql_q5_1 *restrict b, float *restrict out)
{
    const float d = half_at(b->d), m = half_at(b->m);
    for (int j = 0; j < 16; j++) {
        out[j] = (float)((b->nibs[j] & 15) | fifth_bit(b->high, j)) * d + m;
        out[j + 16] = (float)(b->nibs[j] >> 4 | fifth_bit(b->high, j + 16)) * d + m;
    }
}

static inline void byte_values(const int8_t *restrict q, int count, float d, float *restrict out)
{
    for (int j = 0; j < count; j++) {
        out[j] = (float)q[j] * d;
    }
}

static inline void q8_0_values(const ql_q8_0 *restrict b, float *restrict out)
{
    byte_values(b->q, 32, half_at(b->d), out);
}

static inline void q8_1_values(const ql_q8_1 *restrict b, float *restrict out)
{
    byte_values(b->q, 32, half_at(b->d), out);
}

static inline void iq4_nl_values(const ql_iq4_nl *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int j = 0; j < 16; j++) {
        out[j] = ql_iq4_levels[b->nibs[j] & 15] * d;
        out[j + 16] = ql_iq4_levels[b->nibs[j] >> 4] * d;
    }
}

/*
 * ---- 256 elements
 *
 * q2_k and q3_k go through the crumbs alike: half h of the block (128 elements) has its own 32 bytes; crumb s of them are
 * 32 elements in a row, in two sub-blocks of 16. Crumb s: bits 2s and 2s + 1.
 *
 *   element 128 h + 32 s + l = crumb s of byte 32 h + l      sub-block i = 8 h + 2 s + l / 16
 */
static inline void q2_k_values(const ql_q2_k *restrict b, float *restrict out)
{
    const float d = half_at(b->d), m = half_at(b->m);
    for (int i = 0; i < 16; i++) {
        const int h = i / 8, s = i / 2 % 4, u = i % 2;
        const float step = d * (float)(b->scales[i] & 15), least = m * (float)(b->scales[i] >> 4);
        for (int l = 0; l < 16; l++) {
            const int q = b->crumbs[32 * h + 16 * u + l] >> 2 * s & 3;
            *out++ = (float)q * step - least;
        }
    }
}

/* Scale i of q3_k: the low 4 bits are the nibbles of bytes 0..7, low ones first; the high 2 are crumb i / 4 of byte
   8 + i % 4. */
static inline int q3_scale(const uint8_t s[12], int i)
{
    const int low = i < 8 ? s[i] & 15 : s[i - 8] >> 4, high = s[8 + i % 4] >> 2 * (i / 4) & 3;
    return (low | high << 4) - 32;
}

/* Bit 4 h + s of mask[l]: of element 128 h + 32 s + l. */
static inline void q3_k_values(const ql_q3_k *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int i = 0; i < 16; i++) {
        const int h = i / 8, s = i / 2 % 4, u = i % 2;
        const float step = d * (float)q3_scale(b->scales, i);
        for (int l = 0; l < 16; l++) {
            const int q = b->crumbs[32 * h + 16 * u + l] >> 2 * s & 3, high = b->mask[16 * u + l] >> (4 * h + s) & 1;
            *out++ = (float)(q - (high ? 0 : 4)) * step;
        }
    }
}

/*
 * Sub-block j = 0..7 of q4_k and q5_k: 6 bits of scale, 6 of minimum, in 12 bytes:
 *   byte j      | scale j + 4: bits 4, 5   | scale j: bits 0..5       |
 *   byte j + 4  | minimum j + 4: bits 4, 5 | minimum j: bits 0..5     |      high bits on the left, j = 0..3
 *   byte j + 8  | minimum j + 4: bits 0..3 | scale j + 4: bits 0..3   |
 */
static inline void scale_and_minimum(const uint8_t s[12], int j, int *scale, int *minimum)
{
    if (j < 4) {
        *scale = s[j] & 63;
        *minimum = s[j + 4] & 63;
    } else {
        *scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
        *minimum = (s[j + 4] >> 4) | (s[j] >> 6) << 4;
    }
}

/* Sub-blocks 2k and 2k + 1 are the low and high nibbles of nibs[32 k .. 32 k + 31]; bit j of high[l], when there are any,
   is bit 4 of element l of sub-block j. */
static inline void nibble_values(float d, float m, const uint8_t scales[12], const uint8_t *high, const uint8_t *nibs,
                                 float *out)
{
    for (int j = 0; j < 8; j++) {
        int scale, minimum;
        scale_and_minimum(scales, j, &scale, &minimum);
        const float step = d * (float)scale, least = m * (float)minimum;
        for (int l = 0; l < 32; l++) {
            const int nib = nibs[32 * (j / 2) + l] >> 4 * (j % 2) & 15, bit = high ? high[l] >> j & 1 : 0;
            *out++ = (float)(nib | bit << 4) * step - least;
        }
    }
}

static inline void q4_k_values(const ql_q4_k *restrict b, float *restrict out)
{
    nibble_values(half_at(b->d), half_at(b->m), b->scales, NULL, b->nibs, out);
}

static inline void q5_k_values(const ql_q5_k *restrict b, float *restrict out)
{
    nibble_values(half_at(b->d), half_at(b->m), b->scales, b->high, b->nibs, out);
}

/*
 * Half h of the block has 64 bytes of nibbles and 32 of crumbs; 32 elements in a row, t = 0..3 of them, are the low (t < 2)
 * or high nibbles of 32 bytes, in two sub-blocks of 16.
 *
 *   element 128 h + 32 t + l = nibble of byte 64 h + 32 (t % 2) + l, crumb t of byte 32 h + l
 */
static inline void q6_k_values(const ql_q6_k *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int i = 0; i < 16; i++) {
        const int h = i / 8, t = i / 2 % 4, u = i % 2;
        const float step = d * (float)b->scales[i];
        for (int l = 16 * u; l < 16 * u + 16; l++) {
            const int low = b->nibs[64 * h + 32 * (t % 2) + l] >> 4 * (t / 2) & 15,
                      high = b->crumbs[32 * h + l] >> 2 * t & 3;
            *out++ = (float)((low | high << 4) - 32) * step;
        }
    }
}

static inline void q8_k_values(const ql_q8_k *restrict b, float *restrict out)
{
    const uint32_t d = b->d[0] | (uint32_t)b->d[1] << 8 | (uint32_t)b->d[2] << 16 | (uint32_t)b->d[3] << 24;
    byte_values(b->q, 256, ql_float_of_bits(d), out);
}

/* Sub-block j: nibble j of low_scales, low ones first, and crumb j of high_scales; its elements are the low nibbles of
   nibs[16 j .. 16 j + 15], then the high ones. */
static inline void iq4_xs_values(const ql_iq4_xs *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int j = 0; j < 8; j++, out += 32) {
        const int low = b->low_scales[j / 2] >> 4 * (j % 2) & 15, high = b->high_scales[j / 4] >> 2 * (j % 4) & 3;
        const float step = d * (float)((low | high << 4) - 32);
        for (int l = 0; l < 16; l++) {
            out[l] = ql_iq4_levels[b->nibs[16 * j + l] & 15] * step;
            out[l + 16] = ql_iq4_levels[b->nibs[16 * j + l] >> 4] * step;
        }
    }
}

/*
 * ---- Few levels
 *
 * A byte is a fraction of 256 whose digits in base 3 are its trits: byte / 256 = 0.t0 t1 t2 t3 t4, rounded up. 3 byte is t0
 * and, in its low 8 bits, the fraction of the other ones. In the order of elements come first all t0 of bytes 0..31, then
 * all t1; then those of bytes 32..47, then those of the last 4.
 */
static inline float *trit_values(const uint8_t *restrict bytes, int count, int trits, float d, float *restrict out)
{
    for (int k = 0, power = 1; k < trits; k++, power *= 3) {
        for (int l = 0; l < count; l++) {
            const int rest = bytes[l] * power & 255;
            *out++ = (float)((3 * rest >> 8) - 1) * d;
        }
    }
    return out;
}

static inline void tq1_0_values(const ql_tq1_0 *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    out = trit_values(b->trits, 32, 5, d, out);
    out = trit_values(b->trits + 32, 16, 5, d, out);
    trit_values(b->last, 4, 4, d, out);
}

/* Crumbs as those of q2_k. */
static inline void tq2_0_values(const ql_tq2_0 *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int s = 0; s < 8; s++) {
        for (int l = 0; l < 32; l++) {
            const int q = b->crumbs[32 * (s / 4) + l] >> 2 * (s % 4) & 3;
            *out++ = (float)(q - 1) * d;
        }
    }
}

static inline void q1_0_values(const ql_q1_0 *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int j = 0; j < 128; j++) {
        out[j] = b->bits[j / 8] >> j % 8 & 1 ? d : -d;
    }
}

/* Element j: crumb j % 4 of byte j / 4. */
static inline void q2_0_values(const ql_q2_0 *restrict b, float *restrict out)
{
    const float d = half_at(b->d);
    for (int j = 0; j < 64; j++) {
        out[j] = (float)((b->crumbs[j / 4] >> 2 * (j % 4) & 3) - 1) * d;
    }
}

/* ---- 4-bit floats: doubled levels, halved scales */

static inline void mxfp4_values(const ql_mxfp4 *restrict b, float *restrict out)
{
    const float scale = ql_e8m0_halved(b->e);
    for (int j = 0; j < 16; j++) {
        out[j] = ql_e2m1_doubled[b->nibs[j] & 15] * scale;
        out[j + 16] = ql_e2m1_doubled[b->nibs[j] >> 4] * scale;
    }
}

/* Sub-block i: the low nibbles of nibs[8 i .. 8 i + 7], then the high ones. */
static inline void nvfp4_values(const ql_nvfp4 *restrict b, float *restrict out)
{
    for (int i = 0; i < 4; i++) {
        const float scale = ql_e4m3_halved(b->scales[i]);
        for (int l = 8 * i; l < 8 * i + 8; l++) {
            out[8 * i + l] = ql_e2m1_doubled[b->nibs[l] & 15] * scale;
            out[8 * i + l + 8] = ql_e2m1_doubled[b->nibs[l] >> 4] * scale;
        }
    }
}
#endif

/* ---- Runs of blocks */

static inline bool is_special(const uint8_t half[2])
{
    return (half[1] & 0x7C) == 0x7C; /* infinite or NaN */
}

static inline bool is_special_float(const uint8_t single[4])
{
    return (single[3] & 0x7F) == 0x7F && single[2] >= 0x80;
}

/* Processors and compilers differ in sign and payload of the NaN that an infinite or NaN parameter makes. */
static void make_nan_equal(float *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = out[i] == out[i] ? out[i] : ql_float_of_bits(0x7FC00000);
    }
}

#define RUN(TYPE, ELEMENTS, SPECIAL)                                                                                        \
    static void decode_##TYPE(const uint8_t *bytes, size_t count, float *out)                                               \
    {                                                                                                                       \
        const ql_##TYPE *b = (const ql_##TYPE *)bytes;                                                                      \
        for (; count > 0; count--, b++, out += ELEMENTS) {                                                                  \
            TYPE##_values(b, out);                                                                                          \
            if (SPECIAL) {                                                                                                  \
                make_nan_equal(out, ELEMENTS);                                                                              \
            }                                                                                                               \
        }                                                                                                                   \
    }
RUN(q4_0, 32, is_special(b->d))
RUN(q4_1, 32, is_special(b->d) || is_special(b->m))
RUN(q5_0, 32, is_special(b->d))
RUN(q5_1, 32, is_special(b->d) || is_special(b->m))
RUN(q8_0, 32, is_special(b->d))
RUN(q8_1, 32, is_special(b->d))
RUN(iq4_nl, 32, is_special(b->d))
RUN(q2_k, 256, is_special(b->d) || is_special(b->m))
RUN(q3_k, 256, is_special(b->d))
RUN(q4_k, 256, is_special(b->d) || is_special(b->m))
RUN(q5_k, 256, is_special(b->d) || is_special(b->m))
RUN(q6_k, 256, is_special(b->d))
RUN(q8_k, 256, is_special_float(b->d))
RUN(iq4_xs, 256, is_special(b->d))
RUN(tq1_0, 256, is_special(b->d))
RUN(tq2_0, 256, is_special(b->d))
RUN(q1_0, 128, is_special(b->d))
RUN(q2_0, 64, is_special(b->d))
RUN(mxfp4, 32, false)
RUN(nvfp4, 64, false)
#undef RUN

#define BLOCK_MEMBERS                                                                                                       \
    {                                                                                                                       \
        [QL_Q4_0] = decode_q4_0, [QL_Q4_1] = decode_q4_1, [QL_Q5_0] = decode_q5_0, [QL_Q5_1] = decode_q5_1,                 \
        [QL_Q8_0] = decode_q8_0, [QL_Q8_1] = decode_q8_1, [QL_IQ4_NL] = decode_iq4_nl, [QL_Q2_K] = decode_q2_k,             \
        [QL_Q3_K] = decode_q3_k, [QL_Q4_K] = decode_q4_k, [QL_Q5_K] = decode_q5_k, [QL_Q6_K] = decode_q6_k,                 \
        [QL_Q8_K] = decode_q8_k, [QL_IQ4_XS] = decode_iq4_xs, [QL_TQ1_0] = decode_tq1_0, [QL_TQ2_0] = decode_tq2_0,         \
        [QL_Q1_0] = decode_q1_0, [QL_Q2_0] = decode_q2_0, [QL_MXFP4] = decode_mxfp4, [QL_NVFP4] = decode_nvfp4,             \
    }
