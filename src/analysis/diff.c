/*
 * A tensor against another one that approximates it. Where both are stored in the same order, tiles of both are read as they
 * lie. Else W[out][in] is gathered in blocks from both, which each are stored along or across its rows, one of them perhaps
 * with its rows moved:
 *
 *            C columns                along:   row after row, each C neighbours
 *          +-----------+              across:  column after column, each R neighbours
 *   R rows |  a chunk  |
 *          +-----------+
 *
 * Everything is summed chunk by chunk, so every number is the same for any number of threads.
 */
#include "analysis/errors.h"
#include "analysis/gather.h"
#include "analysis/histogram.h"
#include "analysis/metrics.h"
#include "analysis/tail.h"
#include "base/error.h"
#include "base/sizes.h"
#include "base/text.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_COLS = 1024,
    SAMPLE_PIECE = 32,
    SAMPLE_PIECES = 2048,
    SAMPLE_MOST = SAMPLE_PIECE * SAMPLE_PIECES,
};

typedef struct diff_worker {
    ql_errors errors; /* of the chunk; the rest is of all chunks */
    ql_histogram y_counts;
    uint64_t uncounted; /* elements in the table that are not yet in y_counts */
    uint32_t table[QL_TABLES * (QL_BINS + QL_OUTSIDE)];
    float x[QL_CHUNK], y[QL_CHUNK]; /* of a tile, or of a gathered chunk */
    float column[QL_CHUNK];
    unsigned char scratch[]; /* for reading either side */
} diff_worker;

typedef struct diff_job {
    ql_engine *engine;
    const ql_kernels *kernels;
    ql_gather sides[2]; /* x, y */
    uint64_t elements;
    bool is_gathered;
    uint64_t block_rows, block_cols, strips; /* of chunks that are gathered, and how many stand side by side */
    ql_walk walk;
    ql_tail *tail;
    bool is_measured; /* the main pass is over: only the percentile is missing */
    ql_measured *sums;
    double *row_square; /* [rows] */
} diff_job;

/* ---- Reading */

/* W[row .. row + row_count][col .. col + col_count) of both sides to w->x and w->y, row after row. */
static ql_status gather(const diff_job *job, diff_worker *w, uint64_t row, size_t row_count, uint64_t col, size_t col_count,
                        ql_error *error)
{
    const ql_gather *x = &job->sides[0], *y = &job->sides[1];
    ql_status status = ql_gather_read(x, row, row_count, col, col_count, w->x, w->column, w->scratch, error);
    return status == QL_OK ? ql_gather_read(y, row, row_count, col, col_count, w->y, w->column, w->scratch, error) : status;
}

/* n neighbours in the order of the walk: *x, *y, in w->x and w->y or where they lie. Not across the end of a row when they
   are gathered. */
static ql_status read_run(const diff_job *job, diff_worker *w, uint64_t begin, size_t n, const float **x, const float **y,
                          ql_error *error)
{
    if (job->is_gathered) {
        const uint64_t cols = job->sides[0].cols;
        *x = w->x;
        *y = w->y;
        return gather(job, w, begin / cols, 1, begin % cols, n, error);
    }
    ql_status status = ql_tensor_fetch_f32(job->sides[0].tensor, begin, n, w->x, w->scratch, x, error);
    return status == QL_OK ? ql_tensor_fetch_f32(job->sides[1].tensor, begin, n, w->y, w->scratch, y, error) : status;
}

static ql_status fail_not_finite(const diff_job *job, ql_error *error)
{
    const ql_tensor *tensor = job->sides[1].tensor;
    char name[QL_NAME_BUFFER];
    ql_text_print(name, sizeof name, tensor->name, QL_NAME_CELLS);
    return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': holds NaN or infinite values; `qloupe stat` counts them",
                   ql_source_shown(tensor->storage->source), name);
}

static bool are_finite(const float *values, size_t n)
{
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        all &= isfinite(values[i]) != 0;
    }
    return all;
}

