/*
 * The pass over a tensor that a report is made from. Each piece is read once, encoded, decoded and measured while it is in
 * cache: error sums, code counts, histograms, the squares of the rows, and the |e| among which the exact 99th percentile is
 * thought to be, from a sample. Only when it is not there - a sample may deceive - the tensor is scanned again for it.
 *
 * What is counted is gathered per worker; what is summed in float64 is merged chunk by chunk in order, so every number is
 * the same for any number of threads.
 */
#include "analysis/measure.h"

#include "analysis/histogram.h"
#include "analysis/tail.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "quant/sample.h"
#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

/* A tile is measured in pieces: what is made of one, and the tables, stay in the first level of cache. */
enum { PIECE = 2048, CACHE_LINE = 64 };

typedef struct measure_worker {
    _Alignas(CACHE_LINE) ql_tile_buffers tile; /* of the piece */
    _Alignas(CACHE_LINE) ql_errors errors;     /* of the chunk; the rest is of all chunks */
    uint64_t clipped;
    ql_histogram dequantized, error;
    uint64_t uncounted; /* elements in the tables that are not yet in the histograms and code_counts */
    uint64_t group;     /* of those elements, when y_from_codes */
    _Alignas(CACHE_LINE) uint32_t y_table[QL_TABLES * (QL_BINS + QL_OUTSIDE)], e_table[QL_TABLES * (QL_BINS + QL_OUTSIDE)];
    uint64_t *code_counts; /* [codes] by code - code_lo */
    uint32_t *code_table;  /* [QL_TABLES][codes] */
} measure_worker;

typedef struct measure_job {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_kernels *kernels;
    const ql_quantizer *quantizer;
    ql_walk walk;
    ql_tail *tail;
    uint32_t code_count;
    bool y_from_codes; /* groups are long runs: how often a value occurs is how often its code does */
    size_t block;      /* in each run of so many elements the y of one code are the same; 0: not known */
    bool measured;     /* the main pass is over: only the percentile is missing */
    ql_measured *sums;
    double *row_square; /* [rows] */
} measure_job;

/* ---- One chunk */

enum { CODES_AT_ONCE = 256 };

/* The values of the codes from `first` on, which came counts[n] times. */
static void add_dequantized(const measure_job *job, measure_worker *w, uint32_t first, const uint32_t *counts, uint32_t n)
{
    const ql_quantizer *q = job->quantizer;
    ql_histogram *h = &w->dequantized;
    const ql_binning axis = { h->lo, h->hi, QL_BINS, false };
    float y[CODES_AT_ONCE];
    uint32_t of[CODES_AT_ONCE], counter[CODES_AT_ONCE], used = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (counts[i]) {
            y[used] = q->spec.mapping->decode(q, w->group, q->code_lo + (int)(first + i));
            of[used++] = counts[i];
        }
    }
    job->kernels->counters(&axis, y, used, counter);
    for (uint32_t i = 0; i < used; i++) {
        uint64_t *bin = counter[i] == 0 ? &h->below : counter[i] > QL_BINS ? &h->above : &h->bins[counter[i] - 1];
        *bin += of[i];
    }
}

/* The table of codes of a worker into its counts. */
static void take_codes(const measure_job *job, measure_worker *w)
{
    const size_t all = job->code_count;
    for (uint32_t first = 0; first < all; first += CODES_AT_ONCE) {
        const uint32_t n = all - first < CODES_AT_ONCE ? (uint32_t)(all - first) : CODES_AT_ONCE;
        uint32_t counts[CODES_AT_ONCE] = { 0 };
        for (size_t copy = 0; copy < QL_TABLES; copy++) {
            for (uint32_t i = 0; i < n; i++) { /* fits: so few are uncounted altogether */
                counts[i] += w->code_table[copy * all + first + i];
            }
        }
        for (uint32_t i = 0; i < n; i++) {
            w->code_counts[first + i] += counts[i];
        }
        if (job->y_from_codes) {
            add_dequantized(job, w, first, counts, n);
        }
    }
    memset(w->code_table, 0, QL_TABLES * all * sizeof *w->code_table);
}

static void take_tables(const measure_job *job, measure_worker *w)
{
    take_codes(job, w);
    ql_histogram_take(&w->dequantized, w->y_table);
    ql_histogram_take(&w->error, w->e_table);
    w->uncounted = 0;
}

/* Group by group: what is in the tables belongs to w->group. */
static void count_groups(const measure_job *job, measure_worker *w, uint64_t begin, size_t n)
{
    for (size_t done = 0, count; done < n; done += count) {
        uint64_t group, run = ql_groups_run(&job->quantizer->groups, begin + done, &group);
        count = run < n - done ? (size_t)run : n - done;
        if (group != w->group) {
            take_codes(job, w);
            w->group = group;
        }
        job->kernels->count_codes(w->tile.codes + done, count, job->quantizer->code_lo, job->code_count, w->code_table,
                                  NULL);
    }
}

