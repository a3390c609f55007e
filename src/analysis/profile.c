/*
 * The profile: statistics that no knob changes.
 *
 *   pass 1   census: NaN, Inf, zeros, sums, range, largest magnitudes, different values; upper bits for the quantiles
 *   pass 2   central moments, histogram; more bits for the quantiles
 *   pass 3   elements beyond 3 and 6 standard deviations; the quantiles themselves
 *   more     only where the quantiles need them (many values that differ in their last bits)
 *
 * A tile is read as float64, so that 64-bit types keep their values; a quantizer sees it as float32. Non-finite values are
 * left out of every sum.
 */
#include "analysis/distinct.h"
#include "analysis/histogram.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "kernels/kernels.h"
#include "quant/scheme.h"
#include "quant/select.h"
#include "tensor/tensor.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const double ql_quantile_percents[QL_QUANTILE_COUNT] = { 0.1, 1, 5, 25, 50, 75, 95, 99, 99.9 };

enum { PASSES = 3 };

/* Sums of one chunk, merged in order. */
typedef struct chunk_sums {
    double sum[QL_LANES], sum_abs[QL_LANES], x_square[QL_LANES]; /* pass 1 */
    double m2[QL_LANES], m3[QL_LANES], m4[QL_LANES];             /* pass 2 */
} chunk_sums;

/* Largest finite magnitudes seen; the first index wins among equals. */
typedef struct extremes {
    double largest, second;
    uint64_t index;
} extremes;

/* What a worker gathers over all its chunks: none of it depends on the order. */
typedef struct gathered {
    uint64_t nan, inf, zeros, first_nonfinite;
    uint64_t first_unusable; /* NaN, Inf or finite beyond float32 */
    double min, max;
    float x_min, x_max;
    uint64_t x_inf; /* finite values that float32 cannot hold */
    extremes extremes;
    ql_distinct distinct;
    ql_histogram histogram;
    uint64_t beyond_3s, beyond_6s;
} gathered;

typedef struct worker_state {
    chunk_sums sums;
    gathered all;
    double values[QL_TILE];
    float as_f32[QL_TILE];
    uint32_t tables[QL_TABLES * (QL_BINS + QL_OUTSIDE)];
    unsigned char bytes[(QL_TILE + 2) * 9];
} worker_state;

typedef struct profile_job {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_kernels *kernels;
    ql_select *select;
    bool selecting;
    int pass;
    double mean, std, x_min, x_max; /* from the earlier passes */
    double sum, sum_abs, x_square, m2, m3, m4;
} profile_job;

/* A profile with room for what its `unusable` points to. */
enum { REASON_SIZE = 160 };
typedef struct owned_profile {
    ql_profile profile;
    char reason[REASON_SIZE];
} owned_profile;

static void add_extreme(extremes *e, double magnitude, uint64_t index)
{
    if (magnitude > e->largest || (magnitude == e->largest && index < e->index)) {
        e->second = e->largest;
        e->largest = magnitude;
        e->index = index;
    } else if (magnitude > e->second) {
        e->second = magnitude;
    }
}

static void census(worker_state *w, const double *values, size_t n)
{
    gathered *all = &w->all;
    for (size_t i = 0; i < n; i++) {
        const double v = values[i];
        const int lane = i % QL_LANES;
        w->sums.sum[lane] += v;
        w->sums.sum_abs[lane] += fabs(v);
        all->zeros += v == 0;
        all->min = v < all->min ? v : all->min;
        all->max = v > all->max ? v : all->max;
    }
    ql_distinct_add(&all->distinct, values, n);
}

/* Of all n elements: the largest magnitudes, and what a quantizer will see, those that are finite as float32. */
static void census_all(worker_state *w, const double *values, size_t n, uint64_t begin)
{
    gathered *all = &w->all;
    for (size_t i = 0; i < n; i++) {
        const double magnitude = fabs(values[i]);
        if (magnitude > all->extremes.second && magnitude <= DBL_MAX) {
            add_extreme(&all->extremes, magnitude, begin + i);
        }
        const float x = (float)values[i];
        if (!isfinite(x)) {
            continue;
        }
        w->sums.x_square[i % QL_LANES] += (double)x * (double)x;
        all->x_min = x < all->x_min ? x : all->x_min;
        all->x_max = x > all->x_max ? x : all->x_max;
    }
}

