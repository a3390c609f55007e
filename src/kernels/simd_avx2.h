/*
 * The vector operations of AVX2, FMA and F16C: simd.h says what each means. A vector is two registers, of float64 four; a
 * condition is a lane of ones.
 */
#ifndef QL_KERNELS_SIMD_AVX2_H
#define QL_KERNELS_SIMD_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define QL_SIMD static inline __attribute__((always_inline))

enum { QL_QUICK_PICK32 = 0, QL_QUICK_COMPRESS = 0 };

typedef struct vf {
    __m256 a, b; /* lanes 0..7, 8..15 */
} vf;
typedef struct vi {
    __m256i a, b;
} vi;
typedef struct vm {
    __m256i a, b;
} vm;
typedef struct vd {
    __m256d a, b, c, d; /* lanes 0..3, 4..7, 8..11, 12..15 */
} vd;

/* NAME(x, y) is OP of each register. */
#define QL_REGISTERS(RESULT, NAME, TYPE, OP)                                                                                \
    QL_SIMD RESULT NAME(TYPE x, TYPE y)                                                                                     \
    {                                                                                                                       \
        return (RESULT) { OP(x.a, y.a), OP(x.b, y.b) };                                                                     \
    }

/* ---- Bytes */

typedef struct vb {
    __m256i a, b; /* 0..31, 32..63 */
} vb;

QL_SIMD __m256i low_bytes(const int16_t *p)
{
    const __m256i low = _mm256_set1_epi16(255), a = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)p), low),
                  b = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(p + 16)), low);
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xD8); /* quarters 0, 2, 1, 3 */
}

QL_SIMD vb vb_load_low(const int16_t *p)
{
    return (vb) { low_bytes(p), low_bytes(p + 32) };
}

QL_SIMD uint64_t vb_equal(vb v, uint8_t byte)
{
    const __m256i all = _mm256_set1_epi8((char)byte);
    const uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v.a, all)),
                   high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v.b, all));
    return low | (uint64_t)high << 32;
}

/* ---- Masks */

QL_REGISTERS(vm, vm_or, vm, _mm256_or_si256)
QL_REGISTERS(vm, vm_and, vm, _mm256_and_si256)

QL_SIMD vm vm_none(void)
{
    return (vm) { _mm256_setzero_si256(), _mm256_setzero_si256() };
}

QL_SIMD uint32_t vm_bits(vm m)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(m.a)) | (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(m.b))
                                                                        << 8;
}

QL_SIMD vm vm_head(size_t n)
{
    const __m256i count = _mm256_set1_epi32((int)n);
    return (vm) { _mm256_cmpgt_epi32(count, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
                  _mm256_cmpgt_epi32(count, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15)) };
}

QL_SIMD vm vm_from_bits(uint32_t bits)
{
    const __m256i all = _mm256_set1_epi32((int)bits), low = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128),
                  high = _mm256_slli_epi32(low, 8);
    return (vm) { _mm256_cmpeq_epi32(_mm256_and_si256(all, low), low),
                  _mm256_cmpeq_epi32(_mm256_and_si256(all, high), high) };
}

QL_SIMD vm vm_from_ps(__m256 a, __m256 b)
{
    return (vm) { _mm256_castps_si256(a), _mm256_castps_si256(b) };
}

/* Lanes of 64 bits to lanes of 32. */
QL_SIMD __m256i vm_narrow(__m256d low, __m256d high)
{
    return _mm256_permute4x64_epi64(
        _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high), 0x88)), 0xD8);
}

/* ---- Float32 */

QL_SIMD vf vf_load(const float *p)
{
    return (vf) { _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) };
}

QL_SIMD void vf_store(float *p, vf v)
{
    _mm256_storeu_ps(p, v.a);
    _mm256_storeu_ps(p + 8, v.b);
}

QL_SIMD vf vf_set(float v)
{
    return (vf) { _mm256_set1_ps(v), _mm256_set1_ps(v) };
}

