/*
 * The grid in the plots of the distribution: the values that a weight can take. Where they are far enough apart a line for
 * each goes through the plots, with its code below, and dots where values begin to round to the next:
 *
 *       ▂│▅·█│▆·▄│▂
 *        -1   0   1
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/values.h"

enum { LINES_FROM = 4, DOTS_FROM = 8 }; /* columns between neighbours that lines take, and dots between them */

/* Levels in view, lowest first. */
typedef struct levels {
    int count;
    double nearest; /* columns between the nearest two neighbours of which one is in view */
    struct {
        double value;
        int column, code;
        bool has_code;
    } at[QL_MAX_GRID];
} levels;

/* The first code of a value, as the widest group says, which is the only one. */
static bool find_code(const ql_report *report, double value, int *code)
{
    for (unsigned i = 0; i < report->widest.level_count; i++)
        if ((double)report->widest.levels[i] == value) {
            *code = report->code_lo + (int)i;
            return true;
        }
    return false;
}

static void find_levels(const tui_columns *columns, const ql_report *report, levels *out)
{
    const double width = columns->hi - columns->lo, per_value = width > 0 ? columns->count / width : 0;
    out->count = 0;
    out->nearest = width > 0 ? columns->count : 0;
    for (unsigned i = 0; i < report->grid_count; i++) {
        const double value = report->grid[i], before = i > 0 ? report->grid[i - 1] : -INFINITY;
        if (value >= columns->lo && before <= columns->hi)
            out->nearest = fmin(out->nearest, (value - before) * per_value);
        if (value < columns->lo || value > columns->hi)
            continue;
        out->at[out->count].value = value;
        out->at[out->count].column = tui_column_of(columns, value);
        out->at[out->count].has_code = find_code(report, value, &out->at[out->count].code);
        out->count++;
    }
}

/* Down through a plot, bars and all. */
static void draw_line(tui_canvas *canvas, tui_rect plot, int column, uint32_t glyph, tui_style style)
{
    for (int y = plot.y; y < plot.y + plot.rows && column < plot.cols; y++)
        tui_canvas_put(canvas, y, plot.x + column, glyph, style);
}

/* The code where it has room, else a tick. Returns whether it had. */
static bool draw_code(tui_canvas *canvas, tui_rect line, const levels *found, int i)
{
    char text[16];
    const int column = found->at[i].column;
    snprintf(text, sizeof text, "%d", found->at[i].code);
    const int width = tui_canvas_width(canvas, text), at = column - width / 2;
    tui_canvas_put(canvas, line.y, line.x + column, 0x2575, TUI_QUANTIZED);
    const bool fits = found->at[i].has_code && found->nearest >= width + 2 && at >= 0 && at + width <= line.cols;
    if (fits)
        tui_canvas_text(canvas, line.y, line.x + at, width, TUI_QUANTIZED, text);
    return fits;
}

void tui_grid_draw(tui_canvas *canvas, const tui_values *values, const ql_report *report)
{
    const tui_rect line = values->grid;
    levels found;
    if (report->group_count > 1)
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, "each group has a grid of its own");
    else if (report->grid_count == 0 && report->levels > 0)
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, "a grid too fine to show");
    find_levels(&values->original, report, &found);
    double between[QL_MAX_GRID];
    const unsigned count = found.nearest >= DOTS_FROM ? ql_report_thresholds(report, between) : 0;
    for (unsigned i = 0; i < count; i++)
        if (between[i] > values->original.lo && between[i] < values->original.hi)
            draw_line(canvas, values->upper, tui_column_of(&values->original, between[i]), 0x00B7, TUI_FADED);
    bool has_codes = false;
    for (int i = 0; i < found.count; i++) {
        has_codes |= draw_code(canvas, line, &found, i);
        if (found.nearest >= LINES_FROM)
            draw_line(canvas, values->upper, found.at[i].column, 0x2502, TUI_QUANTIZED);
    }
    static const char name[] = "code ";
    if (has_codes)
        tui_canvas_text(canvas, line.y, line.x - (int)strlen(name), (int)strlen(name), TUI_FADED, name);
}
