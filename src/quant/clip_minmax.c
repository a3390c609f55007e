/*
 * clip=minmax: the range of the values themselves. One pass, whatever the groups.
 *
 *   groups that are runs of stored elements    in stored order: the range of each run
 *   groups across the stored lines             in strips: line after line of at most STRIP positions, whose ranges are kept
 *                                              side by side
 *   tiles, and others                          in stored order, run by run
 */
#include "base/error.h"
#include "base/sizes.h"
#include "quant/calibrate.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct bounds {
    _Atomic float lo, hi;
} bounds;

typedef struct minmax {
    const ql_calibration *calibration;
    const ql_groups *groups;
    const ql_kernels *kernels;
    bounds *bounds; /* [groups] */

    /* Of groups across the lines. */
    uint64_t width, lines;  /* of the tensor as it is stored */
    uint64_t strips, depth; /* strips side by side, lines of a chunk */
} minmax;

/* Least and greatest do not depend on the order in which threads arrive. */
static void widen(bounds *b, float lo, float hi)
{
    float seen = atomic_load_explicit(&b->lo, memory_order_relaxed);
    while (lo < seen &&
           !atomic_compare_exchange_weak_explicit(&b->lo, &seen, lo, memory_order_relaxed, memory_order_relaxed)) {
    }
    seen = atomic_load_explicit(&b->hi, memory_order_relaxed);
    while (hi > seen &&
           !atomic_compare_exchange_weak_explicit(&b->hi, &seen, hi, memory_order_relaxed, memory_order_relaxed)) {
    }
}

/* ---- In stored order */

/* x[n], a part of a group. */
static void add_part(const minmax *m, uint64_t group, const float *x, size_t n)
{
    float lo = INFINITY, hi = -INFINITY;
    m->kernels->range(x, n, &lo, &hi);
    widen(&m->bounds[group], lo, hi);
}

/* x[n], whole groups of `size` elements each, from `group` on: nobody else sees any of them. */
static void add_whole(const minmax *m, uint64_t group, size_t size, const float *x, size_t n)
{
    enum { AT_ONCE = 256 };
    float lo[AT_ONCE], hi[AT_ONCE];
    for (size_t done = 0; done < n; done += AT_ONCE * size) {
        const size_t most = AT_ONCE * size, length = n - done < most ? n - done : most;
        m->kernels->encode.block_ranges(size, x + done, length, lo, hi);
        for (size_t i = 0; i < length / size; i++, group++) {
            atomic_store_explicit(&m->bounds[group].lo, lo[i], memory_order_relaxed);
            atomic_store_explicit(&m->bounds[group].hi, hi[i], memory_order_relaxed);
        }
    }
}

/* Groups that are runs of one length, but for the last of a line. */
static void add_runs(const minmax *m, uint64_t begin, const float *x, size_t n)
{
    for (size_t done = 0, count; done < n; done += count) {
        uint64_t group, length, offset;
        const uint64_t even = ql_groups_even_runs(m->groups, begin + done, &group, &length, &offset);
        const size_t left = even < n - done ? (size_t)even : n - done;
        if (offset || length > left) {
            const uint64_t rest = length - offset;
            count = rest < left ? (size_t)rest : left;
            add_part(m, group, x + done, count);
        } else {
            count = left / (size_t)length * (size_t)length;
            add_whole(m, group, (size_t)length, x + done, count);
        }
    }
}

static void add_tile(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)worker;
    const minmax *m = context;
    if (ql_groups_are_runs(m->groups)) {
        add_runs(m, begin, x, n);
        return;
    }
    uint64_t *group_of = memory;
    ql_groups_of(m->groups, begin, n, group_of);
    for (size_t done = 0, end; done < n; done = end) {
        for (end = done + 1; end < n && group_of[end] == group_of[done]; end++) {
        }
        add_part(m, group_of[done], x + done, end - done);
    }
}

static ql_status in_stored_order(minmax *m, ql_error *error)
{
    ql_stream stream = ql_calibration_stream(m->calibration);
    stream.context = m;
    stream.tile = add_tile;
    stream.memory_size = ql_groups_are_runs(m->groups) ? 0 : QL_TILE * sizeof(uint64_t);
    return ql_stream_run(&stream, error);
}

/* ---- In strips */

enum { STRIP = 4096 };

typedef struct strip_worker {
    float lo[STRIP], hi[STRIP]; /* by position in the strip */
    float x[STRIP];
    unsigned char bytes[(STRIP + 2) * 9];
} strip_worker;

static bool are_across(const ql_groups *groups)
{
    return !ql_groups_are_runs(groups) &&
           (groups->per == QL_PER_ROW || groups->per == QL_PER_COL || groups->per == QL_PER_BLOCK);
}

