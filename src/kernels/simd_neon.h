/*
 * The vector operations of AArch64 (its NEON is always there, with float64 and fused products): simd.h says what each means.
 * A vector is four registers, of float64 eight; a condition is a lane of ones.
 */
#ifndef QL_KERNELS_SIMD_NEON_H
#define QL_KERNELS_SIMD_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define QL_SIMD static inline __attribute__((always_inline))

enum { QL_QUICK_PICK32 = 0, QL_QUICK_COMPRESS = 0 };

typedef struct vf {
    float32x4_t a, b, c, d; /* lanes 0..3, 4..7, 8..11, 12..15 */
} vf;
typedef struct vi {
    int32x4_t a, b, c, d;
} vi;
typedef struct vm {
    uint32x4_t a, b, c, d;
} vm;
typedef struct vd {
    float64x2_t a, b, c, d, e, f, g, h; /* lanes 0..1, 2..3, ... 14..15 */
} vd;

/* NAME(x) and NAME(x, y) are OP of each register. */
#define QL_REGISTERS_1(RESULT, NAME, TYPE, OP)                                                                              \
    QL_SIMD RESULT NAME(TYPE x)                                                                                             \
    {                                                                                                                       \
        return (RESULT) { OP(x.a), OP(x.b), OP(x.c), OP(x.d) };                                                             \
    }
#define QL_REGISTERS(RESULT, NAME, TYPE, OP)                                                                                \
    QL_SIMD RESULT NAME(TYPE x, TYPE y)                                                                                     \
    {                                                                                                                       \
        return (RESULT) { OP(x.a, y.a), OP(x.b, y.b), OP(x.c, y.c), OP(x.d, y.d) };                                         \
    }
#define QL_REGISTERS_OF_8(NAME, OP)                                                                                         \
    QL_SIMD vd NAME(vd x, vd y)                                                                                             \
    {                                                                                                                       \
        return (vd) { OP(x.a, y.a), OP(x.b, y.b), OP(x.c, y.c), OP(x.d, y.d),                                               \
                      OP(x.e, y.e), OP(x.f, y.f), OP(x.g, y.g), OP(x.h, y.h) };                                             \
    }

/* ---- Bytes */

typedef struct vb {
    uint8x16_t a, b, c, d; /* 0..15, 16..31, 32..47, 48..63 */
} vb;

QL_SIMD uint8x16_t low_bytes(const int16_t *p)
{
    return vmovn_high_u16(vmovn_u16(vreinterpretq_u16_s16(vld1q_s16(p))), vreinterpretq_u16_s16(vld1q_s16(p + 8)));
}

QL_SIMD vb vb_load_low(const int16_t *p)
{
    return (vb) { low_bytes(p), low_bytes(p + 16), low_bytes(p + 32), low_bytes(p + 48) };
}

QL_SIMD uint64_t vb_equal(vb v, uint8_t byte)
{
    const uint8x16_t weight = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 }, all = vdupq_n_u8(byte);
    const uint8x16_t low = vpaddq_u8(vandq_u8(vceqq_u8(v.a, all), weight), vandq_u8(vceqq_u8(v.b, all), weight)),
                     high = vpaddq_u8(vandq_u8(vceqq_u8(v.c, all), weight), vandq_u8(vceqq_u8(v.d, all), weight));
    const uint8x16_t pairs = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(pairs, pairs)), 0);
}

/* ---- Masks */

QL_REGISTERS(vm, vm_or, vm, vorrq_u32)
QL_REGISTERS(vm, vm_and, vm, vandq_u32)

QL_SIMD vm vm_none(void)
{
    return (vm) { vdupq_n_u32(0), vdupq_n_u32(0), vdupq_n_u32(0), vdupq_n_u32(0) };
}

QL_SIMD uint32_t vm_bits(vm m)
{
    const uint8x16_t weight = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
    const uint8x8_t low = vmovn_u16(vmovn_high_u32(vmovn_u32(m.a), m.b)),
                    high = vmovn_u16(vmovn_high_u32(vmovn_u32(m.c), m.d));
    const uint8x16_t bits = vandq_u8(vcombine_u8(low, high), weight);
    return (uint32_t)vaddv_u8(vget_low_u8(bits)) | (uint32_t)vaddv_u8(vget_high_u8(bits)) << 8;
}

