/*
 * Scales and codes of ggml's blocks: see block_parts.h; where they are in a block: kernels/ggml_blocks.h and blocks_body.h.
 * The decoders do the same in one go; test_block_parts.c holds them against each other.
 */
#include "tensor/block_parts.h"

#include "kernels/narrow.h"

#include <stdbool.h>

/* A type's functions take a block of its own. */
#define SCALES(TYPE) static void TYPE##_scales(const void *block, float *scales, float *least)
#define CODES(TYPE)  static void TYPE##_codes(const void *block, uint8_t *codes)

static float half_at(const uint8_t *bytes)
{
    return ql_half_value(bytes[0] | (uint32_t)bytes[1] << 8);
}

static void set_least(float *least, int i, float value)
{
    if (least) {
        least[i] = value;
    }
}

/* One f16 d, in front or, with few levels, at the end. */
SCALES(front)
{
    scales[0] = half_at(block);
    set_least(least, 0, 0);
}
SCALES(tq1_0)
{
    scales[0] = half_at(((const ql_tq1_0 *)block)->d);
    set_least(least, 0, 0);
}
SCALES(tq2_0)
{
    scales[0] = half_at(((const ql_tq2_0 *)block)->d);
    set_least(least, 0, 0);
}

/* d and m in front: y = q d + m. */
SCALES(front_with_minimum)
{
    const ql_q4_1 *b = block;
    scales[0] = half_at(b->d);
    set_least(least, 0, -half_at(b->m));
}

/* Low nibbles, then high ones. */
static void nibbles(const uint8_t *nibs, int count, uint8_t *codes)
{
    for (int j = 0; j < count; j++) {
        codes[j] = nibs[j] & 15;
        codes[j + count] = nibs[j] >> 4;
    }
}

/* Bit j of four bytes becomes bit 4 of code j. */
static void add_fifth_bits(const uint8_t *high, uint8_t *codes)
{
    for (int j = 0; j < 32; j++) {
        codes[j] |= (uint8_t)((high[j / 8] >> j % 8 & 1) << 4);
    }
}

static void bytes(const int8_t *q, int count, uint8_t *codes)
{
    for (int j = 0; j < count; j++) {
        codes[j] = (uint8_t)(q[j] + 128);
    }
}

/* ---- 32 elements */

/* q4_0 and iq4_nl. */
CODES(q4)
{
    nibbles(((const ql_q4_0 *)block)->nibs, 16, codes);
}

CODES(q4_1)
{
    nibbles(((const ql_q4_1 *)block)->nibs, 16, codes);
}

CODES(q5_0)
{
    const ql_q5_0 *b = block;
    nibbles(b->nibs, 16, codes);
    add_fifth_bits(b->high, codes);
}

CODES(q5_1)
{
    const ql_q5_1 *b = block;
    nibbles(b->nibs, 16, codes);
    add_fifth_bits(b->high, codes);
}

CODES(q8_0)
{
    bytes(((const ql_q8_0 *)block)->q, 32, codes);
}

CODES(q8_1)
{
    bytes(((const ql_q8_1 *)block)->q, 32, codes);
}

/* ---- 256 elements */

/* q2_k, q3_k, tq2_0: crumb s of 32 bytes are 32 elements in a row. */
static void crumbs(const uint8_t *from, uint8_t *codes)
{
    for (int s = 0; s < 8; s++) {
        for (int l = 0; l < 32; l++) {
            *codes++ = from[32 * (s / 4) + l] >> 2 * (s % 4) & 3;
        }
    }
}

SCALES(q2_k)
{
    const ql_q2_k *b = block;
    for (int i = 0; i < 16; i++) {
        scales[i] = half_at(b->d) * (float)(b->scales[i] & 15);
        set_least(least, i, half_at(b->m) * (float)(b->scales[i] >> 4));
    }
}
CODES(q2_k)
{
    crumbs(((const ql_q2_k *)block)->crumbs, codes);
}

