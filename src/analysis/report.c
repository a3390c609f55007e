/*
 * The report: one tensor under one spec.
 *
 *   calibrate    the parameters of every group (quant/calibrate.c)
 *   main pass    each tile is read once, encoded, decoded and measured while it is in cache: error sums, code counts, histograms, the
 *                sums of the rows, and the upper bits of every |e| for the exact 99th percentile
 *   more scans   until that percentile is known, usually one
 *
 * What is counted is gathered per worker; what is summed in float64 is merged chunk by chunk in order, so every number is the same for
 * any number of threads.
 */
#include "analysis/histogram.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "kernels/kernels.h"
#include "quant/scheme.h"
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

typedef struct report_worker {
    ql_error_sums sums; /* of the chunk */
    row_sums rows;      /* of the chunk */
    tally tally;        /* of all chunks from here on */
    uint64_t code_counts[QL_MAX_LEVELS];
    ql_histogram dequantized, error;
    ql_tile_buffers tile;
    double e[QL_TILE], y[QL_TILE];
} report_worker;

typedef struct report_job {
    ql_engine *engine;
    const ql_profile *profile;
    const ql_tensor *tensor;
    const ql_kernels *kernels;
    ql_quantizer quantizer;
    ql_select *select;
    bool measured; /* the main pass is over: only the percentile is missing */
    double abs, square, xy, yy;
    double *row_square; /* [rows] */
} report_job;

/* ---- Rows */

static void begin_rows(const report_job *job, row_sums *rows, uint64_t begin, uint64_t end)
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

static void add_rows(const report_job *job, row_sums *rows, uint64_t chunk_begin, uint64_t begin, const double *e, size_t n)
{
    const ql_tensor *t = job->tensor;
    if (t->layout == QL_LAYOUT_IN_OUT) {
        uint64_t slot = (begin - chunk_begin) % t->rows;
        for (size_t i = 0; i < n; i++) {
            rows->square[slot] += e[i] * e[i];
            slot = slot + 1 < t->rows ? slot + 1 : 0;
        }
        return;
    }
    for (size_t done = 0; done < n;) {
        uint64_t row = (begin + done) / t->cols, left = (row + 1) * t->cols - (begin + done);
        size_t count = left < n - done ? (size_t)left : n - done;
        double lanes[QL_LANES] = { 0 };
        for (size_t i = 0; i < count; i++) {
            lanes[i % QL_LANES] += e[done + i] * e[done + i];
        }
        rows->square[row - rows->first] += ql_lanes_total(lanes);
        done += count;
    }
}

/* ---- One chunk */

static void count_codes(report_worker *w, const int16_t *codes, size_t n, int code_lo)
{
    for (size_t i = 0; i < n; i++) {
        w->code_counts[codes[i] - code_lo]++;
    }
}

static void measure_tile(const report_job *job, report_worker *w, uint64_t chunk_begin, uint64_t begin, size_t n)
{
    job->kernels->errors(w->tile.x, w->tile.y, n, w->e, &w->sums);
    add_rows(job, &w->rows, chunk_begin, begin, w->e, n);
    count_codes(w, w->tile.codes, n, job->quantizer.code_lo);
    for (size_t i = 0; i < n; i++) {
        w->y[i] = w->tile.y[i];
    }
    job->kernels->histogram(w->y, n, &w->dequantized);
    job->kernels->histogram(w->e, n, &w->error);
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const report_job *job = context;
    report_worker *w = ql_engine_scratch(job->engine, worker, 0);
    const uint64_t chunk_begin = chunk * QL_CHUNK, left = job->tensor->element_count - chunk_begin;
    const uint64_t chunk_end = chunk_begin + (left < QL_CHUNK ? left : QL_CHUNK);
    if (!job->measured) {
        memset(&w->sums, 0, sizeof w->sums);
        begin_rows(job, &w->rows, chunk_begin, chunk_end);
    }
    for (uint64_t begin = chunk_begin; begin < chunk_end; begin += QL_TILE) {
        const size_t n = chunk_end - begin < QL_TILE ? (size_t)(chunk_end - begin) : QL_TILE;
        uint64_t clipped = 0;
        ql_status status = ql_quantize_tile(&job->quantizer, job->kernels, job->tensor, begin, n, &w->tile, &clipped, error);
        if (status != QL_OK) {
            return status;
        }
        if (!job->measured) {
            w->tally.clipped += clipped;
            measure_tile(job, w, chunk_begin, begin, n);
        }
        for (size_t i = 0; i < n; i++) {
            w->e[i] = fabs(job->measured ? (double)w->tile.x[i] - (double)w->tile.y[i] : w->e[i]);
        }
        ql_select_feed(job->select, worker, w->e, n);
    }
    return QL_OK;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    report_job *job = context;
    if (job->measured) {
        return;
    }
    report_worker *w = ql_engine_scratch(job->engine, worker, 0);
    job->abs += ql_lanes_total(w->sums.abs);
    job->square += ql_lanes_total(w->sums.square);
    job->xy += ql_lanes_total(w->sums.xy);
    job->yy += ql_lanes_total(w->sums.yy);
    w->tally.max_abs = fmax(w->tally.max_abs, w->sums.max_abs);
    w->tally.zeros += w->sums.zeros;
    uint64_t row = w->rows.first;
    for (uint64_t slot = 0; slot < w->rows.count; slot++) {
        job->row_square[row] += w->rows.square[slot];
        row = row + 1 < job->tensor->rows ? row + 1 : 0;
    }
}

