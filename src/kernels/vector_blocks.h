/*
 * The decoders of ggml's blocks in vectors of 16 elements: blocks_body.h says what each means. Parameters are multiplied by
 * the scales of all sub-blocks at once.
 */
#ifndef QL_KERNELS_VECTOR_BLOCKS_H
#define QL_KERNELS_VECTOR_BLOCKS_H

#include "kernels/ggml_blocks.h"
#include "kernels/narrow.h"
#include "kernels/simd.h"

#define OWN_blocks

/* ---- 32 elements */

static inline vi low_nibs(vi bytes)
{
    return vi_and(bytes, vi_set(15));
}

/* 16 if the bit of a lane is set. */
static inline vi fifth_bits(uint32_t bits)
{
    return vi_select(vm_from_bits(bits), vi_set(16), vi_set(0));
}

static inline uint32_t word_at(const uint8_t bytes[4])
{
    uint32_t word;
    memcpy(&word, bytes, 4);
    return word;
}

static inline void q4_0_values(const ql_q4_0 *b, float *out)
{
    const vf d = vf_set_half(b->d);
    const vi nibs = vi_load_u8(b->nibs), eight = vi_set(8);
    vf_store(out, vf_mul(vi_to_float(vi_sub(low_nibs(nibs), eight)), d));
    vf_store(out + 16, vf_mul(vi_to_float(vi_sub(vi_shr(nibs, 4), eight)), d));
}

static inline void q4_1_values(const ql_q4_1 *b, float *out)
{
    const vf d = vf_set_half(b->d), m = vf_set_half(b->m);
    const vi nibs = vi_load_u8(b->nibs);
    vf_store(out, vf_add(vf_mul(vi_to_float(low_nibs(nibs)), d), m));
    vf_store(out + 16, vf_add(vf_mul(vi_to_float(vi_shr(nibs, 4)), d), m));
}

static inline void q5_0_values(const ql_q5_0 *b, float *out)
{
    const vf d = vf_set_half(b->d);
    const vi nibs = vi_load_u8(b->nibs), sixteen = vi_set(16);
    const uint32_t high = word_at(b->high);
    vf_store(out, vf_mul(vi_to_float(vi_sub(vi_or(low_nibs(nibs), fifth_bits(high)), sixteen)), d));
    vf_store(out + 16, vf_mul(vi_to_float(vi_sub(vi_or(vi_shr(nibs, 4), fifth_bits(high >> 16)), sixteen)), d));
}

static inline void q5_1_values(const ql_q5_1 *b, float *out)
{
    const vf d = vf_set_half(b->d), m = vf_set_half(b->m);
    const vi nibs = vi_load_u8(b->nibs);
    const uint32_t high = word_at(b->high);
    vf_store(out, vf_add(vf_mul(vi_to_float(vi_or(low_nibs(nibs), fifth_bits(high))), d), m));
    vf_store(out + 16, vf_add(vf_mul(vi_to_float(vi_or(vi_shr(nibs, 4), fifth_bits(high >> 16))), d), m));
}

static inline void byte_values(const int8_t *q, int count, vf d, float *out)
{
    for (int j = 0; j < count; j += 16) {
        vf_store(out + j, vf_mul(vi_to_float(vi_load_i8(q + j)), d));
    }
}

static inline void q8_0_values(const ql_q8_0 *b, float *out)
{
    byte_values(b->q, 32, vf_set_half(b->d), out);
}

static inline void q8_1_values(const ql_q8_1 *b, float *out)
{
    byte_values(b->q, 32, vf_set_half(b->d), out);
}

static inline void iq4_values(const uint8_t nibs[16], vf step, float *out)
{
    const vi both = vi_load_u8(nibs);
    vf_store(out, vf_mul(vf_lookup16(ql_iq4_levels, both), step));
    vf_store(out + 16, vf_mul(vf_lookup16(ql_iq4_levels, vi_shr(both, 4)), step));
}

static inline void iq4_nl_values(const ql_iq4_nl *b, float *out)
{
    iq4_values(b->nibs, vf_set_half(b->d), out);
}

