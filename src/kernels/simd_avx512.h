/*
 * The vector operations of AVX-512 (F, BW, DQ, VL): simd.h says what each means.
 */
#ifndef QL_KERNELS_SIMD_AVX512_H
#define QL_KERNELS_SIMD_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define QL_SIMD static inline __attribute__((always_inline))

enum { QL_QUICK_PICK32 = 1, QL_QUICK_COMPRESS = 1 };

typedef __m512 vf;
typedef __m512i vi;
typedef struct vd {
    __m512d a, b; /* lanes 0..7, 8..15 */
} vd;
typedef __mmask16 vm;
typedef __m512i vb;

/* ---- Float32 */

QL_SIMD vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

QL_SIMD void vf_store(float *p, vf v)
{
    _mm512_storeu_ps(p, v);
}

QL_SIMD vf vf_set(float v)
{
    return _mm512_set1_ps(v);
}

QL_SIMD vf vf_set_half(const uint8_t p[2])
{
    int16_t bits;
    memcpy(&bits, p, 2);
    return _mm512_cvtph_ps(_mm256_set1_epi16(bits));
}

QL_SIMD vf vf_load_head(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

QL_SIMD void vf_store_head(float *p, vf v, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}

QL_SIMD void vf_stream(float *p, vf v)
{
    _mm512_stream_ps(p, v);
}

QL_SIMD void vf_stream_end(void)
{
    _mm_sfence();
}

QL_SIMD vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

QL_SIMD vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

QL_SIMD vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

QL_SIMD vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

QL_SIMD vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

QL_SIMD vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

QL_SIMD vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

QL_SIMD vf vf_abs(vf a)
{
    return _mm512_abs_ps(a);
}

QL_SIMD vf vf_min_abs(vf a, vf b)
{
    return _mm512_range_ps(a, b, 0xA); /* the smaller magnitude, sign cleared */
}

QL_SIMD vf vf_round(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

QL_SIMD vf vf_reciprocal(vf a)
{
    return _mm512_rcp14_ps(a);
}

QL_SIMD vf vf_max_abs(vf a, vf b)
{
    return _mm512_range_ps(a, b, 0xB); /* the larger magnitude, sign cleared */
}

QL_SIMD vf vf_copysign(vf magnitude, vf sign)
{
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_set1_epi32((int)0x80000000u), _mm512_castps_si512(sign),
                                                         _mm512_castps_si512(magnitude), 0xCA));
}

QL_SIMD vf vf_limit(vf a, vf most)
{
    return _mm512_range_ps(a, most, 0x2); /* the smaller magnitude with the sign of a */
}

QL_SIMD vf vf_trunc(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

QL_SIMD vf vf_select(vm m, vf yes, vf no)
{
    return _mm512_mask_blend_ps(m, no, yes);
}

QL_SIMD vm vf_gt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}

QL_SIMD vm vf_ge(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}

QL_SIMD vm vf_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

QL_SIMD vm vf_ne(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}

QL_SIMD float vf_least(vf v)
{
    return _mm512_reduce_min_ps(v);
}

QL_SIMD float vf_greatest(vf v)
{
    return _mm512_reduce_max_ps(v);
}

QL_SIMD vf vf_lookup16(const float table[16], vi index)
{
    return _mm512_permutexvar_ps(index, _mm512_loadu_ps(table));
}

QL_SIMD vf vf_lookup32(const float table[32], vi index)
{
    return _mm512_permutex2var_ps(_mm512_loadu_ps(table), index, _mm512_loadu_ps(table + 16));
}

/* Halves the vectors three times; lanes of 4 hold partial results of neighbouring vectors, then the lanes are put side by
   side. */
#define QL_OF_EACH(NAME, OP)                                                                                                \
    QL_SIMD vf NAME(const vf v[16])                                                                                         \
    {                                                                                                                       \
        vf part[8];                                                                                                         \
        for (int i = 0; i < 8; i++) {                                                                                       \
            part[i] = OP(_mm512_unpacklo_ps(v[2 * i], v[2 * i + 1]), _mm512_unpackhi_ps(v[2 * i], v[2 * i + 1]));           \
        }                                                                                                                   \
        for (int i = 0; i < 4; i++) {                                                                                       \
            const __m512d a = _mm512_castps_pd(part[2 * i]), b = _mm512_castps_pd(part[2 * i + 1]);                         \
            part[i] = OP(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)), _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));           \
        }                                                                                                                   \
        for (int n = 2; n > 0; n--) {                                                                                       \
            for (int i = 0; i < n; i++) {                                                                                   \
                const vf a = part[2 * i], b = part[2 * i + 1];                                                              \
                part[i] = OP(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));                           \
            }                                                                                                               \
        }                                                                                                                   \
        return part[0];                                                                                                     \
    }