QL_SIMD vm vm_from_bits(uint32_t bits)
{
    const uint32x4_t all = vdupq_n_u32(bits), weight = { 1, 2, 4, 8 };
    return (vm) { vtstq_u32(all, weight), vtstq_u32(all, vshlq_n_u32(weight, 4)), vtstq_u32(all, vshlq_n_u32(weight, 8)),
                  vtstq_u32(all, vshlq_n_u32(weight, 12)) };
}

QL_SIMD vm vm_head(size_t n)
{
    const uint32x4_t count = vdupq_n_u32((uint32_t)n), first = { 0, 1, 2, 3 };
    return (vm) { vcgtq_u32(count, first), vcgtq_u32(count, vaddq_u32(first, vdupq_n_u32(4))),
                  vcgtq_u32(count, vaddq_u32(first, vdupq_n_u32(8))), vcgtq_u32(count, vaddq_u32(first, vdupq_n_u32(12))) };
}

/* ---- Float32 */

QL_SIMD vf vf_load(const float *p)
{
    return (vf) { vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12) };
}

QL_SIMD void vf_store(float *p, vf v)
{
    vst1q_f32(p, v.a);
    vst1q_f32(p + 4, v.b);
    vst1q_f32(p + 8, v.c);
    vst1q_f32(p + 12, v.d);
}

QL_SIMD vf vf_set(float v)
{
    return (vf) { vdupq_n_f32(v), vdupq_n_f32(v), vdupq_n_f32(v), vdupq_n_f32(v) };
}

QL_SIMD vf vf_set_half(const uint8_t p[2])
{
    uint16_t bits;
    memcpy(&bits, p, 2);
    const float32x4_t all = vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits)));
    return (vf) { all, all, all, all };
}

QL_SIMD void vf_stream(float *p, vf v)
{
    vf_store(p, v);
}

QL_SIMD void vf_stream_end(void)
{
}

QL_SIMD vf vf_load_head(const float *p, size_t n)
{
    float lanes[16] = { 0 };
    memcpy(lanes, p, n * sizeof *p);
    return vf_load(lanes);
}

QL_SIMD void vf_store_head(float *p, vf v, size_t n)
{
    float lanes[16];
    vf_store(lanes, v);
    memcpy(p, lanes, n * sizeof *p);
}

/* The instructions that exist prefer numbers to NaN and +0 to -0. */
QL_SIMD float32x4_t f32_min(float32x4_t x, float32x4_t y)
{
    return vbslq_f32(vcltq_f32(x, y), x, y);
}

QL_SIMD float32x4_t f32_max(float32x4_t x, float32x4_t y)
{
    return vbslq_f32(vcgtq_f32(x, y), x, y);
}

QL_SIMD float32x4_t f32_max_abs(float32x4_t x, float32x4_t y)
{
    return vmaxnmq_f32(vabsq_f32(x), vabsq_f32(y));
}

QL_SIMD float32x4_t f32_min_abs(float32x4_t x, float32x4_t y)
{
    return vminq_f32(vabsq_f32(x), vabsq_f32(y));
}

QL_SIMD uint32x4_t f32_ne(float32x4_t x, float32x4_t y)
{
    return vmvnq_u32(vceqq_f32(x, y));
}

/* The estimate has 8 bits, a step of Newton doubles them. */
QL_SIMD float32x4_t f32_reciprocal(float32x4_t x)
{
    const float32x4_t guess = vrecpeq_f32(x);
    return vmulq_f32(guess, vrecpsq_f32(x, guess));
}

QL_SIMD float32x4_t f32_copysign(float32x4_t magnitude, float32x4_t sign)
{
    return vbslq_f32(vdupq_n_u32(0x80000000u), sign, magnitude);
}

QL_SIMD float32x4_t f32_limit(float32x4_t x, float32x4_t most)
{
    return vminq_f32(vmaxq_f32(x, vnegq_f32(most)), most);
}

