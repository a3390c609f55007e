/*
 * Passes over a matrix in memory, timed: what a turn of a knob costs, and the parts that it is made of.
 *
 *   bench_kernels.c   the kernels in use: reading, uniform codes, histograms
 *   bench_decode.c    decoders, to memory
 *   bench_product.c   the product's own functions: calibrations, block formats, profile, reports
 *
 * Every pass ends in numbers that depend on all it did. Sums are merged in the order of the chunks, so the numbers are the
 * same in every run.
 */
#include "analysis/bench.h"

#include "base/error.h"
#include "base/sizes.h"
#include "quant/kept.h"

#include <math.h>
#include <string.h>
#include <time.h>

ql_bench_gathered *ql_bench_gathered_by(const ql_bench_job *job, unsigned worker)
{
    return ql_engine_scratch(job->bench->engine, worker, 0);
}

ql_status ql_bench_prepare(ql_bench_job *job, size_t more, ql_error *error)
{
    for (unsigned worker = 0; worker < ql_engine_threads(job->bench->engine); worker++) {
        ql_bench_gathered *g = ql_engine_scratch(job->bench->engine, worker, sizeof *g + more);
        if (!g) {
            return ql_fail_memory(error, sizeof *g + more);
        }
        g->sum = 0;
        g->lo = INFINITY;
        g->hi = -INFINITY;
        g->counted = 0;
        memset(g->counts, 0, more);
    }
    return QL_OK;
}

ql_status ql_bench_sweep(ql_bench_job *job, uint64_t elements, ql_bench_work *work, ql_bench_merge *merge, ql_error *error)
{
    const uint64_t all = job->bench->tensor.element_count;
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(all, elements),
        .work = work,
        .merge = merge,
        .context = job,
        .monitor = job->monitor,
        .done_before = job->done,
        .elements = all,
        .total = job->pass->sweeps * all,
    };
    job->done += all;
    return ql_parallel(job->bench->engine, &pass, error);
}

size_t ql_bench_chunk(const ql_bench_job *job, uint64_t chunk, const float **x)
{
    const uint64_t left = job->bench->tensor.element_count - chunk * QL_CHUNK;
    *x = job->bench->values + chunk * QL_CHUNK;
    return left < QL_CHUNK ? (size_t)left : QL_CHUNK;
}

void ql_bench_answer(ql_bench_job *job, const char *name, double value)
{
    job->out->answers[job->out->answer_count].name = name;
    job->out->answers[job->out->answer_count++].value = value;
}

void ql_bench_begin_errors(ql_bench_gathered *g)
{
    memset(&g->errors, 0, sizeof g->errors);
    memset(g->square, 0, sizeof g->square);
}

void ql_bench_merge_errors(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    ql_bench_job *job = context;
    const ql_bench_gathered *g = ql_bench_gathered_by(job, worker);
    ql_bench_totals *t = &job->totals;
    t->abs += ql_lanes_total(g->errors.abs);
    t->square += ql_lanes_total(g->square);
    t->xy += ql_lanes_total(g->errors.xy);
    t->yy += ql_lanes_total(g->errors.yy);
    t->max_abs = fmax(t->max_abs, g->errors.max_abs);
}

void ql_bench_answer_errors(ql_bench_job *job)
{
    const double n = (double)job->bench->tensor.element_count, xx = job->bench->profile->x_square_sum;
    const ql_bench_totals *t = &job->totals;
    ql_bench_answer(job, "mae", t->abs / n);
    ql_bench_answer(job, "mse", t->square / n);
    ql_bench_answer(job, "max_abs", t->max_abs);
    ql_bench_answer(job, "cosine", t->xy / (sqrt(xx) * sqrt(t->yy)));
}

#define DECODES .ready = ql_bench_ready_to_decode, .sweeps = 1, .decodes = true

