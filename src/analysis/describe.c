/* What a report says of its quantizer: see describe.h. */
#include "analysis/describe.h"

#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* The least and the greatest value of a group that is met without clipping. */
static double lowest_value(const ql_quantizer *q, uint64_t group)
{
    return q->spec.mapping->lowest ? q->spec.mapping->lowest(q, group)
                                   : (double)q->spec.mapping->decode(q, group, q->code_lo);
}

static double highest_value(const ql_quantizer *q, uint64_t group)
{
    return q->spec.mapping->lowest ? -q->spec.mapping->lowest(q, group)
                                   : (double)q->spec.mapping->decode(q, group, q->code_hi);
}

/* "-0" is zero. */
static void fold_negative_zero(ql_report *r)
{
    uint64_t *counts = (uint64_t *)r->code_counts;
    const ql_mapping *mapping = r->spec.mapping;
    if (mapping->negative_zero) {
        counts[0 - r->code_lo] += counts[mapping->negative_zero(&r->spec) - r->code_lo];
        counts[mapping->negative_zero(&r->spec) - r->code_lo] = 0;
    }
}

static ql_status describe_codes(ql_report *r, const ql_quantizer *q, ql_error *error)
{
    r->code_lo = q->code_lo;
    r->code_hi = q->code_hi;
    r->levels = q->spec.mapping->levels ? q->spec.mapping->levels(q) : (unsigned)ql_code_count(r);
    r->code_counts = calloc(ql_code_count(r), sizeof *r->code_counts);
    return r->code_counts ? QL_OK : ql_fail_memory(error, ql_code_count(r) * sizeof *r->code_counts);
}

/* What is found of some groups. */
typedef struct extent {
    float scale_min, scale_max;
    double clip_lo, clip_hi, reach;
} extent;

static const extent nothing = { INFINITY, 0, INFINITY, -INFINITY, 0 };

static void widen(extent *e, const extent *by)
{
    e->scale_min = by->scale_min < e->scale_min ? by->scale_min : e->scale_min;
    e->scale_max = by->scale_max > e->scale_max ? by->scale_max : e->scale_max;
    e->clip_lo = by->clip_lo < e->clip_lo ? by->clip_lo : e->clip_lo;
    e->clip_hi = by->clip_hi > e->clip_hi ? by->clip_hi : e->clip_hi;
    e->reach = by->reach > e->reach ? by->reach : e->reach;
}

static extent extent_of(const ql_quantizer *q, uint64_t group)
{
    extent e = nothing;
    if (q->scales) {
        e.scale_min = e.scale_max = fabsf(q->scales[group]);
    }
    if (q->spec.mapping->decode) {
        const double at_lo = lowest_value(q, group), at_hi = highest_value(q, group);
        e.clip_lo = at_lo < at_hi ? at_lo : at_hi;
        e.clip_hi = at_lo < at_hi ? at_hi : at_lo;
    }
    e.reach = q->spec.mapping->half_gap(q, group);
    return e;
}

enum { GROUPS_AT_ONCE = 16384 };

typedef struct look {
    ql_engine *engine;
    const ql_quantizer *quantizer;
    extent all;
} look;

static ql_status look_at_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const look *l = context;
    extent *e = ql_engine_scratch(l->engine, worker, 0);
    const uint64_t begin = chunk * GROUPS_AT_ONCE, left = l->quantizer->groups.count - begin;
    const uint64_t end = begin + (left < GROUPS_AT_ONCE ? left : GROUPS_AT_ONCE);
    *e = nothing;
    for (uint64_t group = begin; group < end; group++) {
        const extent one = extent_of(l->quantizer, group);
        widen(e, &one);
    }
    return QL_OK;
}

static void merge_chunk(void *context, unsigned worker, uint64_t chunk)
{
    (void)chunk;
    look *l = context;
    widen(&l->all, ql_engine_scratch(l->engine, worker, 0));
}

/* The range of the groups' parameters, and the axes that follow from them. */
static ql_status describe_groups(ql_engine *engine, ql_report *r, const ql_quantizer *q, ql_error *error)
{
    look l = { engine, q, nothing };
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(q->groups.count, GROUPS_AT_ONCE),
        .work = look_at_chunk,
        .merge = merge_chunk,
        .context = &l,
    };
    for (unsigned worker = 0; worker < ql_engine_threads(engine); worker++) {
        if (!ql_engine_scratch(engine, worker, sizeof(extent))) {
            return ql_fail_memory(error, sizeof(extent));
        }
    }
    ql_status status = ql_parallel(engine, &pass, error);
    const bool has_levels = q->spec.mapping->decode;
    r->group_count = q->groups.count;
    r->scale_min = q->scales ? l.all.scale_min : 0;
    r->scale_max = l.all.scale_max;
    r->clip_lo = has_levels ? l.all.clip_lo : r->original.lo;
    r->clip_hi = has_levels ? l.all.clip_hi : r->original.hi;
    r->dequantized.lo = r->original.lo;
    r->dequantized.hi = r->original.hi;
    r->error.hi = l.all.reach * (1 + 0x1p-12); /* a hair more for what the rounding of y to float32 adds */
    r->error.lo = -r->error.hi;
    return status;
}

