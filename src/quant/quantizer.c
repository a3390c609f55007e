/* A mapping with its parameters found, and a tile encoded with them. */
#include "base/error.h"
#include "base/sizes.h"
#include "quant/calibrate.h"
#include "quant/kept.h"
#include "tensor/convert.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t ql_quantizer_elements(const ql_profile *profile, const ql_spec *spec)
{
    const ql_calibrator *calibrator = ql_calibrator_of(spec);
    const unsigned range = spec->outliers > 0 ? 1 : 0; /* the profile's range is not that of the rest */
    const bool by_values = spec->mapping->fit_values || spec->mapping->fit_blocks;
    const unsigned passes = by_values                    ? 1
                            : !spec->mapping->fit        ? 0
                            : spec->per == QL_PER_TENSOR ? calibrator->passes_tensor + range
                                                         : calibrator->passes_groups;
    return profile->tensor->element_count * (ql_outliers_passes(spec) + passes);
}

/* calloc of count * width elements into *out if it is wanted and there is something to hold; adds the bytes to *needed. */
static bool reserve(void *out, bool wanted, uint64_t count, uint64_t width, size_t size, uint64_t *needed)
{
    if (!wanted || !width) {
        return true;
    }
    void *memory = count <= SIZE_MAX / (width * size) ? calloc(count, width * size) : NULL;
    *needed += count * width * size;
    memcpy(out, &memory, sizeof memory);
    return memory;
}

static ql_status allocate(ql_quantizer *q, ql_error *error)
{
    const uint64_t count = q->groups.count;
    const unsigned arrays = q->spec.mapping->arrays;
    uint64_t needed = 0;
    const bool done =
        reserve(&q->scales, arrays & QL_HAS_SCALES, count, 1, sizeof *q->scales, &needed) &&
        reserve(&q->zeros, arrays & QL_HAS_ZEROS, count, 1, sizeof *q->zeros, &needed) &&
        reserve(&q->scale_codes, arrays & QL_HAS_SCALE_CODES, count, 1, sizeof *q->scale_codes, &needed) &&
        reserve(&q->codebook, arrays & QL_HAS_CODEBOOK, count, q->level_count, sizeof *q->codebook, &needed) &&
        reserve(&q->thresholds, arrays & QL_HAS_CODEBOOK, count, q->level_count, sizeof *q->thresholds, &needed) &&
        reserve(&q->edges, arrays & QL_HAS_EDGES, count, q->level_count + 1, sizeof *q->edges, &needed) &&
        reserve(&q->extra, true, count, q->spec.mapping->extra_per_group, sizeof *q->extra, &needed);
    return done ? QL_OK : ql_fail_memory(error, needed);
}

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

/* What would be kept; false when it would not hold for another turn of a knob. */
static bool is_for_keeps(const ql_quantizer *q, const ql_calibration *c, ql_ranges *out)
{
    const ql_calibrator *calibrator = ql_calibrator_of(&q->spec);
    const bool takes_percentiles = ql_spec_takes(&q->spec, QL_KEY_P);
    *out = (ql_ranges) {
        .groups = q->groups,
        .calibrator = calibrator,
        .magnitudes = calibrator->by_magnitude && q->spec.mapping->symmetric,
        .p_lo = takes_percentiles ? q->spec.p_lo : 0,
        .p_hi = takes_percentiles ? q->spec.p_hi : 0,
    };
    return q->spec.mapping->fit && calibrator->ranges && !c->outliers->active;
}

/* The parameters of every group. */
static ql_status fit_groups(ql_quantizer *q, ql_calibration *calibration, ql_error *error)
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
    ql_status status = known ? QL_OK : find_ranges(q, calibration, error);
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

ql_status ql_quantizer_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                            uint64_t total, ql_quantizer *out, ql_error *error)
{
    const ql_mapping *mapping = spec->mapping;
    ql_quantizer *q = out;
    *q = (ql_quantizer) { .spec = *spec, .tensor_scale = 1 };
    mapping->code_range(spec, &q->code_lo, &q->code_hi);
    ql_status status = ql_groups_make(profile->tensor, spec, &q->groups, error);
    if (status == QL_OK) {
        status = ql_outliers_find(engine, profile, spec, monitor, total, &q->outliers, error);
    }
    if (status == QL_OK && mapping->prepare) {
        status = mapping->prepare(q, profile, error);
    }
    if (status == QL_OK) {
        status = allocate(q, error);
    }
    ql_calibration calibration = {
        .engine = engine,
        .profile = profile,
        .spec = spec,
        .groups = &q->groups,
        .outliers = &q->outliers,
        .monitor = monitor,
        .done_before = ql_outliers_passes(spec) * profile->tensor->element_count,
        .total = total,
    };
    if (status == QL_OK && (mapping->fit || mapping->fit_values || mapping->fit_blocks)) {
        status = fit_groups(q, &calibration, error);
    }
    return status == QL_OK && mapping->finish ? mapping->finish(q, engine, error) : status;
}

