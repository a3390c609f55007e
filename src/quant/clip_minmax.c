/* clip=minmax: the range of the values themselves. One pass in stored order, whatever the groups. */
#include "base/error.h"
#include "quant/calibrate.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct bounds {
    _Atomic float lo, hi;
} bounds;

typedef struct minmax {
    const ql_groups *groups;
    const ql_kernels *kernels;
    bounds *bounds; /* [groups] */
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

static void add_tile(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)worker;
    const minmax *m = context;
    if (!ql_groups_are_runs(m->groups)) {
        uint64_t *groups = memory;
        ql_groups_of(m->groups, begin, n, groups);
        for (size_t i = 0; i < n; i++) {
            widen(&m->bounds[groups[i]], x[i], x[i]);
        }
        return;
    }
    for (size_t done = 0, length; done < n; done += length) {
        uint64_t group, run = ql_groups_run(m->groups, begin + done, &group);
        length = run < n - done ? (size_t)run : n - done;
        float lo = INFINITY, hi = -INFINITY;
        m->kernels->range(x + done, length, &lo, &hi);
        widen(&m->bounds[group], lo, hi);
    }
}

static void store(const ql_calibration *c, uint64_t group, double lo, double hi)
{
    if (c->spec->mapping->symmetric) {
        hi = fmax(fabs(lo), fabs(hi));
        lo = -hi;
    }
    c->lo[group] = lo;
    c->hi[group] = hi;
}

static ql_status calibrate(const ql_calibration *c, ql_error *error)
{
    const uint64_t count = c->groups->count;
    if (count == 1 && !c->outliers->active) {
        store(c, 0, c->profile->x_min, c->profile->x_max);
        return QL_OK;
    }
    minmax m = { c->groups, ql_kernels_active(), malloc(count * sizeof *m.bounds) };
    if (!m.bounds) {
        return ql_fail_memory(error, count * sizeof *m.bounds);
    }
    for (uint64_t group = 0; group < count; group++) {
        atomic_init(&m.bounds[group].lo, INFINITY);
        atomic_init(&m.bounds[group].hi, -INFINITY);
    }
    ql_stream stream = ql_calibration_stream(c);
    stream.context = &m;
    stream.tile = add_tile;
    stream.memory_size = ql_groups_are_runs(c->groups) ? 0 : QL_TILE * sizeof(uint64_t);
    ql_status status = ql_stream_run(&stream, error);
    for (uint64_t group = 0; status == QL_OK && group < count; group++) {
        store(c, group, m.bounds[group].lo, m.bounds[group].hi);
    }
    free(m.bounds);
    return status;
}

const ql_calibrator ql_calibrator_minmax = {
    .name = "minmax", .passes_tensor = 0, .passes_groups = 1, .calibrate = calibrate
};