QL_SIMD vf vf_set_half(const uint8_t p[2])
{
    int16_t bits;
    memcpy(&bits, p, 2);
    const __m256 all = _mm256_cvtph_ps(_mm_set1_epi16(bits));
    return (vf) { all, all };
}

QL_SIMD void vf_stream(float *p, vf v)
{
    _mm256_stream_ps(p, v.a);
    _mm256_stream_ps(p + 8, v.b);
}

QL_SIMD void vf_stream_end(void)
{
    _mm_sfence();
}

QL_SIMD vf vf_load_head(const float *p, size_t n)
{
    const vm head = vm_head(n);
    return (vf) { _mm256_maskload_ps(p, head.a), _mm256_maskload_ps(p + 8, head.b) };
}

QL_SIMD void vf_store_head(float *p, vf v, size_t n)
{
    const vm head = vm_head(n);
    _mm256_maskstore_ps(p, head.a, v.a);
    _mm256_maskstore_ps(p + 8, head.b, v.b);
}

QL_REGISTERS(vf, vf_add, vf, _mm256_add_ps)
QL_REGISTERS(vf, vf_sub, vf, _mm256_sub_ps)
QL_REGISTERS(vf, vf_mul, vf, _mm256_mul_ps)
QL_REGISTERS(vf, vf_div, vf, _mm256_div_ps)

QL_SIMD vf vf_fma(vf x, vf y, vf z)
{
    return (vf) { _mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b) };
}

QL_REGISTERS(vf, vf_min, vf, _mm256_min_ps)
QL_REGISTERS(vf, vf_max, vf, _mm256_max_ps)

QL_SIMD vf vf_abs(vf x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return (vf) { _mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b) };
}

QL_SIMD vf vf_max_abs(vf x, vf y)
{
    return vf_max(vf_abs(y), vf_abs(x)); /* the second one wins with a NaN */
}

QL_SIMD vf vf_min_abs(vf x, vf y)
{
    return vf_min(vf_abs(x), vf_abs(y));
}

QL_SIMD vf vf_reciprocal(vf x)
{
    return (vf) { _mm256_rcp_ps(x.a), _mm256_rcp_ps(x.b) };
}

QL_SIMD vf vf_copysign(vf magnitude, vf sign)
{
    const __m256 bit = _mm256_set1_ps(-0.0f);
    const vf rest = vf_abs(magnitude);
    return (vf) { _mm256_or_ps(rest.a, _mm256_and_ps(bit, sign.a)), _mm256_or_ps(rest.b, _mm256_and_ps(bit, sign.b)) };
}

QL_SIMD vf vf_limit(vf x, vf most)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    const vf least = { _mm256_xor_ps(sign, most.a), _mm256_xor_ps(sign, most.b) };
    return vf_min(vf_max(x, least), most);
}

QL_SIMD vf vf_trunc(vf x)
{
    return (vf) { _mm256_round_ps(x.a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC),
                  _mm256_round_ps(x.b, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC) };
}

QL_SIMD vf vf_round(vf x)
{
    return (vf) { _mm256_round_ps(x.a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                  _mm256_round_ps(x.b, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC) };
}

QL_SIMD vf vf_select(vm m, vf yes, vf no)
{
    return (vf) { _mm256_blendv_ps(no.a, yes.a, _mm256_castsi256_ps(m.a)),
                  _mm256_blendv_ps(no.b, yes.b, _mm256_castsi256_ps(m.b)) };
}

QL_SIMD vm vf_gt(vf x, vf y)
{
    return vm_from_ps(_mm256_cmp_ps(x.a, y.a, _CMP_GT_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_GT_OQ));
}

QL_SIMD vm vf_ge(vf x, vf y)
{
    return vm_from_ps(_mm256_cmp_ps(x.a, y.a, _CMP_GE_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_GE_OQ));
}

QL_SIMD vm vf_eq(vf x, vf y)
{
    return vm_from_ps(_mm256_cmp_ps(x.a, y.a, _CMP_EQ_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_EQ_OQ));
}

QL_SIMD vm vf_ne(vf x, vf y)
{
    return vm_from_ps(_mm256_cmp_ps(x.a, y.a, _CMP_NEQ_UQ), _mm256_cmp_ps(x.b, y.b, _CMP_NEQ_UQ));
}

QL_SIMD float vf_least(vf v)
{
    const __m256 m = _mm256_min_ps(v.a, v.b);
    __m128 least = _mm_min_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));
    least = _mm_min_ps(least, _mm_movehl_ps(least, least));
    return _mm_cvtss_f32(_mm_min_ss(least, _mm_movehdup_ps(least)));
}

