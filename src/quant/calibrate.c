/* The table of calibrators, the walk over the values of every group, and the quantizer that comes of it. */
#include "quant/calibrate.h"

#include "base/error.h"
#include "base/sizes.h"
#include "tensor/tensor.h"

#include <stdlib.h>

static const ql_calibrator calibrators[] = {
    [QL_CLIP_MINMAX] = { "minmax", 0, 1, ql_calibrate_minmax },
    [QL_CLIP_PERCENTILE] = { "percentile", 2, 1, ql_calibrate_percentile },
    [QL_CLIP_MANUAL] = { "manual", 0, 0, ql_calibrate_manual },
};

const ql_calibrator *ql_calibrator_of(ql_clip clip)
{
    return &calibrators[clip];
}

typedef struct group_walk {
    const ql_calibration *calibration;
    void (*each)(const ql_calibration *calibration, uint64_t group, float *values, size_t n);
    uint64_t groups_per_chunk;
    size_t capacity;      /* values of the largest chunk */
    size_t scratch_offset; /* of the tile reader's bytes behind the values */
} group_walk;

static ql_status walk_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const group_walk *walk = context;
    const ql_calibration *c = walk->calibration;
    const ql_groups *groups = c->groups;
    char *memory = ql_engine_scratch(c->engine, worker, 0);
    float *values = (float *)memory;
    const uint64_t first = chunk * walk->groups_per_chunk;
    const uint64_t end = first + walk->groups_per_chunk < groups->count ? first + walk->groups_per_chunk : groups->count;
    const uint64_t start = ql_groups_start(groups, first);
    const uint64_t stop = end < groups->count ? ql_groups_start(groups, end) : groups->elements;
    ql_status status =
        ql_groups_read(groups, c->profile->tensor, start, (size_t)(stop - start), values, memory + walk->scratch_offset, error);
    for (uint64_t group = first; status == QL_OK && group < end; group++) {
        walk->each(c, group, values + (ql_groups_start(groups, group) - start), (size_t)ql_groups_length(groups, group));
    }
    return status;
}

ql_status ql_calibrate_groups(const ql_calibration *calibration,
                              void (*each)(const ql_calibration *calibration, uint64_t group, float *values, size_t n),
                              ql_error *error)
{
    const ql_groups *groups = calibration->groups;
    const uint64_t longest = ql_groups_length(groups, 0); /* only the last groups of a line are shorter */
    group_walk walk = { .calibration = calibration, .each = each };
    walk.groups_per_chunk = longest < QL_CHUNK ? QL_CHUNK / longest : 1;
    uint64_t values_size, size;
    if (!ql_size_mul(longest * walk.groups_per_chunk, sizeof(float), &values_size) ||
        !ql_size_add(values_size, ql_tensor_scratch_size(calibration->profile->tensor, (size_t)(values_size / sizeof(float))), &size)) {
        return ql_fail_memory(error, UINT64_MAX);
    }
    walk.scratch_offset = (size_t)values_size;
    for (unsigned worker = 0; worker < ql_engine_threads(calibration->engine); worker++) {
        if (!ql_engine_scratch(calibration->engine, worker, (size_t)size)) {
            return ql_fail_memory(error, size);
        }
    }
    ql_pass pass = {
        .chunk_count = ql_size_ceil_div(groups->count, walk.groups_per_chunk),
        .work = walk_chunk,
        .context = &walk,
        .monitor = calibration->monitor,
        .elements = groups->elements,
        .total = calibration->total,
    };
    return ql_parallel(calibration->engine, &pass, error);
}

uint64_t ql_quantizer_elements(const ql_profile *profile, const ql_spec *spec)
{
    const ql_calibrator *calibrator = ql_calibrator_of(spec->clip);
    return profile->tensor->element_count *
           (spec->per == QL_PER_TENSOR ? calibrator->passes_tensor : calibrator->passes_groups);
}

ql_status ql_quantizer_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                            uint64_t total, ql_quantizer *out, ql_error *error)
{
    *out = (ql_quantizer){ .spec = *spec };
    ql_status status = ql_groups_make(profile->tensor, spec, &out->groups, error);
    if (status != QL_OK) {
        return status;
    }
    spec->mapping->code_range(spec, &out->code_lo, &out->code_hi);
    const uint64_t count = out->groups.count;
    double *range = calloc(count, 2 * sizeof *range);
    out->scales = calloc(count, sizeof *out->scales);
    out->zeros = spec->mapping->symmetric ? NULL : calloc(count, sizeof *out->zeros);
    if (!range || !out->scales || (!spec->mapping->symmetric && !out->zeros)) {
        free(range);
        return ql_fail_memory(error, count * (2 * sizeof *range + sizeof *out->scales + sizeof *out->zeros));
    }
    const ql_calibration calibration = {
        .engine = engine,
        .profile = profile,
        .spec = spec,
        .groups = &out->groups,
        .monitor = monitor,
        .total = total,
        .lo = range,
        .hi = range + count,
    };
    status = ql_calibrator_of(spec->clip)->calibrate(&calibration, error);
    for (uint64_t group = 0; status == QL_OK && group < count; group++) {
        spec->mapping->fit(spec, calibration.lo[group], calibration.hi[group], &out->scales[group],
                           out->zeros ? &out->zeros[group] : NULL);
    }
    free(range);
    return status;
}

void ql_quantizer_free(ql_quantizer *quantizer)
{
    free(quantizer->scales);
    free(quantizer->zeros);
    quantizer->scales = NULL;
    quantizer->zeros = NULL;
}

ql_status ql_quantize_tile(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tensor *tensor, uint64_t begin,
                           size_t n, ql_tile_buffers *buffers, uint64_t *clipped, ql_error *error)
{
    const ql_groups *groups = &quantizer->groups;
    ql_status status = ql_tensor_read_f32(tensor, begin, n, buffers->x, buffers->bytes, error);
    if (status != QL_OK) {
        return status;
    }
    ql_tile tile = { .step = buffers->step, .zero = buffers->zero };
    for (size_t done = 0; done < n; done += tile.n) {
        tile.x = buffers->x + done;
        tile.codes = buffers->codes + done;
        tile.y = buffers->y + done;
        tile.n = n - done;
        if (ql_groups_are_runs(groups)) {
            uint64_t run = ql_groups_run(groups, begin + done, &tile.group);
            tile.n = run < tile.n ? (size_t)run : tile.n;
        } else {
            ql_groups_of(groups, begin, n, buffers->groups);
            tile.groups = buffers->groups;
        }
        *clipped += quantizer->spec.mapping->quantize(quantizer, kernels, &tile);
    }
    return QL_OK;
}
