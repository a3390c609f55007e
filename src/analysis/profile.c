/*
 * The profile: statistics that no knob changes.
 *
 *   pass 1   census: NaN, Inf, zeros, sums, range, largest magnitudes, different values; upper halves for the quantiles; the
 *            sample
 *   pass 2   central moments, histogram; lower halves for the quantiles and for what lies beyond 3 and 6 standard deviations
 *   pass 3   wide types: elements beyond 3 and 6 standard deviations. Others need none, but where rounding hides where those
 *            begin
 *   more     wide types, where the quantiles need them (many values that differ in their last bits)
 *
 * Types that float32 holds are read as that and go through the kernels. Wide ones - F64, 32- and 64-bit integers - are read
 * as float64, so that they keep their values; a quantizer sees them as float32. Non-finite values are left out of every sum.
 */
#include "analysis/histogram.h"
#include "analysis/seen.h"
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "kernels/kernels.h"
#include "quant/kept.h"
#include "quant/ranks.h"
#include "quant/sample.h"
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

enum { CENSUS, MOMENTS, TAILS };

typedef struct worker_state {
    ql_census sums; /* of the chunk */
    ql_moments moments;
    ql_seen seen; /* from here on of all chunks */
    ql_histogram histogram;
    uint64_t beyond[2];
    uint64_t uncounted; /* elements in the table that are not yet in the histogram */
    uint32_t table[QL_TABLES * (QL_BINS + QL_OUTSIDE)];
    float values[QL_TILE];
    double wide[QL_TILE];
    unsigned char bytes[(QL_TILE + 2) * 9];
} worker_state;

typedef struct profile_job {
    ql_engine *engine;
    const ql_tensor *tensor;
    const ql_kernels *kernels;
    bool wide;
    bool all_finite;   /* known after the census */
    ql_ranks *ranks;   /* quantiles of types that float32 holds */
    ql_select *select; /* of wide ones */
    bool selecting;
    int pass;
    double mean, limit[2]; /* from the earlier passes: 3 and 6 standard deviations */
    double sum, sum_abs, x_square, m2, m3, m4;
    ql_sample *sample;
} profile_job;

/* A profile with room for what its `unusable` points to. */
enum { REASON_SIZE = 160 };
typedef struct owned_profile {
    ql_profile profile;
    char reason[REASON_SIZE];
} owned_profile;

/* ---- One tile */

/* The pieces of the sample that lie in x[n], elements from `begin` on. */
static void take_sample(ql_sample *sample, const float *x, size_t n, uint64_t begin)
{
    for (size_t piece = ql_sample_piece_from(sample, begin); piece * QL_SAMPLE_PIECE < sample->count; piece++) {
        const size_t at = piece * QL_SAMPLE_PIECE, left = sample->count - at;
        const uint64_t position = ql_sample_position(sample, at);
        if (position >= begin + n) {
            return;
        }
        memcpy(sample->values + at, x + (position - begin), (left < QL_SAMPLE_PIECE ? left : QL_SAMPLE_PIECE) * sizeof *x);
    }
}

static void take_table(worker_state *w)
{
    ql_histogram_take(&w->histogram, w->table);
    w->uncounted = 0;
}

static void count_bins(const profile_job *job, worker_state *w, const float *x, size_t n)
{
    const ql_binning axis = { w->histogram.lo, w->histogram.hi, QL_BINS, false };
    job->kernels->histogram(&axis, x, n, w->table);
    w->uncounted += n;
    if (w->uncounted > UINT32_MAX - QL_TILE) {
        take_table(w);
    }
}

static void add_wide_moments(const profile_job *job, worker_state *w, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double c = values[i] - job->mean, c2 = c * c;
        const int lane = i % QL_LANES;
        w->moments.m2[lane] += c2;
        w->moments.m3[lane] += c2 * c;
        w->moments.m4[lane] += c2 * c2;
        w->values[i] = (float)values[i];
    }
    count_bins(job, w, w->values, n);
}

