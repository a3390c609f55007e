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
    const char *(*blocks)(const ql_calibration *calibration, void *context, uint64_t group, size_t size, const float *x,
                          size_t n); /* NULL: each */
    void *context;
    uint64_t groups_per_chunk;
    size_t scratch_offset; /* of the tile reader's bytes behind the values */
} group_walk;

/* Elements [start, start + n) of the walk, in `values` or, where nobody will write to them, in memory of the tensor. */
static ql_status read_chunk(const group_walk *walk, uint64_t start, size_t n, float *values, const float **x,
                            ql_error *error)
{
    const ql_calibration *c = walk->calibration;
    char *scratch = (char *)values + walk->scratch_offset;
    if (walk->blocks && !c->outliers->active && ql_groups_are_runs(c->groups)) {
        return ql_tensor_fetch_f32(c->profile->tensor, start, n, values, scratch, x, error);
    }
    *x = values;
    ql_status status = ql_groups_read(c->groups, c->profile->tensor, start, n, values, scratch, error);
    if (status == QL_OK) {
        ql_outliers_zero_walk(c->outliers, c->groups, start, values, n);
    }
    return status;
}

static ql_status walk_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    const group_walk *walk = context;
    const ql_calibration *c = walk->calibration;
    const ql_groups *groups = c->groups;
    float *values = ql_engine_scratch(c->engine, worker, 0);
    const float *x;
    const uint64_t first = chunk * walk->groups_per_chunk;
    const uint64_t end = first + walk->groups_per_chunk < groups->count ? first + walk->groups_per_chunk : groups->count;
    const uint64_t start = ql_groups_start(groups, first);
    const uint64_t stop = end < groups->count ? ql_groups_start(groups, end) : groups->elements;
    ql_status status = read_chunk(walk, start, (size_t)(stop - start), values, &x, error);
    for (uint64_t group = first, count; status == QL_OK && group < end; group += count) {
        const size_t at = (size_t)(ql_groups_start(groups, group) - start), length = (size_t)ql_groups_length(groups, group);
        const uint64_t even = walk->blocks ? ql_groups_even(groups, group) : 1;
        count = even < end - group ? even : end - group;
        const uint64_t next = group + count < groups->count ? ql_groups_start(groups, group + count) : groups->elements;
        const char *wrong = walk->blocks ? walk->blocks(c, walk->context, group, length, x + at, (size_t)(next - start) - at)
                                         : walk->each(c, walk->context, group, values + at, length);
        status = wrong ? ql_fail_tensor(c->profile, wrong, error) : QL_OK;
    }
    return status;
}

/* Lines stored side by side are read together: the more, the longer are the pieces in which they come. */
enum { LINES_MORE = 4 };

static ql_status walk_groups(group_walk *walk, ql_error *error)
{
    const ql_calibration *calibration = walk->calibration;
    const ql_groups *groups = calibration->groups;
    const uint64_t longest = ql_groups_length(groups, 0); /* only the last groups of a line are shorter */
    walk->groups_per_chunk = longest < QL_CHUNK ? QL_CHUNK / longest : 1;
    if (groups->per != QL_PER_TILE && !ql_groups_are_runs(groups) && longest < QL_CHUNK) {
        walk->groups_per_chunk *= LINES_MORE;
    }
    if (groups->row_groups > 1 && groups->row_groups < walk->groups_per_chunk) {
        /* Whole lines: of one that is stored across, a part costs as much to read. */
        walk->groups_per_chunk -= walk->groups_per_chunk % groups->row_groups;
    }
    uint64_t values_size, size;
    if (!ql_size_mul(longest * walk->groups_per_chunk, sizeof(float), &values_size) ||
        !ql_size_add(values_size,
                     ql_tensor_scratch_size(calibration->profile->tensor, (size_t)(values_size / sizeof(float))), &size)) {
        return ql_fail_memory(error, UINT64_MAX);
    }
    walk->scratch_offset = (size_t)values_size;
    for (unsigned worker = 0; worker < ql_engine_threads(calibration->engine); worker++) {
        if (!ql_engine_scratch(calibration->engine, worker, (size_t)size)) {
            return ql_fail_memory(error, size);
        }
    }
    const ql_pass pass = {
        .chunk_count = ql_size_ceil_div(groups->count, walk->groups_per_chunk),
        .work = walk_chunk,
        .context = walk,
        .monitor = calibration->monitor,
        .done_before = calibration->done_before,
        .elements = groups->elements,
        .total = calibration->total,
    };
    return ql_parallel(calibration->engine, &pass, error);
}

ql_status ql_calibrate_groups(const ql_calibration *calibration, void *context,
                              const char *(*each)(const ql_calibration *calibration, void *context, uint64_t group,
                                                  float *values, size_t n),
                              ql_error *error)
{
    group_walk walk = { .calibration = calibration, .each = each, .context = context };
    return walk_groups(&walk, error);
}

ql_status ql_calibrate_blocks(const ql_calibration *calibration, void *context,
                              const char *(*each)(const ql_calibration *calibration, void *context, uint64_t group,
                                                  size_t size, const float *x, size_t n),
                              ql_error *error)
{
    group_walk walk = { .calibration = calibration, .blocks = each, .context = context };
    return walk_groups(&walk, error);
}