QL_SIMD float vf_greatest(vf v)
{
    const __m256 m = _mm256_max_ps(v.a, v.b);
    __m128 greatest = _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));
    greatest = _mm_max_ps(greatest, _mm_movehl_ps(greatest, greatest));
    return _mm_cvtss_f32(_mm_max_ss(greatest, _mm_movehdup_ps(greatest)));
}

/* Results of 8 vectors: pairs of lanes, then lanes of 4 hold partial results of neighbours, then halves are put side by
 * side. */
#define QL_OF_EACH(NAME, OP)                                                                                                \
    QL_SIMD __m256 ps_##NAME(const vf v[8])                                                                                 \
    {                                                                                                                       \
        __m256 part[4];                                                                                                     \
        for (int i = 0; i < 4; i++) {                                                                                       \
            const __m256 x = OP(v[2 * i].a, v[2 * i].b), y = OP(v[2 * i + 1].a, v[2 * i + 1].b);                            \
            part[i] = OP(_mm256_unpacklo_ps(x, y), _mm256_unpackhi_ps(x, y));                                               \
        }                                                                                                                   \
        for (int i = 0; i < 2; i++) {                                                                                       \
            const __m256d x = _mm256_castps_pd(part[2 * i]), y = _mm256_castps_pd(part[2 * i + 1]);                         \
            part[i] = OP(_mm256_castpd_ps(_mm256_unpacklo_pd(x, y)), _mm256_castpd_ps(_mm256_unpackhi_pd(x, y)));           \
        }                                                                                                                   \
        return OP(_mm256_permute2f128_ps(part[0], part[1], 0x20), _mm256_permute2f128_ps(part[0], part[1], 0x31));          \
    }                                                                                                                       \
    QL_SIMD vf NAME(const vf v[16])                                                                                         \
    {                                                                                                                       \
        return (vf) { ps_##NAME(v), ps_##NAME(v + 8) };                                                                     \
    }
QL_OF_EACH(vf_least_of_each, _mm256_min_ps)
QL_OF_EACH(vf_greatest_of_each, _mm256_max_ps)

/* Eight lanes out of the halves of a table: bit 3 of the index moves to the sign, where it chooses. */
QL_SIMD __m256 ps_pick16(vf table, __m256i index)
{
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(table.a, index), _mm256_permutevar8x32_ps(table.b, index),
                            _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}

QL_SIMD __m256 ps_pick32(vf low, vf high, __m256i index)
{
    return _mm256_blendv_ps(ps_pick16(low, index), ps_pick16(high, index),
                            _mm256_castsi256_ps(_mm256_slli_epi32(index, 27)));
}

QL_SIMD vf vf_pick8(vf table, vi index)
{
    return (vf) { _mm256_permutevar8x32_ps(table.a, index.a), _mm256_permutevar8x32_ps(table.a, index.b) };
}

QL_SIMD vf vf_pick16(vf table, vi index)
{
    return (vf) { ps_pick16(table, index.a), ps_pick16(table, index.b) };
}

QL_SIMD vf vf_pick32(vf low, vf high, vi index)
{
    return (vf) { ps_pick32(low, high, index.a), ps_pick32(low, high, index.b) };
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
    return (vf) { _mm256_i32gather_ps(table, index.a, 4), _mm256_i32gather_ps(table, index.b, 4) };
}

/* By 8 bits of a mask: the lanes that are set, ascending from the lowest hexadecimal digit. */
static const uint32_t compress_order[256] = {
    0x00000000, 0x00000000, 0x00000001, 0x00000010, 0x00000002, 0x00000020, 0x00000021, 0x00000210, 0x00000003, 0x00000030,
    0x00000031, 0x00000310, 0x00000032, 0x00000320, 0x00000321, 0x00003210, 0x00000004, 0x00000040, 0x00000041, 0x00000410,
    0x00000042, 0x00000420, 0x00000421, 0x00004210, 0x00000043, 0x00000430, 0x00000431, 0x00004310, 0x00000432, 0x00004320,
    0x00004321, 0x00043210, 0x00000005, 0x00000050, 0x00000051, 0x00000510, 0x00000052, 0x00000520, 0x00000521, 0x00005210,
    0x00000053, 0x00000530, 0x00000531, 0x00005310, 0x00000532, 0x00005320, 0x00005321, 0x00053210, 0x00000054, 0x00000540,
    0x00000541, 0x00005410, 0x00000542, 0x00005420, 0x00005421, 0x00054210, 0x00000543, 0x00005430, 0x00005431, 0x00054310,
    0x00005432, 0x00054320, 0x00054321, 0x00543210, 0x00000006, 0x00000060, 0x00000061, 0x00000610, 0x00000062, 0x00000620,
    0x00000621, 0x00006210, 0x00000063, 0x00000630, 0x00000631, 0x00006310, 0x00000632, 0x00006320, 0x00006321, 0x00063210,
    0x00000064, 0x00000640, 0x00000641, 0x00006410, 0x00000642, 0x00006420, 0x00006421, 0x00064210, 0x00000643, 0x00006430,
    0x00006431, 0x00064310, 0x00006432, 0x00064320, 0x00064321, 0x00643210, 0x00000065, 0x00000650, 0x00000651, 0x00006510,
    0x00000652, 0x00006520, 0x00006521, 0x00065210, 0x00000653, 0x00006530, 0x00006531, 0x00065310, 0x00006532, 0x00065320,
    0x00065321, 0x00653210, 0x00000654, 0x00006540, 0x00006541, 0x00065410, 0x00006542, 0x00065420, 0x00065421, 0x00654210,
    0x00006543, 0x00065430, 0x00065431, 0x00654310, 0x00065432, 0x00654320, 0x00654321, 0x06543210, 0x00000007, 0x00000070,
    0x00000071, 0x00000710, 0x00000072, 0x00000720, 0x00000721, 0x00007210, 0x00000073, 0x00000730, 0x00000731, 0x00007310,
    0x00000732, 0x00007320, 0x00007321, 0x00073210, 0x00000074, 0x00000740, 0x00000741, 0x00007410, 0x00000742, 0x00007420,
    0x00007421, 0x00074210, 0x00000743, 0x00007430, 0x00007431, 0x00074310, 0x00007432, 0x00074320, 0x00074321, 0x00743210,
    0x00000075, 0x00000750, 0x00000751, 0x00007510, 0x00000752, 0x00007520, 0x00007521, 0x00075210, 0x00000753, 0x00007530,
    0x00007531, 0x00075310, 0x00007532, 0x00075320, 0x00075321, 0x00753210, 0x00000754, 0x00007540, 0x00007541, 0x00075410,
    0x00007542, 0x00075420, 0x00075421, 0x00754210, 0x00007543, 0x00075430, 0x00075431, 0x00754310, 0x00075432, 0x00754320,
    0x00754321, 0x07543210, 0x00000076, 0x00000760, 0x00000761, 0x00007610, 0x00000762, 0x00007620, 0x00007621, 0x00076210,
    0x00000763, 0x00007630, 0x00007631, 0x00076310, 0x00007632, 0x00076320, 0x00076321, 0x00763210, 0x00000764, 0x00007640,
    0x00007641, 0x00076410, 0x00007642, 0x00076420, 0x00076421, 0x00764210, 0x00007643, 0x00076430, 0x00076431, 0x00764310,
    0x00076432, 0x00764320, 0x00764321, 0x07643210, 0x00000765, 0x00007650, 0x00007651, 0x00076510, 0x00007652, 0x00076520,
    0x00076521, 0x00765210, 0x00007653, 0x00076530, 0x00076531, 0x00765310, 0x00076532, 0x00765320, 0x00765321, 0x07653210,
    0x00007654, 0x00076540, 0x00076541, 0x00765410, 0x00076542, 0x00765420, 0x00765421, 0x07654210, 0x00076543, 0x00765430,
    0x00765431, 0x07654310, 0x00765432, 0x07654320, 0x07654321, 0x76543210,
};

QL_SIMD size_t ps_compress(float *p, uint32_t bits, __m256 v)
{
    const __m256i order = _mm256_srlv_epi32(_mm256_set1_epi32((int)compress_order[bits]),
                                            _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28)); /* only 3 bits of it count */
    _mm256_storeu_ps(p, _mm256_permutevar8x32_ps(v, order));
    return (size_t)__builtin_popcount(bits);
}

