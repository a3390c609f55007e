/* Regions; and a window: what a spec does to every weight of one that is small. */
#include "analysis/regions.h"
#include "base/error.h"
#include "kernels/kernels.h"
#include "quant/scheme.h"
#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdlib.h>

ql_status ql_region_check(const ql_tensor *tensor, const ql_region *region, ql_error *error)
{
    const bool is_inside = region->rows > 0 && region->cols > 0 && region->row < tensor->rows &&
                           region->col < tensor->cols && region->rows <= tensor->rows - region->row &&
                           region->cols <= tensor->cols - region->col;
    return is_inside ? QL_OK
                     : ql_fail(error, QL_BAD_USAGE,
                               "%" PRIu64 " x %" PRIu64 " weights from [%" PRIu64 ",%" PRIu64 "] on are no part of %" PRIu64
                               " x %" PRIu64,
                               region->rows, region->cols, region->row, region->col, tensor->rows, tensor->cols);
}

uint64_t ql_tensor_index(const ql_tensor *tensor, uint64_t row, uint64_t col)
{
    return tensor->layout == QL_LAYOUT_IN_OUT ? col * tensor->rows + row : row * tensor->cols + col;
}

void ql_tensor_place(const ql_tensor *tensor, uint64_t index, uint64_t *row, uint64_t *col)
{
    const bool is_across = tensor->layout == QL_LAYOUT_IN_OUT;
    *row = is_across ? index % tensor->rows : index / tensor->cols;
    *col = is_across ? index / tensor->rows : index % tensor->cols;
}

typedef struct window_room {
    ql_tile_buffers tile;
    double w[QL_TILE];
    uint64_t groups[QL_TILE];
} window_room;

/* n neighbours in stored order; where they go in the window, and how far from each other. */
static ql_status take_run(const ql_quantizer *q, const ql_tensor *tensor, uint64_t begin, size_t n, size_t to, size_t step,
                          window_room *room, ql_window *out, ql_error *error)
{
    const bool is_unsigned = q->code_lo >= 0;
    uint64_t clipped = 0;
    ql_status status = ql_tensor_read_f64(tensor, begin, n, room->w, room->tile.bytes, error);
    if (status == QL_OK) {
        status = ql_quantize_tile(q, ql_kernels_active(), tensor, begin, n, &room->tile, &clipped, error);
    }
    if (status != QL_OK) {
        return status;
    }
    ql_groups_of(&q->groups, begin, n, room->groups);
    for (size_t i = 0; i < n; i++, to += step) {
        out->w[to] = room->w[i];
        out->x[to] = room->tile.x[i];
        out->y[to] = room->tile.y[i];
        out->codes[to] = is_unsigned ? (uint16_t)room->tile.codes[i] : room->tile.codes[i];
        out->is_outlier[to] = q->outliers.active && ql_is_outlier(&q->outliers, room->tile.x[i], begin + i);
        out->groups[to] = room->groups[i];
    }
    return QL_OK;
}

/* Line by line, as they are stored. */
static ql_status take_all(const ql_quantizer *q, const ql_tensor *tensor, window_room *room, ql_window *out, ql_error *error)
{
    const ql_region *r = &out->region;
    const bool is_across = tensor->layout == QL_LAYOUT_IN_OUT;
    const size_t lines = (size_t)(is_across ? r->cols : r->rows), count = (size_t)(is_across ? r->rows : r->cols);
    ql_status status = QL_OK;
    for (size_t line = 0; line < lines && status == QL_OK; line++) {
        const uint64_t begin =
            is_across ? ql_tensor_index(tensor, r->row, r->col + line) : ql_tensor_index(tensor, r->row + line, r->col);
        status = take_run(q, tensor, begin, count, is_across ? line : line * count, is_across ? lines : 1, room, out, error);
    }
    return status;
}

ql_status ql_window_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_region *region,
                         const ql_monitor *monitor, ql_window **out, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    ql_status status = ql_region_check(tensor, region, error);
    if (status == QL_OK && region->rows > QL_WINDOW_MOST / region->cols) {
        status = ql_fail(error, QL_BAD_USAGE, "a window shows up to %d weights", QL_WINDOW_MOST);
    }
    if (status != QL_OK) {
        return status;
    }
    ql_quantizer q = { 0 };
    window_room *room = malloc(sizeof *room);
    ql_window *window = calloc(1, sizeof *window);
    status = room && window ? ql_quantizer_make(engine, profile, &report->spec, monitor,
                                                ql_quantizer_elements(profile, &report->spec), &q, error)
                            : ql_fail_memory(error, sizeof *room + sizeof *window);
    if (status == QL_OK) {
        window->region = *region;
        status = take_all(&q, tensor, room, window, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    if (status == QL_OK) {
        *out = window;
        window = NULL;
    }
    ql_window_free(&window);
    ql_quantizer_free(&q);
    free(room);
    return status;
}

void ql_window_free(ql_window **window)
{
    free(*window);
    *window = NULL;
}