static void moments(const profile_job *job, worker_state *w, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double c = values[i] - job->mean, c2 = c * c;
        const int lane = i % QL_LANES;
        w->sums.m2[lane] += c2;
        w->sums.m3[lane] += c2 * c;
        w->sums.m4[lane] += c2 * c2;
    }
    for (size_t i = 0; i < n; i++) {
        w->as_f32[i] = (float)values[i];
    }
    const ql_binning axis = { w->all.histogram.lo, w->all.histogram.hi, QL_BINS, false };
    memset(w->tables, 0, sizeof w->tables);
    job->kernels->histogram(&axis, w->as_f32, n, w->tables, NULL);
    ql_histogram_take(&w->all.histogram, w->tables);
}

static void tails(const profile_job *job, worker_state *w, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double distance = fabs(values[i] - job->mean);
        w->all.beyond_3s += distance > 3 * job->std;
        w->all.beyond_6s += distance > 6 * job->std;
    }
}

/* Moves the finite values to the front in place; counts the others in the first pass. */
static size_t keep_finite(const profile_job *job, gathered *all, double *values, size_t n, uint64_t begin)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const double v = values[i];
        const bool fits = isfinite(v);
        if (job->pass == 0 && !isfinite((float)v)) {
            all->nan += isnan(v);
            all->inf += isinf(v) != 0;
            all->x_inf += fits;
            all->first_unusable = begin + i < all->first_unusable ? begin + i : all->first_unusable;
            all->first_nonfinite = !fits && begin + i < all->first_nonfinite ? begin + i : all->first_nonfinite;
        }
        values[kept] = v;
        kept += fits;
    }
    return kept;
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const profile_job *job = context;
    worker_state *w = ql_engine_scratch(job->engine, worker, 0);
    uint64_t begin = chunk * QL_CHUNK, end = begin + QL_CHUNK;
    end = end < job->tensor->element_count ? end : job->tensor->element_count;
    memset(&w->sums, 0, sizeof w->sums);
    for (; begin < end; begin += QL_TILE) {
        size_t n = end - begin < QL_TILE ? (size_t)(end - begin) : QL_TILE;
        ql_status status = ql_tensor_read_f64(job->tensor, begin, n, w->values, w->bytes, error);
        if (status != QL_OK) {
            return status;
        }
        if (job->pass == 0) {
            census_all(w, w->values, n, begin);
        }
        n = keep_finite(job, &w->all, w->values, n, begin);
        if (job->pass == 0) {
            census(w, w->values, n);
        } else if (job->pass == 1) {
            moments(job, w, w->values, n);
        } else if (job->pass == 2) {
            tails(job, w, w->values, n);
        }
        if (job->selecting) {
            ql_select_feed(job->select, worker, w->values, n);
        }
    }
    return QL_OK;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    profile_job *job = context;
    const worker_state *w = ql_engine_scratch(job->engine, worker, 0);
    job->sum += ql_lanes_total(w->sums.sum);
    job->sum_abs += ql_lanes_total(w->sums.sum_abs);
    job->x_square += ql_lanes_total(w->sums.x_square);
    job->m2 += ql_lanes_total(w->sums.m2);
    job->m3 += ql_lanes_total(w->sums.m3);
    job->m4 += ql_lanes_total(w->sums.m4);
}

