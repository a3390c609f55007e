/* Kernels that turn stored numbers into float32: a part of kernels.h. */
#ifndef QL_KERNELS_DECODE_H
#define QL_KERNELS_DECODE_H

#include <stddef.h>
#include <stdint.h>

typedef struct ql_decode_kernels {
    /* Half precision and bfloat16, native byte order, any alignment. Exact; NaN stays NaN, quiet. */
    void (*half)(const uint8_t *in, size_t n, float *out);
    void (*bfloat)(const uint8_t *in, size_t n, float *out);
} ql_decode_kernels;

#endif
