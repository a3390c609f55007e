/* Scaling by the block's largest magnitude in float32 arithmetic, as the CUDA kernels of bitsandbytes do it: v = clamp(x
   inv, -1, 1), each operation rounded to float32. */
#ifndef QL_QUANT_BLOCKSCALE_H
#define QL_QUANT_BLOCKSCALE_H

#include "kernels/encode.h"

static inline float ql_block_inverse(float largest)
{
    return 1.0f / (largest > QL_BLOCK_LEAST ? largest : QL_BLOCK_LEAST);
}

static inline float ql_block_scaled(float x, float inverse)
{
    const float v = x * inverse;
    return v < -1 ? -1 : v > 1 ? 1 : v;
}

#endif
