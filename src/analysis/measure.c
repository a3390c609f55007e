/*
 * The pass over a tensor that a report is made from.
 *
 *   main pass    each tile is read once, encoded, decoded and measured while it is in cache: error sums, code counts,
 * histograms, the sums of the rows, and the upper bits of every |e| for the exact 99th percentile more scans   until that
 * percentile is known, usually one
 *
 * What is counted is gathered per worker; what is summed in float64 is merged chunk by chunk in order, so every number is
 * the same for any number of threads.
 */
#include "analysis/measure.h"

#include "analysis/histogram.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "kernels/kernels.h"
#include "quant/select.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Squared errors of the rows that a chunk touches: slot s belongs to row (first + s) mod rows. */
typedef struct row_sums {
    uint64_t first, count;
    double square[QL_CHUNK];
} row_sums;

/* What does not depend on the order of the chunks, besides histograms. */
typedef struct tally {
    double max_abs;
    uint64_t zeros, clipped;
} tally;

typedef struct measure_worker {
    ql_error_sums sums; /* of the chunk */
    row_sums rows;      /* of the chunk */
    tally tally;        /* of all chunks from here on */
    ql_histogram dequantized, error;
    ql_tile_buffers tile;
    float e[QL_TILE];
    double square[QL_LANES], magnitude[QL_TILE];
    uint32_t y_tables[QL_TABLES * (QL_BINS + QL_OUTSIDE)], e_tables[QL_TABLES * (QL_BINS + QL_OUTSIDE)];
    uint64_t code_counts[]; /* [codes] by code - code_lo */
} measure_worker;

typedef struct measure_job {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_kernels *kernels;
    const ql_quantizer *quantizer;
    ql_select *select;
    bool measured; /* the main pass is over: only the percentile is missing */
    ql_measured *sums;
    double *row_square; /* [rows] */
} measure_job;

/* ---- Rows */

static void begin_rows(const measure_job *job, row_sums *rows, uint64_t begin, uint64_t end)
{
    const ql_tensor *t = job->tensor;
    if (t->layout == QL_LAYOUT_IN_OUT) { /* neighbours belong to neighbouring rows */
        rows->first = begin % t->rows;
        rows->count = end - begin < t->rows ? end - begin : t->rows;
    } else {
        rows->first = begin / t->cols;
        rows->count = (end - 1) / t->cols - rows->first + 1;
    }
    memset(rows->square, 0, (size_t)rows->count * sizeof *rows->square);
}

static void add_rows(const measure_job *job, row_sums *rows, uint64_t chunk_begin, uint64_t begin, const float *e, size_t n)
{
    const ql_tensor *t = job->tensor;
    if (t->layout == QL_LAYOUT_IN_OUT) {
        uint64_t slot = (begin - chunk_begin) % t->rows;
        for (size_t i = 0; i < n; i++) {
            rows->square[slot] += (double)e[i] * (double)e[i];
            slot = slot + 1 < t->rows ? slot + 1 : 0;
        }
        return;
    }
    for (size_t done = 0; done < n;) {
        uint64_t row = (begin + done) / t->cols, left = (row + 1) * t->cols - (begin + done);
        size_t count = left < n - done ? (size_t)left : n - done;
        double lanes[QL_LANES] = { 0 };
        for (size_t i = 0; i < count; i++) {
            lanes[i % QL_LANES] += (double)e[done + i] * (double)e[done + i];
        }
        rows->square[row - rows->first] += ql_lanes_total(lanes);
        done += count;
    }
}

/* ---- One chunk */

static void count_codes(measure_worker *w, const int16_t *codes, size_t n, int code_lo)
{
    for (size_t i = 0; i < n; i++) {
        w->code_counts[(uint16_t)(codes[i] - code_lo)]++;
    }
}

