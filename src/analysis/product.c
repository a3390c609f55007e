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
#include "analysis/tiles.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 16,
    MOST_INPUTS = 1 << 26,  /* elements of X */
    MOST_SUMS = 1 << 24,    /* elements of P of a band */
    MOST_PARTIAL = 1 << 22, /* of them in one worker */
};

const ql_metric_info ql_product_info = {
    "product_rel_fro", "product err", "||X (W - V)^T|| / ||X W^T||: the error of a product, V what became of the weights W",
    -1
};

typedef struct product_worker {
    uint64_t first_row, row_count; /* of the chunk: slot s is row (first_row + s) mod rows */
    float e[QL_TILE];
    float partial[]; /* [2][tokens][slots]: P, then D */
} product_worker;

typedef struct product_job {
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
static void begin_chunk(void *context, void *memory, uint64_t begin, uint64_t end)
{
    const product_job *job = context;
    product_worker *w = memory;
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
static void add_values(const product_job *job, const product_worker *w, float *partial, uint64_t begin, const float *v,
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

static void add_tile(void *context, void *memory, const ql_tile_seen *tile)
{
    const product_job *job = context;
    product_worker *w = memory;
    for (size_t i = 0; i < tile->n; i++) {
        w->e[i] = tile->x[i] - tile->y[i];
    }
    add_values(job, w, w->partial, tile->begin, tile->x, tile->n);
    add_values(job, w, w->partial + job->tokens * job->slots, tile->begin, w->e, tile->n);
}

static void merge(void *context, const void *memory)
{
    const product_job *job = context;
    const product_worker *w = memory;
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

/* All tokens, band after band. */
typedef struct bands {
    uint64_t tokens, most; /* most of them in one band */
    uint64_t index, count; /* the band that is multiplied */
    double whole, lost;    /* squares of P, of D */
    const ql_monitor *monitor;
} bands;

/* A band is one part of the whole work. */
static bool tick_band(void *context, uint64_t done, uint64_t total)
{
    const bands *all = context;
    return all->monitor->tick(all->monitor->context, all->index * total + done, all->count * total);
}

static ql_status run_band(ql_engine *engine, const ql_profile *profile, const ql_report *report, product_job *job,
                          bands *all, ql_error *error)
{
    const uint64_t sum_count = job->tokens * job->walk.rows;
    const ql_visitor visitor = {
        .context = job,
        .end = profile->tensor->element_count,
        .memory_size = sizeof(product_worker) + (size_t)(2 * job->tokens * job->slots) * sizeof(float),
        .chunk = begin_chunk,
        .add = add_tile,
        .merge = merge,
    };
    const ql_monitor monitor = { tick_band, all };
    memset(job->sums, 0, (size_t)(2 * sum_count) * sizeof *job->sums);
    const ql_status status = ql_tiles_visit(engine, profile, report, &visitor, all->monitor ? &monitor : NULL, error);
    all->whole = add_squares(all->whole, job->sums, sum_count);
    all->lost = add_squares(all->lost, job->sums + sum_count, sum_count);
    return status;
}

/* X of the product; *x is the caller's. */
static ql_status read_inputs(ql_engine *engine, const ql_activations *activations, const ql_tensor *tensor, uint64_t tokens,
                             float **x, ql_error *error)
{
    uint64_t count;
    if (!ql_size_mul(tokens, tensor->cols, &count) || count > MOST_INPUTS || count == 0) {
        return ql_fail(error, QL_UNUSABLE, "the product is for up to %d activations", MOST_INPUTS);
    }
    *x = malloc((size_t)count * sizeof **x);
    return *x ? ql_activations_read(engine, activations, tensor, tokens, NULL, *x, error)
              : ql_fail_memory(error, count * sizeof **x);
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
    uint64_t tokens = 0;
    ql_status status = ql_activations_fit(x, tensor, error);
    if (status == QL_OK) {
        status = ql_activations_rows(x, tensor, 0, &tokens, error);
    }
    if (status != QL_OK) {
        return status;
    }
    product_job job = { .walk = ql_walk_of(tensor) };
    const uint64_t chunk_rows = job.walk.across ? QL_CHUNK : QL_CHUNK / tensor->cols + 2;
    job.slots = chunk_rows < tensor->rows ? chunk_rows : tensor->rows;
    bands all = { .tokens = tokens, .most = band_of(&job, tokens), .monitor = monitor && monitor->tick ? monitor : NULL };
    if (all.most == 0) {
        return ql_fail(error, QL_UNUSABLE, "%llu rows of W are too many for a product", (unsigned long long)tensor->rows);
    }
    all.count = ql_size_ceil_div(all.tokens, all.most);
    const size_t sums_size = (size_t)(2 * all.most * tensor->rows) * sizeof *job.sums;
    float *inputs = NULL;
    status = read_inputs(engine, x, tensor, tokens, &inputs, error);
    if (status == QL_OK) {
        job.sums = malloc(sums_size);
        status = job.sums ? QL_OK : ql_fail_memory(error, sums_size);
    }
    for (; all.index < all.count && status == QL_OK; all.index++) {
        const uint64_t first = all.index * all.most, left = all.tokens - first;
        job.tokens = left < all.most ? left : all.most;
        job.x = inputs + first * tensor->cols;
        status = run_band(engine, profile, report, &job, &all, error);
    }
    if (status == QL_OK) {
        *error_share = all.lost == 0 ? 0 : sqrt(all.lost / all.whole);
    }
    free(inputs);
    free(job.sums);
    return status;
}
