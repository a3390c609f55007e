/* Scaling by the block's largest magnitude in float32 arithmetic, as the CUDA kernels of bitsandbytes do it: v = clamp(x
   inv, -1, 1), each operation rounded to float32. */
#ifndef QL_QUANT_BLOCKSCALE_H
#define QL_QUANT_BLOCKSCALE_H

/* A smaller maximum is inverted as this. */
#define QL_BLOCK_LEAST 1e-38f

static inline float ql_block_inverse(float largest)
{
    return 1.0f / (largest > QL_BLOCK_LEAST ? largest : QL_BLOCK_LEAST);
}

static inline float ql_block_scaled(float x, float inverse)
{
    const float v = x * inverse;
    return v < -1 ? -1 : v > 1 ? 1 : v;
}

/* How many of the ascending thresholds[count] are below v: a value equal to one takes the lower code. */
static inline int ql_count_below(const float *thresholds, int count, float v)
{
    int code = 0;
    for (int i = 0; i < count; i++) {
        code += v > thresholds[i];
    }
    return code;
}

#endif
