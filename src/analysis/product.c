/*
 * The error of the product: X W^T beside X V^T, where V is what a spec makes of W.
 *
 *   P[t][row] = sum over col of X[t][col] W[row][col]        D[t][row] the same of W - V        t: rows of X
 *
 * The tensor is read as it is stored, chunk by chunk; a chunk adds to the rows of W that it holds, which are first_row and
 * those after it (around the end, where the tensor is stored across: column after column). Many tokens are taken a band at
 * a time, a pass over the tensor each, so that what a worker keeps stays small.
 */
#include "analysis/errors.h"
#include "analysis/inputs.h"
#include "base/error.h"
#include "base/sizes.h"
#include "kernels/kernels.h"
#include "quant/scheme.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 16,
    MOST_INPUTS = 1 << 26,  /* elements of X that are made up */
    MOST_SUMS = 1 << 24,    /* elements of P of a band */
    MOST_PARTIAL = 1 << 22, /* of them in one worker */
};

const ql_metric_info ql_product_info = {
    "product_rel_fro", "product err", "||X (W - V)^T|| / ||X W^T||: the error of a product, V what became of the weights W", -1
};

typedef struct product_worker {
    uint64_t first_row, row_count; /* of the chunk: slot s is row (first_row + s) mod rows */
    ql_tile_buffers tile;
    float e[QL_TILE];
    float partial[]; /* [2][tokens][slots]: P, then D */
} product_worker;

typedef struct product_job {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_kernels *kernels;
    const ql_quantizer *quantizer;
    ql_walk walk;
    uint64_t tokens, slots;
    const float *x; /* [tokens][cols] of the band */
    double *sums;   /* [2][tokens][rows] */
} product_job;

/* Of n products in fixed lanes. */
static float dot(const float *a, const float *b, size_t n)
{
    float lanes[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            lanes[lane] += a[i + lane] * b[i + lane];
        }
    }
    for (size_t lane = 0; i < n; i++, lane++) {
        lanes[lane] += a[i] * b[i];
    }
    float sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) {
        sum += lanes[lane];
    }
    return sum;
}

/* The chunk's rows: how many, from which on. */
static void begin_chunk(const product_job *job, product_worker *w, uint64_t begin, uint64_t end)
{
    const ql_walk *walk = &job->walk;
    w->first_row = walk->across ? begin % walk->rows : begin / walk->cols;
    w->row_count =
        walk->across ? (end - begin < walk->rows ? end - begin : walk->rows) : (end - 1) / walk->cols - w->first_row + 1;
    for (uint64_t i = 0; i < 2 * job->tokens; i++) {
        memset(w->partial + i * job->slots, 0, (size_t)w->row_count * sizeof(float));
    }
}

/* v[n], elements [begin, begin + n) of W or of W - V, all of one row: to slot. */
static void add_along(const product_job *job, float *partial, uint64_t slot, uint64_t col, const float *v, size_t n)
{
    for (uint64_t t = 0; t < job->tokens; t++) {
        partial[t * job->slots + slot] += dot(job->x + t * job->walk.cols + col, v, n);
    }
}

/* The same, all of one column: to slot and those after it. */
static void add_across(const product_job *job, float *partial, uint64_t slot, uint64_t col, const float *v, size_t n)
{
    for (uint64_t t = 0; t < job->tokens; t++) {
        const float x = job->x[t * job->walk.cols + col];
        float *out = partial + t * job->slots + slot;
        for (size_t i = 0; i < n; i++) {
            out[i] += x * v[i];
        }
    }
}

/* A tile in pieces that lie in one row (stored across: in one column, in slots that follow each other). */
static void add_tile(const product_job *job, const product_worker *w, float *partial, uint64_t begin, const float *v,
                     size_t n)
{
    const ql_walk *walk = &job->walk;
    const uint64_t length = walk->across ? walk->rows : walk->cols;
    for (size_t done = 0, count; done < n; done += count) {
        const uint64_t at = (begin + done) % length, other = (begin + done) / length, left = length - at;
        count = left < n - done ? (size_t)left : n - done;
        if (!walk->across) {
            add_along(job, partial, other - w->first_row, at, v + done, count);
            continue;
        }
        const uint64_t slot = (at + walk->rows - w->first_row) % walk->rows;
        if (at < w->first_row && at + count > w->first_row) { /* the slots begin anew inside the piece */
            count = (size_t)(w->first_row - at);
        }
        add_across(job, partial, slot, other, v + done, count);
    }
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const product_job *job = context;
    product_worker *w = ql_engine_scratch(job->engine, worker, 0);
    const uint64_t chunk_begin = chunk * QL_CHUNK, left = job->tensor->element_count - chunk_begin;
    const uint64_t chunk_end = chunk_begin + (left < QL_CHUNK ? left : QL_CHUNK);
    begin_chunk(job, w, chunk_begin, chunk_end);
    for (uint64_t begin = chunk_begin; begin < chunk_end; begin += QL_TILE) {
        const size_t n = chunk_end - begin < QL_TILE ? (size_t)(chunk_end - begin) : QL_TILE;
        uint64_t clipped = 0;
        const ql_status status =
            ql_quantize_tile(job->quantizer, job->kernels, job->tensor, begin, n, &w->tile, &clipped, error);
        if (status != QL_OK) {
            return status;
        }
        for (size_t i = 0; i < n; i++) {
            w->e[i] = w->tile.x[i] - w->tile.y[i];
        }
        add_tile(job, w, w->partial, begin, w->tile.x, n);
        add_tile(job, w, w->partial + job->tokens * job->slots, begin, w->e, n);
    }
    return QL_OK;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    const product_job *job = context;
    const product_worker *w = ql_engine_scratch(job->engine, worker, 0);
    for (uint64_t i = 0; i < 2 * job->tokens; i++) {
        double *sums = job->sums + i * job->walk.rows;
        for (uint64_t slot = 0; slot < w->row_count; slot++) {
            const uint64_t row = w->first_row + slot;
            sums[row < job->walk.rows ? row : row - job->walk.rows] += (double)w->partial[i * job->slots + slot];
        }
    }
}

