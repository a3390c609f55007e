/* Granularity: see groups.h. */
#include "quant/groups.h"

#include "base/error.h"
#include "base/sizes.h"
#include "tensor/tensor.h"

#include <inttypes.h>

ql_status ql_groups_make(const ql_tensor *tensor, const ql_spec *spec, ql_groups *out, ql_error *error)
{
    ql_groups g = {
        .per = spec->per, .rows = tensor->rows, .cols = tensor->cols, .elements = tensor->element_count, .block = spec->block
    };
    g.by_columns = g.per == QL_PER_COL;
    /* A single line is the same in both orders. */
    g.stored_by_columns = tensor->layout == QL_LAYOUT_IN_OUT;
    if (g.rows == 1 || g.cols == 1) {
        g.stored_by_columns = g.by_columns;
    }
    if ((g.per == QL_PER_BLOCK || g.per == QL_PER_FLAT || g.per == QL_PER_TILE) && g.block == 0) {
        return ql_fail(error, QL_BAD_USAGE, "a block of 0 elements; give block=N, for example block=64");
    }
    switch (g.per) {
    case QL_PER_TENSOR:
        g.count = 1;
        break;
    case QL_PER_ROW:
        g.count = g.rows;
        break;
    case QL_PER_COL:
        g.count = g.cols;
        break;
    case QL_PER_BLOCK:
        g.block = g.block < g.cols ? g.block : g.cols; /* a block longer than a row is the row */
        g.row_groups = ql_size_ceil_div(g.cols, g.block);
        g.count = g.rows * g.row_groups; /* at most the number of elements */
        break;
    case QL_PER_FLAT:
        g.count = ql_size_ceil_div(g.elements, g.block);
        break;
    case QL_PER_TILE:
        /* A tile larger than the matrix is the matrix. */
        g.block = g.block < g.rows ? g.block : g.rows;
        g.tile_cols = spec->tile_cols < g.cols ? spec->tile_cols : g.cols;
        g.row_groups = ql_size_ceil_div(g.cols, g.tile_cols);
        g.count = ql_size_ceil_div(g.rows, g.block) * g.row_groups;
        break;
    }
    *out = g;
    return QL_OK;
}

bool ql_groups_are_runs(const ql_groups *groups)
{
    return groups->per == QL_PER_TENSOR || (groups->per != QL_PER_TILE && groups->by_columns == groups->stored_by_columns);
}

/* Group of an element: its line of the walk, and its place on it (of tiles: row and column). */
static uint64_t group_at(const ql_groups *groups, uint64_t line, uint64_t position)
{
    switch (groups->per) {
    case QL_PER_TENSOR:
        return 0;
    case QL_PER_ROW:
    case QL_PER_COL:
        return line;
    case QL_PER_BLOCK:
        return line * groups->row_groups + position / groups->block;
    case QL_PER_TILE:
        return line / groups->block * groups->row_groups + position / groups->tile_cols;
    case QL_PER_FLAT:
        break;
    }
    return (line * groups->cols + position) / groups->block;
}

static uint64_t line_length(const ql_groups *groups)
{
    return groups->by_columns ? groups->rows : groups->cols;
}

uint64_t ql_groups_start(const ql_groups *groups, uint64_t group)
{
    switch (groups->per) {
    case QL_PER_TENSOR:
        return 0;
    case QL_PER_ROW:
    case QL_PER_COL:
        return group * line_length(groups);
    case QL_PER_BLOCK:
        return group / groups->row_groups * groups->cols + group % groups->row_groups * groups->block;
    case QL_PER_TILE: { /* whole rows of tiles, then whole tiles of this one's height */
        uint64_t row = group / groups->row_groups * groups->block, height = groups->rows - row;
        height = height < groups->block ? height : groups->block;
        return row * groups->cols + height * (group % groups->row_groups * groups->tile_cols);
    }
    case QL_PER_FLAT:
        break;
    }
    return group * groups->block;
}