static void count_beyond(const profile_job *job, worker_state *w, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double distance = fabs(values[i] - job->mean);
        w->beyond[0] += distance > job->limit[0];
        w->beyond[1] += distance > job->limit[1];
    }
}

/* Any values, as float64. */
static void add_any(const profile_job *job, worker_state *w, unsigned worker, size_t n, uint64_t begin)
{
    double *values = w->wide;
    if (job->pass == CENSUS) {
        for (size_t i = 0; i < n; i++) {
            w->values[i] = (float)values[i];
        }
        take_sample(job->sample, w->values, n, begin);
        n = ql_seen_add_any(&w->seen, &w->sums, values, n, begin);
    } else {
        n = ql_keep_finite(values, n);
    }
    if (job->pass == MOMENTS) {
        add_wide_moments(job, w, values, n);
    } else if (job->pass == TAILS) {
        count_beyond(job, w, values, n);
    }
    if (job->selecting && job->wide) {
        ql_select_feed(job->select, worker, values, n);
    } else if (job->selecting) {
        for (size_t i = 0; i < n; i++) {
            w->values[i] = (float)values[i];
        }
        ql_ranks_feed(job->ranks, job->kernels, worker, w->values, n);
    }
}

/* Finite values as float32; false, and nothing is done, when there are others among them. */
static bool add_finite(const profile_job *job, worker_state *w, unsigned worker, const float *x, size_t n, uint64_t begin)
{
    if (job->pass == CENSUS) {
        if (!ql_seen_add(&w->seen, &w->sums, job->kernels, x, n, begin)) {
            return false;
        }
        take_sample(job->sample, x, n, begin);
    } else if (!job->all_finite) {
        return false;
    } else if (job->pass == MOMENTS) {
        job->kernels->moments(x, n, job->mean, &w->moments);
        count_bins(job, w, x, n);
    } else {
        job->kernels->beyond(x, n, job->mean, job->limit, w->beyond);
    }
    if (job->selecting) {
        ql_ranks_feed(job->ranks, job->kernels, worker, x, n);
    }
    return true;
}

static ql_status add_tile(const profile_job *job, worker_state *w, unsigned worker, size_t n, uint64_t begin,
                          ql_error *error)
{
    ql_status status;
    if (!job->wide) {
        const float *x;
        status = ql_tensor_fetch_f32(job->tensor, begin, n, w->values, w->bytes, &x, error);
        if (status != QL_OK || add_finite(job, w, worker, x, n, begin)) {
            return status;
        }
        for (size_t i = 0; i < n; i++) {
            w->wide[i] = x[i];
        }
    } else {
        status = ql_tensor_read_f64(job->tensor, begin, n, w->wide, w->bytes, error);
    }
    if (status == QL_OK) {
        add_any(job, w, worker, n, begin);
    }
    return status;
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const profile_job *job = context;
    worker_state *w = ql_engine_scratch(job->engine, worker, 0);
    uint64_t begin = chunk * QL_CHUNK, end = begin + QL_CHUNK;
    end = end < job->tensor->element_count ? end : job->tensor->element_count;
    memset(&w->sums, 0, sizeof w->sums);
    memset(&w->moments, 0, sizeof w->moments);
    ql_status status = QL_OK;
    for (; begin < end && status == QL_OK; begin += QL_TILE) {
        status = add_tile(job, w, worker, end - begin < QL_TILE ? (size_t)(end - begin) : QL_TILE, begin, error);
    }
    return status;
}

static void merge(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    profile_job *job = context;
    const worker_state *w = ql_engine_scratch(job->engine, worker, 0);
    job->sum += ql_lanes_total(w->sums.sum);
    job->sum_abs += ql_lanes_total(w->sums.abs);
    job->x_square += ql_lanes_total(w->sums.square);
    job->m2 += ql_lanes_total(w->moments.m2);
    job->m3 += ql_lanes_total(w->moments.m3);
    job->m4 += ql_lanes_total(w->moments.m4);
}

/* ---- After a pass */

