/*
 * A linear layer in integers only: no floating-point operation from input codes to output codes (Jacob et al. 2018,
 * section 2).
 *
 *   y = x W^T + b      sum[i][j] = sum over l of (xq[i][l] - zx) wq[j][l] + bq[j]      yq = clamp(sum M[j] + zy, -128, 127)
 *
 * x[m][k] and y[m][n] have affine codes (activations.h), W[n][k] symmetric ones per row, b the step dx dw[j]; M[j] = dx
 * dw[j] / dy is an integer multiplier (ql_multiplier).
 */
#ifndef QL_MATMUL_INTLINEAR_H
#define QL_MATMUL_INTLINEAR_H

#include "matmul/activations.h"
#include "qloupe.h"

/* All arrays are owned. Read by any number of threads once made. */
typedef struct ql_int_linear {
    size_t k, n;
    ql_affine x, y;
    int8_t *weights;            /* [n][k] codes */
    float *weight_steps;        /* [n] */
    int32_t *bias;              /* [n] rne(b / (dx dw)) */
    double *scale;              /* [n] M, from the stored float32 steps */
    ql_multiplier *multipliers; /* [n] M as integers */
} ql_int_linear;

/* weights[n][k] and bias[n] in real units. QL_UNUSABLE when n or k is 0, a value is not finite, or a sum could leave 32
   bits whatever codes come in: the message names the output. Free with ql_int_linear_free. */
ql_status ql_int_linear_make(const float *weights, const float *bias, size_t n, size_t k, ql_affine x, ql_affine y,
                             ql_int_linear **out, ql_error *error);
void ql_int_linear_free(ql_int_linear **layer);

/* x[m][k] to y[m][n], both codes, and the sums before requantization to sums[m][n]. Cannot fail. */
void ql_int_linear_run(const ql_int_linear *layer, const int8_t *x, size_t m, int32_t *sums, int8_t *y);

#endif
