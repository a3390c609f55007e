/* The parameters of every group: ranges, found or kept, and what a mapping makes of them. */
#include "base/error.h"
#include "base/sizes.h"
#include "quant/calibrate.h"
#include "quant/kept.h"

#include <math.h>
#include <stdlib.h>

static const char *fit_group_values(const ql_calibration *c, void *context, uint64_t group, float *values, size_t n)
{
    double lo = values[0], hi = values[0];
    for (size_t i = 1; i < n; i++) {
        lo = values[i] < lo ? values[i] : lo;
        hi = values[i] > hi ? values[i] : hi;
    }
    c->lo[group] = lo;
    c->hi[group] = hi;
    return c->spec->mapping->fit_values(context, group, values, n);
}

static const char *fit_group_blocks(const ql_calibration *c, void *context, uint64_t group, size_t size, const float *x,
                                    size_t n)
{
    const ql_kernels *kernels = ql_kernels_active();
    const char *wrong = NULL;
    for (size_t done = 0; !wrong && done < n;) {
        float lo[QL_FIT_GROUPS], hi[QL_FIT_GROUPS];
        ql_group_values g = { .first = group, .size = size, .x = x + done, .lo = lo, .hi = hi };
        g.count = (n - done + size - 1) / size < QL_FIT_GROUPS ? (n - done + size - 1) / size : QL_FIT_GROUPS;
        g.n = g.count * size < n - done ? g.count * size : n - done;
        kernels->encode.block_ranges(size, g.x, g.n, lo, hi);
        for (size_t i = 0; i < g.count; i++) {
            c->lo[group + i] = lo[i];
            c->hi[group + i] = hi[i];
        }
        wrong = c->spec->mapping->fit_blocks(context, kernels, &g);
        group += g.count;
        done += g.n;
    }
    return wrong;
}

/* The clipping range of a group. Symmetric: that of the magnitudes. */
static void clip_of(const ql_quantizer *q, const ql_calibration *c, uint64_t group, double *lo, double *hi)
{
    *lo = c->lo[group];
    *hi = c->hi[group];
    if (q->spec.mapping->symmetric && q->spec.mapping->fit) {
        const double below = fabs(*lo), above = fabs(*hi);
        *hi = below > above ? below : above;
        *lo = -*hi;
    }
}

/* The group with the widest range. */
typedef struct widest {
    uint64_t group;
    double lo, hi;
} widest;

static void widen(widest *w, const widest *by)
{
    if (by->hi - by->lo > w->hi - w->lo) {
        *w = *by;
    }
}

static const widest no_group = { 0, 0, -1 };

enum { GROUPS_AT_ONCE = 16384 };

typedef struct fitting {
    ql_quantizer *quantizer;
    const ql_calibration *calibration;
    widest widest;
} fitting;

static ql_status fit_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const fitting *f = context;
    const ql_calibration *c = f->calibration;
    const ql_mapping *mapping = f->quantizer->spec.mapping;
    widest *w = ql_engine_scratch(c->engine, worker, 0);
    const uint64_t begin = chunk * GROUPS_AT_ONCE, left = f->quantizer->groups.count - begin;
    const uint64_t end = begin + (left < GROUPS_AT_ONCE ? left : GROUPS_AT_ONCE);
    *w = no_group;
    for (uint64_t group = begin; group < end; group++) {
        widest here = { .group = group };
        clip_of(f->quantizer, c, group, &here.lo, &here.hi);
        widen(w, &here);
        const char *wrong = mapping->fit ? mapping->fit(f->quantizer, group, here.lo, here.hi) : NULL;
        if (wrong) {
            return ql_fail_tensor(c->profile, wrong, error);
        }
    }
    return QL_OK;
}

static void merge_widest(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    fitting *f = context;
    widen(&f->widest, ql_engine_scratch(f->calibration->engine, worker, 0));
}

/* From the ranges of all groups: their parameters, where those come from ranges, and the widest one. */
static ql_status fit_ranges(ql_quantizer *q, const ql_calibration *c, ql_error *error)
{
    fitting f = { q, c, no_group };
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(q->groups.count, GROUPS_AT_ONCE),
        .work = fit_chunk,
        .merge = merge_widest,
        .context = &f,
    };
    for (unsigned worker = 0; worker < ql_engine_threads(c->engine); worker++) {
        if (!ql_engine_scratch(c->engine, worker, sizeof(widest))) {
            return ql_fail_memory(error, sizeof(widest));
        }
    }
    const ql_status status = ql_parallel(c->engine, &pass, error);
    q->widest = f.widest.group;
    q->widest_lo = f.widest.lo;
    q->widest_hi = f.widest.hi;
    return status;
}

/* The ranges of all groups, or values to which mappings are fit at once. */
static ql_status find_ranges(ql_quantizer *q, const ql_calibration *c, ql_error *error)
{
    const ql_calibrator *calibrator = ql_calibrator_of(&q->spec);
    return q->spec.mapping->fit_values   ? ql_calibrate_groups(c, q, fit_group_values, error)
           : q->spec.mapping->fit_blocks ? ql_calibrate_blocks(c, q, fit_group_blocks, error)
           : calibrator->ranges          ? calibrator->ranges(c, error)
                                         : calibrator->calibrate(c, error);
}

/* Blocks that no row cuts short are blocks of rows, too. */
static ql_groups named_alike(ql_groups g)
{
    if (g.per == QL_PER_FLAT && g.cols % g.block == 0) {
        g.per = QL_PER_BLOCK;
        g.row_groups = g.cols / g.block;
    }
    return g;
}

/* What would be kept; false when it would not hold for another turn of a knob. */
static bool is_for_keeps(const ql_quantizer *q, const ql_calibration *c, ql_ranges *out)
{
    const ql_calibrator *calibrator = ql_calibrator_of(&q->spec);
    const bool takes_percentiles = ql_spec_takes(&q->spec, QL_KEY_P);
    *out = (ql_ranges) {
        .groups = named_alike(q->groups),
        .calibrator = calibrator,
        .magnitudes = calibrator->by_magnitude && q->spec.mapping->symmetric,
        .p_lo = takes_percentiles ? q->spec.p_lo : 0,
        .p_hi = takes_percentiles ? q->spec.p_hi : 0,
    };
    return q->spec.mapping->fit && calibrator->ranges && !c->outliers->active;
}

ql_status ql_fit_groups(ql_quantizer *q, ql_calibration *calibration, ql_error *error)
{
    const uint64_t count = q->groups.count;
    ql_kept *kept = calibration->profile->kept;
    ql_ranges ranges;
    const bool keeps = is_for_keeps(q, calibration, &ranges) && kept;
    const ql_ranges *known = keeps ? ql_kept_ranges(kept, &ranges) : NULL;
    if (known) {
        ranges = *known;
    } else if ((ranges.lo = calloc(count, 2 * sizeof *ranges.lo)) == NULL) {
        return ql_fail_memory(error, count * 2 * sizeof *ranges.lo);
    } else {
        ranges.hi = ranges.lo + count;
    }
    calibration->lo = ranges.lo;
    calibration->hi = ranges.hi;
    ql_status status = known || (keeps && ql_kept_join_ranges(kept, &ranges)) ? QL_OK : find_ranges(q, calibration, error);
    if (status == QL_OK && keeps && !known) {
        known = ql_kept_give_ranges(kept, &ranges);
    }
    if (status == QL_OK) {
        status = fit_ranges(q, calibration, error);
    }
    if (known) {
        ql_kept_return_ranges(kept, known);
    } else {
        free(ranges.lo);
    }
    return status;
}
