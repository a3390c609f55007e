/*
 * The working: what a spec does to every element of a small tensor, for showing the arithmetic.
 *
 * Nothing is computed another way here: the same ranges, parameters, codes and values as behind a report, kept instead of
 * summed up.
 */
#include "base/error.h"
#include "kernels/kernels.h"
#include "quant/calibrate.h"
#include "quant/scheme.h"
#include "tensor/tensor.h"

#include <stdlib.h>

static ql_status allocate(ql_working *w, bool has_range, bool has_levels, ql_error *error)
{
    const size_t n = (size_t)w->count, groups = (size_t)w->group_count;
    w->x = calloc(n, sizeof *w->x);
    w->y = calloc(n, sizeof *w->y);
    w->codes = calloc(n, sizeof *w->codes);
    w->groups = calloc(n, sizeof *w->groups);
    w->is_outlier = calloc(n, sizeof *w->is_outlier);
    w->lo = has_range ? calloc(groups, sizeof *w->lo) : NULL;
    w->hi = has_range ? calloc(groups, sizeof *w->hi) : NULL;
    w->levels = has_levels ? calloc(groups * w->code_count, sizeof *w->levels) : NULL;
    const bool done = w->x && w->y && w->codes && w->groups && w->is_outlier && (!has_range || (w->lo && w->hi)) &&
                      (!has_levels || w->levels);
    return done ? QL_OK : ql_fail_memory(error, n * 64 + groups * w->code_count * sizeof *w->levels);
}

static ql_status find_ranges(ql_engine *engine, const ql_profile *profile, const ql_quantizer *q, const ql_spec *spec,
                             ql_working *w, ql_error *error)
{
    const ql_calibration calibration = {
        .engine = engine,
        .profile = profile,
        .spec = spec,
        .groups = &q->groups,
        .outliers = &q->outliers,
        .lo = (double *)w->lo,
        .hi = (double *)w->hi,
    };
    return ql_calibrator_of(spec)->calibrate(&calibration, error);
}

static void decode_levels(const ql_quantizer *q, ql_working *w)
{
    float *levels = (float *)w->levels;
    for (uint64_t group = 0; group < w->group_count; group++) {
        for (unsigned i = 0; i < w->code_count; i++) {
            levels[group * w->code_count + i] = q->spec.mapping->decode(q, group, q->code_lo + (int)i);
        }
    }
}

static ql_status work_elements(const ql_quantizer *q, const ql_tensor *tensor, ql_tile_buffers *tile, ql_working *w,
                               ql_error *error)
{
    const bool is_unsigned = q->code_lo >= 0;
    for (uint64_t begin = 0; begin < w->count; begin += QL_TILE) {
        const uint64_t left = w->count - begin;
        const size_t n = left < QL_TILE ? (size_t)left : QL_TILE;
        uint64_t clipped = 0;
        ql_status status = ql_quantize_tile(q, ql_kernels_active(), tensor, begin, n, tile, &clipped, error);
        if (status != QL_OK) {
            return status;
        }
        for (size_t i = 0; i < n; i++) {
            ((float *)w->x)[begin + i] = tile->x[i];
            ((float *)w->y)[begin + i] = tile->y[i];
            ((int32_t *)w->codes)[begin + i] = is_unsigned ? (uint16_t)tile->codes[i] : tile->codes[i];
            ((bool *)w->is_outlier)[begin + i] = q->outliers.active && ql_is_outlier(&q->outliers, tile->x[i], begin + i);
        }
        ql_groups_of(&q->groups, begin, n, (uint64_t *)w->groups + begin);
    }
    return QL_OK;
}

ql_status ql_working_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, ql_working **out,
                          ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    const ql_mapping *mapping = report->spec.mapping;
    if (tensor->element_count > QL_WORKING_MOST) {
        return ql_fail(error, QL_BAD_USAGE, "a working shows up to %d numbers; take fewer", QL_WORKING_MOST);
    }
    ql_quantizer q = { 0 };
    ql_tile_buffers *tile = malloc(sizeof *tile);
    ql_working *w = calloc(1, sizeof *w);
    ql_status status = tile && w ? ql_quantizer_make(engine, profile, &report->spec, NULL, 0, &q, error)
                                 : ql_fail_memory(error, sizeof *tile + sizeof *w);
    if (status == QL_OK) {
        const unsigned codes = (unsigned)(q.code_hi - q.code_lo) + 1;
        const bool has_range = mapping->fit != NULL;
        w->count = tensor->element_count;
        w->group_count = q.groups.count;
        w->code_lo = q.code_lo;
        w->code_count = mapping->decode && codes <= QL_MAX_GRID ? codes : 0;
        status = allocate(w, has_range, w->code_count > 0, error);
        if (status == QL_OK && has_range) {
            status = find_ranges(engine, profile, &q, &report->spec, w, error);
        }
    }
    if (status == QL_OK) {
        decode_levels(&q, w);
        status = work_elements(&q, tensor, tile, w, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    if (status == QL_OK) {
        *out = w;
        w = NULL;
    }
    ql_working_free(&w);
    ql_quantizer_free(&q);
    free(tile);
    return status;
}

void ql_working_free(ql_working **working)
{
    ql_working *w = *working;
    if (w) {
        free((float *)w->x);
        free((float *)w->y);
        free((int32_t *)w->codes);
        free((uint64_t *)w->groups);
        free((bool *)w->is_outlier);
        free((double *)w->lo);
        free((double *)w->hi);
        free((float *)w->levels);
        free(w);
        *working = NULL;
    }
}