static void describe_widest(ql_report *r, const ql_quantizer *q)
{
    ql_widest *w = &r->widest;
    w->group = q->widest;
    w->lo = q->widest_lo;
    w->hi = q->widest_hi;
    w->level_count = q->spec.mapping->decode && ql_code_count(r) <= QL_MAX_GRID ? (unsigned)ql_code_count(r) : 0;
    for (unsigned i = 0; i < w->level_count; i++) {
        w->levels[i] = q->spec.mapping->decode(q, w->group, r->code_lo + (int)i);
    }
}

typedef struct grid_value {
    double value;
    uint64_t count;
} grid_value;

static int compare_grid(const void *a, const void *b)
{
    const double x = ((const grid_value *)a)->value, y = ((const grid_value *)b)->value;
    return (x > y) - (x < y);
}

void ql_describe_grid(ql_report *r, const ql_quantizer *q)
{
    const ql_mapping *mapping = q->spec.mapping;
    fold_negative_zero(r);
    if (r->group_count != 1 || !mapping->decode || ql_code_count(r) > QL_MAX_GRID) {
        return;
    }
    grid_value grid[QL_MAX_GRID];
    size_t count = 0;
    for (int code = r->code_lo; code <= r->code_hi; code++) {
        const double value = mapping->decode(q, 0, code);
        const bool is_level = r->levels == ql_code_count(r) || r->code_counts[code - r->code_lo] ||
                              !mapping->negative_zero || code != mapping->negative_zero(&r->spec);
        if (isfinite(value) && is_level) {
            grid[count++] = (grid_value) { value, r->code_counts[code - r->code_lo] };
        }
    }
    qsort(grid, count, sizeof *grid, compare_grid);
    for (size_t i = 0; i < count; i++) {
        if (r->grid_count && r->grid[r->grid_count - 1] == grid[i].value) {
            r->grid_counts[r->grid_count - 1] += grid[i].count; /* levels that coincide */
        } else {
            r->grid[r->grid_count] = grid[i].value;
            r->grid_counts[r->grid_count++] = grid[i].count;
        }
    }
    for (unsigned i = 0; i < r->grid_count; i++) {
        r->grid_counts[i] -= r->grid[i] == 0 ? r->outlier_count : 0; /* they have the code of 0, but values of their own */
    }
}

/* Rows and columns of W that hold outliers; false when memory is short. */
static bool describe_outliers(ql_report *r, const ql_quantizer *q)
{
    const ql_groups *g = &q->groups;
    const ql_outliers *o = &q->outliers;
    r->outlier_count = o->count;
    if (o->count == 0) {
        return true;
    }
    uint8_t *seen = calloc(g->rows + g->cols, 1);
    const bool by_columns = g->rows > 1 && g->cols > 1 && g->stored_by_columns;
    for (uint64_t i = 0; seen && i < o->count; i++) {
        const uint64_t row = by_columns ? o->index[i] % g->rows : o->index[i] / g->cols;
        const uint64_t col = by_columns ? o->index[i] / g->rows : o->index[i] % g->cols;
        r->outlier_rows += !seen[row];
        r->outlier_cols += !seen[g->rows + col];
        seen[row] = seen[g->rows + col] = 1;
    }
    free(seen);
    return seen != NULL;
}

ql_status ql_describe_quantizer(ql_engine *engine, ql_report *r, const ql_quantizer *q, ql_error *error)
{
    ql_status status = describe_codes(r, q, error);
    if (status == QL_OK) {
        status = describe_groups(engine, r, q, error);
    }
    if (status == QL_OK) {
        describe_widest(r, q);
        status = describe_outliers(r, q) ? QL_OK : ql_fail_memory(error, q->groups.rows + q->groups.cols);
    }
    return status;
}

ql_status ql_check_exact(const ql_report *report, ql_error *error)
{
    return report->sampled ? ql_fail(error, QL_BAD_USAGE, "an estimate from %" PRIu64 " weights will not do; make the exact report",
                                     report->sampled)
                           : QL_OK;
}