QL_SIMD size_t vf_compress(float *p, vm m, vf v)
{
    const uint32_t bits = vm_bits(m);
    const size_t low = ps_compress(p, bits & 255, v.a);
    return low + ps_compress(p + low, bits >> 8, v.b);
}

/* ---- Between the two */

QL_SIMD vi vf_bits(vf v)
{
    return (vi) { _mm256_castps_si256(v.a), _mm256_castps_si256(v.b) };
}

QL_SIMD vf vf_from_bits(vi v)
{
    return (vf) { _mm256_castsi256_ps(v.a), _mm256_castsi256_ps(v.b) };
}

QL_SIMD size_t vi_compress(uint32_t *p, vm m, vi v)
{
    return vf_compress((float *)p, m, vf_from_bits(v)); /* vectors may be stored anywhere */
}

QL_SIMD vi vf_to_int(vf v)
{
    return (vi) { _mm256_cvttps_epi32(v.a), _mm256_cvttps_epi32(v.b) };
}

QL_SIMD vf vi_to_float(vi v)
{
    return (vf) { _mm256_cvtepi32_ps(v.a), _mm256_cvtepi32_ps(v.b) };
}

QL_SIMD vf vf_load_half(const uint16_t *p)
{
    return (vf) { _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
                  _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8))) };
}

