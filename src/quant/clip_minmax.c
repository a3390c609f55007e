/* clip=minmax: the range of the values themselves. One pass in stored order, whatever the groups. */
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
    const ql_kernels *kernels;
    bounds *bounds; /* [groups] */
} minmax;

/* Least and greatest do not depend on the order in which threads arrive. */
static void widen(bounds *b, float lo, float hi)
{
    float seen = atomic_load_explicit(&b->lo, memory_order_relaxed);
    while (lo < seen && !atomic_compare_exchange_weak_explicit(&b->lo, &seen, lo, memory_order_relaxed, memory_order_relaxed)) {
    }
    seen = atomic_load_explicit(&b->hi, memory_order_relaxed);
    while (hi > seen && !atomic_compare_exchange_weak_explicit(&b->hi, &seen, hi, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static void add_tile(const minmax *m, uint64_t begin, size_t n, ql_tile_buffers *buffers)
{
    const ql_groups *groups = m->calibration->groups;
    if (!ql_groups_are_runs(groups)) {
        ql_groups_of(groups, begin, n, buffers->groups);
        for (size_t i = 0; i < n; i++) {
            widen(&m->bounds[buffers->groups[i]], buffers->x[i], buffers->x[i]);
        }
        return;
    }
    for (size_t done = 0, length; done < n; done += length) {
        uint64_t group, run = ql_groups_run(groups, begin + done, &group);
        length = run < n - done ? (size_t)run : n - done;
        float lo = INFINITY, hi = -INFINITY;
        m->kernels->range(buffers->x + done, length, &lo, &hi);
        widen(&m->bounds[group], lo, hi);
    }
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const minmax *m = context;
    const ql_tensor *tensor = m->calibration->profile->tensor;
    ql_tile_buffers *buffers = ql_engine_scratch(m->calibration->engine, worker, 0);
    uint64_t begin = chunk * QL_CHUNK, end = begin + QL_CHUNK;
    end = end < tensor->element_count ? end : tensor->element_count;
    for (; begin < end; begin += QL_TILE) {
        size_t n = end - begin < QL_TILE ? (size_t)(end - begin) : QL_TILE;
        ql_status status = ql_tensor_read_f32(tensor, begin, n, buffers->x, buffers->bytes, error);
        if (status != QL_OK) {
            return status;
        }
        add_tile(m, begin, n, buffers);
    }
    return QL_OK;
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

ql_status ql_calibrate_minmax(const ql_calibration *calibration, ql_error *error)
{
    const uint64_t count = calibration->groups->count, elements = calibration->groups->elements;
    if (count == 1) {
        store(calibration, 0, calibration->profile->x_min, calibration->profile->x_max);
        return QL_OK;
    }
    minmax m = { calibration, ql_kernels_active(), malloc(count * sizeof *m.bounds) };
    if (!m.bounds) {
        return ql_fail_memory(error, count * sizeof *m.bounds);
    }
    for (uint64_t group = 0; group < count; group++) {
        atomic_init(&m.bounds[group].lo, INFINITY);
        atomic_init(&m.bounds[group].hi, -INFINITY);
    }
    ql_status status = QL_OK;
    for (unsigned worker = 0; worker < ql_engine_threads(calibration->engine); worker++) {
        if (!ql_engine_scratch(calibration->engine, worker, sizeof(ql_tile_buffers))) {
            status = ql_fail_memory(error, sizeof(ql_tile_buffers));
        }
    }
    if (status == QL_OK) {
        ql_pass pass = {
            .chunk_count = ql_size_ceil_div(elements, QL_CHUNK),
            .work = work,
            .context = &m,
            .monitor = calibration->monitor,
            .elements = elements,
            .total = calibration->total,
        };
        status = ql_parallel(calibration->engine, &pass, error);
    }
    for (uint64_t group = 0; status == QL_OK && group < count; group++) {
        store(calibration, group, m.bounds[group].lo, m.bounds[group].hi);
    }
    free(m.bounds);
    return status;
}