QL_OF_EACH(vf_least_of_each, _mm512_min_ps)
QL_OF_EACH(vf_greatest_of_each, _mm512_max_ps)
#undef QL_OF_EACH

QL_SIMD vf vf_pick8(vf table, vi index)
{
    return _mm512_permutexvar_ps(index, table);
}

QL_SIMD vf vf_pick16(vf table, vi index)
{
    return _mm512_permutexvar_ps(index, table);
}

QL_SIMD vf vf_pick32(vf low, vf high, vi index)
{
    return _mm512_permutex2var_ps(low, index, high);
}

QL_SIMD vf vf_gather(const float *table, vi index)
{
    return _mm512_i32gather_ps(index, table, 4);
}

QL_SIMD size_t vf_compress(float *p, vm m, vf v)
{
    _mm512_storeu_ps(p, _mm512_maskz_compress_ps(m, v)); /* much quicker than storing those lanes alone */
    return (size_t)__builtin_popcount(m);
}

/* ---- Int32 */

QL_SIMD vi vi_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}

QL_SIMD void vi_store(int32_t *p, vi v)
{
    _mm512_storeu_si512(p, v);
}

QL_SIMD vi vi_load_u8(const uint8_t *p)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}

QL_SIMD vi vi_load_i8(const int8_t *p)
{
    return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p));
}

QL_SIMD vi vi_load_u16(const uint16_t *p)
{
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
}

QL_SIMD vi vi_set(int32_t v)
{
    return _mm512_set1_epi32(v);
}

QL_SIMD vi vi_from_bytes(uint64_t first, uint64_t second)
{
    return _mm512_cvtepu8_epi32(_mm_set_epi64x((int64_t)second, (int64_t)first));
}

QL_SIMD vi vi_load_nibbles(const uint8_t p[8])
{
    uint64_t bytes; /* its halves to the lanes 0..7 and 8..15 */
    memcpy(&bytes, p, 8);
    const __m512i halves = _mm512_maskz_set1_epi32(0x00FF, (int32_t)bytes),
                  both = _mm512_mask_set1_epi32(halves, 0xFF00, (int32_t)(bytes >> 32));
    return _mm512_srlv_epi32(both, _mm512_set_epi32(24, 28, 16, 20, 8, 12, 0, 4, 24, 28, 16, 20, 8, 12, 0, 4));
}

QL_SIMD vi vi_set_cell(const uint8_t p[4])
{
    int32_t bytes;
    memcpy(&bytes, p, 4);
    return _mm512_set1_epi32(bytes);
}

enum { QL_LEVEL_VECTORS = 2 };

QL_SIMD void vi_load_levels(const uint8_t *p, const uint8_t levels[16], vi out[QL_LEVEL_VECTORS])
{
    const __m512i table = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)levels));
    const __m512i bytes = _mm512_loadu_si512(p), low = _mm512_set1_epi8(15);
    out[0] = _mm512_shuffle_epi8(table, _mm512_and_si512(bytes, low));
    out[1] = _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low));
}

QL_SIMD vi vi_add_cell_products(vi sum, vi u, vi s)
{
#if defined(__AVX512VNNI__)
    return _mm512_dpbusd_epi32(sum, u, s);
#else
    const __m512i u_even = _mm512_and_si512(u, _mm512_set1_epi16(255)), u_odd = _mm512_srli_epi16(u, 8);
    const __m512i s_even = _mm512_srai_epi16(_mm512_slli_epi16(s, 8), 8), s_odd = _mm512_srai_epi16(s, 8);
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(u_even, s_even));
    return _mm512_add_epi32(sum, _mm512_madd_epi16(u_odd, s_odd));
#endif
}

QL_SIMD vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}

QL_SIMD vi vi_sub(vi a, vi b)
{
    return _mm512_sub_epi32(a, b);
}

QL_SIMD vi vi_and(vi a, vi b)
{
    return _mm512_and_si512(a, b);
}

QL_SIMD vi vi_or(vi a, vi b)
{
    return _mm512_or_si512(a, b);
}