/* ---- Int32 */

QL_SIMD vi vi_load(const int32_t *p)
{
    return (vi) { _mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 8)) };
}

QL_SIMD void vi_store(int32_t *p, vi v)
{
    _mm256_storeu_si256((__m256i *)p, v.a);
    _mm256_storeu_si256((__m256i *)(p + 8), v.b);
}

QL_SIMD vi vi_load_u8(const uint8_t *p)
{
    return (vi) { _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)),
                  _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(p + 8))) };
}

QL_SIMD vi vi_from_bytes(uint64_t first, uint64_t second)
{
    return (vi) { _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)first)),
                  _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)second)) };
}

QL_SIMD vi vi_load_nibbles(const uint8_t p[8])
{
    int32_t words[2];
    memcpy(words, p, 8);
    const __m256i down = _mm256_setr_epi32(4, 0, 12, 8, 20, 16, 28, 24);
    return (vi) { _mm256_srlv_epi32(_mm256_set1_epi32(words[0]), down),
                  _mm256_srlv_epi32(_mm256_set1_epi32(words[1]), down) };
}

QL_SIMD vi vi_load_i8(const int8_t *p)
{
    return (vi) { _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)),
                  _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(p + 8))) };
}

QL_SIMD vi vi_load_u16(const uint16_t *p)
{
    return (vi) { _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)),
                  _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(p + 8))) };
}

