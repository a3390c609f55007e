/* A linear layer in integers only, scalar: see intlinear.h. */
#include "matmul/intlinear.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/sizes.h"

enum { CODE_LO = -128, CODE_HI = 127 };

static ql_status allocate(ql_int_linear *layer, ql_error *error)
{
    uint64_t size;
    if (!ql_size_mul(layer->n, layer->k, &size) || size > SIZE_MAX) {
        return ql_fail_memory(error, UINT64_MAX);
    }
    layer->weights = malloc((size_t)size);
    layer->weight_steps = calloc(layer->n, sizeof *layer->weight_steps);
    layer->bias = calloc(layer->n, sizeof *layer->bias);
    layer->scale = calloc(layer->n, sizeof *layer->scale);
    layer->multipliers = calloc(layer->n, sizeof *layer->multipliers);
    if (!layer->weights || !layer->weight_steps || !layer->bias || !layer->scale || !layer->multipliers) {
        return ql_fail_memory(error, size);
    }
    return QL_OK;
}

/* The largest magnitude that the products of output j can sum up to, for any input codes. */
static double largest_sum(const ql_int_linear *layer, size_t j)
{
    const int below = CODE_HI - layer->x.zero, above = layer->x.zero - CODE_LO, farthest = below > above ? below : above;
    double sum = 0;
    for (size_t l = 0; l < layer->k; l++) {
        sum += (double)farthest * abs(layer->weights[j * layer->k + l]);
    }
    return sum;
}

static ql_status set_output(ql_int_linear *layer, size_t j, float bias, ql_error *error)
{
    if (!isfinite(bias)) {
        return ql_fail(error, QL_UNUSABLE, "bias %zu is %g: only finite values have codes", j, (double)bias);
    }
    const double unit = (double)layer->x.step * (double)layer->weight_steps[j], code = rint((double)bias / unit);
    if (fabs(code) + largest_sum(layer, j) > INT32_MAX) {
        return ql_fail(error, QL_UNUSABLE, "output %zu: %zu products and a bias of %g steps may not fit 32 bits", j,
                       layer->k, code);
    }
    layer->bias[j] = (int32_t)code;
    layer->scale[j] = unit / (double)layer->y.step;
    layer->multipliers[j] = ql_multiplier_of(layer->scale[j]);
    return QL_OK;
}

ql_status ql_int_linear_make(const float *weights, const float *bias, size_t n, size_t k, ql_affine x, ql_affine y,
                             ql_int_linear **out, ql_error *error)
{
    *out = NULL;
    if (n == 0 || k == 0) {
        return ql_fail(error, QL_UNUSABLE, "weights [%zu][%zu]: a layer needs at least one input and one output", n, k);
    }
    ql_int_linear *layer = calloc(1, sizeof *layer);
    if (!layer) {
        return ql_fail_memory(error, sizeof *layer);
    }
    *layer = (ql_int_linear) { .k = k, .n = n, .x = x, .y = y };
    ql_status status = allocate(layer, error);
    if (status == QL_OK) {
        status = ql_rows_encode(weights, n, k, layer->weight_steps, layer->weights, error);
    }
    for (size_t j = 0; status == QL_OK && j < n; j++) {
        status = set_output(layer, j, bias[j], error);
    }
    if (status != QL_OK) {
        ql_int_linear_free(&layer);
    }
    *out = layer;
    return status;
}

void ql_int_linear_free(ql_int_linear **layer)
{
    if (*layer) {
        free((*layer)->weights);
        free((*layer)->weight_steps);
        free((*layer)->bias);
        free((*layer)->scale);
        free((*layer)->multipliers);
        free(*layer);
        *layer = NULL;
    }
}

static int8_t output_code(const ql_int_linear *layer, size_t j, int32_t sum)
{
    int32_t scaled;
    ql_requantize(sum, layer->multipliers[j], &scaled); /* what does not fit is clamped below */
    const int64_t code = (int64_t)scaled + layer->y.zero;
    return (int8_t)(code < CODE_LO ? CODE_LO : code > CODE_HI ? CODE_HI : code);
}

void ql_int_linear_run(const ql_int_linear *layer, const int8_t *x, size_t m, int32_t *sums, int8_t *y)
{
    const size_t k = layer->k, n = layer->n;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            int32_t sum = layer->bias[j];
            for (size_t l = 0; l < k; l++) {
                sum += (x[i * k + l] - layer->x.zero) * layer->weights[j * k + l];
            }
            sums[i * n + j] = sum;
            y[i * n + j] = output_code(layer, j, sum);
        }
    }
}