/* ---- One chunk */

static void take_table(diff_worker *w)
{
    ql_histogram_take(&w->y_counts, w->table);
    w->uncounted = 0;
}

/* Elements [begin, begin + n) of the walk, n <= QL_TILE. */
static void add_tile(const diff_job *job, diff_worker *w, unsigned worker, uint64_t begin, const float *x, const float *y,
                     size_t n)
{
    if (!job->is_measured) {
        const ql_binning axis = { w->y_counts.lo, w->y_counts.hi, QL_BINS, false };
        ql_errors_add(&w->errors, &job->walk, job->kernels,
                      &(ql_error_piece) { .begin = begin, .x = x, .y = y, .n = n, .is_last = true });
        job->kernels->histogram(&axis, y, n, w->table);
        w->uncounted += n;
        if (w->uncounted > UINT32_MAX - QL_TILE) {
            take_table(w);
        }
    }
    ql_tail_feed(job->tail, job->kernels, worker, w->errors.e, x, y, n, w->errors.squares);
}

static ql_status work_in_order(const diff_job *job, diff_worker *w, unsigned worker, uint64_t chunk, ql_error *error)
{
    const uint64_t first = chunk * QL_CHUNK, left = job->elements - first;
    const uint64_t end = first + (left < QL_CHUNK ? left : QL_CHUNK);
    ql_errors_begin(&w->errors, &job->walk, first, end);
    for (uint64_t begin = first; begin < end; begin += QL_TILE) {
        const size_t n = end - begin < QL_TILE ? (size_t)(end - begin) : QL_TILE;
        const float *x, *y;
        ql_status status = read_run(job, w, begin, n, &x, &y, error);
        if (status == QL_OK && !are_finite(y, n)) {
            status = fail_not_finite(job, error);
        }
        if (status != QL_OK) {
            return status;
        }
        add_tile(job, w, worker, begin, x, y, n);
    }
    return QL_OK;
}

static ql_status work_gathered(const diff_job *job, diff_worker *w, unsigned worker, uint64_t chunk, ql_error *error)
{
    const ql_gather *s = &job->sides[0];
    const uint64_t row = chunk / job->strips * job->block_rows, col = chunk % job->strips * job->block_cols;
    const size_t row_count = (size_t)(s->rows - row < job->block_rows ? s->rows - row : job->block_rows);
    const size_t col_count = (size_t)(s->cols - col < job->block_cols ? s->cols - col : job->block_cols);
    ql_status status = gather(job, w, row, row_count, col, col_count, error);
    if (status == QL_OK && !are_finite(w->y, row_count * col_count)) {
        status = fail_not_finite(job, error);
    }
    if (status != QL_OK) {
        return status;
    }
    const uint64_t begin = row * s->cols + col;
    ql_errors_begin(&w->errors, &job->walk, begin, begin + (row_count - 1) * s->cols + col_count);
    /* What lies side by side also in the walk: all of it, or each row. */
    const size_t runs = col_count == s->cols ? 1 : row_count, run = row_count * col_count / runs;
    for (size_t i = 0; i < runs; i++) {
        for (size_t done = 0; done < run; done += QL_TILE) {
            const size_t n = run - done < QL_TILE ? run - done : QL_TILE, at = i * run + done;
            add_tile(job, w, worker, begin + i * s->cols + done, w->x + at, w->y + at, n);
        }
    }
    return QL_OK;
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const diff_job *job = context;
    diff_worker *w = ql_engine_scratch(job->engine, worker, 0);
    return (job->is_gathered ? work_gathered : work_in_order)(job, w, worker, chunk, error);
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    const diff_job *job = context;
    if (!job->is_measured) {
        const diff_worker *w = ql_engine_scratch(job->engine, worker, 0);
        ql_errors_merge(&w->errors, &job->walk, job->sums, job->row_square);
    }
}

/* ---- Around the pass */

