/* 8-bit activations: see activations.h. The codes come from the kernels, a few hundred elements at a time. */
#include "matmul/activations.h"

#include <math.h>

#include "base/error.h"
#include "kernels/kernels.h"
#include "kernels/step.h"

enum { TILE = 256, LINE = 16 /* numbers in a line of the cache */ };

static const ql_uniform affine_codes = { -128, 127 }, symmetric_codes = { -127, 127 };

static ql_status check(const float *x, size_t n, ql_error *error)
{
    if (n == 0) {
        return ql_fail(error, QL_UNUSABLE, "no activations: a range needs at least one value");
    }
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return ql_fail(error, QL_UNUSABLE, "value %zu is %g: only finite values have codes", i, (double)x[i]);
        }
    }
    return QL_OK;
}

ql_status ql_observe_minmax(ql_observed *range, const float *x, size_t n, ql_error *error)
{
    const ql_status status = check(x, n, error);
    if (status == QL_OK) {
        range->lo = range->batch_count ? range->lo : INFINITY;
        range->hi = range->batch_count ? range->hi : -INFINITY;
        ql_kernels_active()->range(x, n, &range->lo, &range->hi);
        range->batch_count++;
    }
    return status;
}

ql_status ql_observe_average(ql_observed *range, float rate, const float *x, size_t n, ql_error *error)
{
    ql_observed batch = { 0 };
    const ql_status status = ql_observe_minmax(&batch, x, n, error);
    if (status == QL_OK) {
        range->lo = range->batch_count ? range->lo + rate * (batch.lo - range->lo) : batch.lo;
        range->hi = range->batch_count ? range->hi + rate * (batch.hi - range->hi) : batch.hi;
        range->batch_count++;
    }
    return status;
}

ql_affine ql_affine_of(const ql_observed *range)
{
    ql_affine codes;
    ql_step_affine(range->lo, range->hi, affine_codes.code_lo, affine_codes.code_hi, true, &codes.step, &codes.zero);
    return codes;
}

ql_status ql_affine_dynamic(const float *x, size_t n, ql_affine *out, ql_error *error)
{
    ql_observed range = { 0 };
    const ql_status status = ql_observe_minmax(&range, x, n, error);
    if (status == QL_OK) {
        *out = ql_affine_of(&range);
    }
    return status;
}

static void narrow(const int16_t *codes, size_t n, int8_t *q)
{
    for (size_t i = 0; i < n; i++) {
        q[i] = (int8_t)codes[i];
    }
}

/* Meanwhile the next n numbers, of a matrix the next row, come into the cache; they need not exist: nothing is read. */
static uint64_t encode(ql_uniform codes, ql_affine a, const float *x, size_t n, int8_t *q)
{
    uint64_t clipped = 0;
    for (size_t done = 0; done < n; done += TILE) {
        int16_t wide[TILE];
        float y[TILE];
        const size_t length = n - done < TILE ? n - done : TILE;
        for (size_t i = 0; i < TILE; i += LINE) {
            __builtin_prefetch(x + n + done + i);
        }
        clipped += ql_kernels_active()->uniform_run(codes, a.step, a.zero, x + done, length, wide, y);
        narrow(wide, length, q + done);
    }
    return clipped;
}

uint64_t ql_affine_encode(ql_affine codes, const float *x, size_t n, int8_t *q)
{
    return encode(affine_codes, codes, x, n, q);
}

float ql_symmetric_step(float largest)
{
    return ql_step(largest, symmetric_codes.code_hi);
}

void ql_symmetric_encode(float step, const float *x, size_t n, int8_t *q)
{
    encode(symmetric_codes, (ql_affine) { step, 0 }, x, n, q);
}

float ql_largest_magnitude(const float *x, size_t n)
{
    float lo = INFINITY, hi = -INFINITY;
    ql_kernels_active()->range(x, n, &lo, &hi);
    return fmaxf(fabsf(lo), fabsf(hi));
}

ql_status ql_rows_encode(const float *x, size_t rows, size_t cols, float *step, int8_t *q, ql_error *error)
{
    const ql_status status = check(x, rows * cols, error);
    for (size_t row = 0; status == QL_OK && row < rows; row++) {
        step[row] = ql_symmetric_step(ql_largest_magnitude(x + row * cols, cols));
        ql_symmetric_encode(step[row], x + row * cols, cols, q + row * cols);
    }
    return status;
}

ql_status ql_cols_encode(const float *x, size_t rows, size_t cols, float *step, int8_t *q, ql_error *error)
{
    static const int32_t zeros[TILE];
    const ql_status status = check(x, rows * cols, error);
    if (status != QL_OK) {
        return status;
    }
    for (size_t col = 0; col < cols; col++) {
        step[col] = 0;
    }
    for (size_t row = 0; row < rows; row++) {
        for (size_t col = 0; col < cols; col++) {
            step[col] = fmaxf(step[col], fabsf(x[row * cols + col]));
        }
    }
    for (size_t col = 0; col < cols; col++) {
        step[col] = ql_symmetric_step(step[col]);
    }
    for (size_t row = 0; row < rows; row++) {
        for (size_t col = 0; col < cols; col += TILE) {
            int16_t wide[TILE];
            float y[TILE];
            const size_t at = row * cols + col, length = cols - col < TILE ? cols - col : TILE;
            ql_kernels_active()->uniform_each(symmetric_codes, step + col, zeros, x + at, length, wide, y);
            narrow(wide, length, q + at);
        }
    }
    return QL_OK;
}
