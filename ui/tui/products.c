/* Products for the MatMul view. */
#include "tui/products.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Operands on the threads that are wished. */
typedef struct bench {
    ql_engine *own; /* NULL: the worker's is used */
    ql_matmul *matmul;
    unsigned threads;
} bench;

static void close_bench(bench *at)
{
    ql_matmul_free(&at->matmul);
    ql_engine_free(&at->own);
}

static ql_status open_bench(bench *at, const tui_look_work *work, ql_error *error)
{
    const unsigned wished = (unsigned)work->wish.what;
    ql_status status = QL_OK;
    *at = (bench) { NULL, NULL, ql_engine_threads(work->engine) };
    if (wished > 0 && wished != at->threads) {
        at->threads = wished;
        status = ql_engine_new(wished, &at->own, error);
    }
    if (status == QL_OK)
        status = ql_matmul_new(at->own ? at->own : work->engine, work->profile->tensor, work->wish.inputs->activations,
                               work->wish.rows, work->monitor, &at->matmul, error);
    if (status != QL_OK)
        close_bench(at);
    return status;
}

static ql_status fail_memory(const char *what, ql_error *error)
{
    snprintf(error->message, sizeof error->message, "out of memory for %s", what);
    return error->status = QL_NO_MEMORY;
}

/* ---- One method ------------------------------------------------------------------------------------------------ */

static void fill_grid(tui_grid *grid, const ql_matmul *matmul)
{
    const ql_matmul_shape shape = ql_matmul_shape_of(matmul);
    const float *y = ql_matmul_y(matmul), *exact = ql_matmul_exact(matmul);
    double squares = 0;
    for (uint64_t i = 0; i < shape.m * shape.n; i++)
        squares += (double)exact[i] * (double)exact[i];
    const double rms = sqrt(squares / (double)(shape.m * shape.n)), unit = rms > 0 ? rms : 1;
    grid->rows = shape.m < TUI_GRID_ROWS ? (int)shape.m : TUI_GRID_ROWS;
    grid->cols = shape.n < TUI_GRID_COLS ? (int)shape.n : TUI_GRID_COLS;
    for (int r = 0; r < grid->rows; r++)
        for (int c = 0; c < grid->cols; c++) {
            const uint64_t top = (uint64_t)r * shape.m / (uint64_t)grid->rows,
                           bottom = ((uint64_t)r + 1) * shape.m / (uint64_t)grid->rows,
                           left = (uint64_t)c * shape.n / (uint64_t)grid->cols,
                           right = ((uint64_t)c + 1) * shape.n / (uint64_t)grid->cols;
            double sum = 0;
            for (uint64_t i = top; i < bottom; i++)
                for (uint64_t j = left; j < right; j++)
                    sum += fabs((double)y[i * shape.n + j] - (double)exact[i * shape.n + j]);
            grid->cells[r][c] = (float)(sum / (double)((bottom - top) * (right - left)) / unit);
        }
}

/* A method that does not suit is a product that is not known; only what ends everything is a failure. */
static ql_status multiply(ql_matmul *matmul, const char *method, const tui_look_work *work, tui_product *out,
                          ql_error *error)
{
    const uint64_t runs = work->wish.cols;
    snprintf(out->method, sizeof out->method, "%s", method);
    const ql_status status =
        ql_matmul_run(matmul, method, (unsigned)(runs > 0 ? runs : 1), work->monitor, &out->result, error);
    out->result.outliers = NULL;
    out->is_known = status == QL_OK;
    if (status == QL_UNUSABLE || status == QL_BAD_USAGE) {
        snprintf(out->why, sizeof out->why, "%s", error->message);
        return QL_OK;
    }
    if (status == QL_OK)
        fill_grid(&out->grid, matmul);
    return status;
}

/* ---- All methods without a threshold --------------------------------------------------------------------------- */