SCALES(q3_k)
{
    const ql_q3_k *b = block;
    for (int i = 0; i < 16; i++) {
        const int low = i < 8 ? b->scales[i] & 15 : b->scales[i - 8] >> 4, high = b->scales[8 + i % 4] >> 2 * (i / 4) & 3;
        scales[i] = half_at(b->d) * (float)((low | high << 4) - 32);
        set_least(least, i, 0);
    }
}
CODES(q3_k)
{
    const ql_q3_k *b = block;
    crumbs(b->crumbs, codes);
    for (int j = 0; j < 256; j++) {
        codes[j] |= (uint8_t)((b->mask[j % 32] >> j / 32 & 1) << 2);
    }
}

/* The 6-bit numbers of q4_k and q5_k. */
static void scales_and_minima(const uint8_t *d, const uint8_t *m, const uint8_t s[12], float *scales, float *least)
{
    for (int j = 0; j < 8; j++) {
        const bool is_first = j < 4;
        const int scale = is_first ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
        const int minimum = is_first ? s[j + 4] & 63 : (s[j + 4] >> 4) | (s[j] >> 6) << 4;
        scales[j] = half_at(d) * (float)scale;
        set_least(least, j, half_at(m) * (float)minimum);
    }
}

/* Four times 32 bytes. */
static void nibbles_by_32(const uint8_t *nibs, uint8_t *codes)
{
    for (int k = 0; k < 4; k++) {
        nibbles(nibs + 32 * k, 32, codes + 64 * k);
    }
}

SCALES(q4_k)
{
    const ql_q4_k *b = block;
    scales_and_minima(b->d, b->m, b->scales, scales, least);
}
CODES(q4_k)
{
    nibbles_by_32(((const ql_q4_k *)block)->nibs, codes);
}

SCALES(q5_k)
{
    const ql_q5_k *b = block;
    scales_and_minima(b->d, b->m, b->scales, scales, least);
}
CODES(q5_k)
{
    const ql_q5_k *b = block;
    nibbles_by_32(b->nibs, codes);
    for (int j = 0; j < 256; j++) {
        codes[j] |= (uint8_t)((b->high[j % 32] >> j / 32 & 1) << 4);
    }
}

SCALES(q6_k)
{
    const ql_q6_k *b = block;
    for (int i = 0; i < 16; i++) {
        scales[i] = half_at(b->d) * (float)b->scales[i];
        set_least(least, i, 0);
    }
}
CODES(q6_k)
{
    const ql_q6_k *b = block;
    for (int h = 0; h < 2; h++, codes += 128) { /* halves: 64 bytes of nibbles, 32 of crumbs */
        nibbles(b->nibs + 64 * h, 64, codes);
        for (int j = 0; j < 128; j++) {
            codes[j] |= (uint8_t)((b->crumbs[32 * h + j % 32] >> 2 * (j / 32) & 3) << 4);
        }
    }
}

SCALES(q8_k)
{
    const ql_q8_k *b = block;
    scales[0] = ql_float_of_bits(b->d[0] | (uint32_t)b->d[1] << 8 | (uint32_t)b->d[2] << 16 | (uint32_t)b->d[3] << 24);
    set_least(least, 0, 0);
}
CODES(q8_k)
{
    bytes(((const ql_q8_k *)block)->q, 256, codes);
}

SCALES(iq4_xs)
{
    const ql_iq4_xs *b = block;
    for (int j = 0; j < 8; j++) {
        const int low = b->low_scales[j / 2] >> 4 * (j % 2) & 15, high = b->high_scales[j / 4] >> 2 * (j % 4) & 3;
        scales[j] = half_at(b->d) * (float)((low | high << 4) - 32);
        set_least(least, j, 0);
    }
}
CODES(iq4_xs)
{
    const ql_iq4_xs *b = block;
    for (int j = 0; j < 8; j++) {
        nibbles(b->nibs + 16 * j, 16, codes + 32 * j);
    }
}

/* ---- Few levels */

static uint8_t *trits(const uint8_t *from, int count, int digits, uint8_t *codes)
{
    for (int k = 0, power = 1; k < digits; k++, power *= 3) {
        for (int l = 0; l < count; l++) {
            *codes++ = (uint8_t)(3 * (from[l] * power & 255) >> 8);
        }
    }
    return codes;
}
CODES(tq1_0)
{
    const ql_tq1_0 *b = block;
    codes = trits(b->trits, 32, 5, codes);
    codes = trits(b->trits + 32, 16, 5, codes);
    trits(b->last, 4, 4, codes);
}