static worker_state *worker_at(const profile_job *job, unsigned worker)
{
    return ql_engine_scratch(job->engine, worker, 0);
}

static uint64_t finite_count(const ql_profile *p)
{
    return p->stats.count - p->stats.nan - p->stats.inf;
}

static void say_unusable(ql_profile *p, const ql_seen *seen)
{
    const uint64_t unusable = seen->nan + seen->inf + seen->x_inf;
    if (unusable) {
        char *reason = ((owned_profile *)p)->reason;
        snprintf(reason, REASON_SIZE,
                 "non-finite value at flat index %" PRIu64 " (%" PRIu64 " in all: %" PRIu64 " NaN, %" PRIu64 " Inf%s)",
                 seen->first_unusable, unusable, seen->nan, seen->inf, seen->x_inf ? ", others beyond float32" : "");
        p->unusable = reason;
    }
}

static void collect_census(profile_job *job, ql_profile *p)
{
    ql_seen seen;
    ql_seen_init(&seen);
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        ql_seen_merge(&seen, &worker_at(job, worker)->seen);
    }
    ql_stats *s = &p->stats;
    s->nan = seen.nan;
    s->inf = seen.inf;
    s->zeros = seen.zeros;
    const uint64_t finite = finite_count(p);
    s->first_nonfinite = seen.first_nonfinite < s->count ? seen.first_nonfinite : s->count;
    s->sum = job->sum;
    s->sum_abs = job->sum_abs;
    /* Which zero a worker met first depends on the threads: -0 becomes 0. */
    s->min = finite ? seen.min + 0.0 : NAN;
    s->max = finite ? seen.max + 0.0 : NAN;
    /* The rounding of the sum must not carry the mean out of the range: that of a constant is the constant. */
    s->mean = finite ? fmin(fmax(job->sum / (double)finite, s->min), s->max) : NAN;
    s->distinct = ql_distinct_list(&seen.distinct, p->levels);
    s->max_abs_index = finite ? seen.extremes.index : 0;
    p->x_min = seen.x_min <= seen.x_max ? seen.x_min + 0.0f : NAN;
    p->x_max = seen.x_min <= seen.x_max ? seen.x_max + 0.0f : NAN;
    p->x_square_sum = job->x_square;
    p->second_abs = seen.extremes.second > 0 ? (float)seen.extremes.second : 0;
    say_unusable(p, &seen);
    job->mean = s->mean;
    job->all_finite = seen.nan + seen.inf + seen.x_inf == 0;
    p->original.lo = isfinite(p->x_min) ? p->x_min : 0;
    p->original.hi = isfinite(p->x_max) ? p->x_max : 0;
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        worker_at(job, worker)->histogram = p->original;
    }
}

static void collect_moments(profile_job *job, ql_profile *p)
{
    ql_stats *s = &p->stats;
    const double n = (double)finite_count(p), variance = job->m2 / n;
    s->std = sqrt(variance);
    s->skew = job->m3 / n / (variance * s->std);
    s->kurtosis = job->m4 / n / (variance * variance) - 3;
    job->limit[0] = 3 * s->std;
    job->limit[1] = 6 * s->std;
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        take_table(worker_at(job, worker));
        ql_histogram_merge(&p->original, &worker_at(job, worker)->histogram);
    }
}

static void collect_tails(const profile_job *job, ql_profile *p)
{
    for (unsigned worker = 0; worker < ql_engine_threads(job->engine); worker++) {
        p->stats.beyond_3s += worker_at(job, worker)->beyond[0];
        p->stats.beyond_6s += worker_at(job, worker)->beyond[1];
    }
}

/* ---- Quantiles, and what lies beyond some standard deviations */

static void want_quantiles(profile_job *job, uint64_t finite)
{
    uint64_t wanted[2 * QL_QUANTILE_COUNT];
    for (int i = 0; i < QL_QUANTILE_COUNT; i++) {
        ql_percentile percentile = ql_percentile_at(ql_quantile_percents[i], finite);
        wanted[2 * i] = percentile.rank[0];
        wanted[2 * i + 1] = percentile.rank[1];
    }
    if (job->wide) {
        ql_select_ranks(job->select, wanted, 2 * QL_QUANTILE_COUNT);
    } else {
        ql_ranks_want(job->ranks, finite, wanted, 2 * QL_QUANTILE_COUNT);
    }
}

