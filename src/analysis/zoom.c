/*
 * A zoom: the distribution of a part of the values, counted anew, in bins as narrow as the part asks for.
 *
 * The same parameters and values as behind a report, once more.
 */
#include "analysis/histogram.h"
#include "analysis/tiles.h"
#include "base/error.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct zoom_counts { /* of a chunk */
    uint32_t x[QL_TABLES * (QL_BINS + QL_OUTSIDE)], y[QL_TABLES * (QL_BINS + QL_OUTSIDE)];
} zoom_counts;

static void begin_chunk(void *context, void *memory, uint64_t begin, uint64_t end)
{
    (void)context;
    (void)begin;
    (void)end;
    memset(memory, 0, sizeof(zoom_counts));
}

static void add_tile(void *context, void *memory, const ql_tile_seen *tile)
{
    const ql_zoom *zoom = context;
    zoom_counts *counts = memory;
    const ql_binning axis = { zoom->original.lo, zoom->original.hi, QL_BINS, false };
    ql_kernels_active()->histogram(&axis, tile->x, tile->n, counts->x);
    ql_kernels_active()->histogram(&axis, tile->y, tile->n, counts->y);
}

static void merge(void *context, const void *memory)
{
    ql_zoom *zoom = context;
    const zoom_counts *counts = memory;
    ql_histogram_add(&zoom->original, counts->x);
    ql_histogram_add(&zoom->dequantized, counts->y);
}

ql_status ql_zoom_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, double lo, double hi,
                       const ql_monitor *monitor, ql_zoom **out, ql_error *error)
{
    if (!(lo < hi) || !isfinite(hi - lo)) {
        return ql_fail(error, QL_BAD_USAGE, "a zoom is from a value to a larger one");
    }
    ql_zoom *zoom = calloc(1, sizeof *zoom);
    if (!zoom) {
        return ql_fail_memory(error, sizeof *zoom);
    }
    zoom->original.lo = zoom->dequantized.lo = lo;
    zoom->original.hi = zoom->dequantized.hi = hi;
    const ql_visitor visitor = {
        .context = zoom,
        .end = profile->tensor->element_count,
        .memory_size = sizeof(zoom_counts),
        .chunk = begin_chunk,
        .add = add_tile,
        .merge = merge,
    };
    const ql_status status = ql_tiles_visit(engine, profile, report, &visitor, monitor, error);
    if (status == QL_OK) {
        *out = zoom;
        zoom = NULL;
    }
    free(zoom);
    return status;
}

bool ql_zoom_levels(const ql_report *report, double lo, double hi, ql_histogram *out)
{
    const ql_binning axis = { lo, hi, QL_BINS, false };
    *out = (ql_histogram) { .lo = lo, .hi = hi };
    if (report->grid_count == 0 || report->outlier_count > 0 || report->sampled > 0) {
        return false;
    }
    for (unsigned i = 0; i < report->grid_count; i++) {
        const uint32_t counter = ql_counter_of(&axis, (float)report->grid[i]);
        *(counter == 0 ? &out->below : counter > QL_BINS ? &out->above : &out->bins[counter - 1]) += report->grid_counts[i];
    }
    return true;
}

void ql_zoom_free(ql_zoom **zoom)
{
    free(*zoom);
    *zoom = NULL;
}
