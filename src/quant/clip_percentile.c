/*
 * clip=percentile: exact percentiles with linear interpolation (NumPy's "linear"). Symmetric mappings take one percentile of
 * the magnitudes; the others two of the values. A whole tensor is selected as a stream; the groups of one, each in memory.
 */
#include "quant/calibrate.h"
#include "quant/ranks.h"
#include "quant/sample.h"
#include "quant/select.h"

#include <math.h>
#include <stdatomic.h>

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

/* ---- Near the ends of a group */

/* Beyond which key the values near an end are found: what one group needed serves the next one. Any thread may change it; it
   tells where to look, never what is there. */
typedef struct end_hints {
    _Atomic uint32_t high, low;
} end_hints;

enum { ROOM = 2048 }; /* so many values near an end */

static void sort_few(float *values, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const float v = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > v; at--) {
            values[at] = values[at - 1];
        }
        values[at] = v;
    }
}

/* The values with keys in the range, or their magnitudes, to found[ROOM]; returns how many there are. */
static size_t gather(const ql_kernels *kernels, ql_order order, const uint32_t range[1][2], const float *values, size_t n,
                     float *found)
{
    uint32_t at[PIECE + QL_LANES];
    uint64_t above = 0;
    size_t count = 0;
    for (size_t done = 0; done < n && count <= ROOM; done += PIECE) {
        const size_t here = n - done < PIECE ? n - done : PIECE;
        const size_t more = kernels->collect(order, (const uint32_t(*)[2])range, 1, values + done, here, at, &above);
        for (size_t i = 0; i < more && count + i < ROOM; i++) {
            const float v = values[done + at[i]];
            found[count + i] = order == QL_BY_MAGNITUDE ? fabsf(v) : v;
        }
        count += more;
    }
    return count;
}

/* A percentile near the upper or lower end, from the values beyond a hint. False when it is not near, or the hint was no
   good: then there is another one. */
static bool find_near_end(ql_order order, const float *values, size_t n, const ql_percentile *p, end_hints *hints,
                          double *out)
{
    const bool is_high = p->rank[0] > n / 2;
    const size_t needed = (size_t)(is_high ? n - p->rank[0] : p->rank[1] + 1);
    if (needed > ROOM / 4 || needed > n / 8 || n < SAMPLE) {
        return false;
    }
    _Atomic uint32_t *hint = is_high ? &hints->high : &hints->low;
    const uint32_t key = atomic_load_explicit(hint, memory_order_relaxed),
                   range[1][2] = { { is_high ? key : 0, is_high ? UINT32_MAX : key } };
    float found[ROOM];
    const size_t count = gather(ql_kernels_active(), order, range, values, n, found);
    if (count < needed || count > ROOM) {
        float sample[SAMPLE];
        const size_t place = (2 * needed + 8) * SAMPLE / n;
        for (size_t i = 0; i < SAMPLE; i++) {
            const float v = values[i * (n / SAMPLE)];
            sample[i] = order == QL_BY_MAGNITUDE ? fabsf(v) : v;
        }
        sort_few(sample, SAMPLE);
        atomic_store_explicit(hint, ql_key_of(order, sample[is_high ? SAMPLE - 1 - place : place]), memory_order_relaxed);
        return false;
    }
    const size_t before = is_high ? n - count : 0; /* ranks of what was not found */
    const size_t low = (size_t)p->rank[0] - before, high = (size_t)p->rank[1] - before;
    if (count <= SAMPLE) {
        sort_few(found, count);
        *out = ql_percentile_value(p, found[low], found[high]);
    } else {
        const double at_low = ql_nth(found, count, low);
        *out = ql_percentile_value(p, at_low, p->fraction > 0 ? ql_nth(found, count, high) : at_low);
    }
    return true;
}

/* ---- A group */

/* The percentile of float32 values in memory, or of their magnitudes. They are reordered. */
static double percentile_of(ql_order order, float *values, size_t n, double percent, end_hints *hints)
{
    const ql_percentile p = ql_percentile_at(percent, n);
    double found;
    if (find_near_end(order, values, n, &p, hints, &found)) {
        return found;
    }
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
    const bool symmetric = c->spec->mapping->symmetric;
    c->hi[group] = percentile_of(symmetric ? QL_BY_MAGNITUDE : QL_BY_VALUE, values, n, c->spec->p_hi, context);
    c->lo[group] = symmetric ? -c->hi[group] : percentile_of(QL_BY_VALUE, values, n, c->spec->p_lo, context);
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
    end_hints hints;
    atomic_init(&hints.high, UINT32_MAX);
    atomic_init(&hints.low, 0);
    return c->groups->count == 1 ? calibrate_tensor(c, error) : ql_calibrate_groups(c, &hints, calibrate_group, error);
}

const ql_calibrator ql_calibrator_percentile = { .name = "percentile",
                                                 .passes_tensor = 1,
                                                 .passes_groups = 1,
                                                 .calibrate = calibrate,
                                                 .ranges = calibrate,
                                                 .by_magnitude = true };
