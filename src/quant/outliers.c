/*
 * The outlier split: see outliers.h. The threshold of a percentage is selected exactly; then the elements above it are
 * counted, so that it is known how many of those equal to it belong; then all are collected in order.
 */
#include "quant/outliers.h"

#include "base/engine.h"
#include "base/error.h"
#include "quant/ranks.h"
#include "quant/sample.h"
#include "quant/scheme.h"
#include "quant/stream.h"
#include "tensor/convert.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one chunk holds. */
typedef struct candidates {
    uint64_t above; /* magnitudes above the threshold */
    uint64_t count; /* at or above it, when they are collected */
    uint64_t index[QL_CHUNK];
    float value[QL_CHUNK];
} candidates;

typedef struct search {
    ql_ranks *ranks;
    ql_outliers *found;
    uint64_t above;
    uint64_t ties_left; /* elements equal to the threshold that still belong */
    uint64_t capacity;
    bool out_of_memory; /* found in merge */
} search;

static void feed(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)memory;
    (void)begin;
    ql_ranks_feed(((const search *)context)->ranks, ql_kernels_active(), worker, x, n);
}

/* Where the magnitudes are that are at least `least`; returns how many. */
static size_t find_large(float least, const float *x, size_t n, uint32_t at[QL_TILE + QL_LANES])
{
    uint32_t range[1][2] = { { 0, UINT32_MAX } };
    uint64_t above = 0;
    memcpy(&range[0][0], &least, sizeof least); /* the key of a magnitude is its bits */
    return ql_kernels_active()->collect(QL_BY_MAGNITUDE, range, 1, x, n, at, &above);
}

static void count(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)worker;
    (void)begin;
    const search *s = context;
    uint32_t at[QL_TILE + QL_LANES];
    *(uint64_t *)memory += find_large(nextafterf(s->found->threshold, INFINITY), x, n, at);
}

static void merge_count(void *context, const void *memory)
{
    ((search *)context)->above += *(const uint64_t *)memory;
}

static void collect(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)worker;
    const search *s = context;
    candidates *c = memory;
    uint32_t at[QL_TILE + QL_LANES];
    const size_t found = find_large(s->found->threshold, x, n, at);
    for (size_t i = 0; i < found && c->count < QL_CHUNK; i++) {
        c->index[c->count] = begin + at[i];
        c->value[c->count++] = x[at[i]];
    }
}

static bool grow(search *s, uint64_t needed)
{
    if (needed <= s->capacity) {
        return true;
    }
    const uint64_t capacity = needed + needed / 2 + 1024;
    uint64_t *index = realloc(s->found->index, capacity * sizeof *index);
    s->found->index = index ? index : s->found->index;
    uint16_t *value = realloc(s->found->value, capacity * sizeof *value);
    s->found->value = value ? value : s->found->value;
    s->capacity = index && value ? capacity : s->capacity;
    return index && value;
}

/* Chunks come in order, so equal magnitudes are taken by index. */
static void merge_collected(void *context, const void *memory)
{
    search *s = context;
    ql_outliers *found = s->found;
    const candidates *c = memory;
    s->out_of_memory = s->out_of_memory || !grow(s, found->count + c->count);
    for (uint64_t i = 0; i < c->count && !s->out_of_memory; i++) {
        if (fabsf(c->value[i]) == found->threshold) {
            if (s->ties_left == 0) {
                continue;
            }
            s->ties_left--;
            found->last_tie = c->index[i];
        }
        found->index[found->count] = c->index[i];
        found->value[found->count++] = ql_float_to_half(c->value[i]);
    }
}

/* The k largest magnitudes: the threshold is the k-th largest; all above it belong, of those equal to it the first ones. */
static ql_status find_threshold(search *s, ql_stream *stream, const ql_sample *sample, uint64_t k, ql_error *error)
{
    const uint64_t elements = stream->tensor->element_count;
    ql_status status = ql_ranks_new(ql_engine_threads(stream->engine), QL_BY_MAGNITUDE, elements, &s->ranks, error);
    if (status == QL_OK) {
        ql_ranks_want(s->ranks, elements, (uint64_t[]) { elements - k }, 1);
        status = ql_ranks_guess(s->ranks, ql_kernels_active(), sample->values, sample->count, error);
    }
    stream->tile = feed;
    for (bool done = false; status == QL_OK && !done;) {
        status = ql_stream_run(stream, error);
        if (status == QL_OK) {
            status = ql_ranks_advance(s->ranks, &done, error);
        }
    }
    if (status == QL_OK) {
        s->found->threshold = ql_ranks_value(s->ranks, 0);
        stream->memory_size = sizeof(uint64_t);
        stream->tile = count;
        stream->merge = merge_count;
        status = ql_stream_run(stream, error);
        s->ties_left = k - s->above;
    }
    ql_ranks_free(&s->ranks);
    return status;
}

