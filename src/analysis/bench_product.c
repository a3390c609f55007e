/* Passes that are functions of the product. */
#include "analysis/bench.h"
#include "quant/select.h" /* percentiles */

#include <math.h>
#include <string.h>

ql_status ql_bench_calibration(ql_bench_job *job, ql_error *error)
{
    const ql_profile *profile = job->bench->profile;
    ql_quantizer quantizer = { 0 };
    ql_status status = ql_spec_parse(job->pass->spec, &job->spec, error);
    if (status == QL_OK) {
        status = ql_quantizer_make(job->bench->engine, profile, &job->spec, job->monitor,
                                   ql_quantizer_elements(profile, &job->spec), &quantizer, error);
    }
    ql_bench_answer(job, "threshold", quantizer.widest_hi);
    ql_quantizer_free(&quantizer);
    return status;
}

static ql_status quantize_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const ql_bench_job *job = context;
    ql_bench_gathered *g = ql_bench_gathered_by(job, worker);
    const float *x;
    const size_t n = ql_bench_chunk(job, chunk, &x);
    ql_bench_begin_errors(g);
    for (size_t done = 0; done < n; done += QL_TILE) {
        const size_t tile = ql_bench_tile(n - done);
        uint64_t clipped = 0;
        ql_quantize_values(job->quantizer, job->kernels, chunk * QL_CHUNK + done, x + done, tile, &g->tile, &clipped);
        job->kernels->errors(x + done, g->tile.y, tile, g->e, &g->errors, g->square);
    }
    return QL_OK;
}

/* Parameters of all groups, then codes, values and errors. */
ql_status ql_bench_quantizer(ql_bench_job *job, ql_error *error)
{
    const ql_profile *profile = job->bench->profile;
    ql_quantizer quantizer = { 0 };
    ql_status status = ql_spec_parse(job->pass->spec, &job->spec, error);
    if (status == QL_OK) {
        status = ql_quantizer_make(job->bench->engine, profile, &job->spec, job->monitor,
                                   job->pass->sweeps * job->bench->tensor.element_count, &quantizer, error);
    }
    if (status == QL_OK) {
        status = ql_bench_prepare(job, 0, error);
    }
    if (status == QL_OK) {
        job->done = job->bench->tensor.element_count;
        job->quantizer = &quantizer;
        status = ql_bench_sweep(job, QL_CHUNK, quantize_chunk, ql_bench_merge_errors, error);
    }
    ql_bench_answer_errors(job);
    ql_quantizer_free(&quantizer);
    return status;
}

ql_status ql_bench_ready_to_fit(ql_bench *bench, const ql_bench_pass *pass, ql_error *error)
{
    ql_spec spec;
    ql_status status = ql_spec_parse(pass->spec, &spec, error);
    if (status == QL_OK && bench->quantizer.spec.mapping != spec.mapping) {
        ql_quantizer_free(&bench->quantizer);
        status = ql_quantizer_make(bench->engine, bench->profile, &spec, NULL, 0, &bench->quantizer, error);
    }
    return status;
}

/* The scales of the groups that lie in x[n], elements [begin, begin + n), each from its largest magnitude. */
static void fit_tile(const ql_bench_job *job, uint64_t begin, const float *x, size_t n)
{
    ql_quantizer *q = &job->bench->quantizer;
    for (size_t done = 0; done < n;) {
        uint64_t group;
        const uint64_t run = ql_groups_run(&q->groups, begin + done, &group);
        const size_t length = run < n - done ? (size_t)run : n - done;
        float lo = INFINITY, hi = -INFINITY;
        job->kernels->range(x + done, length, &lo, &hi);
        const double largest = fmax(fabs((double)lo), fabs((double)hi));
        q->spec.mapping->fit(q, group, -largest, largest);
        done += length;
    }
}