QL_REGISTERS(vf, vf_add, vf, vaddq_f32)
QL_REGISTERS(vf, vf_sub, vf, vsubq_f32)
QL_REGISTERS(vf, vf_mul, vf, vmulq_f32)
QL_REGISTERS(vf, vf_div, vf, vdivq_f32)
QL_REGISTERS(vf, vf_min, vf, f32_min)
QL_REGISTERS(vf, vf_max, vf, f32_max)
QL_REGISTERS(vf, vf_max_abs, vf, f32_max_abs)
QL_REGISTERS(vf, vf_min_abs, vf, f32_min_abs)
QL_REGISTERS(vf, vf_limit, vf, f32_limit)
QL_REGISTERS(vf, vf_copysign, vf, f32_copysign)
QL_REGISTERS_1(vf, vf_abs, vf, vabsq_f32)
QL_REGISTERS_1(vf, vf_trunc, vf, vrndq_f32)
QL_REGISTERS_1(vf, vf_round, vf, vrndnq_f32)
QL_REGISTERS_1(vf, vf_reciprocal, vf, f32_reciprocal)
QL_REGISTERS(vm, vf_gt, vf, vcgtq_f32)
QL_REGISTERS(vm, vf_ge, vf, vcgeq_f32)
QL_REGISTERS(vm, vf_eq, vf, vceqq_f32)
QL_REGISTERS(vm, vf_ne, vf, f32_ne)

QL_SIMD vf vf_fma(vf x, vf y, vf z)
{
    return (vf) { vfmaq_f32(z.a, x.a, y.a), vfmaq_f32(z.b, x.b, y.b), vfmaq_f32(z.c, x.c, y.c), vfmaq_f32(z.d, x.d, y.d) };
}

QL_SIMD vf vf_select(vm m, vf yes, vf no)
{
    return (vf) { vbslq_f32(m.a, yes.a, no.a), vbslq_f32(m.b, yes.b, no.b), vbslq_f32(m.c, yes.c, no.c),
                  vbslq_f32(m.d, yes.d, no.d) };
}

QL_SIMD float vf_least(vf v)
{
    return vminvq_f32(vminq_f32(vminq_f32(v.a, v.b), vminq_f32(v.c, v.d)));
}

QL_SIMD float vf_greatest(vf v)
{
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(v.a, v.b), vmaxq_f32(v.c, v.d)));
}

/* Neighbouring lanes of two vectors, twice. */
#define QL_OF_EACH(NAME, OP, OP_PAIRS)                                                                                      \
    QL_SIMD float32x4_t f32_##NAME(const vf v[4])                                                                           \
    {                                                                                                                       \
        float32x4_t part[4];                                                                                                \
        for (int i = 0; i < 4; i++) {                                                                                       \
            part[i] = OP(OP(v[i].a, v[i].b), OP(v[i].c, v[i].d));                                                           \
        }                                                                                                                   \
        return OP_PAIRS(OP_PAIRS(part[0], part[1]), OP_PAIRS(part[2], part[3]));                                            \
    }                                                                                                                       \
    QL_SIMD vf NAME(const vf v[16])                                                                                         \
    {                                                                                                                       \
        return (vf) { f32_##NAME(v), f32_##NAME(v + 4), f32_##NAME(v + 8), f32_##NAME(v + 12) };                            \
    }
QL_OF_EACH(vf_least_of_each, vminq_f32, vpminq_f32)
QL_OF_EACH(vf_greatest_of_each, vmaxq_f32, vpmaxq_f32)

/* ---- Between float32 and int32 */

QL_REGISTERS_1(vi, vf_bits, vf, vreinterpretq_s32_f32)
QL_REGISTERS_1(vf, vf_from_bits, vi, vreinterpretq_f32_s32)
QL_REGISTERS_1(vi, vf_to_int, vf, vcvtq_s32_f32)
QL_REGISTERS_1(vf, vi_to_float, vi, vcvtq_f32_s32)

QL_SIMD vf vf_load_half(const uint16_t *p)
{
    const float16x8_t low = vreinterpretq_f16_u16(vld1q_u16(p)), high = vreinterpretq_f16_u16(vld1q_u16(p + 8));
    return (vf) { vcvt_f32_f16(vget_low_f16(low)), vcvt_high_f32_f16(low), vcvt_f32_f16(vget_low_f16(high)),
                  vcvt_high_f32_f16(high) };
}

/* ---- Int32 */

QL_SIMD vi vi_load(const int32_t *p)
{
    return (vi) { vld1q_s32(p), vld1q_s32(p + 4), vld1q_s32(p + 8), vld1q_s32(p + 12) };
}

QL_SIMD void vi_store(int32_t *p, vi v)
{
    vst1q_s32(p, v.a);
    vst1q_s32(p + 4, v.b);
    vst1q_s32(p + 8, v.c);
    vst1q_s32(p + 12, v.d);
}

QL_SIMD vi vi_from_u16(uint16x8_t low, uint16x8_t high)
{
    return (vi) { vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(low))), vreinterpretq_s32_u32(vmovl_high_u16(low)),
                  vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(high))), vreinterpretq_s32_u32(vmovl_high_u16(high)) };
}