QL_SIMD vi vi_set(int32_t v)
{
    return (vi) { _mm256_set1_epi32(v), _mm256_set1_epi32(v) };
}

QL_SIMD vi vi_set_cell(const uint8_t p[4])
{
    int32_t bytes;
    memcpy(&bytes, p, 4);
    return vi_set(bytes);
}

enum { QL_LEVEL_VECTORS = 1 };

QL_SIMD void vi_load_levels(const uint8_t *p, const uint8_t levels[16], vi out[QL_LEVEL_VECTORS])
{
    const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)levels));
    const __m256i bytes = _mm256_loadu_si256((const __m256i *)p), low = _mm256_set1_epi8(15);
    out[0] = (vi) { _mm256_shuffle_epi8(table, _mm256_and_si256(bytes, low)),
                    _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low)) };
}

/* Half a vector of it. */
QL_SIMD __m256i add_cell_products(__m256i sum, __m256i u, __m256i s)
{
    const __m256i u_even = _mm256_and_si256(u, _mm256_set1_epi16(255)), u_odd = _mm256_srli_epi16(u, 8);
    const __m256i s_even = _mm256_srai_epi16(_mm256_slli_epi16(s, 8), 8), s_odd = _mm256_srai_epi16(s, 8);
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(u_even, s_even));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(u_odd, s_odd));
}

QL_SIMD vi vi_add_cell_products(vi sum, vi u, vi s)
{
    return (vi) { add_cell_products(sum.a, u.a, s.a), add_cell_products(sum.b, u.b, s.b) };
}

QL_REGISTERS(vi, vi_add, vi, _mm256_add_epi32)
QL_REGISTERS(vi, vi_sub, vi, _mm256_sub_epi32)
QL_REGISTERS(vi, vi_and, vi, _mm256_and_si256)
QL_REGISTERS(vi, vi_or, vi, _mm256_or_si256)
QL_REGISTERS(vi, vi_xor, vi, _mm256_xor_si256)

QL_SIMD vi vi_add_where(vm m, vi x, vi y)
{
    return (vi) { _mm256_add_epi32(x.a, _mm256_and_si256(m.a, y.a)), _mm256_add_epi32(x.b, _mm256_and_si256(m.b, y.b)) };
}

QL_SIMD vi vi_shl(vi v, int count)
{
    return (vi) { _mm256_slli_epi32(v.a, count), _mm256_slli_epi32(v.b, count) };
}

QL_SIMD vi vi_shr(vi v, int count)
{
    return (vi) { _mm256_srli_epi32(v.a, count), _mm256_srli_epi32(v.b, count) };
}

QL_SIMD vi vi_sar(vi v, int count)
{
    return (vi) { _mm256_srai_epi32(v.a, count), _mm256_srai_epi32(v.b, count) };
}

QL_REGISTERS(vi, vi_min, vi, _mm256_min_epi32)
QL_REGISTERS(vi, vi_max, vi, _mm256_max_epi32)
QL_REGISTERS(vi, vi_max_u, vi, _mm256_max_epu32)

QL_SIMD uint32_t vi_greatest_u(vi v)
{
    const __m256i m = _mm256_max_epu32(v.a, v.b);
    __m128i greatest = _mm_max_epu32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
    greatest = _mm_max_epu32(greatest, _mm_shuffle_epi32(greatest, 0x4E));
    greatest = _mm_max_epu32(greatest, _mm_shuffle_epi32(greatest, 0xB1));
    return (uint32_t)_mm_cvtsi128_si32(greatest);
}

QL_REGISTERS(vm, vi_gt, vi, _mm256_cmpgt_epi32)
QL_REGISTERS(vm, vi_eq, vi, _mm256_cmpeq_epi32)

QL_SIMD vm vi_le_u(vi x, vi y)
{
    return vi_eq(vi_max_u(x, y), y);
}