/* In which order both are read. */
static void plan(diff_job *job, const ql_pair *pair)
{
    const ql_tensor *a = pair->tensor;
    job->elements = a->element_count;
    job->is_gathered = pair->is_transposed || pair->head_rows || pair->other_head_rows;
    job->walk = ql_walk_of(a);
    if (!job->is_gathered) {
        job->sides[0] = (ql_gather) { a, a->rows, a->cols, false, 0 };
        job->sides[1] = (ql_gather) { pair->other, a->rows, a->cols, false, 0 };
        return;
    }
    /* The elements of a bias are rows, too, where rows are moved. */
    const bool is_vector = a->rank < 2 || pair->other->rank < 2;
    const uint64_t rows = is_vector ? a->element_count : a->rows, cols = is_vector ? 1 : a->cols;
    const bool other_across = pair->is_transposed ? a->layout != QL_LAYOUT_IN_OUT : a->layout == QL_LAYOUT_IN_OUT;
    job->walk.across = false;
    job->sides[0] = (ql_gather) { a, rows, cols, a->layout == QL_LAYOUT_IN_OUT, pair->head_rows };
    job->sides[1] = (ql_gather) { pair->other, rows, cols, other_across, pair->other_head_rows };
    job->block_cols = cols < BLOCK_COLS ? cols : BLOCK_COLS;
    job->block_rows = rows < QL_CHUNK / job->block_cols ? rows : QL_CHUNK / job->block_cols;
    job->block_cols = cols < QL_CHUNK / job->block_rows ? cols : QL_CHUNK / job->block_rows;
    job->strips = ql_size_ceil_div(cols, job->block_cols);
}

static ql_status prepare_workers(const diff_job *job, const ql_profile *profile, ql_error *error)
{
    const size_t x_scratch = ql_tensor_scratch_size(job->sides[0].tensor, QL_CHUNK),
                 y_scratch = ql_tensor_scratch_size(job->sides[1].tensor, QL_CHUNK);
    const size_t size = sizeof(diff_worker) + (x_scratch > y_scratch ? x_scratch : y_scratch);
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        diff_worker *w = ql_engine_scratch(job->engine, worker, size);
        if (!w) {
            return ql_fail_memory(error, size);
        }
        w->uncounted = 0;
        w->y_counts = (ql_histogram) { .lo = profile->original.lo, .hi = profile->original.hi };
        memset(w->table, 0, sizeof w->table);
    }
    return QL_OK;
}

/* Pieces of neighbours, evenly spread, tell where the percentile will be. */
static ql_status guess_percentile(const diff_job *job, ql_error *error)
{
    if (job->elements <= SAMPLE_MOST) {
        return QL_OK; /* all are kept anyway */
    }
    diff_worker *w = ql_engine_scratch(job->engine, 0, 0);
    float *errors = malloc(SAMPLE_MOST * sizeof *errors);
    if (!errors) {
        return ql_fail_memory(error, SAMPLE_MOST * sizeof *errors);
    }
    ql_status status = QL_OK;
    size_t count = 0;
    for (uint64_t piece = 0; piece < SAMPLE_PIECES && status == QL_OK; piece++) {
        const uint64_t begin = piece * (job->elements / SAMPLE_PIECES),
                       in_row = job->sides[0].cols - begin % job->sides[0].cols;
        const size_t n = in_row < SAMPLE_PIECE ? (size_t)in_row : SAMPLE_PIECE;
        const float *x, *y;
        status = read_run(job, w, begin, n, &x, &y, error);
        if (status == QL_OK && !are_finite(y, n)) {
            status = fail_not_finite(job, error);
        }
        for (size_t i = 0; i < n && status == QL_OK; i++) {
            errors[count++] = x[i] - y[i];
        }
    }
    if (status == QL_OK) {
        status = ql_tail_guess(job->tail, job->kernels, errors, count, error);
    }
    free(errors);
    return status;
}