static int by_loudness(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* The largest |x| of each channel; NULL when memory is short. */
static double *find_loudest(const ql_matmul *matmul)
{
    const ql_matmul_shape shape = ql_matmul_shape_of(matmul);
    const float *x = ql_matmul_x(matmul);
    double *most = calloc((size_t)shape.k, sizeof *most);
    for (uint64_t i = 0; most && i < shape.m; i++)
        for (uint64_t c = 0; c < shape.k; c++)
            most[c] = fmax(most[c], fabs((double)x[i * shape.k + c]));
    return most;
}

static ql_status look_at_channels(tui_products *out, const ql_matmul *matmul, ql_error *error)
{
    double *most = find_loudest(matmul);
    out->loudest = calloc((size_t)out->shape.k, sizeof *out->loudest);
    if (!most || !out->loudest) {
        free(most);
        return fail_memory("input channels", error);
    }
    tui_spread_make(&out->channels, most, out->shape.k);
    for (uint64_t c = 0; c < out->shape.k; c++)
        out->loudest[c] = (float)most[c];
    qsort(out->loudest, (size_t)out->shape.k, sizeof *out->loudest, by_loudness);
    free(most);
    return QL_OK;
}

ql_status tui_products_make(const tui_look_work *work, void **out, ql_error *error)
{
    static const char *const methods[] = { [TUI_PRODUCT_FP32] = "fp32",
                                           [TUI_PRODUCT_TENSOR] = "int8:tensor",
                                           [TUI_PRODUCT_ROW] = "int8:row",
                                           "weights:nf4",
                                           "weights_a8:q4_0" };
    enum { METHODS = sizeof methods / sizeof methods[0] };
    bench at;
    ql_status status = open_bench(&at, work, error);
    if (status != QL_OK)
        return status;
    tui_products *made = calloc(1, sizeof *made);
    if (made) {
        made->shape = ql_matmul_shape_of(at.matmul);
        made->threads = at.threads;
        ql_activations_describe(work->wish.inputs->activations, work->profile->tensor, made->x, sizeof made->x);
        status = look_at_channels(made, at.matmul, error);
    } else {
        status = fail_memory("products", error);
    }
    for (size_t i = 0; i <= METHODS && status == QL_OK; i++) {
        char own[QL_SPEC_TEXT + 32];
        snprintf(own, sizeof own, "weights:%s", work->report->spec_text);
        status = multiply(at.matmul, i < METHODS ? methods[i] : own, work, &made->of[made->count++], error);
    }
    close_bench(&at);
    if (status == QL_OK)
        *out = made;
    else
        tui_products_free(made);
    return status;
}

void tui_products_free(void *made)
{
    tui_products *products = made;
    if (products)
        free(products->loudest);
    free(products);
}

/* ---- LLM.int8() ------------------------------------------------------------------------------------------------ */

ql_status tui_split_make(const tui_look_work *work, void **out, ql_error *error)
{
    bench at;
    char method[64];
    ql_status status = open_bench(&at, work, error);
    if (status != QL_OK)
        return status;
    tui_split *made = calloc(1, sizeof *made);
    snprintf(method, sizeof method, "llm_int8:%.9g", work->wish.lo);
    status = made ? multiply(at.matmul, method, work, &made->product, error) : fail_memory("a product", error);
    if (made)
        made->shape = ql_matmul_shape_of(at.matmul);
    close_bench(&at);
    if (status == QL_OK)
        *out = made;
    else
        free(made);
    return status;
}

void tui_split_free(void *made)
{
    free(made);
}

static ql_status sweep_thresholds(tui_sweep *out, ql_matmul *matmul, const ql_monitor *monitor, ql_error *error)
{
    static const double thresholds[TUI_SWEEP_COUNT] = { 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 60 };
    ql_matmul_result result;
    ql_status status = ql_matmul_run(matmul, "int8:row", 1, monitor, &result, error);
    out->row_error = result.rel_fro;
    for (int i = 0; i < TUI_SWEEP_COUNT && status == QL_OK; i++) {
        char method[64];
        snprintf(method, sizeof method, "llm_int8:%g", thresholds[i]);
        status = ql_matmul_run(matmul, method, 1, monitor, &result, error);
        out->thresholds[i] = thresholds[i];
        out->errors[i] = result.rel_fro;
        out->columns[i] = result.outlier_count;
    }
    return status;
}

/* |x| of every row, the largest first; NULL when memory is short. */
static float *column_of(const ql_matmul *matmul, uint64_t channel)
{
    const ql_matmul_shape shape = ql_matmul_shape_of(matmul);
    const float *x = ql_matmul_x(matmul);
    float *column = calloc((size_t)shape.m, sizeof *column);
    for (uint64_t i = 0; column && i < shape.m; i++)
        column[i] = fabsf(x[i * shape.k + channel]);
    if (column)
        qsort(column, (size_t)shape.m, sizeof *column, by_loudness);
    return column;
}

static ql_status set_apart(tui_sweep *out, ql_matmul *matmul, const ql_monitor *monitor, ql_error *error)
{
    const uint64_t k = ql_matmul_shape_of(matmul).k;
    double *most = find_loudest(matmul);
    ql_status status = most ? QL_OK : fail_memory("input channels", error);
    for (; status == QL_OK && out->apart_count < TUI_APART_MOST && out->apart_count < k; out->apart_count++) {
        tui_apart *apart = &out->apart[out->apart_count];
        for (uint64_t c = 0; c < k; c++)
            apart->channel = most[c] > most[apart->channel] ? c : apart->channel;
        apart->most = most[apart->channel];
        most[apart->channel] = -1; /* listed */
        apart->loud = column_of(matmul, apart->channel);
        status = apart->loud ? ql_matmul_apart(matmul, "int8:row", apart->channel, monitor, &apart->error, error)
                             : fail_memory("input channels", error);
    }
    free(most);
    return status;
}

ql_status tui_sweep_make(const tui_look_work *work, void **out, ql_error *error)
{
    bench at;
    ql_status status = open_bench(&at, work, error);
    if (status != QL_OK)
        return status;
    tui_sweep *made = calloc(1, sizeof *made);
    status = made ? sweep_thresholds(made, at.matmul, work->monitor, error) : fail_memory("a sweep", error);
    if (made)
        made->shape = ql_matmul_shape_of(at.matmul);
    if (status == QL_OK)
        status = set_apart(made, at.matmul, work->monitor, error);
    close_bench(&at);
    if (status == QL_OK)
        *out = made;
    else
        tui_sweep_free(made);
    return status;
}

void tui_sweep_free(void *made)
{
    tui_sweep *sweep = made;
    for (size_t i = 0; sweep && i < TUI_APART_MOST; i++)
        free(sweep->apart[i].loud);
    free(sweep);
}