QL_SIMD vi vi_load_u16(const uint16_t *p)
{
    return vi_from_u16(vld1q_u16(p), vld1q_u16(p + 8));
}

QL_SIMD vi vi_load_u8(const uint8_t *p)
{
    const uint8x16_t bytes = vld1q_u8(p);
    return vi_from_u16(vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes));
}

QL_SIMD vi vi_from_bytes(uint64_t first, uint64_t second)
{
    return vi_from_u16(vmovl_u8(vcreate_u8(first)), vmovl_u8(vcreate_u8(second)));
}

QL_SIMD vi vi_load_nibbles(const uint8_t p[8])
{
    const uint8x8_t bytes = vld1_u8(p);
    const uint8x8x2_t nibbles = vzip_u8(vshr_n_u8(bytes, 4), bytes);
    return vi_from_u16(vmovl_u8(nibbles.val[0]), vmovl_u8(nibbles.val[1]));
}

QL_SIMD vi vi_load_i8(const int8_t *p)
{
    const int8x16_t bytes = vld1q_s8(p);
    const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
    return (vi) { vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high) };
}

QL_SIMD vi vi_set(int32_t v)
{
    return (vi) { vdupq_n_s32(v), vdupq_n_s32(v), vdupq_n_s32(v), vdupq_n_s32(v) };
}

QL_SIMD int32x4_t s32_max_u(int32x4_t x, int32x4_t y)
{
    return vreinterpretq_s32_u32(vmaxq_u32(vreinterpretq_u32_s32(x), vreinterpretq_u32_s32(y)));
}

QL_SIMD uint32x4_t s32_le_u(int32x4_t x, int32x4_t y)
{
    return vcleq_u32(vreinterpretq_u32_s32(x), vreinterpretq_u32_s32(y));
}

QL_REGISTERS(vi, vi_add, vi, vaddq_s32)
QL_REGISTERS(vi, vi_sub, vi, vsubq_s32)
QL_REGISTERS(vi, vi_and, vi, vandq_s32)
QL_REGISTERS(vi, vi_or, vi, vorrq_s32)
QL_REGISTERS(vi, vi_xor, vi, veorq_s32)
QL_REGISTERS(vi, vi_min, vi, vminq_s32)
QL_REGISTERS(vi, vi_max, vi, vmaxq_s32)
QL_REGISTERS(vi, vi_max_u, vi, s32_max_u)
QL_REGISTERS(vm, vi_gt, vi, vcgtq_s32)
QL_REGISTERS(vm, vi_eq, vi, vceqq_s32)
QL_REGISTERS(vm, vi_le_u, vi, s32_le_u)

QL_SIMD int32x4_t s32_add_where(uint32x4_t m, int32x4_t x, int32x4_t y)
{
    return vaddq_s32(x, vandq_s32(vreinterpretq_s32_u32(m), y));
}

QL_SIMD vi vi_add_where(vm m, vi x, vi y)
{
    return (vi) { s32_add_where(m.a, x.a, y.a), s32_add_where(m.b, x.b, y.b), s32_add_where(m.c, x.c, y.c),
                  s32_add_where(m.d, x.d, y.d) };
}

QL_SIMD vi vi_shl(vi v, int count)
{
    const int32x4_t by = vdupq_n_s32(count);
    return (vi) { vshlq_s32(v.a, by), vshlq_s32(v.b, by), vshlq_s32(v.c, by), vshlq_s32(v.d, by) };
}

/* A shift to the left by a negative count goes to the right. */
QL_SIMD vi vi_sar(vi v, int count)
{
    return vi_shl(v, -count);
}

QL_SIMD int32x4_t s32_shr(int32x4_t v, int32x4_t by)
{
    return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(v), by));
}

QL_SIMD vi vi_shr(vi v, int count)
{
    const int32x4_t by = vdupq_n_s32(-count);
    return (vi) { s32_shr(v.a, by), s32_shr(v.b, by), s32_shr(v.c, by), s32_shr(v.d, by) };
}