static double value_at(const profile_job *job, unsigned index)
{
    return job->wide ? ql_select_value(job->select, index) : (double)ql_ranks_value(job->ranks, index);
}

static void collect_quantiles(const profile_job *job, ql_profile *p)
{
    for (unsigned i = 0; i < QL_QUANTILE_COUNT; i++) {
        ql_percentile percentile = ql_percentile_at(ql_quantile_percents[i], finite_count(p));
        p->stats.quantiles[i] = ql_percentile_value(&percentile, value_at(job, 2 * i), value_at(job, 2 * i + 1));
    }
}

/* Before the second pass the standard deviation is known well enough to say near which values the tails begin. */
static void watch_tails(const profile_job *job, const ql_profile *p)
{
    const double std = sqrt(fmax(job->x_square / (double)finite_count(p) - job->mean * job->mean, 0));
    for (int k = 3; k <= 6; k += 3) {
        ql_ranks_watch(job->ranks, (float)(job->mean + k * std));
        ql_ranks_watch(job->ranks, (float)(job->mean - k * std));
    }
}

/* The value farthest from the mean, upwards (side 1) or downwards (side -1), that is not beyond the limit. Near 0 there are
   more floats than one can step over, so it is found by halving. */
static float last_within(const profile_job *job, double limit, float side)
{
    uint32_t within = ql_key_of(QL_BY_VALUE, -FLT_MAX), beyond = ql_key_of(QL_BY_VALUE, INFINITY); /* of side * value */
    while (beyond - within > 1) {
        const uint32_t middle = within + (beyond - within) / 2;
        if ((double)ql_value_of_key(QL_BY_VALUE, middle) - side * job->mean <= limit) {
            within = middle;
        } else {
            beyond = middle;
        }
    }
    return side * ql_value_of_key(QL_BY_VALUE, within);
}

/* From the values counted for the quantiles; false when those near to where a tail begins were not. */
static bool find_tails(const profile_job *job, ql_profile *p)
{
    uint64_t beyond[2];
    for (int k = 0; k < 2; k++) {
        uint64_t above, at_least;
        const float low = last_within(job, job->limit[k], -1), high = last_within(job, job->limit[k], 1);
        if (!ql_ranks_above(job->ranks, high, &above) ||
            !ql_ranks_above(job->ranks, nextafterf(low, -INFINITY), &at_least)) {
            return false;
        }
        beyond[k] = above + (finite_count(p) - at_least);
    }
    p->stats.beyond_3s = beyond[0];
    p->stats.beyond_6s = beyond[1];
    return true;
}

/* ---- All passes */

static ql_status prepare_workers(ql_engine *engine, ql_error *error)
{
    for (unsigned worker = 0; worker < ql_engine_threads(engine); worker++) {
        worker_state *w = ql_engine_scratch(engine, worker, sizeof *w);
        if (!w) {
            return ql_fail_memory(error, sizeof *w);
        }
        ql_seen_init(&w->seen);
        memset(w->beyond, 0, sizeof w->beyond);
        memset(w->table, 0, sizeof w->table);
        w->uncounted = 0;
    }
    return QL_OK;
}

