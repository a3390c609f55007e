/*
 * The error of the product: X W^T beside X V^T, where V is what a spec makes of W.
 *
 *   P[t][row] = sum over col of X[t][col] W[row][col]        D[t][row] the same of W - V        t: rows of X
 *
 * The tensor is read as it is stored, chunk by chunk; a chunk adds to the rows of W that it holds, which are first_row and
 * those after it (around the end, where the tensor is stored across: column after column).
 */
#include "analysis/errors.h"
#include "analysis/tiles.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 16, MOST_ELEMENTS = 1 << 26 /* of X, and of P */ };

typedef struct product_worker {
    uint64_t first_row, row_count; /* of the chunk: slot s is row (first_row + s) mod rows */
    float e[QL_TILE];
    float partial[]; /* [2][tokens][slots]: P, then D */
} product_worker;

typedef struct product_job {
    ql_walk walk;
    uint64_t tokens, slots;
    float *x;     /* [tokens][cols] */
    double *sums; /* [2][tokens][rows] */
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

static double square_sum(const double *v, uint64_t n)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum += v[i] * v[i];
    }
    return sum;
}

ql_status ql_product_error(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_synthetic *x,
                           const ql_monitor *monitor, double *error_share, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    uint64_t x_count, sum_count;
    if (tensor->rows < 2 || tensor->cols < 2) {
        return ql_fail(error, QL_UNUSABLE, "a tensor of one row or column makes no product");
    }
    if (!ql_size_mul(x->rows, tensor->cols, &x_count) || !ql_size_mul(x->rows, tensor->rows, &sum_count) ||
        x_count > MOST_ELEMENTS || sum_count > MOST_ELEMENTS || x->rows == 0) {
        return ql_fail(error, QL_UNUSABLE, "the product is for up to %d activations and results", MOST_ELEMENTS);
    }
    product_job job = { .walk = ql_walk_of(tensor), .tokens = x->rows };
    const uint64_t chunk_rows = job.walk.across ? QL_CHUNK : QL_CHUNK / tensor->cols + 2;
    job.slots = chunk_rows < tensor->rows ? chunk_rows : tensor->rows;
    job.x = malloc((size_t)x_count * sizeof *job.x);
    job.sums = calloc((size_t)(2 * sum_count), sizeof *job.sums);
    ql_status status = job.x && job.sums ? QL_OK : ql_fail_memory(error, x_count * sizeof *job.x + 16 * sum_count);
    if (status == QL_OK) {
        const ql_visitor visitor = {
            .context = &job,
            .end = tensor->element_count,
            .memory_size = sizeof(product_worker) + (size_t)(2 * job.tokens * job.slots) * sizeof(float),
            .chunk = begin_chunk,
            .add = add_tile,
            .merge = merge,
        };
        ql_synthetic_make(x, tensor->cols, job.x);
        status = ql_tiles_visit(engine, profile, report, &visitor, monitor, error);
    }
    if (status == QL_OK) {
        const double whole = square_sum(job.sums, sum_count), lost = square_sum(job.sums + sum_count, sum_count);
        *error_share = lost == 0 ? 0 : sqrt(lost / whole);
    }
    free(job.x);
    free(job.sums);
    return status;
}