QL_SIMD vi vi_xor(vi a, vi b)
{
    return _mm512_xor_si512(a, b);
}

QL_SIMD vi vi_add_where(vm m, vi a, vi b)
{
    return _mm512_mask_add_epi32(a, m, a, b);
}

#define vi_shl(v, count) _mm512_slli_epi32(v, count)
#define vi_shr(v, count) _mm512_srli_epi32(v, count)
#define vi_sar(v, count) _mm512_srai_epi32(v, count)

QL_SIMD vi vi_min(vi a, vi b)
{
    return _mm512_min_epi32(a, b);
}

QL_SIMD vi vi_max(vi a, vi b)
{
    return _mm512_max_epi32(a, b);
}

QL_SIMD vi vi_max_u(vi a, vi b)
{
    return _mm512_max_epu32(a, b);
}

QL_SIMD uint32_t vi_greatest_u(vi v)
{
    return _mm512_reduce_max_epu32(v);
}

QL_SIMD vm vi_gt(vi a, vi b)
{
    return _mm512_cmpgt_epi32_mask(a, b);
}

QL_SIMD vm vi_eq(vi a, vi b)
{
    return _mm512_cmpeq_epi32_mask(a, b);
}

QL_SIMD vm vi_le_u(vi a, vi b)
{
    return _mm512_cmple_epu32_mask(a, b);
}

QL_SIMD vi vi_select(vm m, vi yes, vi no)
{
    return _mm512_mask_blend_epi32(m, no, yes);
}

QL_SIMD vi vi_lookup16(const int32_t table[16], vi index)
{
    return _mm512_permutexvar_epi32(index, _mm512_loadu_si512(table));
}

QL_SIMD vi vi_lookup32(const int32_t table[32], vi index)
{
    return _mm512_permutex2var_epi32(_mm512_loadu_si512(table), index, _mm512_loadu_si512(table + 16));
}

QL_SIMD void vi_store_i16(int16_t *p, vi v)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(v));
}

QL_SIMD void vi_store_i16_two(int16_t *p, vi a, vi b)
{
    const __m512i pairs = _mm512_packs_epi32(a, b); /* 4 of a, 4 of b, and so on */
    _mm512_storeu_si512(p, _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), pairs));
}

QL_SIMD void vi_store_u16(uint16_t *p, vi v)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(v));
}

QL_SIMD vm vi_has_bit(const uint32_t bits[32], vi index)
{
    const __m512i words =
        _mm512_permutex2var_epi16(_mm512_loadu_si512(bits), _mm512_srli_epi32(index, 4), _mm512_loadu_si512(bits + 16));
    return _mm512_test_epi32_mask(_mm512_srlv_epi32(words, _mm512_and_si512(index, _mm512_set1_epi32(15))),
                                  _mm512_set1_epi32(1));
}

QL_SIMD void vi_store_u32(uint32_t *p, vi v)
{
    _mm512_storeu_si512(p, v);
}

QL_SIMD size_t vi_compress(uint32_t *p, vm m, vi v)
{
    _mm512_storeu_si512(p, _mm512_maskz_compress_epi32(m, v)); /* much quicker than storing those lanes alone */
    return (size_t)__builtin_popcount(m);
}

/* ---- Bytes */

QL_SIMD vb vb_load_low(const int16_t *p)
{
    const __m512i low = _mm512_set1_epi16(255), a = _mm512_and_si512(_mm512_loadu_si512(p), low),
                  b = _mm512_and_si512(_mm512_loadu_si512(p + 32), low);
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), _mm512_packus_epi16(a, b));
}

QL_SIMD uint64_t vb_equal(vb v, uint8_t byte)
{
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)byte));
}

/* ---- Between the two */

QL_SIMD vi vf_bits(vf v)
{
    return _mm512_castps_si512(v);
}

QL_SIMD vf vf_from_bits(vi v)
{
    return _mm512_castsi512_ps(v);
}

QL_SIMD vi vf_to_int(vf v)
{
    return _mm512_cvttps_epi32(v);
}

QL_SIMD vf vi_to_float(vi v)
{
    return _mm512_cvtepi32_ps(v);
}