QL_SIMD uint32_t vi_greatest_u(vi v)
{
    return vmaxvq_u32(vreinterpretq_u32_s32(s32_max_u(s32_max_u(v.a, v.b), s32_max_u(v.c, v.d))));
}

QL_SIMD vi vi_select(vm m, vi yes, vi no)
{
    return (vi) { vbslq_s32(m.a, yes.a, no.a), vbslq_s32(m.b, yes.b, no.b), vbslq_s32(m.c, yes.c, no.c),
                  vbslq_s32(m.d, yes.d, no.d) };
}

QL_SIMD void vi_store_u16(uint16_t *p, vi v)
{
    vst1q_s16((int16_t *)p, vmovn_high_s32(vmovn_s32(v.a), v.b));
    vst1q_s16((int16_t *)p + 8, vmovn_high_s32(vmovn_s32(v.c), v.d));
}

QL_SIMD void vi_store_i16(int16_t *p, vi v)
{
    vi_store_u16((uint16_t *)p, v);
}

QL_SIMD void vi_store_i16_two(int16_t *p, vi x, vi y)
{
    vi_store_i16(p, x);
    vi_store_i16(p + 16, y);
}

QL_SIMD void vi_store_u32(uint32_t *p, vi v)
{
    vi_store((int32_t *)p, v);
}

/* ---- Tables and packing, by bytes */

QL_SIMD vi vi_set_cell(const uint8_t p[4])
{
    int32_t bytes;
    memcpy(&bytes, p, 4);
    return vi_set(bytes);
}

enum { QL_LEVEL_VECTORS = 1 };

QL_SIMD void vi_load_levels(const uint8_t *p, const uint8_t levels[16], vi out[QL_LEVEL_VECTORS])
{
    const uint8x16_t table = vld1q_u8(levels), first = vld1q_u8(p), second = vld1q_u8(p + 16), low = vdupq_n_u8(15);
    out[0] = (vi) { vreinterpretq_s32_u8(vqtbl1q_u8(table, vandq_u8(first, low))),
                    vreinterpretq_s32_u8(vqtbl1q_u8(table, vandq_u8(second, low))),
                    vreinterpretq_s32_u8(vqtbl1q_u8(table, vshrq_n_u8(first, 4))),
                    vreinterpretq_s32_u8(vqtbl1q_u8(table, vshrq_n_u8(second, 4))) };
}

#if defined(__ARM_FEATURE_DOTPROD)
/* Both signed: u s = (u - 128) s + 128 s. */
QL_SIMD int32x4_t s32_add_cell_products(int32x4_t sum, int32x4_t u, int32x4_t s)
{
    const int8x16_t less = vreinterpretq_s8_s32(veorq_s32(u, vdupq_n_s32((int32_t)0x80808080))),
                    codes = vreinterpretq_s8_s32(s);
    return vsubq_s32(vdotq_s32(sum, less, codes), vdotq_s32(vdupq_n_s32(0), vdupq_n_s8(-128), codes));
}
#else
/* 255 x -128 fits 16 bits. */
QL_SIMD int32x4_t s32_add_cell_products(int32x4_t sum, int32x4_t u, int32x4_t s)
{
    const uint8x16_t ub = vreinterpretq_u8_s32(u);
    const int8x16_t sb = vreinterpretq_s8_s32(s);
    const int16x8_t low = vmulq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(ub))), vmovl_s8(vget_low_s8(sb))),
                    high = vmulq_s16(vreinterpretq_s16_u16(vmovl_high_u8(ub)), vmovl_high_s8(sb));
    return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}
#endif

QL_SIMD vi vi_add_cell_products(vi sum, vi u, vi s)
{
    return (vi) { s32_add_cell_products(sum.a, u.a, s.a), s32_add_cell_products(sum.b, u.b, s.b),
                  s32_add_cell_products(sum.c, u.c, s.c), s32_add_cell_products(sum.d, u.d, s.d) };
}

/* The places of the four bytes of word `index` of a table. */
QL_SIMD uint8x16_t bytes_of_words(int32x4_t index)
{
    const uint32x4_t each = vmulq_n_u32(vreinterpretq_u32_s32(index), 0x04040404);
    return vreinterpretq_u8_u32(vaddq_u32(each, vdupq_n_u32(0x03020100)));
}