uint64_t ql_groups_length(const ql_groups *groups, uint64_t group)
{
    uint64_t next = group + 1 < groups->count ? ql_groups_start(groups, group + 1) : groups->elements;
    return next - ql_groups_start(groups, group);
}

uint64_t ql_groups_even(const ql_groups *groups, uint64_t group)
{
    if (groups->per == QL_PER_TILE) {
        return 1;
    }
    const bool short_ends = groups->per == QL_PER_BLOCK && groups->cols % groups->block;
    return short_ends ? groups->row_groups - group % groups->row_groups : groups->count - group;
}

uint64_t ql_groups_run(const ql_groups *groups, uint64_t begin, uint64_t *group)
{
    uint64_t length = line_length(groups);
    *group = group_at(groups, begin / length, begin % length);
    return ql_groups_start(groups, *group) + ql_groups_length(groups, *group) - begin;
}

uint64_t ql_groups_even_runs(const ql_groups *groups, uint64_t begin, uint64_t *group, uint64_t *length, uint64_t *offset)
{
    const uint64_t line = line_length(groups);
    *group = group_at(groups, begin / line, begin % line);
    *length = groups->per == QL_PER_TENSOR                             ? groups->elements
              : groups->per == QL_PER_ROW || groups->per == QL_PER_COL ? line
                                                                       : groups->block;
    *offset = begin - ql_groups_start(groups, *group);
    return groups->per == QL_PER_BLOCK && line % groups->block ? line - begin % line : groups->elements - begin;
}

/* n elements of one stored line, from `position` on, where groups are no runs: each in another line of the walk, or tiles.
 */
static void groups_across(const ql_groups *groups, uint64_t stored_line, uint64_t position, size_t n, uint64_t *out)
{
    uint64_t factor = 1, offset = 0; /* group = line of the walk * factor + offset */
    const bool flat_lines = groups->per == QL_PER_FLAT && groups->cols % groups->block == 0; /* no block straddles two */
    if (groups->per == QL_PER_TILE || (groups->per == QL_PER_FLAT && !flat_lines)) {
        const bool across = groups->by_columns != groups->stored_by_columns;
        for (size_t i = 0; i < n; i++) {
            out[i] = across ? group_at(groups, position + i, stored_line) : group_at(groups, stored_line, position + i);
        }
        return;
    }
    if (groups->per == QL_PER_BLOCK || flat_lines) {
        factor = flat_lines ? groups->cols / groups->block : groups->row_groups;
        offset = stored_line / groups->block;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (position + i) * factor + offset;
    }
}

void ql_groups_of(const ql_groups *groups, uint64_t begin, size_t n, uint64_t *out)
{
    const uint64_t width = groups->stored_by_columns ? groups->rows : groups->cols;
    for (size_t done = 0; done < n;) {
        uint64_t at = begin + done, left = width - at % width;
        size_t count = left < n - done ? (size_t)left : n - done;
        if (!ql_groups_are_runs(groups)) {
            groups_across(groups, at / width, at % width, count, out + done);
        } else {
            uint64_t group, run = ql_groups_run(groups, at, &group);
            count = run < count ? (size_t)run : count;
            for (size_t i = 0; i < count; i++) {
                out[done + i] = group;
            }
        }
        done += count;
    }
}

enum { PIECE = 256, POSITIONS = 16 };

/* x[k][width]: positions p + k of the lines from `line` on, those in [begin, end) of the walk, to out. */
static void turn_over(const float *const x[POSITIONS], size_t positions, size_t width, uint64_t line, uint64_t length,
                      uint64_t p, uint64_t begin, uint64_t end, float *out)
{
    for (size_t i = 0; i < width; i++) {
        const uint64_t at = (line + i) * length + p;
        if (at >= begin && at + positions <= end) {
            for (size_t k = 0; k < positions; k++) {
                out[at - begin + k] = x[k][i];
            }
            continue;
        }
        for (size_t k = 0; k < positions; k++) {
            if (at + k >= begin && at + k < end) {
                out[at + k - begin] = x[k][i];
            }
        }
    }
}