static double add_squares(double sum, const double *v, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        sum += v[i] * v[i];
    }
    return sum;
}

/* The passes of all bands, as one work. */
typedef struct bands {
    uint64_t tokens, most; /* most of them in one band */
    uint64_t done, total;  /* elements, with what the quantizer took */
    double whole, lost;    /* squares of P, of D */
} bands;

static ql_status run_band(product_job *job, const float *x, bands *all, const ql_monitor *monitor, ql_error *error)
{
    const uint64_t elements = job->tensor->element_count, count = job->tokens * job->walk.rows;
    job->x = x;
    memset(job->sums, 0, (size_t)(2 * count) * sizeof *job->sums);
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
        .work = work,
        .merge = merge,
        .context = job,
        .monitor = monitor,
        .done_before = all->done,
        .elements = elements,
        .total = all->total,
    };
    const ql_status status = ql_parallel(job->engine, &pass, error);
    all->done += elements;
    all->whole = add_squares(all->whole, job->sums, count);
    all->lost = add_squares(all->lost, job->sums + count, count);
    return status;
}

static ql_status run(product_job *job, const float *x, bands *all, const ql_monitor *monitor, ql_error *error)
{
    const size_t size = sizeof(product_worker) + (size_t)(2 * all->most * job->slots) * sizeof(float);
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        if (!ql_engine_scratch(job->engine, worker, size)) {
            return ql_fail_memory(error, size);
        }
    }
    ql_status status = QL_OK;
    for (uint64_t first = 0; first < all->tokens && status == QL_OK; first += job->tokens) {
        job->tokens = all->tokens - first < all->most ? all->tokens - first : all->most;
        status = run_band(job, x + first * job->walk.cols, all, monitor, error);
    }
    return status;
}

/* Those that are made up are as wide as W; *made is the caller's. */
static ql_status find_inputs(const ql_activations *x, uint64_t cols, float **made, ql_error *error)
{
    uint64_t count;
    if (x->values) {
        return QL_OK;
    }
    if (!ql_size_mul(x->rows, cols, &count) || count > MOST_INPUTS || count == 0) {
        return ql_fail(error, QL_UNUSABLE, "the product is for up to %d activations", MOST_INPUTS);
    }
    *made = malloc((size_t)count * sizeof **made);
    if (!*made) {
        return ql_fail_memory(error, count * sizeof **made);
    }
    ql_synthetic_make(&x->synthetic, cols, *made);
    return QL_OK;
}

/* How many tokens are multiplied in one pass, 0: not even one. */
static uint64_t band_of(const product_job *job, uint64_t tokens)
{
    const uint64_t by_sums = MOST_SUMS / job->walk.rows, by_partial = MOST_PARTIAL / job->slots;
    const uint64_t most = by_sums < by_partial ? by_sums : by_partial;
    return tokens < most ? tokens : most;
}

ql_status ql_product_error(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_activations *x,
                           const ql_monitor *monitor, double *error_share, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    ql_status status = ql_activations_fit(x, tensor, error);
    if (status != QL_OK) {
        return status;
    }
    product_job job = { .engine = engine, .tensor = tensor, .kernels = ql_kernels_active(), .walk = ql_walk_of(tensor) };
    const uint64_t chunk_rows = job.walk.across ? QL_CHUNK : QL_CHUNK / tensor->cols + 2;
    job.slots = chunk_rows < tensor->rows ? chunk_rows : tensor->rows;
    bands all = { .tokens = x->rows, .most = band_of(&job, x->rows), .done = ql_quantizer_elements(profile, &report->spec) };
    if (all.most == 0) {
        return ql_fail(error, QL_UNUSABLE, "%llu rows of W are too many for a product", (unsigned long long)tensor->rows);
    }
    all.total = all.done + ql_size_ceil_div(all.tokens, all.most) * tensor->element_count;
    const size_t sums_size = (size_t)(2 * all.most * tensor->rows) * sizeof *job.sums;
    float *made = NULL;
    ql_quantizer q = { 0 };
    status = find_inputs(x, tensor->cols, &made, error);
    if (status == QL_OK) {
        job.sums = malloc(sums_size);
        status = job.sums ? QL_OK : ql_fail_memory(error, sums_size);
    }
    if (status == QL_OK) {
        status = ql_quantizer_make(engine, profile, &report->spec, monitor, all.total, &q, error);
    }
    if (status == QL_OK) {
        job.quantizer = &q;
        status = run(&job, made ? made : x->values, &all, monitor, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    if (status == QL_OK) {
        *error_share = all.lost == 0 ? 0 : sqrt(all.lost / all.whole);
    }
    ql_quantizer_free(&q);
    free(made);
    free(job.sums);
    return status;
}