QL_SIMD uint8x16x4_t bytes_of_table(vi table)
{
    return (uint8x16x4_t) { { vreinterpretq_u8_s32(table.a), vreinterpretq_u8_s32(table.b), vreinterpretq_u8_s32(table.c),
                              vreinterpretq_u8_s32(table.d) } };
}

QL_SIMD int32x4_t s32_pick16(vi table, int32x4_t index)
{
    return vreinterpretq_s32_u8(vqtbl4q_u8(bytes_of_table(table), bytes_of_words(vandq_s32(index, vdupq_n_s32(15)))));
}

/* A place beyond the 64 bytes of a half leaves what is there. */
QL_SIMD int32x4_t s32_pick32(vi low, vi high, int32x4_t index)
{
    const uint8x16_t at = bytes_of_words(vandq_s32(index, vdupq_n_s32(31)));
    return vreinterpretq_s32_u8(
        vqtbx4q_u8(vqtbl4q_u8(bytes_of_table(low), at), bytes_of_table(high), vsubq_u8(at, vdupq_n_u8(64))));
}

QL_SIMD vi vi_pick16(vi table, vi index)
{
    return (vi) { s32_pick16(table, index.a), s32_pick16(table, index.b), s32_pick16(table, index.c),
                  s32_pick16(table, index.d) };
}

QL_SIMD vi vi_pick32(vi low, vi high, vi index)
{
    return (vi) { s32_pick32(low, high, index.a), s32_pick32(low, high, index.b), s32_pick32(low, high, index.c),
                  s32_pick32(low, high, index.d) };
}

QL_SIMD int32x4_t s32_pick8(vi table, int32x4_t index)
{
    const uint8x16x2_t bytes = { { vreinterpretq_u8_s32(table.a), vreinterpretq_u8_s32(table.b) } };
    return vreinterpretq_s32_u8(vqtbl2q_u8(bytes, bytes_of_words(vandq_s32(index, vdupq_n_s32(7)))));
}

QL_SIMD vf vf_pick8(vf table, vi index)
{
    const vi words = vf_bits(table);
    return vf_from_bits(
        (vi) { s32_pick8(words, index.a), s32_pick8(words, index.b), s32_pick8(words, index.c), s32_pick8(words, index.d) });
}

QL_SIMD vf vf_pick16(vf table, vi index)
{
    return vf_from_bits(vi_pick16(vf_bits(table), index));
}

QL_SIMD vf vf_pick32(vf low, vf high, vi index)
{
    return vf_from_bits(vi_pick32(vf_bits(low), vf_bits(high), index));
}

QL_SIMD vi vi_lookup16(const int32_t table[16], vi index)
{
    return vi_pick16(vi_load(table), index);
}

QL_SIMD vi vi_lookup32(const int32_t table[32], vi index)
{
    return vi_pick32(vi_load(table), vi_load(table + 16), index);
}

QL_SIMD vf vf_lookup16(const float table[16], vi index)
{
    return vf_pick16(vf_load(table), index);
}

QL_SIMD vf vf_lookup32(const float table[32], vi index)
{
    return vf_pick32(vf_load(table), vf_load(table + 16), index);
}

QL_SIMD vf vf_gather(const float *table, vi index)
{
    int32_t at[16];
    float lanes[16];
    vi_store(at, index);
    for (int i = 0; i < 16; i++) {
        lanes[i] = table[at[i]];
    }
    return vf_load(lanes);
}

/* All ones where the bit is one: it is moved to the sign first. */
QL_SIMD uint32x4_t s32_bit_of(int32x4_t word, int32x4_t index)
{
    return vcltzq_s32(vshlq_s32(word, vbicq_s32(vdupq_n_s32(31), index)));
}

QL_SIMD vm vi_has_bit(const uint32_t bits[32], vi index)
{
    const vi words = vi_lookup32((const int32_t *)bits, vi_shr(index, 5));
    return (vm) { s32_bit_of(words.a, index.a), s32_bit_of(words.b, index.b), s32_bit_of(words.c, index.c),
                  s32_bit_of(words.d, index.d) };
}

/* By 4 bits of a mask: the lanes that are set, ascending; one a byte, the first lowest. */
static const uint32_t compress_order[16] = {
    0x00000000, 0x00000000, 0x00000001, 0x00000100, 0x00000002, 0x00000200, 0x00000201, 0x00020100,
    0x00000003, 0x00000300, 0x00000301, 0x00030100, 0x00000302, 0x00030200, 0x00030201, 0x03020100,
};