CODES(tq2_0)
{
    crumbs(((const ql_tq2_0 *)block)->crumbs, codes);
}

static const float signs[2] = { -1, 1 };

CODES(q1_0)
{
    const ql_q1_0 *b = block;
    for (int j = 0; j < 128; j++) {
        codes[j] = b->bits[j / 8] >> j % 8 & 1;
    }
}

CODES(q2_0)
{
    const ql_q2_0 *b = block;
    for (int j = 0; j < 64; j++) {
        codes[j] = b->crumbs[j / 4] >> 2 * (j % 4) & 3;
    }
}

/* ---- 4-bit floats: doubled levels, halved scales */

SCALES(mxfp4)
{
    scales[0] = ql_e8m0_halved(((const ql_mxfp4 *)block)->e);
    set_least(least, 0, 0);
}
CODES(mxfp4)
{
    nibbles(((const ql_mxfp4 *)block)->nibs, 16, codes);
}

SCALES(nvfp4)
{
    for (int i = 0; i < 4; i++) {
        scales[i] = ql_e4m3_halved(((const ql_nvfp4 *)block)->scales[i]);
        set_least(least, i, 0);
    }
}
CODES(nvfp4)
{
    for (int i = 0; i < 4; i++) {
        nibbles(((const ql_nvfp4 *)block)->nibs + 8 * i, 8, codes + 16 * i);
    }
}

#define TAKE(SCALES_OF, CODES_OF) SCALES_OF##_scales, CODES_OF##_codes

static const ql_block_parts table[QL_BLOCK_COUNT] = {
    [QL_Q4_0] = { 1, 16, 1, 8, NULL, TAKE(front, q4) },
    [QL_Q4_1] = { 1, 16, 1, 0, NULL, TAKE(front_with_minimum, q4_1) },
    [QL_Q5_0] = { 1, 32, 1, 16, NULL, TAKE(front, q5_0) },
    [QL_Q5_1] = { 1, 32, 1, 0, NULL, TAKE(front_with_minimum, q5_1) },
    [QL_Q8_0] = { 1, 256, 1, 128, NULL, TAKE(front, q8_0) },
    [QL_Q8_1] = { 1, 256, 1, 128, NULL, TAKE(front, q8_1) },
    [QL_IQ4_NL] = { 1, 16, 1, 0, ql_iq4_levels, TAKE(front, q4) },
    [QL_Q2_K] = { 16, 4, 1, 0, NULL, TAKE(q2_k, q2_k) },
    [QL_Q3_K] = { 16, 8, 1, 4, NULL, TAKE(q3_k, q3_k) },
    [QL_Q4_K] = { 8, 16, 1, 0, NULL, TAKE(q4_k, q4_k) },
    [QL_Q5_K] = { 8, 32, 1, 0, NULL, TAKE(q5_k, q5_k) },
    [QL_Q6_K] = { 16, 64, 1, 32, NULL, TAKE(q6_k, q6_k) },
    [QL_Q8_K] = { 1, 256, 1, 128, NULL, TAKE(q8_k, q8_k) },
    [QL_IQ4_XS] = { 8, 16, 1, 0, ql_iq4_levels, TAKE(iq4_xs, iq4_xs) },
    [QL_TQ1_0] = { 1, 3, 1, 1, NULL, TAKE(tq1_0, tq1_0) },
    [QL_TQ2_0] = { 1, 4, 1, 1, NULL, TAKE(tq2_0, tq2_0) },
    [QL_Q1_0] = { 1, 2, 1, 0, signs, TAKE(front, q1_0) },
    [QL_Q2_0] = { 1, 4, 1, 1, NULL, TAKE(front, q2_0) },
    [QL_MXFP4] = { 1, 16, 2, 0, ql_e2m1_doubled, TAKE(mxfp4, mxfp4) },
    [QL_NVFP4] = { 4, 16, 2, 0, ql_e2m1_doubled, TAKE(nvfp4, nvfp4) },
};

const ql_block_parts *ql_block_parts_of(ql_block type)
{
    return &table[type];
}