static ql_status fit_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const ql_bench_job *job = context;
    ql_bench_gathered *g = ql_bench_gathered_by(job, worker);
    const float *x;
    const size_t n = ql_bench_chunk(job, chunk, &x);
    ql_bench_begin_errors(g);
    for (size_t done = 0; done < n; done += QL_TILE) {
        const size_t tile = ql_bench_tile(n - done);
        const uint64_t begin = chunk * QL_CHUNK + done;
        uint64_t clipped = 0;
        fit_tile(job, begin, x + done, tile);
        ql_quantize_values(&job->bench->quantizer, job->kernels, begin, x + done, tile, &g->tile, &clipped);
        job->kernels->errors(x + done, g->tile.y, tile, g->e, &g->errors, g->square);
    }
    return QL_OK;
}

/* The same in one pass: no tile holds a part of a group. */
ql_status ql_bench_fit(ql_bench_job *job, ql_error *error)
{
    ql_status status = ql_bench_prepare(job, 0, error);
    if (status == QL_OK) {
        status = ql_bench_sweep(job, QL_CHUNK, fit_chunk, ql_bench_merge_errors, error);
    }
    ql_bench_answer_errors(job);
    return status;
}

static ql_status feed_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const ql_bench_job *job = context;
    const float *x;
    const size_t n = ql_bench_chunk(job, chunk, &x);
    for (size_t done = 0; done < n; done += QL_TILE) {
        ql_ranks_feed(job->ranks, job->kernels, worker, x + done, ql_bench_tile(n - done));
    }
    return QL_OK;
}

ql_status ql_bench_quantiles(ql_bench_job *job, ql_error *error)
{
    const uint64_t count = job->bench->tensor.element_count;
    ql_percentile percentiles[QL_QUANTILE_COUNT];
    uint64_t wanted[2 * QL_QUANTILE_COUNT];
    ql_status status = ql_ranks_new(ql_engine_threads(job->bench->engine), QL_BY_VALUE, count, &job->ranks, error);
    if (status != QL_OK) {
        return status;
    }
    for (int i = 0; i < QL_QUANTILE_COUNT; i++) {
        percentiles[i] = ql_percentile_at(ql_quantile_percents[i], count);
        memcpy(&wanted[2 * i], percentiles[i].rank, sizeof percentiles[i].rank);
    }
    ql_ranks_want(job->ranks, count, wanted, 2 * QL_QUANTILE_COUNT);
    for (bool done = false; status == QL_OK && !done;) {
        status = ql_bench_sweep(job, QL_CHUNK, feed_chunk, NULL, error);
        if (status == QL_OK) {
            status = ql_ranks_advance(job->ranks, &done, error);
        }
    }
    double sum = 0;
    for (unsigned i = 0; status == QL_OK && i < QL_QUANTILE_COUNT; i++) {
        sum +=
            ql_percentile_value(&percentiles[i], ql_ranks_value(job->ranks, 2 * i), ql_ranks_value(job->ranks, 2 * i + 1));
    }
    ql_bench_answer(job, "sum", sum);
    ql_ranks_free(&job->ranks);
    return status;
}

ql_status ql_bench_profile(ql_bench_job *job, ql_error *error)
{
    ql_profile *profile;
    ql_status status = ql_profile_make(job->bench->engine, NULL, &job->bench->tensor, job->monitor, &profile, error);
    if (status == QL_OK) {
        ql_bench_answer(job, "mean", profile->stats.mean);
        ql_bench_answer(job, "std", profile->stats.std);
        ql_bench_answer(job, "min", profile->stats.min);
        ql_bench_answer(job, "max", profile->stats.max);
        ql_profile_free(&profile);
    }
    return status;
}

ql_status ql_bench_report(ql_bench_job *job, ql_error *error)
{
    ql_report *report;
    ql_status status = ql_spec_parse(job->pass->spec, &job->spec, error);
    if (status == QL_OK) {
        status = ql_report_make(job->bench->engine, job->bench->profile, &job->spec, job->monitor, &report, error);
    }
    if (status == QL_OK) {
        ql_bench_answer(job, "mae", report->metrics[QL_MAE]);
        ql_bench_answer(job, "mse", report->metrics[QL_MSE]);
        ql_bench_answer(job, "p99_abs", report->metrics[QL_P99_ABS]);
        ql_bench_answer(job, "kl_hist", report->metrics[QL_KL_HIST]);
        ql_report_free(&report);
    }
    return status;
}