/* Whether all of a piece belongs to w->group from now on. */
static bool is_of_one_group(const measure_job *job, measure_worker *w, uint64_t begin, size_t n)
{
    uint64_t group;
    if (ql_groups_run(&job->quantizer->groups, begin, &group) < n) {
        return false;
    }
    if (group != w->group) {
        take_codes(job, w);
        w->group = group;
    }
    return true;
}

/* Measures a piece, of elements from `begin` on; what the tail wants goes to it on the way. */
static void measure_piece(const measure_job *job, measure_worker *w, unsigned worker, uint64_t begin, size_t n, bool is_last)
{
    const float *x = w->tile.x, *y = w->tile.y;
    const bool counts_codes = !job->y_from_codes || is_of_one_group(job, w, begin, n);
    ql_tally tally = {
        .error_axis = { w->error.lo, w->error.hi, QL_BINS, false },
        .value_axis = { w->dequantized.lo, w->dequantized.hi, QL_BINS, false },
        .code_lo = job->quantizer->code_lo,
        .code_count = job->code_count,
        .error_table = w->e_table,
        .value_table = job->y_from_codes ? NULL : w->y_table,
        .code_table = counts_codes ? w->code_table : NULL,
        .blocks = { job->block, job->block ? (size_t)(begin % job->block) : 0 },
    };
    const bool wants_one = ql_tail_wants_one(job->tail, tally.wanted);
    const ql_error_piece piece = { begin, x, y, w->tile.codes, n, &tally, is_last };
    ql_errors_add(&w->errors, &job->walk, job->kernels, &piece);
    if (!counts_codes) {
        count_groups(job, w, begin, n);
    }
    if (wants_one) {
        ql_tail_keep(job->tail, worker, w->errors.found, w->errors.found_count, w->errors.above, x, y);
    } else {
        ql_tail_feed(job->tail, job->kernels, worker, w->errors.e, x, y, n, w->errors.squares);
    }
    w->uncounted += n;
    if (w->uncounted > UINT32_MAX - QL_TILE) {
        take_tables(job, w);
    }
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const measure_job *job = context;
    measure_worker *w = ql_engine_scratch(job->engine, worker, 0);
    const uint64_t chunk_begin = chunk * QL_CHUNK, left = job->tensor->element_count - chunk_begin;
    const uint64_t chunk_end = chunk_begin + (left < QL_CHUNK ? left : QL_CHUNK);
    ql_errors_begin(&w->errors, &job->walk, chunk_begin, chunk_end);
    for (uint64_t begin = chunk_begin; begin < chunk_end; begin += PIECE) {
        const size_t n = chunk_end - begin < PIECE ? (size_t)(chunk_end - begin) : PIECE;
        uint64_t clipped = 0;
        ql_status status = ql_quantize_tile(job->quantizer, job->kernels, job->tensor, begin, n, &w->tile, &clipped, error);
        if (status != QL_OK) {
            return status;
        }
        if (job->measured) {
            ql_tail_feed(job->tail, job->kernels, worker, w->errors.e, w->tile.x, w->tile.y, n, w->errors.squares);
        } else {
            measure_piece(job, w, worker, begin, n, (begin + n) % QL_TILE == 0 || begin + n == chunk_end);
            w->clipped += clipped;
        }
    }
    return QL_OK;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    const measure_job *job = context;
    if (!job->measured) {
        const measure_worker *w = ql_engine_scratch(job->engine, worker, 0);
        ql_errors_merge(&w->errors, &job->walk, job->sums, job->row_square);
    }
}

/* ---- Around the pass */

/* What the workers counted, into the report. */
static void collect_workers(const measure_job *job, ql_report *r)
{
    uint64_t *counts = (uint64_t *)r->code_counts; /* the report's own */
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        measure_worker *w = ql_engine_scratch(job->engine, worker, 0);
        take_tables(job, w);
        job->sums->clipped += w->clipped;
        for (uint32_t i = 0; i < job->code_count; i++) {
            counts[i] += w->code_counts[i];
        }
        ql_histogram_merge(&r->dequantized, &w->dequantized);
        ql_histogram_merge(&r->error, &w->error);
    }
}

static ql_status prepare_workers(const measure_job *job, const ql_report *r, ql_error *error)
{
    const size_t counts_size = job->code_count * sizeof(uint64_t),
                 table_size = QL_TABLES * job->code_count * sizeof(uint32_t);
    const size_t size = sizeof(measure_worker) + counts_size + table_size;
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        measure_worker *w = ql_engine_scratch(job->engine, worker, size);
        if (!w) {
            return ql_fail_memory(error, size);
        }
        w->clipped = w->uncounted = w->group = 0;
        w->dequantized = r->dequantized;
        w->error = r->error;
        w->code_counts = (uint64_t *)(w + 1);
        w->code_table = (uint32_t *)(w->code_counts + job->code_count);
        memset(w->code_counts, 0, counts_size + table_size);
        memset(w->y_table, 0, sizeof w->y_table);
        memset(w->e_table, 0, sizeof w->e_table);
    }
    return QL_OK;
}