/* After pass `job->pass`: its results into the profile, and what the next pass needs. *over tells whether there is none. */
static ql_status collect(profile_job *job, ql_profile *p, bool *over, ql_error *error)
{
    static void (*const collectors[])(profile_job *,
                                      ql_profile *) = { [CENSUS] = collect_census, [MOMENTS] = collect_moments };
    if (job->pass <= MOMENTS) {
        collectors[job->pass](job, p);
    } else if (job->pass == TAILS) {
        collect_tails(job, p);
    }
    *over = finite_count(p) == 0; /* nothing finite: nothing more to see */
    if (*over) {
        return QL_OK;
    }
    if (job->pass == CENSUS) {
        want_quantiles(job, finite_count(p));
        if (!job->wide) {
            watch_tails(job, p);
        }
    }
    if (job->selecting) {
        bool done = false;
        ql_status status =
            job->wide ? ql_select_advance(job->select, &done, error) : ql_ranks_advance(job->ranks, &done, error);
        if (status != QL_OK) {
            return status;
        }
        job->selecting = !done;
    }
    const bool tails_known = job->pass >= TAILS || (job->pass == MOMENTS && !job->wide && find_tails(job, p));
    *over = tails_known && !job->selecting;
    return QL_OK;
}

static ql_status run(profile_job *job, ql_profile *p, const ql_monitor *monitor, ql_error *error)
{
    const uint64_t elements = job->tensor->element_count;
    const int expected = job->wide ? TAILS + 1 : MOMENTS + 1;
    ql_pass pass = {
        .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
        .work = work,
        .merge = merge,
        .context = job,
        .monitor = monitor,
        .elements = elements,
        .total = (uint64_t)expected * elements,
    };
    bool over = false;
    for (job->pass = CENSUS; !over; job->pass++) {
        ql_status status = ql_parallel(job->engine, &pass, error);
        if (status == QL_OK) {
            status = collect(job, p, &over, error);
        }
        if (status != QL_OK) {
            return status;
        }
        pass.done_before += pass.elements;
        pass.elements = job->pass + 1 < expected ? elements : 0; /* a scan more than expected: progress waits at its end */
    }
    if (finite_count(p)) {
        collect_quantiles(job, p);
    } else {
        for (int i = 0; i < QL_QUANTILE_COUNT; i++) {
            p->stats.quantiles[i] = NAN;
        }
    }
    return QL_OK;
}

static ql_status make_selection(profile_job *job, ql_error *error)
{
    const unsigned threads = ql_engine_threads(job->engine);
    return job->wide ? ql_select_new(threads, job->tensor->element_count, &job->select, error)
                     : ql_ranks_new(threads, QL_BY_VALUE, job->tensor->element_count, &job->ranks, error);
}

static ql_status check_readable(const ql_tensor *tensor, const char *shown_path, ql_error *error)
{
    char name[256];
    ql_text_print(name, sizeof name, tensor->name, 60);
    const ql_dtype_info *dtype = ql_dtype_describe(tensor->dtype);
    if (!dtype->has_values) {
        return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': values of type %s are not read by this version, only listed",
                       shown_path, name, dtype->shown);
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
    const size_t count = tensor->element_count < QL_SAMPLE_MOST ? (size_t)tensor->element_count : QL_SAMPLE_MOST;
    ql_sample *sample = malloc(sizeof *sample + count * sizeof *sample->values);
    profile_job job = {
        .engine = engine,
        .tensor = tensor,
        .kernels = ql_kernels_active(),
        .wide = ql_dtype_describe(tensor->dtype)->wide,
        .selecting = true,
        .sample = sample,
    };
    p->sample = sample;
    p->kept = ql_kept_new();
    if (sample && p->kept) {
        sample->elements = tensor->element_count;
        sample->count = count;
        status = prepare_workers(engine, error);
    } else {
        status = ql_fail_memory(error, sizeof *sample + count * sizeof *sample->values);
    }
    if (status == QL_OK) {
        status = make_selection(&job, error);
    }
    if (status == QL_OK) {
        status = run(&job, p, monitor, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    ql_select_free(&job.select);
    ql_ranks_free(&job.ranks);
    if (status != QL_OK) {
        ql_profile_free(&p);
        return status;
    }
    *out = p;
    return QL_OK;
}

void ql_profile_free(ql_profile **profile)
{
    if (*profile) {
        free((ql_sample *)(*profile)->sample);
        ql_kept_free(&(*profile)->kept);
        free(*profile);
        *profile = NULL;
    }
}
