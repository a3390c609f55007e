/* Kernels that turn stored numbers into float32: a part of kernels.h. */
#ifndef QL_KERNELS_DECODE_H
#define QL_KERNELS_DECODE_H

#include "kernels/ggml_blocks.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ql_decode_kernels {
    /* Half precision and bfloat16, native byte order, any alignment. Exact; NaN stays NaN, quiet. */
    void (*half)(const uint8_t *in, size_t n, float *out);
    void (*bfloat)(const uint8_t *in, size_t n, float *out);

    /* By ql_block: `count` blocks of a type of ggml, one after the other, any bytes at any alignment, to out[count *
       elements]. Float32, products rounded before something is added. A parameter d or m that is infinite or NaN gives such
       values; all NaN have the bits 0x7FC00000. */
    void (*blocks[QL_BLOCK_COUNT])(const uint8_t *blocks, size_t count, float *out);

    /* 4-bit codes as bitsandbytes packs them, the first of two in the high nibble of a byte, scale[i] for elements i * block
       on, block >= 1: out[i] = level[code i] * scale[i / block], i < n. Levels and scales are finite. */
    void (*nf4)(const float level[16], const uint8_t *codes, size_t n, size_t block, const float *scale, float *out);
} ql_decode_kernels;

#endif
