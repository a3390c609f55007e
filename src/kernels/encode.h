/* Kernels that encode and decode values of the 4-bit formats and ggml's block formats: a part of kernels.h. */
#ifndef QL_KERNELS_ENCODE_H
#define QL_KERNELS_ENCODE_H

#include <stddef.h>
#include <stdint.h>

/* A codebook of `count` <= 16 ascending levels and the count - 1 thresholds between them: v takes as many steps up as there are
   thresholds below it (one equal to v is not). The rest of both arrays is infinity. */
typedef struct ql_levels16 {
    float level[16], threshold[16];
    unsigned count;
} ql_levels16;

typedef struct ql_encode_kernels {
    /* v = clamp(x * inverse, -1, 1) in float32, q = the number of thresholds below v, y = level[q] * scale in float32. */
    void (*levels_run)(const ql_levels16 *levels, float inverse, float scale, const float *x, size_t n, int16_t *q, float *y);
} ql_encode_kernels;

#endif
