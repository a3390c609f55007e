/* The kernels of decode.h in vectors: decode_body.h and blocks_body.h say what each means. */
#ifndef QL_KERNELS_VECTOR_DECODE_H
#define QL_KERNELS_VECTOR_DECODE_H

#include "kernels/narrow.h"
#include "kernels/simd.h"
#include "kernels/vector_blocks.h"

#include <stdbool.h>

/* So many numbers go around the cache, which saves reading the lines that they fill; fewer are kept in it for the caller. */
enum { STREAMED = 1 << 22 };

#define OWN_half
static void half(const uint8_t *in, size_t n, float *out)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        vf_store(out + i, vf_load_half((const uint16_t *)(const void *)(in + 2 * i)));
    }
    for (; i < n; i++) {
        out[i] = ql_half_value(ql_load_u16(in + 2 * i));
    }
}

#define OWN_bfloat
static void bfloat(const uint8_t *in, size_t n, float *out)
{
    const vi magnitude = vi_set(0x7FFFFFFF), infinity = vi_set(0x7F800000), quiet = vi_set(1 << 22);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const vi bits = vi_shl(vi_load_u16((const uint16_t *)(const void *)(in + 2 * i)), 16);
        const vm is_nan = vi_gt(vi_and(bits, magnitude), infinity);
        vf_store(out + i, vf_from_bits(vi_select(is_nan, vi_or(bits, quiet), bits)));
    }
    for (; i < n; i++) {
        out[i] = ql_bfloat_value(ql_load_u16(in + 2 * i));
    }
}

/* Elements begin..end - 1 to out[end - begin], begin is even. */
static inline void nf4_run(const float level[16], const uint8_t *codes, size_t begin, size_t end, size_t block,
                           const float *scale, float *out)
{
    scale += begin / block;
    for (size_t run = block - begin % block; begin < end; run = block, scale++) {
        const size_t stop = end - begin < run ? end : begin + run;
        for (; begin % 2 == 0 && begin + 16 <= stop; begin += 16, out += 16) {
            vf_store(out, vf_mul(vf_lookup16(level, vi_load_nibbles(codes + begin / 2)), vf_set(*scale)));
        }
        for (; begin < stop; begin++) {
            *out++ = level[ql_nf4_code(codes, begin)] * *scale;
        }
    }
}

/* x[n], n >= 16, to out[n] around the cache, but for the lines at both ends that are not filled. */
static inline void stream_out(const float *x, size_t n, float *out)
{
    size_t i = (0 - (uintptr_t)out / sizeof *out) % 16;
    vf_store_head(out, vf_load(x), i);
    for (; i + 16 <= n; i += 16) {
        vf_stream(out + i, vf_load(x + i));
    }
    vf_store_head(out + i, vf_load_head(x + i, n - i), n - i);
}

#define OWN_nf4
static void nf4(const float level[16], const uint8_t *codes, size_t n, size_t block, const float *scale, float *out)
{
    if (n < STREAMED) {
        nf4_run(level, codes, 0, n, block, scale, out);
        return;
    }
    _Alignas(64) float tile[1024];
    const size_t size = sizeof tile / sizeof *tile;
    size_t begin = 0;
    for (; begin + size <= n; begin += size) {
        nf4_run(level, codes, begin, begin + size, block, scale, tile);
        stream_out(tile, size, out + begin);
    }
    vf_stream_end();
    nf4_run(level, codes, begin, n, block, scale, out + begin);
}

#endif