/* The errors of the profile's sample tell where the percentile will be. */
static ql_status guess_percentile(const measure_job *job, const ql_profile *profile, ql_error *error)
{
    const ql_sample *sample = profile->sample;
    measure_worker *w = ql_engine_scratch(job->engine, 0, 0);
    float *errors = malloc((sample->count + 1) * sizeof *errors);
    if (!errors) {
        return ql_fail_memory(error, (sample->count + 1) * sizeof *errors);
    }
    for (size_t at = 0; at < sample->count; at += QL_SAMPLE_PIECE) {
        const size_t n = sample->count - at < QL_SAMPLE_PIECE ? sample->count - at : QL_SAMPLE_PIECE;
        uint64_t clipped = 0;
        ql_quantize_values(job->quantizer, job->kernels, ql_sample_position(sample, at), sample->values + at, n, &w->tile,
                           &clipped);
        for (size_t i = 0; i < n; i++) {
            errors[at + i] = w->tile.x[i] - w->tile.y[i];
        }
    }
    ql_status status = ql_tail_guess(job->tail, job->kernels, errors, sample->count, error);
    free(errors);
    return status;
}

static ql_status run(measure_job *job, const ql_monitor *monitor, uint64_t done_before, uint64_t total, ql_error *error)
{
    const uint64_t elements = job->tensor->element_count;
    ql_pass pass = {
        .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
        .work = work,
        .merge = merge,
        .context = job,
        .monitor = monitor,
        .done_before = done_before,
        .elements = elements,
        .total = total,
    };
    bool done = false;
    ql_status status = QL_OK;
    while (status == QL_OK && !done) {
        status = ql_parallel(job->engine, &pass, error);
        if (status == QL_OK) {
            status = ql_tail_advance(job->tail, &done, error);
        }
        if (!job->measured) {
            job->measured = true;
            pass.done_before += elements;
            pass.elements = 0; /* scans more than expected show no progress */
        }
    }
    job->sums->p99_abs = ql_tail_value(job->tail);
    return status;
}

/* So long that going through the codes after each is little work. */
static bool are_long_runs(const measure_job *job)
{
    const ql_quantizer *q = job->quantizer;
    return ql_groups_are_runs(&q->groups) && !q->outliers.active && q->spec.mapping->decode &&
           (q->groups.count == 1 || ql_groups_length(&q->groups, 0) >= 16 * (uint64_t)job->code_count);
}

/* Groups that are runs of one length, all over the tensor. */
static size_t block_of(const measure_job *job)
{
    const ql_quantizer *q = job->quantizer;
    uint64_t group, length, offset;
    const uint64_t even = ql_groups_are_runs(&q->groups) ? ql_groups_even_runs(&q->groups, 0, &group, &length, &offset) : 0;
    return even == q->groups.elements && !q->outliers.active && q->spec.mapping->decode ? (size_t)length : 0;
}

ql_status ql_measure(ql_engine *engine, const ql_profile *profile, const ql_quantizer *quantizer, const ql_monitor *monitor,
                     uint64_t done_before, uint64_t total, ql_report *report, ql_measured *out, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    *out = (ql_measured) { 0 };
    measure_job job = {
        .engine = engine,
        .tensor = tensor,
        .kernels = ql_kernels_active(),
        .quantizer = quantizer,
        .walk = ql_walk_of(tensor),
        .code_count = (uint32_t)(quantizer->code_hi - quantizer->code_lo) + 1,
        .sums = out,
    };
    job.y_from_codes = are_long_runs(&job);
    job.block = block_of(&job);
    job.row_square = calloc(tensor->rows, sizeof *job.row_square);
    ql_status status = job.row_square ? ql_tail_new(ql_engine_threads(engine), tensor->element_count, &job.tail, error)
                                      : ql_fail_memory(error, tensor->rows * sizeof *job.row_square);
    if (status == QL_OK) {
        status = prepare_workers(&job, report, error);
    }
    if (status == QL_OK) {
        status = guess_percentile(&job, profile, error);
    }
    if (status == QL_OK) {
        status = run(&job, monitor, done_before, total, error);
    }
    ql_tail_free(&job.tail);
    if (status != QL_OK) {
        free(job.row_square);
        return status;
    }
    collect_workers(&job, report);
    out->worst_row = ql_errors_row_means(&job.walk, job.row_square);
    report->row_count = tensor->rows;
    report->row_mse = job.row_square;
    return QL_OK;
}