QL_SIMD uint8x16_t compressed(uint32_t bits, uint8x16_t v)
{
    const uint16x4_t order = vget_low_u16(vmovl_u8(vcreate_u8(compress_order[bits])));
    return vqtbl1q_u8(v, bytes_of_words(vreinterpretq_s32_u32(vmovl_u16(order))));
}

/* Writes 4 lanes. */
QL_SIMD size_t f32_compress(float *p, uint32_t bits, float32x4_t v)
{
    vst1q_f32(p, vreinterpretq_f32_u8(compressed(bits, vreinterpretq_u8_f32(v))));
    return (size_t)__builtin_popcount(bits);
}

QL_SIMD size_t u32_compress(uint32_t *p, uint32_t bits, uint32x4_t v)
{
    vst1q_u32(p, vreinterpretq_u32_u8(compressed(bits, vreinterpretq_u8_u32(v))));
    return (size_t)__builtin_popcount(bits);
}

QL_SIMD size_t vi_compress(uint32_t *p, vm m, vi v)
{
    const uint32_t bits = vm_bits(m);
    size_t kept = u32_compress(p, bits & 15, vreinterpretq_u32_s32(v.a));
    kept += u32_compress(p + kept, bits >> 4 & 15, vreinterpretq_u32_s32(v.b));
    kept += u32_compress(p + kept, bits >> 8 & 15, vreinterpretq_u32_s32(v.c));
    return kept + u32_compress(p + kept, bits >> 12, vreinterpretq_u32_s32(v.d));
}

QL_SIMD size_t vf_compress(float *p, vm m, vf v)
{
    const uint32_t bits = vm_bits(m);
    size_t kept = f32_compress(p, bits & 15, v.a);
    kept += f32_compress(p + kept, bits >> 4 & 15, v.b);
    kept += f32_compress(p + kept, bits >> 8 & 15, v.c);
    return kept + f32_compress(p + kept, bits >> 12, v.d);
}

/* ---- Float64 */

QL_SIMD vd vd_set(double v)
{
    const float64x2_t all = vdupq_n_f64(v);
    return (vd) { all, all, all, all, all, all, all, all };
}

QL_SIMD vd vd_zero(void)
{
    return vd_set(0);
}

QL_SIMD vd vd_load(const double *p)
{
    return (vd) { vld1q_f64(p),     vld1q_f64(p + 2),  vld1q_f64(p + 4),  vld1q_f64(p + 6),
                  vld1q_f64(p + 8), vld1q_f64(p + 10), vld1q_f64(p + 12), vld1q_f64(p + 14) };
}

QL_SIMD void vd_store(double *p, vd v)
{
    vst1q_f64(p, v.a);
    vst1q_f64(p + 2, v.b);
    vst1q_f64(p + 4, v.c);
    vst1q_f64(p + 6, v.d);
    vst1q_f64(p + 8, v.e);
    vst1q_f64(p + 10, v.f);
    vst1q_f64(p + 12, v.g);
    vst1q_f64(p + 14, v.h);
}

QL_SIMD vd vf_to_double(vf v)
{
    return (vd) { vcvt_f64_f32(vget_low_f32(v.a)), vcvt_high_f64_f32(v.a),          vcvt_f64_f32(vget_low_f32(v.b)),
                  vcvt_high_f64_f32(v.b),          vcvt_f64_f32(vget_low_f32(v.c)), vcvt_high_f64_f32(v.c),
                  vcvt_f64_f32(vget_low_f32(v.d)), vcvt_high_f64_f32(v.d) };
}

QL_SIMD vd vd_load_f(const float *p)
{
    return vf_to_double(vf_load(p));
}

QL_SIMD vd vd_from_int(vi v)
{
    return (vd) { vcvtq_f64_s64(vmovl_s32(vget_low_s32(v.a))), vcvtq_f64_s64(vmovl_high_s32(v.a)),
                  vcvtq_f64_s64(vmovl_s32(vget_low_s32(v.b))), vcvtq_f64_s64(vmovl_high_s32(v.b)),
                  vcvtq_f64_s64(vmovl_s32(vget_low_s32(v.c))), vcvtq_f64_s64(vmovl_high_s32(v.c)),
                  vcvtq_f64_s64(vmovl_s32(vget_low_s32(v.d))), vcvtq_f64_s64(vmovl_high_s32(v.d)) };
}