static void measure_tile(const measure_job *job, measure_worker *w, uint64_t chunk_begin, uint64_t begin, size_t n)
{
    job->kernels->errors(w->tile.x, w->tile.y, n, w->e, &w->sums, w->square);
    add_rows(job, &w->rows, chunk_begin, begin, w->e, n);
    count_codes(w, w->tile.codes, n, job->quantizer->code_lo);
    const ql_binning y_axis = { w->dequantized.lo, w->dequantized.hi, QL_BINS, false }, e_axis = { w->error.lo, w->error.hi, QL_BINS, false };
    memset(w->y_tables, 0, sizeof w->y_tables);
    memset(w->e_tables, 0, sizeof w->e_tables);
    job->kernels->histogram(&y_axis, w->tile.y, n, w->y_tables, NULL);
    job->kernels->histogram(&e_axis, w->e, n, w->e_tables, NULL);
    ql_histogram_take(&w->dequantized, w->y_tables);
    ql_histogram_take(&w->error, w->e_tables);
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const measure_job *job = context;
    measure_worker *w = ql_engine_scratch(job->engine, worker, 0);
    const uint64_t chunk_begin = chunk * QL_CHUNK, left = job->tensor->element_count - chunk_begin;
    const uint64_t chunk_end = chunk_begin + (left < QL_CHUNK ? left : QL_CHUNK);
    if (!job->measured) {
        memset(&w->sums, 0, sizeof w->sums);
        memset(w->square, 0, sizeof w->square);
        begin_rows(job, &w->rows, chunk_begin, chunk_end);
    }
    for (uint64_t begin = chunk_begin; begin < chunk_end; begin += QL_TILE) {
        const size_t n = chunk_end - begin < QL_TILE ? (size_t)(chunk_end - begin) : QL_TILE;
        uint64_t clipped = 0;
        ql_status status = ql_quantize_tile(job->quantizer, job->kernels, job->tensor, begin, n, &w->tile, &clipped, error);
        if (status != QL_OK) {
            return status;
        }
        if (!job->measured) {
            w->tally.clipped += clipped;
            measure_tile(job, w, chunk_begin, begin, n);
        }
        for (size_t i = 0; i < n; i++) {
            w->magnitude[i] = fabsf(w->tile.x[i] - w->tile.y[i]);
        }
        ql_select_feed(job->select, worker, w->magnitude, n);
    }
    return QL_OK;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    measure_job *job = context;
    if (job->measured) {
        return;
    }
    measure_worker *w = ql_engine_scratch(job->engine, worker, 0);
    job->sums->abs += ql_lanes_total(w->sums.abs);
    job->sums->square += ql_lanes_total(w->square);
    job->sums->xy += ql_lanes_total(w->sums.xy);
    job->sums->yy += ql_lanes_total(w->sums.yy);
    w->tally.max_abs = fmax(w->tally.max_abs, w->sums.max_abs);
    w->tally.zeros += w->sums.zeros;
    uint64_t row = w->rows.first;
    for (uint64_t slot = 0; slot < w->rows.count; slot++) {
        job->row_square[row] += w->rows.square[slot];
        row = row + 1 < job->tensor->rows ? row + 1 : 0;
    }
}

/* What the workers counted, into the report. */
static void collect_workers(const measure_job *job, ql_report *r)
{
    uint64_t *counts = (uint64_t *)r->code_counts; /* the report's own */
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        const measure_worker *w = ql_engine_scratch(job->engine, worker, 0);
        job->sums->max_abs = fmax(job->sums->max_abs, w->tally.max_abs);
        job->sums->zeros += w->tally.zeros;
        job->sums->clipped += w->tally.clipped;
        for (int i = 0; i <= r->code_hi - r->code_lo; i++) {
            counts[i] += w->code_counts[i];
        }
        ql_histogram_merge(&r->dequantized, &w->dequantized);
        ql_histogram_merge(&r->error, &w->error);
    }
}

static ql_status prepare_workers(const measure_job *job, const ql_report *r, ql_error *error)
{
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        const size_t codes_size = ((size_t)(r->code_hi - r->code_lo) + 1) * sizeof(uint64_t),
                     size = sizeof(measure_worker) + codes_size;
        measure_worker *w = ql_engine_scratch(job->engine, worker, size);
        if (!w) {
            return ql_fail_memory(error, size);
        }
        w->tally = (tally) { 0 };
        memset(w->code_counts, 0, codes_size);
        w->dequantized = r->dequantized;
        w->error = r->error;
    }
    return QL_OK;
}

static ql_status run(measure_job *job, const ql_monitor *monitor, uint64_t done_before, uint64_t total, ql_error *error)
{
    const uint64_t elements = job->tensor->element_count;
    const ql_percentile p99 = ql_percentile_at(99, elements);
    ql_select_ranks(job->select, p99.rank, 2);
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
    for (bool done = false; !done; job->measured = true) {
        ql_status status = ql_parallel(job->engine, &pass, error);
        if (status == QL_OK) {
            status = ql_select_advance(job->select, &done, error);
        }
        if (status != QL_OK) {
            return status;
        }
        pass.done_before += pass.elements;
        pass.elements = pass.done_before < total ? elements : 0; /* a scan more than expected shows no progress */
    }
    job->sums->p99_abs = ql_percentile_value(&p99, ql_select_value(job->select, 0), ql_select_value(job->select, 1));
    return QL_OK;
}

ql_status ql_measure(ql_engine *engine, const ql_profile *profile, const ql_quantizer *quantizer, const ql_monitor *monitor,
                     uint64_t done_before, uint64_t total, ql_report *report, ql_measured *out, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    *out = (ql_measured) { 0 };
    measure_job job = {
        .engine = engine, .tensor = tensor, .kernels = ql_kernels_active(), .quantizer = quantizer, .sums = out
    };
    job.row_square = calloc(tensor->rows, sizeof *job.row_square);
    ql_status status = job.row_square ? ql_select_new(ql_engine_threads(engine), tensor->element_count, &job.select, error)
                                      : ql_fail_memory(error, tensor->rows * sizeof *job.row_square);
    if (status == QL_OK) {
        status = prepare_workers(&job, report, error);
    }
    if (status == QL_OK) {
        status = run(&job, monitor, done_before, total, error);
    }
    ql_select_free(&job.select);
    if (status != QL_OK) {
        free(job.row_square);
        return status;
    }
    collect_workers(&job, report);
    for (uint64_t row = 0; row < tensor->rows; row++) {
        job.row_square[row] /= (double)tensor->cols;
    }
    report->row_count = tensor->rows;
    report->row_mse = job.row_square;
    return QL_OK;
}