/* Lines [line, end) of one block of lines, n positions from `position` on. Whole lines are read several at a time. */
static ql_status add_lines(const minmax *m, strip_worker *w, uint64_t line, uint64_t end, uint64_t position, size_t n,
                           ql_error *error)
{
    const ql_calibration *c = m->calibration;
    const uint64_t at_once = m->strips == 1 ? STRIP / m->width : 1;
    for (uint64_t count; line < end; line += count) {
        count = end - line < at_once ? end - line : at_once;
        const uint64_t begin = line * m->width + position;
        ql_status status = ql_tensor_read_f32(c->profile->tensor, begin, (size_t)count * n, w->x, w->bytes, error);
        if (status != QL_OK) {
            return status;
        }
        ql_outliers_zero(c->outliers, begin, w->x, (size_t)count * n);
        for (uint64_t l = 0; l < count; l++) {
            m->kernels->range_each(w->x + l * n, n, w->lo, w->hi);
        }
    }
    return QL_OK;
}

static ql_status work_strip(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const minmax *m = context;
    const ql_groups *g = m->groups;
    strip_worker *w = ql_engine_scratch(m->calibration->engine, worker, 0);
    const uint64_t position = chunk % m->strips * STRIP, first = chunk / m->strips * m->depth;
    const size_t n = (size_t)(m->width - position < STRIP ? m->width - position : STRIP);
    const uint64_t end = m->lines - first < m->depth ? m->lines : first + m->depth;
    for (uint64_t line = first, block_end; line < end; line = block_end) {
        block_end = g->per == QL_PER_BLOCK ? (line / g->block + 1) * g->block : end;
        block_end = block_end < end ? block_end : end;
        for (size_t i = 0; i < n; i++) {
            w->lo[i] = INFINITY;
            w->hi[i] = -INFINITY;
        }
        ql_status status = add_lines(m, w, line, block_end, position, n, error);
        if (status != QL_OK) {
            return status;
        }
        for (size_t i = 0; i < n; i++) {
            const uint64_t group = g->per == QL_PER_BLOCK ? (position + i) * g->row_groups + line / g->block : position + i;
            widen(&m->bounds[group], w->lo[i], w->hi[i]);
        }
    }
    return QL_OK;
}

static ql_status in_strips(minmax *m, ql_error *error)
{
    const ql_calibration *c = m->calibration;
    const ql_groups *g = m->groups;
    for (unsigned worker = 0; worker < ql_engine_threads(c->engine); worker++) {
        if (!ql_engine_scratch(c->engine, worker, sizeof(strip_worker))) {
            return ql_fail_memory(error, sizeof(strip_worker));
        }
    }
    m->width = g->stored_by_columns ? g->rows : g->cols;
    m->lines = g->elements / m->width;
    m->strips = ql_size_ceil_div(m->width, STRIP);
    m->depth = QL_CHUNK / (m->width < STRIP ? m->width : STRIP);
    const ql_pass pass = {
        .chunk_count = m->strips * ql_size_ceil_div(m->lines, m->depth),
        .work = work_strip,
        .context = m,
        .monitor = c->monitor,
        .done_before = c->done_before,
        .elements = g->elements,
        .total = c->total,
    };
    return ql_parallel(c->engine, &pass, error);
}

/* ---- Both */

/* Symmetric mappings: the range becomes that of the magnitudes. */
static void make_symmetric(const ql_calibration *c)
{
    for (uint64_t group = 0; c->spec->mapping->symmetric && group < c->groups->count; group++) {
        c->hi[group] = fmax(fabs(c->lo[group]), fabs(c->hi[group]));
        c->lo[group] = -c->hi[group];
    }
}

static ql_status find(const ql_calibration *c, ql_error *error)
{
    const uint64_t count = c->groups->count;
    minmax m = {
        .calibration = c, .groups = c->groups, .kernels = ql_kernels_active(), .bounds = malloc(count * sizeof *m.bounds)
    };
    if (!m.bounds) {
        return ql_fail_memory(error, count * sizeof *m.bounds);
    }
    for (uint64_t group = 0; group < count; group++) {
        atomic_init(&m.bounds[group].lo, INFINITY);
        atomic_init(&m.bounds[group].hi, -INFINITY);
    }
    ql_status status = are_across(c->groups) ? in_strips(&m, error) : in_stored_order(&m, error);
    for (uint64_t group = 0; status == QL_OK && group < count; group++) {
        c->lo[group] = m.bounds[group].lo;
        c->hi[group] = m.bounds[group].hi;
    }
    free(m.bounds);
    return status;
}

static ql_status find_ranges(const ql_calibration *c, ql_error *error)
{
    if (c->groups->count > 1 || c->outliers->active) {
        return find(c, error);
    }
    c->lo[0] = c->profile->x_min;
    c->hi[0] = c->profile->x_max;
    return QL_OK;
}

static ql_status calibrate(const ql_calibration *c, ql_error *error)
{
    const ql_status status = find_ranges(c, error);
    if (status == QL_OK) {
        make_symmetric(c);
    }
    return status;
}

const ql_calibrator ql_calibrator_minmax = {
    .name = "minmax", .passes_tensor = 0, .passes_groups = 1, .calibrate = calibrate, .ranges = find_ranges, .joins = true
};