QL_SIMD float32x4_t f32_from_f64(float64x2_t low, float64x2_t high)
{
    return vcvt_high_f32_f64(vcvt_f32_f64(low), high);
}

QL_SIMD vf vd_to_float(vd v)
{
    return (vf) { f32_from_f64(v.a, v.b), f32_from_f64(v.c, v.d), f32_from_f64(v.e, v.f), f32_from_f64(v.g, v.h) };
}

QL_SIMD int32x4_t s32_from_f64(float64x2_t low, float64x2_t high)
{
    return vmovn_high_s64(vmovn_s64(vcvtq_s64_f64(low)), vcvtq_s64_f64(high));
}

QL_SIMD vi vd_to_int(vd v)
{
    return (vi) { s32_from_f64(v.a, v.b), s32_from_f64(v.c, v.d), s32_from_f64(v.e, v.f), s32_from_f64(v.g, v.h) };
}

QL_SIMD float64x2_t f64_min(float64x2_t x, float64x2_t y)
{
    return vbslq_f64(vcltq_f64(x, y), x, y);
}

QL_SIMD float64x2_t f64_max(float64x2_t x, float64x2_t y)
{
    return vbslq_f64(vcgtq_f64(x, y), x, y);
}

QL_SIMD float64x2_t f64_max_abs(float64x2_t x, float64x2_t y)
{
    return vmaxq_f64(vabsq_f64(x), vabsq_f64(y));
}

QL_REGISTERS_OF_8(vd_add, vaddq_f64)
QL_REGISTERS_OF_8(vd_sub, vsubq_f64)
QL_REGISTERS_OF_8(vd_mul, vmulq_f64)
QL_REGISTERS_OF_8(vd_div, vdivq_f64)
QL_REGISTERS_OF_8(vd_min, f64_min)
QL_REGISTERS_OF_8(vd_max, f64_max)
QL_REGISTERS_OF_8(vd_max_abs, f64_max_abs)

QL_SIMD vd vd_abs(vd x)
{
    return (vd) { vabsq_f64(x.a), vabsq_f64(x.b), vabsq_f64(x.c), vabsq_f64(x.d),
                  vabsq_f64(x.e), vabsq_f64(x.f), vabsq_f64(x.g), vabsq_f64(x.h) };
}

QL_SIMD vd vd_add_exact_product(vd sum, vd x, vd y)
{
    return (vd) { vfmaq_f64(sum.a, x.a, y.a), vfmaq_f64(sum.b, x.b, y.b), vfmaq_f64(sum.c, x.c, y.c),
                  vfmaq_f64(sum.d, x.d, y.d), vfmaq_f64(sum.e, x.e, y.e), vfmaq_f64(sum.f, x.f, y.f),
                  vfmaq_f64(sum.g, x.g, y.g), vfmaq_f64(sum.h, x.h, y.h) };
}

QL_SIMD double vd_greatest(vd x)
{
    const float64x2_t low = vmaxq_f64(vmaxq_f64(x.a, x.b), vmaxq_f64(x.c, x.d)),
                      high = vmaxq_f64(vmaxq_f64(x.e, x.f), vmaxq_f64(x.g, x.h));
    return vmaxvq_f64(vmaxq_f64(low, high));
}

/* The lower halves of two registers of conditions. */
QL_SIMD uint32x4_t u32_narrow(uint64x2_t low, uint64x2_t high)
{
    return vuzp1q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high));
}

#define QL_COMPARE_OF_8(NAME, OP)                                                                                           \
    QL_SIMD vm NAME(vd x, vd y)                                                                                             \
    {                                                                                                                       \
        return (vm) { u32_narrow(OP(x.a, y.a), OP(x.b, y.b)), u32_narrow(OP(x.c, y.c), OP(x.d, y.d)),                       \
                      u32_narrow(OP(x.e, y.e), OP(x.f, y.f)), u32_narrow(OP(x.g, y.g), OP(x.h, y.h)) };                     \
    }

QL_COMPARE_OF_8(vd_gt, vcgtq_f64)
QL_COMPARE_OF_8(vd_ge, vcgeq_f64)

#endif
