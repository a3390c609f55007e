/*
 * 8-bit activations: codes of values that are known only at run time.
 *
 *   static        the range is observed on calibration batches, then frozen; what lies outside later is clipped
 *   dynamic       the range is that of the values themselves, per tensor (affine) or per token, which is a row (symmetric)
 *
 * x is in the unit of the activations, row-major. Values must be finite and at least one: else QL_UNUSABLE, and nothing
 * has changed. Nothing here keeps memory. Jacob et al. 2018, sections 2.1 and 3.
 */
#ifndef QL_MATMUL_ACTIVATIONS_H
#define QL_MATMUL_ACTIVATIONS_H

#include "qloupe.h"

/* q = clamp(rne(x / step) + zero, -128, 127), x ~ (q - zero) step; zero is a code. */
typedef struct ql_affine {
    float step;
    int32_t zero;
} ql_affine;

/* Of the batches seen so far. Start with { 0 }. */
typedef struct ql_observed {
    float lo, hi;
    uint64_t batch_count;
} ql_observed;

/* Static, min-max: widens the range to hold x[n]. */
ql_status ql_observe_minmax(ql_observed *range, const float *x, size_t n, ql_error *error);

/* Static, moving average: the first batch sets the range, each later one moves its ends by `rate` (0..1, usually 0.01) of
   the way to the batch's own, in float32. */
ql_status ql_observe_average(ql_observed *range, float rate, const float *x, size_t n, ql_error *error);

/* The codes for a range, widened to hold 0; batch_count > 0. */
ql_affine ql_affine_of(const ql_observed *range);

/* Dynamic per tensor: the codes for the range of x[n]. */
ql_status ql_affine_dynamic(const float *x, size_t n, ql_affine *out, ql_error *error);

/* Codes of finite x[n] to q[n]; returns how many were clipped. */
uint64_t ql_affine_encode(ql_affine codes, const float *x, size_t n, int8_t *q);

/* The symmetric codes of finite x[n], q = rne(x / step), -127 to 127; the step for a largest magnitude, which is that / 127. */
float ql_symmetric_step(float largest);
void ql_symmetric_encode(float step, const float *x, size_t n, int8_t *q);

/* The largest magnitude of x[n], n > 0. */
float ql_largest_magnitude(const float *x, size_t n);

/* Symmetric per row: x[rows][cols], step[rows] = max|row| / 127 (1 for a row of zeros), q = rne(x / step), -127 to 127. A
   token of dynamic activations, an output channel of weights. */
ql_status ql_rows_encode(const float *x, size_t rows, size_t cols, float *step, int8_t *q, ql_error *error);

/* Symmetric per column: the same with step[cols]. */
ql_status ql_cols_encode(const float *x, size_t rows, size_t cols, float *step, int8_t *q, ql_error *error);

#endif
