/*
 * LLM.int8(): a matrix product in 8-bit integers, but for the few features that hold outliers (Dettmers et al. 2022,
 * section 3).
 *
 *   Y[m][n] = X[m][k] W[k][n]
 *
 * Feature j is an outlier when any |X[i][j]| >= threshold. The split comes first: outlier columns of X with the same rows
 * of W are multiplied in half precision (accumulated in float64); the rest is coded symmetrically, X per row and W per
 * column, and accumulated in int32.
 */
#ifndef QL_MATMUL_LLMINT8_H
#define QL_MATMUL_LLMINT8_H

#include "qloupe.h"

/* So many products of two codes fit an int32 for certain: (2^31 - 1) / 127^2. */
enum { QL_LLM_INT8_MAX_FEATURES = 133144 };

/* All arrays are owned; r = k - outlier_count, the regular features in ascending order. */
typedef struct ql_llm_int8 {
    size_t m, k, n;
    size_t outlier_count;
    int32_t *outliers; /* [outlier_count] features, ascending */
    int8_t *x_codes;   /* [m][r] */
    float *x_steps;    /* [m], 1 when r = 0 */
    int8_t *w_codes;   /* [r][n] */
    float *w_steps;    /* [n], 1 when r = 0 */
    int32_t *sums;     /* [m][n] of the products of codes */
    float *y;          /* [m][n] = sums x_steps w_steps + outlier part, rounded once from float64 */
} ql_llm_int8;

/* x[m][k], w[k][n], row-major. QL_UNUSABLE when a size is 0, a value is not finite, more than QL_LLM_INT8_MAX_FEATURES
   features are regular, or a value of an outlier feature does not fit half precision; QL_BAD_USAGE unless threshold > 0.
   Free with ql_llm_int8_free. */
ql_status ql_llm_int8_make(const float *x, const float *w, size_t m, size_t k, size_t n, float threshold, ql_llm_int8 **out,
                           ql_error *error);
void ql_llm_int8_free(ql_llm_int8 **product);

#endif
