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

static inline void q8_0_values(const ql_q8_0 *b, float *out)
{
    const vf d = vf_set_half(b->d);
    vf_store(out, vf_mul(vi_to_float(vi_load_i8(b->q)), d));
    vf_store(out + 16, vf_mul(vi_to_float(vi_load_i8(b->q + 16)), d));
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
