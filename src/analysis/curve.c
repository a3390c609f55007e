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

/* One group of many: its values alone. */
static ql_status search_group(const ql_calibration *c, uint64_t group, ql_losses *losses, ql_error *error)
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
    }
    free(scratch);
    free(values);
    return status;
}

static ql_status search(ql_calibration *c, uint64_t group, ql_losses *losses, ql_error *error)
{
    double lo, hi;
    if (group >= c->groups->count) {
        return ql_fail(error, QL_BAD_USAGE, "group %" PRIu64 " of %" PRIu64 ": they are numbered from 0", group,
                       c->groups->count);
    }
    if (c->groups->count > 1) {
        return search_group(c, group, losses, error);
    }
    c->lo = &lo;
    c->hi = &hi;
    c->losses = losses;
    return ql_calibrator_of(c->spec)->calibrate(c, error);
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
        .total = ql_quantizer_elements(profile, spec),
    };
    ql_status status = ql_outliers_find(engine, profile, spec, monitor, calibration.total, &outliers, error);
    if (status == QL_OK) {
        status = ql_groups_make(profile->tensor, spec, &groups, error);
    }
    if (status == QL_OK) {
        status = search(&calibration, group, &losses, error);
    }
    status = ql_source_check_after(profile->tensor->storage->source, status, error);
    ql_outliers_free(&outliers);
    if (status != QL_OK) {
        free(made);
        return status;
    }
    made->curve = (ql_curve) { *spec,           group,     groups.count, ql_groups_length(&groups, group),
                               losses.lo,       losses.hi, losses.count, losses.best,
                               made->threshold, made->loss };
    *out = &made->curve;
    return QL_OK;
}

void ql_curve_free(ql_curve **curve)
{
    free(*curve);
    *curve = NULL;
}
