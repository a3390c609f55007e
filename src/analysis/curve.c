/* The loss curve of a search for a clipping range. */
#include "base/error.h"
#include "quant/calibrate.h"
#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct owned_curve {
    ql_curve curve;
    double threshold[QL_MAX_CANDIDATES], loss[QL_MAX_CANDIDATES];
} owned_curve;

/* The range of the best candidate. */
static void best_range(const ql_spec *spec, const ql_losses *losses, double *lo, double *hi)
{
    const double at = losses->threshold[losses->best];
    *lo = spec->mapping->symmetric ? -at : at * losses->lo;
    *hi = spec->mapping->symmetric ? at : at * losses->hi;
}

static uint64_t count_inside(const float *x, size_t n, double lo, double hi)
{
    uint64_t inside = 0;
    for (size_t i = 0; i < n; i++) {
        inside += (double)x[i] >= lo && (double)x[i] <= hi;
    }
    return inside;
}

/* One group of many: its values alone. */
static ql_status search_group(const ql_calibration *c, uint64_t group, ql_losses *losses, uint64_t *inside, ql_error *error)
{
    const size_t n = (size_t)ql_groups_length(c->groups, group);
    const uint64_t start = ql_groups_start(c->groups, group);
    float *values = malloc(n * sizeof *values);
    void *scratch = malloc(ql_tensor_scratch_size(c->profile->tensor, n));
    ql_status status = values && scratch ? ql_groups_read(c->groups, c->profile->tensor, start, n, values, scratch, error)
                                         : ql_fail_memory(error, n * sizeof *values);
    if (status == QL_OK) {
        ql_outliers_zero_walk(c->outliers, c->groups, start, values, n);
        ql_calibrator_of(c->spec)->losses(c->spec, values, n, losses);
        *inside = n;
        if (losses->count > 0) {
            double lo, hi;
            best_range(c->spec, losses, &lo, &hi);
            *inside = count_inside(values, n, lo, hi);
        }
    }
    free(scratch);
    free(values);
    return status;
}

typedef struct inside_count {
    double lo, hi;
    uint64_t inside;
} inside_count;

static void count_tile(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)worker;
    (void)begin;
    const inside_count *count = context;
    *(uint64_t *)memory += count_inside(x, n, count->lo, count->hi);
}

static void merge_counts(void *context, const void *memory)
{
    ((inside_count *)context)->inside += *(const uint64_t *)memory;
}

/* The only group, in one more pass. */
static ql_status count_tensor(const ql_calibration *c, const ql_losses *losses, uint64_t *inside, ql_error *error)
{
    inside_count count = { 0 };
    best_range(c->spec, losses, &count.lo, &count.hi);
    ql_stream stream = ql_calibration_stream(c);
    stream.done_before = c->total - c->groups->elements;
    stream.limit = c->total;
    stream.context = &count;
    stream.memory_size = sizeof(uint64_t);
    stream.tile = count_tile;
    stream.merge = merge_counts;
    const ql_status status = ql_stream_run(&stream, error);
    *inside = count.inside;
    return status;
}

static ql_status search(ql_calibration *c, uint64_t group, ql_losses *losses, uint64_t *inside, ql_error *error)
{
    double lo, hi;
    if (group >= c->groups->count) {
        return ql_fail(error, QL_BAD_USAGE, "group %" PRIu64 " of %" PRIu64 ": they are numbered from 0", group,
                       c->groups->count);
    }
    if (c->groups->count > 1) {
        return search_group(c, group, losses, inside, error);
    }
    c->lo = &lo;
    c->hi = &hi;
    c->losses = losses;
    *inside = c->groups->elements;
    const ql_status status = ql_calibrator_of(c->spec)->calibrate(c, error);
    return status == QL_OK && losses->count > 0 ? count_tensor(c, losses, inside, error) : status;
}

ql_status ql_curve_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, uint64_t group,
                        const ql_monitor *monitor, ql_curve **out, ql_error *error)
{
    if (profile->unusable) {
        return ql_fail_tensor(profile, profile->unusable, error);
    }
    if (!ql_spec_takes(spec, QL_KEY_CLIP) || !ql_calibrator_of(spec)->losses) {
        return ql_fail(error, QL_BAD_USAGE, "only clip=kl and clip=mse search a range and have a curve; choose one of them");
    }
    ql_groups groups;
    ql_outliers outliers;
    owned_curve *made = calloc(1, sizeof *made);
    if (!made) {
        return ql_fail_memory(error, sizeof *made);
    }
    ql_losses losses = { .threshold = made->threshold, .loss = made->loss };
    ql_calibration calibration = {
        .engine = engine,
        .profile = profile,
        .spec = spec,
        .groups = &groups,
        .outliers = &outliers,
        .monitor = monitor,
        .done_before = ql_outliers_passes(spec) * profile->tensor->element_count,
        .total = ql_quantizer_elements(profile, spec) + profile->tensor->element_count,
    };
    uint64_t inside = 0;
    ql_status status = ql_outliers_find(engine, profile, spec, monitor, calibration.total, &outliers, error);
    if (status == QL_OK) {
        status = ql_groups_make(profile->tensor, spec, &groups, error);
    }
    if (status == QL_OK) {
        status = search(&calibration, group, &losses, &inside, error);
    }
    status = ql_source_check_after(profile->tensor->storage->source, status, error);
    ql_outliers_free(&outliers);
    if (status != QL_OK) {
        free(made);
        return status;
    }
    made->curve = (ql_curve) { *spec,           group,     groups.count, ql_groups_length(&groups, group),
                               losses.lo,       losses.hi, losses.count, losses.best,
                               made->threshold, made->loss, inside };
    *out = &made->curve;
    return QL_OK;
}

void ql_curve_free(ql_curve **curve)
{
    free(*curve);
    *curve = NULL;
}
