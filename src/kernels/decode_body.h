/* The definition of the kernels of decode.h, in plain C: see body.h. */
#include "kernels/blocks_body.h"
#include "kernels/decode.h"
#include "kernels/narrow.h"

#ifndef OWN_half
static void half(const uint8_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = ql_half_value(ql_load_u16(in + 2 * i));
    }
}
#endif

#ifndef OWN_bfloat
static void bfloat(const uint8_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = ql_bfloat_value(ql_load_u16(in + 2 * i));
    }
}
#endif

#ifndef OWN_nf4
static void nf4(const float level[16], const uint8_t *codes, size_t n, size_t block, const float *scale, float *out)
{
    for (size_t i = 0; i < n; scale++) {
        for (const size_t end = n - i < block ? n : i + block; i < end; i++) {
            out[i] = level[ql_nf4_code(codes, i)] * *scale;
        }
    }
}
#endif

#define DECODE_MEMBERS                                                                                                      \
    {                                                                                                                       \
        .half = half, .bfloat = bfloat, .blocks = BLOCK_MEMBERS, .nf4 = nf4,                                                \
    }
