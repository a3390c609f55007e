/*
 * clip=percentile: exact percentiles with linear interpolation (NumPy's "linear"). Symmetric mappings take one percentile of
 * the magnitudes; the others two of the values. A whole tensor is selected as a stream; the groups of one, each in memory.
 */
#include "base/error.h"
#include "quant/calibrate.h"
#include "quant/ranks.h"
#include "quant/sample.h"
#include "quant/select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The percentile of float32 values in memory, which are reordered. */
static double percentile_of(float *values, size_t n, double percent)
{
    ql_percentile p = ql_percentile_at(percent, n);
    double low = ql_nth(values, n, (size_t)p.rank[0]);
    double high = p.fraction > 0 ? ql_nth(values, n, (size_t)p.rank[1]) : low;
    return ql_percentile_value(&p, low, high);
}

static const char *calibrate_group(const ql_calibration *c, void *context, uint64_t group, float *values, size_t n)
{
    (void)context;
    const bool symmetric = c->spec->mapping->symmetric;
    if (symmetric) {
        for (size_t i = 0; i < n; i++) {
            values[i] = fabsf(values[i]);
        }
    }
    c->hi[group] = percentile_of(values, n, c->spec->p_hi);
    c->lo[group] = symmetric ? -c->hi[group] : percentile_of(values, n, c->spec->p_lo);
    return NULL;
}

static void feed(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)memory;
    (void)begin;
    ql_ranks_feed(context, ql_kernels_active(), worker, x, n, NULL);
}

/* From the profile's sample, unless outliers are missing among the values. */
static ql_status guess(const ql_calibration *c, ql_ranks *ranks, ql_error *error)
{
    const ql_sample *sample = c->profile->sample;
    if (c->outliers->active) {
        return QL_OK;
    }
    float *values = malloc(sample->count * sizeof *values);
    if (!values) {
        return ql_fail_memory(error, sample->count * sizeof *values);
    }
    memcpy(values, sample->values, sample->count * sizeof *values);
    ql_status status = ql_ranks_guess(ranks, values, sample->count, error);
    free(values);
    return status;
}

static ql_status calibrate_tensor(const ql_calibration *c, ql_error *error)
{
    const uint64_t elements = c->groups->elements;
    const bool symmetric = c->spec->mapping->symmetric;
    const ql_percentile low = ql_percentile_at(c->spec->p_lo, elements), high = ql_percentile_at(c->spec->p_hi, elements);
    const uint64_t wanted[] = { high.rank[0], high.rank[1], low.rank[0], low.rank[1] };
    ql_ranks *ranks = NULL;
    ql_status status =
        ql_ranks_new(ql_engine_threads(c->engine), symmetric ? QL_BY_MAGNITUDE : QL_BY_VALUE, elements, &ranks, error);
    if (status == QL_OK) {
        ql_ranks_want(ranks, elements, wanted, symmetric ? 2 : 4);
        status = guess(c, ranks, error);
    }
    ql_stream stream = ql_calibration_stream(c);
    stream.context = ranks;
    stream.tile = feed;
    for (bool done = false; status == QL_OK && !done;) {
        status = ql_stream_run(&stream, error);
        if (status == QL_OK) {
            status = ql_ranks_advance(ranks, &done, error);
        }
    }
    if (status == QL_OK) {
        c->hi[0] = ql_percentile_value(&high, ql_ranks_value(ranks, 0), ql_ranks_value(ranks, 1));
        c->lo[0] = symmetric ? -c->hi[0] : ql_percentile_value(&low, ql_ranks_value(ranks, 2), ql_ranks_value(ranks, 3));
    }
    ql_ranks_free(&ranks);
    return status;
}

static ql_status calibrate(const ql_calibration *c, ql_error *error)
{
    return c->groups->count == 1 ? calibrate_tensor(c, error) : ql_calibrate_groups(c, NULL, calibrate_group, error);
}

const ql_calibrator ql_calibrator_percentile = {
    .name = "percentile", .passes_tensor = 1, .passes_groups = 1, .calibrate = calibrate
};
