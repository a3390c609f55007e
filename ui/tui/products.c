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
    float cells[TUI_GRID_ROWS * TUI_GRID_COLS];
    const float *exact = ql_matmul_exact(matmul);
    double squares = 0;
    for (uint64_t i = 0; i < shape.m * shape.n; i++)
        squares += (double)exact[i] * (double)exact[i];
    const double rms = sqrt(squares / (double)(shape.m * shape.n)), unit = rms > 0 ? rms : 1;
    grid->rows = shape.m < TUI_GRID_ROWS ? (int)shape.m : TUI_GRID_ROWS;
    grid->cols = shape.n < TUI_GRID_COLS ? (int)shape.n : TUI_GRID_COLS;
    ql_matmul_errors(matmul, (unsigned)grid->rows, (unsigned)grid->cols, cells);
    for (int r = 0; r < grid->rows; r++)
        for (int c = 0; c < grid->cols; c++)
            grid->cells[r][c] = (float)(cells[r * grid->cols + c] / unit);
}

/* Gives the result a list of its own. False when memory is short. */
static bool keep_outliers(ql_matmul_result *result)
{
    if (!result->outliers)
        return true;
    const size_t size = result->outlier_count * sizeof *result->outliers;
    uint32_t *kept = malloc(size > 0 ? size : 1);
    if (kept)
        memcpy(kept, result->outliers, size);
    result->outliers = kept;
    return kept;
}

/* A method that does not suit is a product that is not known; only what ends everything is a failure. */
static ql_status multiply(ql_matmul *matmul, const char *method, const tui_look_work *work, tui_product *out,
                          ql_error *error)
{
    snprintf(out->method, sizeof out->method, "%s", method);
    const ql_status status =
        ql_matmul_run(matmul, method, (unsigned)work->wish.cols, work->monitor, &out->result, error);
    out->is_known = status == QL_OK;
    if (status != QL_OK)
        out->result.outliers = NULL;
    if (status == QL_UNUSABLE || status == QL_BAD_USAGE) {
        snprintf(out->why, sizeof out->why, "%s", error->message);
        return QL_OK;
    }
    if (status == QL_OK && !keep_outliers(&out->result))
        return fail_memory("columns apart", error);
    if (status == QL_OK)
        fill_grid(&out->grid, matmul);
    return status;
}

static void free_product(tui_product *product)
{
    free((void *)product->result.outliers);
}

void tui_result_methods(const char *spec_text, double threshold, tui_method out[TUI_RESULTS])
{
    static const char *const fixed[TUI_RESULTS] = { [TUI_PRODUCT_FP32] = "fp32",
                                                    [TUI_PRODUCT_TENSOR] = "int8:tensor",
                                                    [TUI_PRODUCT_ROW] = "int8:row",
                                                    [TUI_RESULT_SPLIT + 1] = "weights:nf4",
                                                    "weights_a8:q4_0" };
    for (int i = 0; i < TUI_RESULTS; i++)
        snprintf(out[i], sizeof *out, "%s", fixed[i] ? fixed[i] : "");
    snprintf(out[TUI_RESULT_SPLIT], sizeof *out, "llm_int8:%.9g", threshold);
    snprintf(out[TUI_RESULTS - 1], sizeof *out, "weights:%s", spec_text);
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
    double *most = calloc((size_t)ql_matmul_shape_of(matmul).k, sizeof *most);
    if (most)
        ql_matmul_loudest(matmul, most);
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
    tui_method methods[TUI_RESULTS];
    bench at;
    tui_result_methods(work->report->spec_text, 0, methods);
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
    for (int i = 0; i < TUI_RESULTS && status == QL_OK; i++)
        if (i != TUI_RESULT_SPLIT)
            status = multiply(at.matmul, methods[i], work, &made->of[made->count++], error);
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
    for (size_t i = 0; products && i < products->count; i++)
        free_product(&products->of[i]);
    if (products)
        free(products->loudest);
    free(products);
}

/* ---- LLM.int8() ------------------------------------------------------------------------------------------------ */

ql_status tui_split_make(const tui_look_work *work, void **out, ql_error *error)
{
    bench at;
    tui_method methods[TUI_RESULTS];
    ql_status status = open_bench(&at, work, error);
    if (status != QL_OK)
        return status;
    tui_split *made = calloc(1, sizeof *made);
    tui_result_methods("", work->wish.lo, methods);
    status = made ? multiply(at.matmul, methods[TUI_RESULT_SPLIT], work, &made->product, error)
                  : fail_memory("a product", error);
    if (made)
        made->shape = ql_matmul_shape_of(at.matmul);
    close_bench(&at);
    if (status == QL_OK)
        *out = made;
    else
        tui_split_free(made);
    return status;
}

void tui_split_free(void *made)
{
    if (made)
        free_product(&((tui_split *)made)->product);
    free(made);
}

/* ---- Both, to be written --------------------------------------------------------------------------------------- */

tui_results *tui_results_copy(const tui_products *products, const tui_split *split)
{
    tui_results *results = calloc(1, sizeof *results);
    bool fits = results;
    if (results) {
        results->shape = products->shape;
        results->threads = products->threads;
    }
    for (int i = 0; i < TUI_RESULTS && fits; i++) {
        tui_product *product = &results->of[i];
        *product = i == TUI_RESULT_SPLIT ? split->product : products->of[i < TUI_RESULT_SPLIT ? i : i - 1];
        fits = keep_outliers(&product->result);
    }
    if (!fits)
        tui_results_free(&results);
    return results;
}

void tui_results_free(tui_results **held)
{
    for (int i = 0; *held && i < TUI_RESULTS; i++)
        free_product(&(*held)->of[i]);
    free(*held);
    *held = NULL;
}

/* ---- Many thresholds ------------------------------------------------------------------------------------------- */

static ql_status sweep_thresholds(tui_sweep *out, ql_matmul *matmul, const ql_monitor *monitor, ql_error *error)
{
    ql_matmul_result result;
    ql_status status = ql_matmul_run(matmul, "int8:row", 0, monitor, &result, error);
    out->row_error = result.rel_fro;
    for (int i = 0; i < TUI_SWEEP_COUNT && status == QL_OK; i++) {
        char method[64];
        snprintf(method, sizeof method, "llm_int8:%g", ql_usual_thresholds[i]);
        status = ql_matmul_run(matmul, method, 0, monitor, &result, error);
        out->thresholds[i] = ql_usual_thresholds[i];
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