/* ---- 256 elements. Numbers that lie above each other in a byte come down one after the other. */

static inline void q2_k_values(const ql_q2_k *b, float *out)
{
    float step[16], least[16];
    const vi scales = vi_load_u8(b->scales);
    vf_store(step, vf_mul(vf_set_half(b->d), vi_to_float(low_nibs(scales))));
    vf_store(least, vf_mul(vf_set_half(b->m), vi_to_float(vi_shr(scales, 4))));
    for (int h = 0; h < 2; h++) {
        for (int u = 0; u < 2; u++) {
            vi crumbs = vi_load_u8(b->crumbs + 32 * h + 16 * u);
            for (int i = 8 * h + u; i < 8 * h + 8; i += 2) {
                const vf q = vi_to_float(vi_and(crumbs, vi_set(3)));
                vf_store(out + 16 * i, vf_sub(vf_mul(q, vf_set(step[i])), vf_set(least[i])));
                crumbs = vi_shr(crumbs, 2);
            }
        }
    }
}

static inline void q3_k_values(const ql_q3_k *b, float *out)
{
    const uint32_t low = 0x0F0F0F0F, two = 0x03030303;
    const uint32_t s0 = word_at(b->scales), s1 = word_at(b->scales + 4), s2 = word_at(b->scales + 8);
    const uint32_t i0 = (s0 & low) | (s2 & two) << 4, i4 = (s1 & low) | (s2 >> 2 & two) << 4;
    const uint32_t i8 = (s0 >> 4 & low) | (s2 >> 4 & two) << 4, i12 = (s1 >> 4 & low) | (s2 >> 6 & two) << 4;
    const vi scales = vi_from_bytes(i0 | (uint64_t)i4 << 32, i8 | (uint64_t)i12 << 32);
    float step[16];
    vf_store(step, vf_mul(vf_set_half(b->d), vi_to_float(vi_sub(scales, vi_set(32)))));
    for (int u = 0; u < 2; u++) {
        vi mask = vi_shl(vi_load_u8(b->mask + 16 * u), 2);
        for (int h = 0; h < 2; h++) {
            vi crumbs = vi_load_u8(b->crumbs + 32 * h + 16 * u);
            for (int i = 8 * h + u; i < 8 * h + 8; i += 2) {
                const vi q = vi_or(vi_and(crumbs, vi_set(3)), vi_and(mask, vi_set(4)));
                vf_store(out + 16 * i, vf_mul(vi_to_float(vi_sub(q, vi_set(4))), vf_set(step[i])));
                crumbs = vi_shr(crumbs, 2);
                mask = vi_shr(mask, 1);
            }
        }
    }
}

/* Steps of the sub-blocks to step[0..7], minima to step[8..15]. */
static inline void steps_and_minima(const uint8_t d[2], const uint8_t m[2], const uint8_t scales[12], float step[16])
{
    const uint32_t six = 0x3F3F3F3F, low = 0x0F0F0F0F, two = 0x30303030;
    const uint32_t s0 = word_at(scales), s1 = word_at(scales + 4), s2 = word_at(scales + 8);
    const uint32_t scale4 = (s2 & low) | (s0 >> 2 & two), least4 = (s2 >> 4 & low) | (s1 >> 2 & two);
    const vi all = vi_from_bytes((s0 & six) | (uint64_t)scale4 << 32, (s1 & six) | (uint64_t)least4 << 32);
    vf_store(step, vf_mul(vf_select(vm_head(8), vf_set_half(d), vf_set_half(m)), vi_to_float(all)));
}

static inline void q4_k_values(const ql_q4_k *b, float *out)
{
    float step[16];
    steps_and_minima(b->d, b->m, b->scales, step);
    for (int j = 0; j < 8; j += 2) {
        for (int l = 0; l < 32; l += 16) {
            const vi nibs = vi_load_u8(b->nibs + 16 * j + l);
            float *at = out + 32 * j + l;
            vf_store(at, vf_sub(vf_mul(vi_to_float(low_nibs(nibs)), vf_set(step[j])), vf_set(step[j + 8])));
            vf_store(at + 32, vf_sub(vf_mul(vi_to_float(vi_shr(nibs, 4)), vf_set(step[j + 1])), vf_set(step[j + 9])));
        }
    }
}