/* Stored across the walk: position p of line l is stored element p * lines + l, so the lines first..last stand side by side
 * at each p. Some positions at a time, so that what is written lies together, too. */
static ql_status read_across(const ql_groups *groups, const ql_tensor *tensor, uint64_t begin, size_t n, float *out,
                             void *scratch, ql_error *error)
{
    const uint64_t length = line_length(groups), lines = groups->elements / length, end = begin + n;
    const uint64_t first = begin / length, last = (end - 1) / length;
    const uint64_t p_begin = first == last ? begin % length : 0, p_end = first == last ? (end - 1) % length + 1 : length;
    float piece[POSITIONS][PIECE];
    const float *x[POSITIONS];
    for (uint64_t p = p_begin; p < p_end; p += POSITIONS) {
        const size_t positions = p_end - p < POSITIONS ? (size_t)(p_end - p) : POSITIONS;
        for (uint64_t line = first; line <= last; line += PIECE) {
            const size_t width = last - line + 1 < PIECE ? (size_t)(last - line + 1) : PIECE;
            for (size_t k = 0; k < positions; k++) {
                ql_status status =
                    ql_tensor_fetch_f32(tensor, (p + k) * lines + line, width, piece[k], scratch, &x[k], error);
                if (status != QL_OK) {
                    return status;
                }
            }
            turn_over(x, positions, width, line, length, p, begin, end, out);
        }
    }
    return QL_OK;
}

uint64_t ql_groups_stored_index(const ql_groups *groups, uint64_t position)
{
    uint64_t row, col;
    if (groups->per == QL_PER_TILE) {
        uint64_t top = position / (groups->block * groups->cols) * groups->block, rest = position - top * groups->cols;
        uint64_t height = groups->rows - top < groups->block ? groups->rows - top : groups->block;
        uint64_t left = rest / (height * groups->tile_cols) * groups->tile_cols;
        uint64_t width = groups->cols - left < groups->tile_cols ? groups->cols - left : groups->tile_cols;
        rest -= height * left;
        row = top + rest / width;
        col = left + rest % width;
    } else if (groups->by_columns) {
        row = position % groups->rows;
        col = position / groups->rows;
    } else {
        row = position / groups->cols;
        col = position % groups->cols;
    }
    return groups->stored_by_columns ? col * groups->rows + row : row * groups->cols + col;
}

/* Tiles: the stored runs of each, or one element at a time where a tile is stored across. */
static ql_status read_tiles(const ql_groups *groups, const ql_tensor *tensor, uint64_t begin, size_t n, float *out,
                            void *scratch, ql_error *error)
{
    for (size_t done = 0; done < n;) {
        const uint64_t index = ql_groups_stored_index(groups, begin + done);
        size_t run = 1;
        while (done + run < n && ql_groups_stored_index(groups, begin + done + run) == index + run) {
            run++;
        }
        ql_status status = ql_tensor_read_f32(tensor, index, run, out + done, scratch, error);
        if (status != QL_OK) {
            return status;
        }
        done += run;
    }
    return QL_OK;
}

ql_status ql_groups_read(const ql_groups *groups, const ql_tensor *tensor, uint64_t begin, size_t n, float *out,
                         void *scratch, ql_error *error)
{
    if (n == 0) {
        return QL_OK;
    }
    if (groups->per == QL_PER_TILE) {
        return read_tiles(groups, tensor, begin, n, out, scratch, error);
    }
    if (groups->by_columns == groups->stored_by_columns) {
        return ql_tensor_read_f32(tensor, begin, n, out, scratch, error);
    }
    return read_across(groups, tensor, begin, n, out, scratch, error);
}