static void collect_census(const profile_job *job, ql_profile *p)
{
    extremes top = { .largest = -1, .second = -1, .index = UINT64_MAX };
    float x_min = INFINITY, x_max = -INFINITY;
    ql_stats *s = &p->stats;
    s->min = INFINITY;
    s->max = -INFINITY;
    s->first_nonfinite = s->count;
    uint64_t x_inf = 0, first_unusable = s->count;
    ql_distinct distinct;
    ql_distinct_init(&distinct);
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        const gathered *g = &((worker_state *)ql_engine_scratch(job->engine, worker, 0))->all;
        s->nan += g->nan;
        s->inf += g->inf;
        s->zeros += g->zeros;
        s->min = fmin(s->min, g->min);
        s->max = fmax(s->max, g->max);
        s->first_nonfinite = g->first_nonfinite < s->first_nonfinite ? g->first_nonfinite : s->first_nonfinite;
        first_unusable = g->first_unusable < first_unusable ? g->first_unusable : first_unusable;
        x_min = fminf(x_min, g->x_min);
        x_max = fmaxf(x_max, g->x_max);
        x_inf += g->x_inf;
        add_extreme(&top, g->extremes.largest, g->extremes.index);
        top.second = fmax(top.second, g->extremes.second);
        ql_distinct_merge(&distinct, &g->distinct);
    }
    const uint64_t finite = s->count - s->nan - s->inf;
    s->sum = job->sum;
    s->sum_abs = job->sum_abs;
    /* Which zero a worker met first depends on the threads: -0 becomes 0. */
    s->min += 0.0;
    s->max += 0.0;
    x_min += 0.0f;
    x_max += 0.0f;
    /* The rounding of the sum must not carry the mean out of the range: that of a constant is the constant. */
    s->mean = finite ? fmin(fmax(job->sum / (double)finite, s->min), s->max) : NAN;
    s->distinct = distinct.count <= QL_DISTINCT_LIMIT ? distinct.count : 0;
    s->max_abs_index = finite ? top.index : 0;
    if (!finite) {
        s->min = s->max = NAN;
    }
    p->x_min = x_min <= x_max ? x_min : NAN;
    p->x_max = x_min <= x_max ? x_max : NAN;
    p->x_square_sum = job->x_square;
    p->second_abs = top.second > 0 ? (float)top.second : 0;
    uint64_t unusable = s->nan + s->inf + x_inf;
    if (unusable) {
        char *reason = ((owned_profile *)p)->reason;
        snprintf(reason, REASON_SIZE,
                 "non-finite value at flat index %" PRIu64 " (%" PRIu64 " in all: %" PRIu64 " NaN, %" PRIu64 " Inf%s)",
                 first_unusable, unusable, s->nan, s->inf, x_inf ? ", others beyond float32" : "");
        p->unusable = reason;
    }
}

static void collect_moments(profile_job *job, ql_profile *p)
{
    ql_stats *s = &p->stats;
    const double n = (double)(s->count - s->nan - s->inf), variance = job->m2 / n;
    s->std = sqrt(variance);
    s->skew = job->m3 / n / (variance * s->std);
    s->kurtosis = job->m4 / n / (variance * variance) - 3;
    job->std = s->std;
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        ql_histogram_merge(&p->original, &((worker_state *)ql_engine_scratch(job->engine, worker, 0))->all.histogram);
    }
}

static void collect_tails(const profile_job *job, ql_profile *p)
{
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        const gathered *g = &((worker_state *)ql_engine_scratch(job->engine, worker, 0))->all;
        p->stats.beyond_3s += g->beyond_3s;
        p->stats.beyond_6s += g->beyond_6s;
    }
}

static void want_quantiles(ql_select *select, uint64_t finite)
{
    uint64_t ranks[2 * QL_QUANTILE_COUNT];
    for (int i = 0; i < QL_QUANTILE_COUNT; i++) {
        ql_percentile percentile = ql_percentile_at(ql_quantile_percents[i], finite);
        ranks[2 * i] = percentile.rank[0];
        ranks[2 * i + 1] = percentile.rank[1];
    }
    ql_select_ranks(select, ranks, 2 * QL_QUANTILE_COUNT);
}

static void collect_quantiles(const ql_select *select, uint64_t finite, double *quantiles)
{
    for (unsigned i = 0; i < QL_QUANTILE_COUNT; i++) {
        ql_percentile percentile = ql_percentile_at(ql_quantile_percents[i], finite);
        quantiles[i] =
            finite ? ql_percentile_value(&percentile, ql_select_value(select, 2 * i), ql_select_value(select, 2 * i + 1))
                   : NAN;
    }
}

static ql_status prepare_workers(ql_engine *engine, ql_error *error)
{
    for (unsigned worker = 0; worker < ql_engine_threads(engine); worker++) {
        worker_state *w = ql_engine_scratch(engine, worker, sizeof *w);
        if (!w) {
            return ql_fail_memory(error, sizeof *w);
        }
        memset(&w->all, 0, sizeof w->all);
        w->all.first_nonfinite = w->all.first_unusable = UINT64_MAX;
        w->all.min = w->all.x_min = INFINITY;
        w->all.max = w->all.x_max = -INFINITY;
        w->all.extremes = (extremes) { -1, -1, UINT64_MAX };
        ql_distinct_init(&w->all.distinct);
    }
    return QL_OK;
}

