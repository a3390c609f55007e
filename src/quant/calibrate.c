/* The table of calibrators, and the walk over the values of every group. */
#include "quant/calibrate.h"

#include "base/error.h"
#include "base/sizes.h"
#include "tensor/tensor.h"

static const ql_calibrator *const calibrators[QL_CLIP_COUNT] = {
    [QL_CLIP_MINMAX] = &ql_calibrator_minmax, [QL_CLIP_PERCENTILE] = &ql_calibrator_percentile,
    [QL_CLIP_KL] = &ql_calibrator_kl,         [QL_CLIP_MSE] = &ql_calibrator_mse,
    [QL_CLIP_ACIQ] = &ql_calibrator_aciq,     [QL_CLIP_MANUAL] = &ql_calibrator_manual,
};

const ql_calibrator *ql_calibrator_of(const ql_spec *spec)
{
    return spec->mapping->calibrator ? spec->mapping->calibrator : calibrators[spec->clip];
}

ql_status ql_fail_tensor(const ql_profile *profile, const char *what, ql_error *error)
{
    char name[256];
    ql_text_print(name, sizeof name, profile->tensor->name, 60);
    return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': %s", ql_source_shown(profile->tensor->storage->source), name, what);
}

ql_stream ql_calibration_stream(const ql_calibration *c)
{
    return (ql_stream) {
        .engine = c->engine,
        .tensor = c->profile->tensor,
        .outliers = c->outliers,
        .monitor = c->monitor,
        .done_before = c->done_before,
        .limit = ql_quantizer_elements(c->profile, c->spec),
        .total = c->total,
    };
}

typedef struct group_walk {
    const ql_calibration *calibration;
    const char *(*each)(const ql_calibration *calibration, void *context, uint64_t group, float *values, size_t n);
    void *context;
    uint64_t groups_per_chunk;
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
    ql_status status = ql_groups_read(groups, c->profile->tensor, start, (size_t)(stop - start), values,
                                      memory + walk->scratch_offset, error);
    if (status == QL_OK) {
        ql_outliers_zero_walk(c->outliers, groups, start, values, (size_t)(stop - start));
    }
    for (uint64_t group = first; status == QL_OK && group < end; group++) {
        const char *wrong = walk->each(c, walk->context, group, values + (ql_groups_start(groups, group) - start),
                                       (size_t)ql_groups_length(groups, group));
        status = wrong ? ql_fail_tensor(c->profile, wrong, error) : QL_OK;
    }
    return status;
}

ql_status ql_calibrate_groups(const ql_calibration *calibration, void *context,
                              const char *(*each)(const ql_calibration *calibration, void *context, uint64_t group,
                                                  float *values, size_t n),
                              ql_error *error)
{
    const ql_groups *groups = calibration->groups;
    const uint64_t longest = ql_groups_length(groups, 0); /* only the last groups of a line are shorter */
    group_walk walk = { .calibration = calibration, .each = each, .context = context };
    walk.groups_per_chunk = longest < QL_CHUNK ? QL_CHUNK / longest : 1;
    uint64_t values_size, size;
    if (!ql_size_mul(longest * walk.groups_per_chunk, sizeof(float), &values_size) ||
        !ql_size_add(values_size,
                     ql_tensor_scratch_size(calibration->profile->tensor, (size_t)(values_size / sizeof(float))), &size)) {
        return ql_fail_memory(error, UINT64_MAX);
    }
    walk.scratch_offset = (size_t)values_size;
    for (unsigned worker = 0; worker < ql_engine_threads(calibration->engine); worker++) {
        if (!ql_engine_scratch(calibration->engine, worker, (size_t)size)) {
            return ql_fail_memory(error, size);
        }
    }
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(groups->count, walk.groups_per_chunk),
        .work = walk_chunk,
        .context = &walk,
        .monitor = calibration->monitor,
        .done_before = calibration->done_before,
        .elements = groups->elements,
        .total = calibration->total,
    };
    return ql_parallel(calibration->engine, &pass, error);
}