QL_SIMD vi vi_select(vm m, vi yes, vi no)
{
    return (vi) { _mm256_blendv_epi8(no.a, yes.a, m.a), _mm256_blendv_epi8(no.b, yes.b, m.b) };
}

QL_SIMD vi vi_lookup16(const int32_t table[16], vi index)
{
    return vf_bits(vf_lookup16((const float *)table, index));
}

QL_SIMD vi vi_lookup32(const int32_t table[32], vi index)
{
    return vf_bits(vf_lookup32((const float *)table, index));
}

/* Packing saturates: the high bits are taken away before. It puts the lanes of a and b alternately, four at a time. */
QL_SIMD void vi_store_u16(uint16_t *p, vi v)
{
    const __m256i low = _mm256_set1_epi32(0xFFFF);
    _mm256_storeu_si256(
        (__m256i *)p,
        _mm256_permute4x64_epi64(_mm256_packus_epi32(_mm256_and_si256(v.a, low), _mm256_and_si256(v.b, low)), 0xD8));
}

QL_SIMD void vi_store_i16(int16_t *p, vi v)
{
    vi_store_u16((uint16_t *)p, v);
}

QL_SIMD void vi_store_i16_two(int16_t *p, vi x, vi y)
{
    _mm256_storeu_si256((__m256i *)p, _mm256_permute4x64_epi64(_mm256_packs_epi32(x.a, x.b), 0xD8));
    _mm256_storeu_si256((__m256i *)(p + 16), _mm256_permute4x64_epi64(_mm256_packs_epi32(y.a, y.b), 0xD8));
}

QL_SIMD void vi_store_u32(uint32_t *p, vi v)
{
    vi_store((int32_t *)p, v);
}

/* All ones where the bit is one: it is moved to the sign first. */
QL_SIMD __m256i epi32_bit_of(__m256i word, __m256i index)
{
    return _mm256_srai_epi32(_mm256_sllv_epi32(word, _mm256_andnot_si256(index, _mm256_set1_epi32(31))), 31);
}

QL_SIMD vm vi_has_bit(const uint32_t bits[32], vi index)
{
    const vi words = vi_lookup32((const int32_t *)bits, vi_shr(index, 5));
    return (vm) { epi32_bit_of(words.a, index.a), epi32_bit_of(words.b, index.b) };
}

/* ---- Float64 */

#define QL_REGISTERS_OF_4(NAME, OP)                                                                                         \
    QL_SIMD vd NAME(vd x, vd y)                                                                                             \
    {                                                                                                                       \
        return (vd) { OP(x.a, y.a), OP(x.b, y.b), OP(x.c, y.c), OP(x.d, y.d) };                                             \
    }

QL_SIMD vd vd_set(double v)
{
    const __m256d all = _mm256_set1_pd(v);
    return (vd) { all, all, all, all };
}

QL_SIMD vd vd_zero(void)
{
    return vd_set(0);
}

QL_SIMD vd vd_load(const double *p)
{
    return (vd) { _mm256_loadu_pd(p), _mm256_loadu_pd(p + 4), _mm256_loadu_pd(p + 8), _mm256_loadu_pd(p + 12) };
}

QL_SIMD void vd_store(double *p, vd v)
{
    _mm256_storeu_pd(p, v.a);
    _mm256_storeu_pd(p + 4, v.b);
    _mm256_storeu_pd(p + 8, v.c);
    _mm256_storeu_pd(p + 12, v.d);
}

QL_SIMD vd vd_load_f(const float *p)
{
    return (vd) { _mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p + 4)),
                  _mm256_cvtps_pd(_mm_loadu_ps(p + 8)), _mm256_cvtps_pd(_mm_loadu_ps(p + 12)) };
}

QL_SIMD vd vf_to_double(vf v)
{
    return (vd) { _mm256_cvtps_pd(_mm256_castps256_ps128(v.a)), _mm256_cvtps_pd(_mm256_extractf128_ps(v.a, 1)),
                  _mm256_cvtps_pd(_mm256_castps256_ps128(v.b)), _mm256_cvtps_pd(_mm256_extractf128_ps(v.b, 1)) };
}