static inline void q5_k_values(const ql_q5_k *b, float *out)
{
    float step[16];
    steps_and_minima(b->d, b->m, b->scales, step);
    for (int l = 0; l < 32; l += 16) {
        vi high = vi_shl(vi_load_u8(b->high + l), 4);
        for (int j = 0; j < 8; j += 2) {
            const vi nibs = vi_load_u8(b->nibs + 16 * j + l), bit = vi_set(16);
            const vf even = vi_to_float(vi_or(low_nibs(nibs), vi_and(high, bit)));
            const vf odd = vi_to_float(vi_or(vi_shr(nibs, 4), vi_and(vi_shr(high, 1), bit)));
            float *at = out + 32 * j + l;
            vf_store(at, vf_sub(vf_mul(even, vf_set(step[j])), vf_set(step[j + 8])));
            vf_store(at + 32, vf_sub(vf_mul(odd, vf_set(step[j + 1])), vf_set(step[j + 9])));
            high = vi_shr(high, 2);
        }
    }
}

static inline void q6_k_values(const ql_q6_k *b, float *out)
{
    float step[16];
    vf_store(step, vf_mul(vf_set_half(b->d), vi_to_float(vi_load_i8(b->scales))));
    for (int h = 0; h < 2; h++) {
        for (int u = 0; u < 2; u++) {
            vi nibs[2] = { vi_load_u8(b->nibs + 64 * h + 16 * u), vi_load_u8(b->nibs + 64 * h + 16 * u + 32) };
            vi crumbs = vi_shl(vi_load_u8(b->crumbs + 32 * h + 16 * u), 4);
            for (int t = 0; t < 4; t++) {
                const int i = 8 * h + 2 * t + u;
                const vi q = vi_or(low_nibs(nibs[t % 2]), vi_and(crumbs, vi_set(48)));
                vf_store(out + 16 * i, vf_mul(vi_to_float(vi_sub(q, vi_set(32))), vf_set(step[i])));
                nibs[t % 2] = vi_shr(nibs[t % 2], 4);
                crumbs = vi_shr(crumbs, 2);
            }
        }
    }
}

static inline void q8_k_values(const ql_q8_k *b, float *out)
{
    byte_values(b->q, 256, vf_set(ql_float_of_bits(word_at(b->d))), out);
}

/* 8 numbers of 4 or 2 bits to 8 bytes. */
static inline uint64_t spread_nibs(uint32_t nibs)
{
    uint64_t x = nibs;
    x = (x | x << 16) & 0x0000FFFF0000FFFF;
    x = (x | x << 8) & 0x00FF00FF00FF00FF;
    return (x | x << 4) & 0x0F0F0F0F0F0F0F0F;
}

static inline uint64_t spread_crumbs(uint32_t crumbs)
{
    uint64_t x = crumbs;
    x = (x | x << 24) & 0x000000FF000000FF;
    x = (x | x << 12) & 0x000F000F000F000F;
    return (x | x << 6) & 0x0303030303030303;
}

static inline void iq4_xs_values(const ql_iq4_xs *b, float *out)
{
    const uint64_t s = spread_nibs(word_at(b->low_scales)) | spread_crumbs(ql_load_u16(b->high_scales)) << 4;
    float step[16];
    vf_store(step, vf_mul(vf_set_half(b->d), vi_to_float(vi_sub(vi_from_bytes(s, 0), vi_set(32)))));
    for (int j = 0; j < 8; j++) {
        iq4_values(b->nibs + 16 * j, vf_set(step[j]), out + 32 * j);
    }
}

/* ---- Few levels */

