/* LLM.int8(), scalar: see llmint8.h. */
#include "matmul/llmint8.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sizes.h"
#include "matmul/activations.h"
#include "tensor/convert.h"

static_assert((int64_t)QL_LLM_INT8_MAX_FEATURES * 127 * 127 <= INT32_MAX, "sums of that many products fit");

/* The operands taken apart. All arrays are owned. */
typedef struct parts {
    size_t regular_count, outlier_count;
    bool *is_outlier;             /* [k] */
    float *x_regular, *w_regular; /* [m][regular_count], [regular_count][n] */
    float *x_outlier, *w_outlier; /* [m][outlier_count], [outlier_count][n], rounded to half precision */
} parts;

/* Room for a x b elements; at least one byte, so that NULL means that memory is short. */
static void *new_array(size_t a, size_t b, size_t element_size)
{
    uint64_t count, size;
    if (!ql_size_mul(a, b, &count) || !ql_size_mul(count, element_size, &size) || size > SIZE_MAX - 1) {
        return NULL;
    }
    return malloc((size_t)size + 1);
}

static void find_outliers(const float *x, size_t m, size_t k, float threshold, parts *p)
{
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < k; j++) {
            p->is_outlier[j] |= fabsf(x[i * k + j]) >= threshold;
        }
    }
    for (size_t j = 0; j < k; j++) {
        p->outlier_count += p->is_outlier[j];
    }
    p->regular_count = k - p->outlier_count;
}

static ql_status round_to_half(float *values, size_t count, ql_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const float rounded = ql_half_to_float(ql_float_to_half(values[i]));
        if (!isfinite(rounded)) {
            return ql_fail(error, QL_UNUSABLE, "%g in an outlier feature does not fit half precision; raise the threshold",
                           (double)values[i]);
        }
        values[i] = rounded;
    }
    return QL_OK;
}

static ql_status split(const float *x, const float *w, size_t m, size_t k, size_t n, parts *p, ql_error *error)
{
    p->x_regular = new_array(m, p->regular_count, sizeof(float));
    p->w_regular = new_array(p->regular_count, n, sizeof(float));
    p->x_outlier = new_array(m, p->outlier_count, sizeof(float));
    p->w_outlier = new_array(p->outlier_count, n, sizeof(float));
    if (!p->x_regular || !p->w_regular || !p->x_outlier || !p->w_outlier) {
        return ql_fail_memory(error, (m + n) * k * sizeof(float));
    }
    size_t regular = 0, outlier = 0;
    for (size_t j = 0; j < k; j++) {
        const size_t place = p->is_outlier[j] ? outlier++ : regular++,
                     width = p->is_outlier[j] ? p->outlier_count : p->regular_count;
        float *to_x = p->is_outlier[j] ? p->x_outlier : p->x_regular, *to_w = p->is_outlier[j] ? p->w_outlier : p->w_regular;
        for (size_t i = 0; i < m; i++) {
            to_x[i * width + place] = x[i * k + j];
        }
        memcpy(to_w + place * n, w + j * n, n * sizeof(float));
    }
    const ql_status status = round_to_half(p->x_outlier, m * p->outlier_count, error);
    return status == QL_OK ? round_to_half(p->w_outlier, p->outlier_count * n, error) : status;
}

static void parts_free(parts *p)
{
    free(p->is_outlier);
    free(p->x_regular);
    free(p->w_regular);
    free(p->x_outlier);
    free(p->w_outlier);
}

static ql_status allocate(size_t m, size_t n, const parts *p, ql_llm_int8 *y, ql_error *error)
{
    y->outliers = new_array(1, p->outlier_count, sizeof *y->outliers);
    y->x_codes = new_array(m, p->regular_count, 1);
    y->x_steps = new_array(1, m, sizeof *y->x_steps);
    y->w_codes = new_array(p->regular_count, n, 1);
    y->w_steps = new_array(1, n, sizeof *y->w_steps);
    y->sums = new_array(m, n, sizeof *y->sums);
    y->y = new_array(m, n, sizeof *y->y);
    if (!y->outliers || !y->x_codes || !y->x_steps || !y->w_codes || !y->w_steps || !y->sums || !y->y) {
        return ql_fail_memory(error, m * n * (sizeof *y->sums + sizeof *y->y));
    }
    return QL_OK;
}

/* Codes of the regular part; without any, the steps are 1. */
static ql_status encode(const parts *p, ql_llm_int8 *y, ql_error *error)
{
    for (size_t i = 0; i < y->m; i++) {
        y->x_steps[i] = 1;
    }
    for (size_t j = 0; j < y->n; j++) {
        y->w_steps[j] = 1;
    }
    if (p->regular_count == 0) {
        return QL_OK;
    }
    const ql_status status = ql_rows_encode(p->x_regular, y->m, p->regular_count, y->x_steps, y->x_codes, error);
    return status == QL_OK ? ql_cols_encode(p->w_regular, p->regular_count, y->n, y->w_steps, y->w_codes, error) : status;
}

