/* Several methods side by side, without a clock: what figures of products are drawn of. */
#include "analysis/matmul.h"
#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Dense around the 6 of the paper, and up to what the loudest channels of transformers reach. */
const double ql_usual_thresholds[QL_USUAL_THRESHOLDS] = { 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 60 };

/* A method is one part of the whole. */
typedef struct relay {
    const ql_monitor *outer;
    size_t at, count;
} relay;

static bool tick(void *context, uint64_t done, uint64_t total)
{
    enum { PART = 1000 };
    const relay *r = context;
    const uint64_t part = total > 0 ? done * PART / total : 0;
    return r->outer->tick(r->outer->context, r->at * PART + part, r->count * PART);
}

static double threshold_of(const char *text)
{
    const ql_method *method;
    ql_way way = { .threshold = 0 };
    ql_error error;
    const bool splits = ql_method_parse(text, &method, &way, &error) == QL_OK && method->argument == QL_THRESHOLD;
    return splits ? way.threshold : (double)NAN;
}

static void find_worst(ql_product *product, const ql_matmul *matmul)
{
    const ql_matmul_shape shape = ql_matmul_shape_of(matmul);
    const float *y = ql_matmul_y(matmul), *exact = ql_matmul_exact(matmul);
    double worst = 0;
    for (uint64_t i = 0; i < shape.m * shape.n; i++) {
        const double e = fabs((double)y[i] - (double)exact[i]);
        if (e > worst) {
            worst = e;
            product->worst_row = i / shape.n;
            product->worst_output = i % shape.n;
        }
    }
}

/* Copies the list of outliers, which is lent until the next run. */
static ql_status keep_outliers(ql_matmul_result *result, ql_error *error)
{
    if (!result->outliers) {
        return QL_OK;
    }
    uint32_t *kept = ql_way_array(result->outlier_count, sizeof *kept, error);
    if (kept) {
        memcpy(kept, result->outliers, result->outlier_count * sizeof *kept);
    }
    result->outliers = kept;
    return kept ? QL_OK : QL_NO_MEMORY;
}

static ql_status multiply(ql_products *products, ql_matmul *matmul, const char *method, const ql_monitor *monitor,
                          ql_error *error)
{
    ql_product *product = &products->products[products->count++];
    ql_status status = ql_matmul_run(matmul, method, 0, monitor, &product->result, error);
    product->threshold = threshold_of(method);
    product->is_known = status == QL_OK;
    if (status == QL_UNUSABLE || status == QL_BAD_USAGE) {
        product->result.outliers = NULL;
        snprintf(product->why, sizeof product->why, "%s", error->message);
        return QL_OK;
    }
    if (status == QL_OK) {
        status = keep_outliers(&product->result, error);
    }
    if (status == QL_OK) {
        product->errors = ql_way_array((size_t)products->row_bands * products->col_bands, sizeof(float), error);
        status = product->errors ? QL_OK : QL_NO_MEMORY;
    }
    if (status == QL_OK) {
        ql_matmul_errors(matmul, products->row_bands, products->col_bands, product->errors);
        find_worst(product, matmul);
    }
    return status;
}

static double root_mean_square(const float *y, uint64_t count)
{
    double sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += (double)y[i] * (double)y[i];
    }
    return sqrt(sum / (double)count);
}

ql_status ql_products_make(ql_matmul *matmul, const char *const *methods, size_t count, const ql_monitor *monitor,
                           ql_products **out, ql_error *error)
{
    const ql_matmul_shape shape = ql_matmul_shape_of(matmul);
    relay progress = { monitor, 0, count };
    const ql_monitor of_one = { tick, &progress };
    for (size_t i = 0; i < count; i++) {
        char canonical[QL_SPEC_TEXT + 32];
        if (ql_matmul_method_check(methods[i], canonical, error) != QL_OK) {
            return QL_BAD_USAGE;
        }
    }
    ql_products *products = ql_way_array(1, sizeof *products, error);
    if (!products) {
        return QL_NO_MEMORY;
    }
    products->shape = shape;
    products->rms = root_mean_square(ql_matmul_exact(matmul), shape.m * shape.n);
    products->row_bands = shape.m < QL_PRODUCT_ROW_BANDS ? (unsigned)shape.m : QL_PRODUCT_ROW_BANDS;
    products->col_bands = shape.n < QL_PRODUCT_COL_BANDS ? (unsigned)shape.n : QL_PRODUCT_COL_BANDS;
    products->loudest = ql_way_array((size_t)shape.k, sizeof *products->loudest, error);
    products->products = ql_way_array(count, sizeof *products->products, error);
    ql_status status = products->loudest && products->products ? QL_OK : QL_NO_MEMORY;
    if (status == QL_OK) {
        ql_matmul_loudest(matmul, products->loudest);
    }
    for (; progress.at < count && status == QL_OK; progress.at++) {
        status = multiply(products, matmul, methods[progress.at], monitor && monitor->tick ? &of_one : NULL, error);
    }
    if (status == QL_OK) {
        *out = products;
    } else {
        ql_products_free(&products);
    }
    return status;
}

void ql_products_free(ql_products **held)
{
    ql_products *products = *held;
    if (!products) {
        return;
    }
    for (size_t i = 0; i < products->count; i++) {
        free((void *)products->products[i].result.outliers);
        free(products->products[i].errors);
    }
    free(products->products);
    free(products->loudest);
    free(products);
    *held = NULL;
}
