/*
 * A strip: what a spec does to a few neighbouring weights of a row, for looking at one block closely.
 *
 * As in a working nothing is computed another way: the same parameters, codes and values as behind a report. The weights are
 * taken one by one, since those of a row may be stored far apart.
 */
#include "base/error.h"
#include "kernels/kernels.h"
#include "quant/scheme.h"
#include "tensor/tensor.h"

#include <stdlib.h>

/* Where the group is among those of the strip, which it joins. */
static size_t place_of(ql_strip *strip, uint64_t group)
{
    size_t place = 0;
    while (place < strip->group_count && strip->groups[place] != group) {
        place++;
    }
    if (place == strip->group_count) {
        strip->groups[strip->group_count++] = group;
    }
    return place;
}

static ql_status take_weights(const ql_quantizer *q, const ql_tensor *tensor, ql_tile_buffers *tile, ql_strip *strip,
                              ql_error *error)
{
    const bool is_unsigned = q->code_lo >= 0;
    for (size_t i = 0; i < strip->count; i++) {
        const uint64_t col = strip->col + i, index = q->groups.stored_by_columns ? col * tensor->rows + strip->row
                                                                                 : strip->row * tensor->cols + col;
        uint64_t clipped = 0, group;
        const ql_status status = ql_quantize_tile(q, ql_kernels_active(), tensor, index, 1, tile, &clipped, error);
        if (status != QL_OK) {
            return status;
        }
        strip->x[i] = tile->x[0];
        strip->y[i] = tile->y[0];
        strip->codes[i] = is_unsigned ? (uint16_t)tile->codes[0] : tile->codes[0];
        strip->is_outlier[i] = q->outliers.active && ql_is_outlier(&q->outliers, tile->x[0], index);
        ql_groups_of(&q->groups, index, 1, &group);
        strip->places[i] = place_of(strip, group);
    }
    return QL_OK;
}

static ql_status decode_levels(const ql_quantizer *q, ql_strip *strip, ql_error *error)
{
    float *levels = calloc(strip->group_count * strip->code_count + 1, sizeof *levels);
    if (!levels) {
        return ql_fail_memory(error, strip->group_count * strip->code_count * sizeof *levels);
    }
    for (size_t place = 0; place < strip->group_count; place++) {
        for (unsigned i = 0; i < strip->code_count; i++) {
            levels[place * strip->code_count + i] = q->spec.mapping->decode(q, strip->groups[place], q->code_lo + (int)i);
        }
    }
    strip->levels = levels;
    return QL_OK;
}

ql_status ql_strip_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, uint64_t row, uint64_t col,
                        size_t count, const ql_monitor *monitor, ql_strip **out, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    if (count == 0 || count > QL_STRIP_MOST || row >= tensor->rows || col >= tensor->cols || count > tensor->cols - col) {
        return ql_fail(error, QL_BAD_USAGE, "a strip is 1 to %d weights inside a row", QL_STRIP_MOST);
    }
    ql_quantizer q = { 0 };
    ql_tile_buffers *tile = malloc(sizeof *tile);
    ql_strip *strip = calloc(1, sizeof *strip);
    ql_status status = tile && strip ? ql_quantizer_make(engine, profile, &report->spec, monitor,
                                                         ql_quantizer_elements(profile, &report->spec), &q, error)
                                     : ql_fail_memory(error, sizeof *tile + sizeof *strip);
    if (status == QL_OK) {
        const unsigned codes = (unsigned)(q.code_hi - q.code_lo) + 1;
        strip->row = row;
        strip->col = col;
        strip->count = count;
        strip->code_lo = q.code_lo;
        strip->code_count = q.spec.mapping->decode && codes <= QL_MAX_GRID ? codes : 0;
        status = take_weights(&q, tensor, tile, strip, error);
    }
    if (status == QL_OK) {
        status = decode_levels(&q, strip, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    if (status == QL_OK) {
        *out = strip;
        strip = NULL;
    }
    ql_strip_free(&strip);
    ql_quantizer_free(&q);
    free(tile);
    return status;
}

void ql_strip_free(ql_strip **strip)
{
    if (*strip) {
        free((float *)(*strip)->levels);
        free(*strip);
        *strip = NULL;
    }
}