/* ---- From counts and sums to the report */

/* Divergence of y's histogram from x's in 256 bins: pairs of our 512, half a count added to each; what lies outside in the end bins. */
static double histogram_divergence(const ql_histogram *x, const ql_histogram *y, uint64_t n)
{
    enum { BINS = QL_BINS / 2 };
    if (x->lo == x->hi) {
        return 0; /* one bin holds all, of y too */
    }
    const double total = (double)n + 0.5 * BINS;
    double sum = 0;
    for (int i = 0; i < BINS; i++) {
        uint64_t p = x->bins[2 * i] + x->bins[2 * i + 1], q = y->bins[2 * i] + y->bins[2 * i + 1];
        q += (i == 0 ? y->below : 0) + (i == BINS - 1 ? y->above : 0);
        double px = ((double)p + 0.5) / total, qy = ((double)q + 0.5) / total;
        sum += px * log(px / qy);
    }
    return sum;
}

static double entropy_of(const uint64_t *counts, unsigned levels, uint64_t n)
{
    double sum = 0;
    for (unsigned i = 0; i < levels; i++) {
        if (counts[i]) {
            double p = (double)counts[i] / (double)n;
            sum -= p * log2(p);
        }
    }
    return fabs(sum);
}

static void fill_metrics(const report_job *job, ql_report *r, const tally *total, double p99)
{
    const uint64_t count = job->tensor->element_count;
    const double n = (double)count, x_square = job->profile->x_square_sum, square = job->square;
    unsigned used = 0;
    for (unsigned i = 0; i < r->levels; i++) {
        used += r->code_counts[i] != 0;
    }
    double worst = 0;
    for (uint64_t row = 0; row < r->row_count; row++) {
        worst = fmax(worst, r->row_mse[row]);
    }
    double *m = r->metrics;
    m[QL_MAE] = job->abs / n;
    m[QL_MSE] = square / n;
    m[QL_RMSE] = sqrt(square / n);
    m[QL_MAX_ABS] = total->max_abs;
    m[QL_SQNR_DB] = square == 0 ? INFINITY : x_square == 0 ? -INFINITY : 10 * log10(x_square / square);
    m[QL_COSINE] = x_square == 0 && job->yy == 0   ? 1
                   : x_square == 0 || job->yy == 0 ? 0
                                                   : job->xy / (sqrt(x_square) * sqrt(job->yy));
    m[QL_REL_FRO] = square == 0 ? 0 : x_square == 0 ? INFINITY : sqrt(square / x_square);
    m[QL_KL_HIST] = histogram_divergence(&r->original, &r->dequantized, count);
    m[QL_FRAC_CLIPPED] = (double)total->clipped / n;
    m[QL_ZERO_FRAC] = (double)total->zeros / n;
    m[QL_LEVELS_USED] = used;
    m[QL_UTILISATION] = (double)used / r->levels;
    m[QL_ENTROPY_BITS] = entropy_of(r->code_counts, r->levels, count);
    m[QL_WORST_ROW_MSE] = worst;
    m[QL_P99_ABS] = p99;
    m[QL_RMSE_OVER_STD] = m[QL_RMSE] / r->stats.std;
}

static void collect_workers(const report_job *job, ql_report *r, tally *total)
{
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        const report_worker *w = ql_engine_scratch(job->engine, worker, 0);
        total->max_abs = fmax(total->max_abs, w->tally.max_abs);
        total->zeros += w->tally.zeros;
        total->clipped += w->tally.clipped;
        for (int i = 0; i < QL_MAX_LEVELS; i++) {
            r->code_counts[i] += w->code_counts[i];
        }
        ql_histogram_merge(&r->dequantized, &w->dequantized);
        ql_histogram_merge(&r->error, &w->error);
    }
}

/* The parameters of the groups, and what can be said of the values that y may take. */
static void describe_quantizer(ql_report *r, const ql_quantizer *q)
{
    r->code_lo = q->code_lo;
    r->code_hi = q->code_hi;
    r->levels = (unsigned)(q->code_hi - q->code_lo + 1);
    r->group_count = q->groups.count;
    r->scale_min = INFINITY;
    r->scale_max = 0;
    r->clip_lo = INFINITY;
    r->clip_hi = -INFINITY;
    for (uint64_t g = 0; g < r->group_count; g++) {
        const double step = q->scales[g], zero = q->zeros ? q->zeros[g] : 0;
        r->scale_min = fminf(r->scale_min, q->scales[g]);
        r->scale_max = fmaxf(r->scale_max, q->scales[g]);
        r->clip_lo = fmin(r->clip_lo, (q->code_lo - zero) * step);
        r->clip_hi = fmax(r->clip_hi, (q->code_hi - zero) * step);
    }
    if (r->group_count == 1) {
        const double step = q->scales[0], zero = q->zeros ? q->zeros[0] : 0;
        r->grid_count = r->levels;
        for (unsigned i = 0; i < r->levels; i++) {
            r->grid[i] = (float)((q->code_lo + (int)i - zero) * step);
        }
    }
}

