/* A mapping with its parameters found, and a tile encoded with them. */
#include "base/error.h"
#include "base/sizes.h"
#include "quant/calibrate.h"
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
        status = ql_fit_groups(q, &calibration, error);
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