/* Rows of W are walked along, so that memory is read in order. */
static void multiply(const parts *p, ql_llm_int8 *y, double *row)
{
    const size_t n = y->n, r = p->regular_count;
    for (size_t i = 0; i < y->m; i++) {
        int32_t *sums = y->sums + i * n;
        memset(sums, 0, n * sizeof *sums);
        for (size_t l = 0; l < r; l++) {
            const int32_t code = y->x_codes[i * r + l];
            for (size_t j = 0; j < n; j++) {
                sums[j] += code * y->w_codes[l * n + j];
            }
        }
        for (size_t j = 0; j < n; j++) {
            row[j] = 0;
        }
        for (size_t l = 0; l < p->outlier_count; l++) {
            const double value = p->x_outlier[i * p->outlier_count + l];
            for (size_t j = 0; j < n; j++) {
                row[j] += value * (double)p->w_outlier[l * n + j];
            }
        }
        for (size_t j = 0; j < n; j++) {
            y->y[i * n + j] = (float)(row[j] + sums[j] * ((double)y->x_steps[i] * (double)y->w_steps[j]));
        }
    }
}

static ql_status check_finite(const char *what, const float *values, size_t rows, size_t cols, ql_error *error)
{
    for (size_t i = 0; i < rows * cols; i++) {
        if (!isfinite(values[i])) {
            return ql_fail(error, QL_UNUSABLE, "%s[%zu][%zu] is %g: only finite values can be multiplied in 8 bits", what,
                           i / cols, i % cols, (double)values[i]);
        }
    }
    return QL_OK;
}

static ql_status check(const float *x, const float *w, size_t m, size_t k, size_t n, float threshold, ql_error *error)
{
    if (m == 0 || k == 0 || n == 0) {
        return ql_fail(error, QL_UNUSABLE,
                       "[%zu][%zu] times [%zu][%zu]: a product needs at least one row, feature and column", m, k, k, n);
    }
    if (!(threshold > 0)) {
        return ql_fail(error, QL_BAD_USAGE, "threshold %g: outliers have a magnitude above 0", (double)threshold);
    }
    const ql_status status = check_finite("X", x, m, k, error);
    return status == QL_OK ? check_finite("W", w, k, n, error) : status;
}

ql_status ql_llm_int8_make(const float *x, const float *w, size_t m, size_t k, size_t n, float threshold, ql_llm_int8 **out,
                           ql_error *error)
{
    parts p = { 0 };
    double *row = NULL;
    *out = NULL;
    ql_status status = check(x, w, m, k, n, threshold, error);
    if (status != QL_OK) {
        return status;
    }
    ql_llm_int8 *y = calloc(1, sizeof *y);
    p.is_outlier = calloc(k, sizeof *p.is_outlier);
    row = new_array(1, n, sizeof *row);
    if (!y || !p.is_outlier || !row) {
        status = ql_fail_memory(error, k + n * sizeof *row);
        goto cleanup;
    }
    find_outliers(x, m, k, threshold, &p);
    if (p.regular_count > QL_LLM_INT8_MAX_FEATURES) {
        status =
            ql_fail(error, QL_UNUSABLE, "%zu regular features: sums of more than %d products of codes may not fit 32 bits",
                    p.regular_count, QL_LLM_INT8_MAX_FEATURES);
        goto cleanup;
    }
    y->m = m;
    y->k = k;
    y->n = n;
    status = split(x, w, m, k, n, &p, error);
    if (status == QL_OK) {
        status = allocate(m, n, &p, y, error);
    }
    if (status == QL_OK) {
        status = encode(&p, y, error);
    }
    if (status == QL_OK) {
        for (size_t j = 0; j < k; j++) {
            if (p.is_outlier[j]) {
                y->outliers[y->outlier_count++] = (int32_t)j;
            }
        }
        multiply(&p, y, row);
        *out = y;
        y = NULL;
    }
cleanup:
    free(row);
    parts_free(&p);
    ql_llm_int8_free(&y);
    return status;
}

void ql_llm_int8_free(ql_llm_int8 **product)
{
    ql_llm_int8 *y = *product;
    if (y) {
        free(y->outliers);
        free(y->x_codes);
        free(y->x_steps);
        free(y->w_codes);
        free(y->w_steps);
        free(y->sums);
        free(y->y);
        free(y);
        *product = NULL;
    }
}