/* The least float32 that is at least the threshold: |x| >= threshold as float64 is then a float32 comparison. */
static float float_at_least(double threshold)
{
    float t = (float)threshold;
    return (double)t < threshold ? nextafterf(t, INFINITY) : t;
}

static ql_status check_half(const ql_outliers *found, const ql_profile *profile, ql_error *error)
{
    const double largest = fmax(fabs(profile->x_min), fabs(profile->x_max));
    if (found->count && largest >= 65520) {
        char name[256];
        ql_text_print(name, sizeof name, profile->tensor->name, 60);
        return ql_fail(error, QL_UNUSABLE,
                       "%s: tensor '%s': an outlier of %g does not fit half precision; leave outliers= out",
                       ql_source_shown(profile->tensor->storage->source), name, largest);
    }
    return QL_OK;
}

ql_status ql_outliers_find(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                           uint64_t total, ql_outliers *out, ql_error *error)
{
    *out = (ql_outliers) { .threshold = INFINITY };
    const uint64_t n = profile->tensor->element_count;
    const uint64_t k = ql_outliers_asked(spec, n);
    if (spec->outliers == 0 || (spec->outliers_percent && k == 0)) {
        return QL_OK;
    }
    search s = { .found = out, .ties_left = UINT64_MAX };
    ql_stream stream = { .engine = engine,
                         .tensor = profile->tensor,
                         .monitor = monitor,
                         .limit = ql_outliers_passes(spec) * n,
                         .total = total,
                         .context = &s };
    ql_status status = QL_OK;
    if (spec->outliers_percent) {
        status = find_threshold(&s, &stream, profile->sample, k, error);
    } else {
        out->threshold = float_at_least(spec->outliers);
        out->last_tie = UINT64_MAX;
    }
    if (status == QL_OK) {
        const uint64_t last_tie = out->last_tie;
        stream.memory_size = sizeof(candidates);
        stream.tile = collect;
        stream.merge = merge_collected;
        status = ql_stream_run(&stream, error);
        out->last_tie = spec->outliers_percent ? out->last_tie : last_tie;
    }
    if (status == QL_OK && s.out_of_memory) {
        status = ql_fail_memory(error, out->count * 10);
    }
    out->active = out->count > 0;
    return status == QL_OK ? check_half(out, profile, error) : status;
}

void ql_outliers_free(ql_outliers *outliers)
{
    free(outliers->index);
    free(outliers->value);
    *outliers = (ql_outliers) { 0 };
}

uint64_t ql_outliers_asked(const ql_spec *spec, uint64_t elements)
{
    return spec->outliers_percent ? (uint64_t)floor(spec->outliers * (double)elements / 100) : 0;
}

unsigned ql_outliers_passes(const ql_spec *spec)
{
    return spec->outliers == 0 ? 0 : spec->outliers_percent ? 3 : 1;
}

uint64_t ql_outliers_from(const ql_outliers *outliers, uint64_t begin)
{
    uint64_t low = 0, high = outliers->count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (outliers->index[middle] < begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void ql_outliers_zero(const ql_outliers *outliers, uint64_t begin, float *x, size_t n)
{
    for (uint64_t i = ql_outliers_from(outliers, begin); i < outliers->count && outliers->index[i] < begin + n; i++) {
        x[outliers->index[i] - begin] = 0;
    }
}

void ql_outliers_zero_walk(const ql_outliers *outliers, const ql_groups *groups, uint64_t begin, float *x, size_t n)
{
    if (!outliers->active) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = ql_is_outlier(outliers, x[i], ql_groups_stored_index(groups, begin + i)) ? 0 : x[i];
    }
}
