/*
 * clip=percentile: exact percentiles with linear interpolation (NumPy's "linear"). Symmetric mappings take one percentile of
 * the magnitudes; the others two of the values. A whole tensor is selected as a stream; the groups of one, each in memory.
 */
#include "quant/calibrate.h"
#include "quant/ranks.h"
#include "quant/sample.h"
#include "quant/select.h"

#include <math.h>

enum { PIECE = 4096, SAMPLE = 64 };

/* The key at a place of a small sample, 0 or the largest beyond its ends. */
static uint32_t sample_key(ql_order order, float *sample, double place)
{
    return place < 0 ? 0 : place >= SAMPLE ? UINT32_MAX : ql_key_of(order, ql_nth(sample, SAMPLE, (size_t)place));
}

/* Moves the values among which the ranks from `first` to `last` are thought to be to the front of values[n]: how many they
   are, and in *below how many values lie below them. The thought may be wrong. */
static size_t narrow(const ql_kernels *kernels, ql_order order, float *values, size_t n, uint64_t first, uint64_t last,
                     uint64_t *below)
{
    float sample[SAMPLE];
    uint32_t found[PIECE + QL_LANES], range[1][2];
    uint64_t above = 0;
    size_t inside = 0;
    for (size_t i = 0; i < SAMPLE; i++) {
        const float v = values[i * (n / SAMPLE)];
        sample[i] = order == QL_BY_MAGNITUDE ? fabsf(v) : v;
    }
    const double p = (double)first / (double)n, margin = 3 * sqrt(p * (1 - p) * SAMPLE) + 2;
    range[0][0] = sample_key(order, sample, p * SAMPLE - margin);
    range[0][1] = sample_key(order, sample, (double)last / (double)n * SAMPLE + margin);
    for (size_t done = 0; done < n; done += PIECE) {
        const size_t count =
            kernels->collect(order, range, 1, values + done, n - done < PIECE ? n - done : PIECE, found, &above);
        for (size_t i = 0; i < count; i++) {
            const float v = values[done + found[i]];
            values[done + found[i]] = values[inside];
            values[inside++] = v;
        }
    }
    *below = n - above - inside;
    return inside;
}

/* The percentile of float32 values in memory, or of their magnitudes. They are reordered. */
static double percentile_of(ql_order order, float *values, size_t n, double percent)
{
    const ql_percentile p = ql_percentile_at(percent, n);
    uint64_t below = 0;
    size_t count = n > 16 * SAMPLE ? narrow(ql_kernels_active(), order, values, n, p.rank[0], p.rank[1], &below) : n;
    if (p.rank[0] < below || p.rank[1] >= below + count) {
        below = 0;
        count = n;
    }
    for (size_t i = 0; i < count && order == QL_BY_MAGNITUDE; i++) {
        values[i] = fabsf(values[i]);
    }
    const double low = ql_nth(values, count, (size_t)(p.rank[0] - below));
    const double high = p.fraction > 0 ? ql_nth(values, count, (size_t)(p.rank[1] - below)) : low;
    return ql_percentile_value(&p, low, high);
}

static const char *calibrate_group(const ql_calibration *c, void *context, uint64_t group, float *values, size_t n)
{
    (void)context;
    const bool symmetric = c->spec->mapping->symmetric;
    c->hi[group] = percentile_of(symmetric ? QL_BY_MAGNITUDE : QL_BY_VALUE, values, n, c->spec->p_hi);
    c->lo[group] = symmetric ? -c->hi[group] : percentile_of(QL_BY_VALUE, values, n, c->spec->p_lo);
    return NULL;
}

static void feed(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)memory;
    (void)begin;
    ql_ranks_feed(context, ql_kernels_active(), worker, x, n);
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
        if (!c->outliers->active) { /* they are missing among the values, but not in the sample */
            status =
                ql_ranks_guess(ranks, ql_kernels_active(), c->profile->sample->values, c->profile->sample->count, error);
        }
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

const ql_calibrator ql_calibrator_percentile = { .name = "percentile",
                                                 .passes_tensor = 1,
                                                 .passes_groups = 1,
                                                 .calibrate = calibrate,
                                                 .ranges = calibrate,
                                                 .by_magnitude = true };