/* After pass `job->pass`: its results into the profile, and what the next pass needs. */
static void collect(profile_job *job, ql_profile *p)
{
    const uint64_t finite = p->stats.count - p->stats.nan - p->stats.inf;
    if (job->pass == 0) {
        collect_census(job, p);
        job->mean = p->stats.mean;
        p->original.lo = isfinite(p->x_min) ? p->x_min : 0;
        p->original.hi = isfinite(p->x_max) ? p->x_max : 0;
        for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
            ((worker_state *)ql_engine_scratch(job->engine, worker, 0))->all.histogram = p->original;
        }
        want_quantiles(job->select, p->stats.count - p->stats.nan - p->stats.inf);
    } else if (job->pass == 1 && finite) {
        collect_moments(job, p);
    } else if (job->pass == 2) {
        collect_tails(job, p);
    }
}

static ql_status run(profile_job *job, ql_profile *p, const ql_monitor *monitor, ql_error *error)
{
    const uint64_t elements = job->tensor->element_count;
    ql_pass pass = {
        .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
        .work = work,
        .merge = merge,
        .context = job,
        .monitor = monitor,
        .elements = elements,
        .total = PASSES * elements,
    };
    for (job->pass = 0; job->pass < PASSES || job->selecting; job->pass++) {
        ql_status status = ql_parallel(job->engine, &pass, error);
        if (status != QL_OK) {
            return status;
        }
        collect(job, p);
        pass.done_before += pass.elements;
        pass.elements = job->pass + 1 < PASSES ? elements : 0; /* a scan more than expected: progress waits at its end */
        if (p->stats.nan + p->stats.inf == p->stats.count) {
            break; /* nothing finite: nothing more to see */
        }
        if (job->selecting) {
            bool done;
            status = ql_select_advance(job->select, &done, error);
            if (status != QL_OK) {
                return status;
            }
            job->selecting = !done;
        }
    }
    collect_quantiles(job->select, p->stats.count - p->stats.nan - p->stats.inf, p->stats.quantiles);
    return QL_OK;
}

static ql_status check_readable(const ql_tensor *tensor, const char *shown_path, ql_error *error)
{
    char name[256];
    ql_text_print(name, sizeof name, tensor->name, 60);
    const ql_dtype_info *dtype = ql_dtype_describe(tensor->dtype);
    if (!dtype->has_values) {
        return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': values of type %s are not read by this version, only listed",
                       shown_path, name, dtype->name);
    }
    if (tensor->element_count == 0) {
        return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': empty tensor, there is nothing to measure", shown_path, name);
    }
    return ql_source_check(tensor->storage->source, error);
}

ql_status ql_profile_make(ql_engine *engine, const ql_model *model, const ql_tensor *tensor, const ql_monitor *monitor,
                          ql_profile **out, ql_error *error)
{
    (void)model;
    ql_status status = check_readable(tensor, ql_source_shown(tensor->storage->source), error);
    if (status != QL_OK) {
        return status;
    }
    ql_profile *p = calloc(1, sizeof(owned_profile));
    if (!p) {
        return ql_fail_memory(error, sizeof(owned_profile));
    }
    p->tensor = tensor;
    p->path = ql_source_path(tensor->storage->source);
    p->stats.count = tensor->element_count;
    p->stats.std = p->stats.skew = p->stats.kurtosis = NAN;
    profile_job job = { .engine = engine, .tensor = tensor, .kernels = ql_kernels_active(), .selecting = true };
    status = prepare_workers(engine, error);
    if (status == QL_OK) {
        status = ql_select_new(ql_engine_threads(engine), tensor->element_count, &job.select, error);
    }
    if (status == QL_OK) {
        status = run(&job, p, monitor, error);
    }
    ql_select_free(&job.select);
    if (status != QL_OK) {
        ql_profile_free(&p);
        return status;
    }
    *out = p;
    return QL_OK;
}

void ql_profile_free(ql_profile **profile)
{
    free(*profile);
    *profile = NULL;
}