void ql_quantizer_free(ql_quantizer *q)
{
    free(q->scales);
    free(q->zeros);
    free(q->codebook);
    free(q->edges);
    free(q->thresholds);
    free(q->extra);
    free(q->levels);
    free(q->scale_codes);
    free(q->second_scales);
    ql_outliers_free(&q->outliers);
    memset(q, 0, sizeof *q);
}

/* Outliers keep their half-precision value; their codes stay those of 0. */
static void restore_outliers(const ql_outliers *outliers, uint64_t begin, size_t n, ql_tile_buffers *buffers)
{
    for (uint64_t i = ql_outliers_from(outliers, begin); i < outliers->count && outliers->index[i] < begin + n; i++) {
        buffers->y[outliers->index[i] - begin] = ql_half_to_float(outliers->value[i]);
    }
}

const float *ql_tile_parameters(const ql_tile *tile, const float *of_groups, float *room)
{
    if (!tile->groups) {
        return of_groups + tile->group;
    }
    for (size_t i = 0; i < tile->n; i++) {
        room[i] = of_groups[tile->groups[i]];
    }
    return room;
}

ql_blocks ql_tile_blocks(const ql_tile *tile)
{
    return tile->groups ? (ql_blocks) { 1, 0 } : tile->blocks;
}

/* Lines across the stored ones: neighbours belong to neighbouring groups, as if each were a block. */
static bool are_side_by_side(const ql_groups *g)
{
    return !ql_groups_are_runs(g) && (g->per == QL_PER_ROW || g->per == QL_PER_COL);
}

/* The tile's group and blocks at stored element `begin`; returns how many elements it may hold. */
static uint64_t place_tile(const ql_quantizer *q, uint64_t begin, ql_tile *tile)
{
    uint64_t length, offset;
    if (are_side_by_side(&q->groups)) {
        tile->group = begin % q->groups.count;
        tile->blocks = (ql_blocks) { 1, 0 };
        return q->groups.count - tile->group;
    }
    const uint64_t left = ql_groups_even_runs(&q->groups, begin, &tile->group, &length, &offset);
    tile->blocks = (ql_blocks) { (size_t)length, (size_t)offset };
    return left;
}

void ql_quantize_values(const ql_quantizer *quantizer, const ql_kernels *kernels, uint64_t begin, const float *x, size_t n,
                        ql_tile_buffers *buffers, uint64_t *clipped)
{
    const ql_groups *groups = &quantizer->groups;
    buffers->x = x;
    if (quantizer->outliers.active) {
        memcpy(buffers->dense, x, n * sizeof *x);
        ql_outliers_zero(&quantizer->outliers, begin, buffers->dense, n);
        x = buffers->dense;
    }
    ql_tile tile = { .step = buffers->step, .zero = buffers->zero, .more = buffers->more };
    const bool in_order = ql_groups_are_runs(groups) || are_side_by_side(groups);
    if (!in_order) {
        ql_groups_of(groups, begin, n, buffers->groups);
        tile.groups = buffers->groups;
    }
    for (size_t done = 0; done < n; done += tile.n) {
        tile.x = x + done;
        tile.begin = begin + done;
        tile.codes = buffers->codes + done;
        tile.y = buffers->y + done;
        tile.n = n - done;
        if (in_order) {
            const uint64_t most = place_tile(quantizer, begin + done, &tile);
            tile.n = most < tile.n ? (size_t)most : tile.n;
        }
        *clipped += quantizer->spec.mapping->quantize(quantizer, kernels, &tile);
    }
    if (quantizer->outliers.active) {
        restore_outliers(&quantizer->outliers, begin, n, buffers);
    }
}

ql_status ql_quantize_tile(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tensor *tensor, uint64_t begin,
                           size_t n, ql_tile_buffers *buffers, uint64_t *clipped, ql_error *error)
{
    const float *x;
    ql_status status = ql_tensor_fetch_f32(tensor, begin, n, buffers->values, buffers->bytes, &x, error);
    if (status == QL_OK) {
        ql_quantize_values(quantizer, kernels, begin, x, n, buffers, clipped);
    }
    return status;
}