/* Half a step each way; a hair more for what the rounding of y to float32 adds. */
static void set_axes(ql_report *r)
{
    r->dequantized.lo = r->original.lo;
    r->dequantized.hi = r->original.hi;
    r->error.hi = 0.5 * (double)r->scale_max * (1 + 0x1p-12);
    r->error.lo = -r->error.hi;
}

static ql_status prepare_workers(const report_job *job, const ql_report *r, ql_error *error)
{
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        report_worker *w = ql_engine_scratch(job->engine, worker, sizeof *w);
        if (!w) {
            return ql_fail_memory(error, sizeof *w);
        }
        w->tally = (tally){ 0 };
        memset(w->code_counts, 0, sizeof w->code_counts);
        w->dequantized = r->dequantized;
        w->error = r->error;
    }
    return QL_OK;
}

static ql_status measure(report_job *job, ql_report *r, const ql_monitor *monitor, uint64_t done_before, uint64_t total,
                         ql_error *error)
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
        pass.elements = pass.done_before < total ? elements : 0; /* a scan more than expected: progress waits at its end */
    }
    tally sum = { 0 };
    collect_workers(job, r, &sum);
    for (uint64_t row = 0; row < job->tensor->rows; row++) {
        job->row_square[row] /= (double)job->tensor->cols;
    }
    r->row_count = job->tensor->rows;
    r->row_mse = job->row_square;
    job->row_square = NULL;
    fill_metrics(job, r, &sum, ql_percentile_value(&p99, ql_select_value(job->select, 0), ql_select_value(job->select, 1)));
    return QL_OK;
}

static void fill_storage(ql_report *r, const ql_profile *profile)
{
    const double n = (double)profile->tensor->element_count;
    const double bits = r->spec.bits * n + (double)r->spec.mapping->group_bits(&r->spec) * (double)r->group_count;
    r->bits_per_weight = bits / n;
    r->byte_count = (uint64_t)ceil(bits / 8);
}

static ql_status fail_unusable(const ql_profile *profile, ql_error *error)
{
    char name[256];
    ql_text_print(name, sizeof name, profile->tensor->name, 60);
    return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': %s; no quantizer takes it, `qloupe stat` counts what it holds",
                   ql_source_shown(profile->tensor->storage->source), name, profile->unusable);
}

ql_status ql_report_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                         ql_report **out, ql_error *error)
{
    if (profile->unusable) {
        return fail_unusable(profile, error);
    }
    const ql_tensor *tensor = profile->tensor;
    const uint64_t before = ql_quantizer_elements(profile, spec), total = before + 2 * tensor->element_count;
    report_job job = { .engine = engine, .profile = profile, .tensor = tensor, .kernels = ql_kernels_active() };
    ql_report *r = calloc(1, sizeof *r);
    job.row_square = calloc(tensor->rows, sizeof *job.row_square);
    ql_status status = r && job.row_square ? ql_source_check(tensor->storage->source, error)
                                           : ql_fail_memory(error, sizeof *r + tensor->rows * sizeof *job.row_square);
    if (status == QL_OK) {
        status = ql_select_new(ql_engine_threads(engine), tensor->element_count, &job.select, error);
    }
    if (status == QL_OK) {
        status = ql_quantizer_make(engine, profile, spec, monitor, total, &job.quantizer, error);
    }
    if (status == QL_OK) {
        r->spec = *spec;
        ql_spec_format(spec, r->spec_text);
        r->stats = profile->stats;
        r->original = profile->original;
        describe_quantizer(r, &job.quantizer);
        fill_storage(r, profile);
        set_axes(r);
        status = prepare_workers(&job, r, error);
    }
    if (status == QL_OK) {
        status = measure(&job, r, monitor, before, total, error);
    }
    if (status == QL_OK) {
        r->scales = job.quantizer.scales;
        r->zeros = job.quantizer.zeros;
        job.quantizer.scales = NULL;
        job.quantizer.zeros = NULL;
        *out = r;
        r = NULL;
    }
    ql_report_free(&r);
    ql_quantizer_free(&job.quantizer);
    ql_select_free(&job.select);
    free(job.row_square);
    return status;
}

void ql_report_free(ql_report **report)
{
    if (*report) {
        free((float *)(*report)->scales);
        free((int32_t *)(*report)->zeros);
        free((double *)(*report)->row_mse);
        free(*report);
        *report = NULL;
    }
}