static ql_status run(diff_job *job, const ql_monitor *monitor, ql_error *error)
{
    ql_pass pass = {
        .chunk_count = job->is_gathered ? job->strips * ql_size_ceil_div(job->sides[0].rows, job->block_rows)
                                        : ql_size_ceil_div(job->elements, QL_CHUNK),
        .work = work,
        .merge = merge,
        .context = job,
        .monitor = monitor,
        .elements = job->elements,
        .total = job->elements,
    };
    bool done = false;
    ql_status status = QL_OK;
    while (status == QL_OK && !done) {
        status = ql_parallel(job->engine, &pass, error);
        if (status == QL_OK) {
            status = ql_tail_advance(job->tail, &done, error);
        }
        job->is_measured = true;
        pass.done_before = job->elements;
        pass.elements = 0; /* scans more than expected show no progress */
    }
    return status;
}

static ql_status measure(diff_job *job, const ql_profile *profile, const ql_monitor *monitor, ql_error *error)
{
    job->row_square = calloc(job->walk.rows, sizeof *job->row_square);
    if (!job->row_square) {
        return ql_fail_memory(error, job->walk.rows * sizeof *job->row_square);
    }
    ql_status status = ql_tail_new(ql_engine_threads(job->engine), job->elements, &job->tail, error);
    if (status == QL_OK) {
        status = prepare_workers(job, profile, error);
    }
    if (status == QL_OK) {
        status = guess_percentile(job, error);
    }
    return status == QL_OK ? run(job, monitor, error) : status;
}

/* What was counted and summed, as metrics. */
static void conclude(const diff_job *job, const ql_profile *profile, double metrics[QL_METRIC_COUNT])
{
    ql_histogram y = { .lo = profile->original.lo, .hi = profile->original.hi };
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        diff_worker *w = ql_engine_scratch(job->engine, worker, 0);
        take_table(w);
        ql_histogram_merge(&y, &w->y_counts);
    }
    job->sums->p99_abs = ql_tail_value(job->tail);
    job->sums->worst_row = ql_errors_row_means(&job->walk, job->row_square);
    ql_metrics_of_errors(profile, job->sums, &y, metrics);
}

/* The first of them: the pair, x, y. */
static ql_status check(const ql_profile *profile, const ql_pair *pair, ql_error *error)
{
    const ql_tensor *at_fault = pair->is_comparable && !profile->unusable ? pair->other : pair->tensor;
    const ql_dtype_info *dtype = ql_dtype_describe(pair->other->dtype);
    char name[QL_NAME_BUFFER];
    ql_text_print(name, sizeof name, at_fault->name, QL_NAME_CELLS);
    const char *file = ql_source_shown(at_fault->storage->source);
    if (at_fault == pair->tensor) {
        return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': %s", file, name,
                       pair->is_comparable ? profile->unusable : pair->note);
    }
    if (!dtype->has_values) {
        return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': values of type %s are not read by this version, only listed",
                       file, name, dtype->shown);
    }
    ql_status status = ql_source_check(pair->tensor->storage->source, error);
    return status == QL_OK ? ql_source_check(pair->other->storage->source, error) : status;
}

ql_status ql_diff_make(ql_engine *engine, const ql_profile *profile, const ql_pair *pair, const ql_monitor *monitor,
                       ql_diff *out, ql_error *error)
{
    ql_status status = check(profile, pair, error);
    if (status != QL_OK) {
        return status;
    }
    ql_measured sums = { 0 };
    diff_job job = { .engine = engine, .kernels = ql_kernels_active(), .sums = &sums };
    plan(&job, pair);
    status = measure(&job, profile, monitor, error);
    status = ql_source_check_after(pair->tensor->storage->source, status, error);
    status = ql_source_check_after(pair->other->storage->source, status, error);
    if (status == QL_OK) {
        conclude(&job, profile, out->metrics);
        out->bits_per_weight = ql_dtype_bits_per_weight(pair->other->dtype);
        out->byte_count = pair->other->byte_count;
    }
    ql_tail_free(&job.tail);
    free(job.row_square);
    return status;
}