QL_SIMD vf vf_load_half(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

/* ---- Masks */

QL_SIMD vm vm_or(vm a, vm b)
{
    return a | b;
}

QL_SIMD vm vm_and(vm a, vm b)
{
    return a & b;
}

QL_SIMD vm vm_none(void)
{
    return 0;
}

QL_SIMD uint32_t vm_bits(vm m)
{
    return m;
}

QL_SIMD vm vm_from_bits(uint32_t bits)
{
    return (__mmask16)bits;
}

QL_SIMD vm vm_head(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

/* ---- Float64 */

QL_SIMD vd vd_from_int(vi v)
{
    return (vd) { _mm512_cvtepi32_pd(_mm512_castsi512_si256(v)), _mm512_cvtepi32_pd(_mm512_extracti32x8_epi32(v, 1)) };
}

QL_SIMD vd vd_zero(void)
{
    return (vd) { _mm512_setzero_pd(), _mm512_setzero_pd() };
}

QL_SIMD vd vd_set(double v)
{
    return (vd) { _mm512_set1_pd(v), _mm512_set1_pd(v) };
}

QL_SIMD vd vd_load(const double *p)
{
    return (vd) { _mm512_loadu_pd(p), _mm512_loadu_pd(p + 8) };
}

QL_SIMD void vd_store(double *p, vd v)
{
    _mm512_storeu_pd(p, v.a);
    _mm512_storeu_pd(p + 8, v.b);
}

QL_SIMD vd vd_load_f(const float *p)
{
    return (vd) { _mm512_cvtps_pd(_mm256_loadu_ps(p)), _mm512_cvtps_pd(_mm256_loadu_ps(p + 8)) };
}

QL_SIMD vd vf_to_double(vf v)
{
    return (vd) { _mm512_cvtps_pd(_mm512_castps512_ps256(v)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)) };
}

QL_SIMD vf vd_to_float(vd v)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(v.a)), _mm512_cvtpd_ps(v.b), 1);
}

QL_SIMD vi vd_to_int(vd v)
{
    return _mm512_inserti32x8(_mm512_castsi256_si512(_mm512_cvttpd_epi32(v.a)), _mm512_cvttpd_epi32(v.b), 1);
}

QL_SIMD vd vd_add(vd x, vd y)
{
    return (vd) { _mm512_add_pd(x.a, y.a), _mm512_add_pd(x.b, y.b) };
}

QL_SIMD vd vd_sub(vd x, vd y)
{
    return (vd) { _mm512_sub_pd(x.a, y.a), _mm512_sub_pd(x.b, y.b) };
}

QL_SIMD vd vd_mul(vd x, vd y)
{
    return (vd) { _mm512_mul_pd(x.a, y.a), _mm512_mul_pd(x.b, y.b) };
}

QL_SIMD vd vd_div(vd x, vd y)
{
    return (vd) { _mm512_div_pd(x.a, y.a), _mm512_div_pd(x.b, y.b) };
}

QL_SIMD vd vd_add_exact_product(vd sum, vd x, vd y)
{
    return (vd) { _mm512_fmadd_pd(x.a, y.a, sum.a), _mm512_fmadd_pd(x.b, y.b, sum.b) };
}

QL_SIMD vd vd_min(vd x, vd y)
{
    return (vd) { _mm512_min_pd(x.a, y.a), _mm512_min_pd(x.b, y.b) };
}

QL_SIMD vd vd_max(vd x, vd y)
{
    return (vd) { _mm512_max_pd(x.a, y.a), _mm512_max_pd(x.b, y.b) };
}

QL_SIMD vd vd_abs(vd x)
{
    return (vd) { _mm512_abs_pd(x.a), _mm512_abs_pd(x.b) };
}

QL_SIMD vd vd_max_abs(vd x, vd y)
{
    return (vd) { _mm512_range_pd(x.a, y.a, 0xB), _mm512_range_pd(x.b, y.b, 0xB) };
}

QL_SIMD double vd_greatest(vd x)
{
    return _mm512_reduce_max_pd(_mm512_max_pd(x.a, x.b));
}

QL_SIMD vm vd_gt(vd x, vd y)
{
    return (vm)(_mm512_cmp_pd_mask(x.a, y.a, _CMP_GT_OQ) | _mm512_cmp_pd_mask(x.b, y.b, _CMP_GT_OQ) << 8);
}

QL_SIMD vm vd_ge(vd x, vd y)
{
    return (vm)(_mm512_cmp_pd_mask(x.a, y.a, _CMP_GE_OQ) | _mm512_cmp_pd_mask(x.b, y.b, _CMP_GE_OQ) << 8);
}

#endif