static const ql_bench_pass passes[] = {
    { { "read", "all bytes added up: the read bandwidth" }, .run = ql_bench_read, .sweeps = 1 },
    { { "absmax", "range, then 8-bit codes, values, error sums" }, .run = ql_bench_uniform, .spec = "absmax", .sweeps = 2 },
    { { "absmax-known", "the same when the scale is known" },
      .run = ql_bench_uniform,
      .spec = "absmax",
      .known = true,
      .sweeps = 1 },
    { { "absmax-row", "the same with a scale for each row" }, .run = ql_bench_rows, .spec = "absmax:per=row", .sweeps = 1 },
    { { "zeropoint", "range, then 8-bit codes, values, error sums" },
      .run = ql_bench_uniform,
      .spec = "zeropoint",
      .sweeps = 2 },
    { { "nf4", "blocks of 64: scales, codes, values, error sums" },
      .run = ql_bench_fit,
      .ready = ql_bench_ready_to_fit,
      .spec = "nf4",
      .sweeps = 1 },
    { { "q8_0", "blocks of 32: scales, codes, values, error sums" },
      .run = ql_bench_quantizer,
      .spec = "q8_0",
      .sweeps = 2 },
    { { "q4_0", "blocks of 32: scales, codes, values, error sums" },
      .run = ql_bench_quantizer,
      .spec = "q4_0",
      .sweeps = 2 },
    { { "histogram-256", "range, then 256 equal bins" }, .run = ql_bench_histogram, .bins = 256, .sweeps = 2 },
    { { "histogram-2048", "range, then 2,048 equal bins" }, .run = ql_bench_histogram, .bins = 2048, .sweeps = 2 },
    { { "percentile", "exact 99.9th percentile of |x|" }, .run = ql_bench_calibration, .spec = "absmax:clip=percentile" },
    { { "quantiles", "nine exact quantiles of x" }, .run = ql_bench_quantiles, .sweeps = 3 },
    { { "kl", "clipping range by divergence: histogram, search" }, .run = ql_bench_calibration, .spec = "absmax:clip=kl" },
    { { "mse", "clipping range by squared error: 256 candidates" }, .run = ql_bench_calibration, .spec = "absmax:clip=mse" },
    { { "write", "as many bytes written" }, .run = ql_bench_write, DECODES },
    { { "decode-nf4", "NF4 in blocks of 64 to memory" }, .run = ql_bench_decode, .spec = "nf4", DECODES },
    { { "decode-q8_0", "ggml blocks to memory" }, .run = ql_bench_decode, .spec = "q8_0", DECODES },
    { { "decode-q4_0", "ggml blocks to memory" }, .run = ql_bench_decode, .spec = "q4_0", DECODES },
    { { "decode-q6_K", "ggml blocks to memory" }, .run = ql_bench_decode, .spec = "q6_K", DECODES },
    { { "decode-q4_K", "ggml blocks to memory" }, .run = ql_bench_decode, .spec = "q4_K", DECODES },
    { { "decode-q3_K", "ggml blocks to memory" }, .run = ql_bench_decode, .spec = "q3_K", DECODES },
    { { "decode-q2_K", "ggml blocks to memory" }, .run = ql_bench_decode, .spec = "q2_K", DECODES },
    { { "profile", "every statistic of a tensor: it is opened" }, .run = ql_bench_profile },
    { { "report-absmax", "every number under absmax: a knob is turned" }, .run = ql_bench_report, .spec = "absmax" },
    { { "report-row", "under absmax:bits=4,per=row" }, .run = ql_bench_report, .spec = "absmax:bits=4,per=row" },
    { { "report-row-again", "and once more: the ranges are still known" },
      .run = ql_bench_report,
      .spec = "absmax:bits=4,per=row",
      .again = true },
    { { "report-nf4", "under nf4" }, .run = ql_bench_report, .spec = "nf4" },
    { { "report-percentile", "under absmax:clip=percentile" }, .run = ql_bench_report, .spec = "absmax:clip=percentile" },
    { { "report-kl", "under absmax:clip=kl" }, .run = ql_bench_report, .spec = "absmax:clip=kl" },
    { { "report-mse", "under absmax:clip=mse" }, .run = ql_bench_report, .spec = "absmax:clip=mse" },
    { { "report-mse-again", "and once more: the fine histogram is still known" },
      .run = ql_bench_report,
      .spec = "absmax:clip=mse",
      .again = true },
};

const ql_bench_info *ql_bench_at(size_t index)
{
    return index < sizeof passes / sizeof passes[0] ? &passes[index].info : NULL;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static ql_bench_job job_of(ql_bench *bench, const ql_bench_pass *pass, const ql_monitor *monitor, ql_bench_run *out)
{
    *out = (ql_bench_run) { 0 };
    return (ql_bench_job) { .bench = bench, .pass = pass, .kernels = ql_kernels_active(), .monitor = monitor, .out = out };
}

static ql_status run_untimed(ql_bench *bench, const ql_bench_pass *pass, ql_error *error)
{
    ql_bench_run unused;
    ql_bench_job job = job_of(bench, pass, NULL, &unused);
    return pass->run(&job, error);
}

/* What earlier runs left with the profile is forgotten. */
static ql_status forget(ql_bench *bench, ql_error *error)
{
    ql_kept_free(&bench->profile->kept);
    bench->profile->kept = ql_kept_new();
    return bench->profile->kept ? QL_OK : ql_fail_memory(error, sizeof *bench->profile);
}

/* Whatever ran before, the caches then hold what they can hold: large ones take the matrix in when it is read for the second
   or third time. A decoder touches other memory, so it is run itself; so is a pass that begins where it was before. */
static ql_status warm_up(ql_bench *bench, const ql_bench_pass *pass, ql_error *error)
{
    enum { READS = 3 };
    ql_status status = forget(bench, error);
    if (status == QL_OK && pass->ready) {
        status = pass->ready(bench, pass, error);
    }
    if (status == QL_OK && (pass->decodes || pass->again)) {
        status = run_untimed(bench, pass, error);
    }
    for (int i = 0; status == QL_OK && i < READS && !pass->decodes; i++) {
        status = run_untimed(bench, &passes[0], error);
    }
    return status;
}

ql_status ql_bench_time(ql_bench *bench, size_t index, const ql_monitor *monitor, ql_bench_run *out, ql_error *error)
{
    const ql_bench_pass *pass = &passes[index];
    ql_bench_job job = job_of(bench, pass, monitor, out);
    ql_status status = warm_up(bench, pass, error);
    if (status != QL_OK) {
        return status;
    }
    const double begin = now();
    status = pass->run(&job, error);
    out->seconds = now() - begin;
    if (status == QL_OK && pass->decodes) {
        ql_bench_answer_decoded(&job);
    }
    return status;
}