QL_SIMD vd vd_from_int(vi v)
{
    return (vd) { _mm256_cvtepi32_pd(_mm256_castsi256_si128(v.a)), _mm256_cvtepi32_pd(_mm256_extracti128_si256(v.a, 1)),
                  _mm256_cvtepi32_pd(_mm256_castsi256_si128(v.b)), _mm256_cvtepi32_pd(_mm256_extracti128_si256(v.b, 1)) };
}

QL_SIMD vf vd_to_float(vd v)
{
    return (vf) { _mm256_set_m128(_mm256_cvtpd_ps(v.b), _mm256_cvtpd_ps(v.a)),
                  _mm256_set_m128(_mm256_cvtpd_ps(v.d), _mm256_cvtpd_ps(v.c)) };
}

QL_SIMD vi vd_to_int(vd v)
{
    return (vi) { _mm256_set_m128i(_mm256_cvttpd_epi32(v.b), _mm256_cvttpd_epi32(v.a)),
                  _mm256_set_m128i(_mm256_cvttpd_epi32(v.d), _mm256_cvttpd_epi32(v.c)) };
}

QL_REGISTERS_OF_4(vd_add, _mm256_add_pd)
QL_REGISTERS_OF_4(vd_sub, _mm256_sub_pd)
QL_REGISTERS_OF_4(vd_mul, _mm256_mul_pd)
QL_REGISTERS_OF_4(vd_div, _mm256_div_pd)

QL_SIMD vd vd_add_exact_product(vd sum, vd x, vd y)
{
    return (vd) { _mm256_fmadd_pd(x.a, y.a, sum.a), _mm256_fmadd_pd(x.b, y.b, sum.b), _mm256_fmadd_pd(x.c, y.c, sum.c),
                  _mm256_fmadd_pd(x.d, y.d, sum.d) };
}

QL_REGISTERS_OF_4(vd_min, _mm256_min_pd)
QL_REGISTERS_OF_4(vd_max, _mm256_max_pd)

QL_SIMD vd vd_abs(vd x)
{
    const __m256d sign = _mm256_set1_pd(-0.0);
    return (vd) { _mm256_andnot_pd(sign, x.a), _mm256_andnot_pd(sign, x.b), _mm256_andnot_pd(sign, x.c),
                  _mm256_andnot_pd(sign, x.d) };
}

QL_SIMD vd vd_max_abs(vd x, vd y)
{
    return vd_max(vd_abs(x), vd_abs(y));
}

QL_SIMD double vd_greatest(vd x)
{
    const __m256d m = _mm256_max_pd(_mm256_max_pd(x.a, x.b), _mm256_max_pd(x.c, x.d));
    const __m128d greatest = _mm_max_pd(_mm256_castpd256_pd128(m), _mm256_extractf128_pd(m, 1));
    return _mm_cvtsd_f64(_mm_max_sd(greatest, _mm_unpackhi_pd(greatest, greatest)));
}

QL_SIMD vm vd_gt(vd x, vd y)
{
    return (vm) { vm_narrow(_mm256_cmp_pd(x.a, y.a, _CMP_GT_OQ), _mm256_cmp_pd(x.b, y.b, _CMP_GT_OQ)),
                  vm_narrow(_mm256_cmp_pd(x.c, y.c, _CMP_GT_OQ), _mm256_cmp_pd(x.d, y.d, _CMP_GT_OQ)) };
}

QL_SIMD vm vd_ge(vd x, vd y)
{
    return (vm) { vm_narrow(_mm256_cmp_pd(x.a, y.a, _CMP_GE_OQ), _mm256_cmp_pd(x.b, y.b, _CMP_GE_OQ)),
                  vm_narrow(_mm256_cmp_pd(x.c, y.c, _CMP_GE_OQ), _mm256_cmp_pd(x.d, y.d, _CMP_GE_OQ)) };
}

#endif