/* `count` trits of each of 16 bytes, `stride` elements apart. */
static inline void trit_values(vi rest, int count, int stride, vf d, float *out)
{
    for (int k = 0; k < count; k++) {
        const vi tripled = vi_add(rest, vi_shl(rest, 1));
        vf_store(out + k * stride, vf_mul(vi_to_float(vi_sub(vi_shr(tripled, 8), vi_set(1))), d));
        rest = vi_and(tripled, vi_set(255));
    }
}

static inline void tq1_0_values(const ql_tq1_0 *b, float *out)
{
    static const float power[16] = { 1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27 };
    const vf d = vf_set_half(b->d);
    trit_values(vi_load_u8(b->trits), 5, 32, d, out);
    trit_values(vi_load_u8(b->trits + 16), 5, 32, d, out + 16);
    trit_values(vi_load_u8(b->trits + 32), 5, 16, d, out + 160);
    const uint64_t twice = word_at(b->last) * UINT64_C(0x100000001);
    const vf shifted = vf_mul(vi_to_float(vi_from_bytes(twice, twice)), vf_load(power)); /* an integer */
    trit_values(vi_and(vf_to_int(shifted), vi_set(255)), 1, 0, d, out + 240);
}

static inline void tq2_0_values(const ql_tq2_0 *b, float *out)
{
    const vf d = vf_set_half(b->d);
    for (int l = 0; l < 64; l += 16) {
        vi crumbs = vi_load_u8(b->crumbs + l);
        float *at = out + 128 * (l / 32) + l % 32;
        for (int s = 0; s < 4; s++) {
            vf_store(at + 32 * s, vf_mul(vi_to_float(vi_sub(vi_and(crumbs, vi_set(3)), vi_set(1))), d));
            crumbs = vi_shr(crumbs, 2);
        }
    }
}

static inline void q1_0_values(const ql_q1_0 *b, float *out)
{
    const vf d = vf_set_half(b->d), negative = vf_mul(d, vf_set(-1));
    for (int j = 0; j < 128; j += 16) {
        vf_store(out + j, vf_select(vm_from_bits(ql_load_u16(b->bits + j / 8)), d, negative));
    }
}

static inline void q2_0_values(const ql_q2_0 *b, float *out)
{
    const vf d = vf_set_half(b->d);
    for (int j = 0; j < 64; j += 16) {
        const uint32_t crumbs = word_at(b->crumbs + j / 4);
        const vi q = vi_from_bytes(spread_crumbs(crumbs & 0xFFFF), spread_crumbs(crumbs >> 16));
        vf_store(out + j, vf_mul(vi_to_float(vi_sub(q, vi_set(1))), d));
    }
}

/* ---- 4-bit floats */

static inline void mxfp4_values(const ql_mxfp4 *b, float *out)
{
    const vi nibs = vi_load_u8(b->nibs);
    const vf scale = vf_set(ql_e8m0_halved(b->e));
    vf_store(out, vf_mul(vf_lookup16(ql_e2m1_doubled, nibs), scale));
    vf_store(out + 16, vf_mul(vf_lookup16(ql_e2m1_doubled, vi_shr(nibs, 4)), scale));
}

static inline void nvfp4_values(const ql_nvfp4 *b, float *out)
{
    const vi s = vi_and(vi_from_bytes(word_at(b->scales), 0), vi_set(127));
    const vf normal = vf_from_bits(vi_add(vi_shl(s, 20), vi_set(119 << 23))),
             small = vf_mul(vi_to_float(s), vf_set(0x1p-10f));
    float scale[16];
    vf_store(scale, vf_select(vi_eq(s, vi_set(127)), vf_set(0), vf_select(vi_gt(vi_set(8), s), small, normal)));
    for (int i = 0; i < 4; i++) {
        uint64_t nibs;
        memcpy(&nibs, b->nibs + 8 * i, 8);
        vf_store(out + 16 * i, vf_mul(vf_lookup16(ql_e2m1_doubled, vi_from_bytes(nibs, nibs >> 4)), vf_set(scale[i])));
    }
}

#endif
