/*
 * The microscope: a few neighbouring weights on the levels that they can take, and what happens to one of them.
 *
 *   weight 40 of 64 · A = 0.1594 · group 775 of 13,824
 *          ▂  ▁ ▂▄▅█▄▃▅ ▂▁▃   ▁          how many weights lie there; in red the selected one
 *   ╵      ╵   ╵  ╵ ╵╵ ╵ ╵  ╵  ╵   ╵     the levels; ▲ the one that it takes
 *   -0.16            0           0.16
 *   w = +0.03265   W[12][455]
 *   ...
 */
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "text/ramp.h"
#include "text/weight.h"
#include "tui/actions.h"
#include "tui/compare.h"

typedef struct axis {
    double lo, hi;
    int cells;
} axis;

/* Holds the weights and the levels of the selected one's group. */
static axis axis_of(const ql_strip *strip, const float *levels, int cells)
{
    axis a = { INFINITY, -INFINITY, cells };
    for (size_t i = 0; i < strip->count; i++) {
        a.lo = fmin(a.lo, strip->x[i]);
        a.hi = fmax(a.hi, strip->x[i]);
    }
    for (unsigned i = 0; i < strip->code_count; i++)
        if (isfinite(levels[i])) {
            a.lo = fmin(a.lo, levels[i]);
            a.hi = fmax(a.hi, levels[i]);
        }
    return a;
}

static int cell_of(const axis *a, double value)
{
    if (!(a->hi > a->lo) || !(value > a->lo))
        return 0;
    const double cell = floor((value - a->lo) / (a->hi - a->lo) * a->cells);
    return cell >= a->cells ? a->cells - 1 : (int)cell;
}

static void draw_weights(tui_canvas *canvas, tui_rect plot, const axis *a, const ql_strip *strip, size_t at)
{
    int most = 1, counts[QL_BINS] = { 0 };
    for (size_t i = 0; i < strip->count; i++) {
        int *count = &counts[cell_of(a, strip->x[i])];
        most = ++*count > most ? *count : most;
    }
    const int selected = cell_of(a, strip->x[at]);
    for (int cell = 0; cell < a->cells; cell++) {
        int height = (counts[cell] * plot.rows * TEXT_EIGHTHS + most - 1) / most;
        for (int y = plot.y + plot.rows - 1; height > 0; y--, height -= TEXT_EIGHTHS)
            tui_canvas_put(canvas, y, plot.x + cell, text_block((unsigned)(height > TEXT_EIGHTHS ? TEXT_EIGHTHS : height)),
                           cell == selected ? TUI_CLIP : TUI_ORIGINAL);
    }
}

/* A click goes to the next of the weights that lie in a cell. */
static void add_hits(tui_app *app, tui_rect plot, const axis *a, const ql_strip *strip, size_t at)
{
    int next[QL_BINS];
    for (int cell = 0; cell < a->cells; cell++)
        next[cell] = -1;
    for (size_t i = strip->count; i-- > 0;)
        next[cell_of(a, strip->x[(at + 1 + i) % strip->count])] = (int)((at + 1 + i) % strip->count);
    for (int cell = 0; cell < a->cells; cell++)
        if (next[cell] >= 0)
            tui_hit_add(app, (tui_rect) { plot.y, plot.x + cell, plot.rows, 1 }, tui_act_weight_at, next[cell], NULL);
}

static void draw_levels(tui_canvas *canvas, tui_rect line, const axis *a, const ql_strip *strip, const float *levels,
                        size_t at)
{
    if (strip->code_count == 0)
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, "levels too fine to show");
    for (unsigned i = 0; i < strip->code_count; i++)
        if (isfinite(levels[i]))
            tui_canvas_put(canvas, line.y, line.x + cell_of(a, levels[i]), 0x2575, TUI_QUANTIZED);
    if (strip->code_count > 0)
        tui_canvas_put(canvas, line.y, line.x + cell_of(a, strip->y[at]), 0x25B2, TUI_CLIP);
}

static void draw_axis(tui_canvas *canvas, tui_rect line, const axis *a)
{
    char text[TEXT_NUMBER_SIZE];
    text_number(text, a->lo, TEXT_SIGNIFICANT);
    const int left = tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, text);
    text_number(text, a->hi, TEXT_SIGNIFICANT);
    tui_canvas_right(canvas, line.y, line.x, line.cols, TUI_FADED, text);
    const int zero = cell_of(a, 0);
    if (a->lo < 0 && a->hi > 0 && zero > left && zero < line.cols - tui_canvas_width(canvas, text) - 1)
        tui_canvas_put(canvas, line.y, line.x + zero, '0', TUI_FADED);
}

static void draw_head(tui_canvas *canvas, tui_rect line, const ql_report *report, const ql_strip *strip, size_t at)
{
    char value[TEXT_NUMBER_SIZE], groups[TEXT_NUMBER_SIZE], scale_text[80] = "", of[128] = "";
    double scale;
    const uint64_t index = strip->groups[strip->places[at]];
    const char *name = text_weight_scale(report, index, &scale);
    text_number(value, scale, TEXT_SIGNIFICANT);
    text_count(groups, report->group_count);
    if (name)
        snprintf(scale_text, sizeof scale_text, " · %s = %s", name, value);
    if (report->group_count > 1)
        snprintf(of, sizeof of, " · group %llu of %s", (unsigned long long)index, groups);
    tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_FADED, "weight %zu of %zu%s%s", at + 1, strip->count,
                      scale_text, of);
}

static void draw_strip(tui_app *app, tui_rect in, const ql_report *report, const ql_strip *strip, size_t at)
{
    tui_canvas *canvas = &app->canvas;
    char lines[TEXT_WEIGHT_LINES][TEXT_WEIGHT_SIZE];
    const int steps = (int)text_weight(report, strip, at, lines);
    const float *levels = strip->levels + strip->places[at] * strip->code_count;
    const int cells = in.cols - 2 > QL_BINS ? QL_BINS : in.cols - 2, bars = in.rows - TEXT_WEIGHT_LINES - 3;
    const axis a = axis_of(strip, levels, cells < 1 ? 1 : cells);
    tui_rect line = { in.y, in.x + 1, 1, in.cols - 2 };
    draw_head(canvas, line, report, strip, at);
    line.y++;
    if (bars > 0) {
        line.cols = a.cells;
        const tui_rect plot = { line.y, line.x, bars, a.cells };
        draw_weights(canvas, plot, &a, strip, at);
        add_hits(app, plot, &a, strip, at);
        line.y += bars;
        draw_levels(canvas, line, &a, strip, levels, at);
        line.y++;
        draw_axis(canvas, line, &a);
        line.y++;
    }
    for (int i = 0; i < steps && line.y < in.y + in.rows; i++, line.y++)
        tui_canvas_text(canvas, line.y, in.x + 1, in.cols - 2, i + 1 == steps ? TUI_STRONG : TUI_TEXT, lines[i]);
}

void tui_compare_block(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    tui_document *document = &app->document;
    const tui_scope *scope = &document->scope;
    const tui_wish wish = tui_scope_wish(document);
    const tui_seen seen = tui_scope_is_placed(document) ? tui_looks_wish(document, TUI_LOOK_STRIP, &wish)
                                                        : (tui_seen) { .missing = "measuring" };
    const ql_strip *strip = seen.made;
    const tui_shown_column column = tui_shown_column_of(app, document->pins.at);
    char title[96];
    snprintf(title, sizeof title, "Block under %c", column.letter);
    if (tui_scope_is_placed(document))
        snprintf(title, sizeof title, "W[%llu][%llu…%llu] under %c", (unsigned long long)scope->row,
                 (unsigned long long)wish.col, (unsigned long long)(wish.col + wish.cols - 1),
                 column.letter);
    const tui_rect in = tui_canvas_box(canvas, rect, focused, title,
                                       strip && !seen.is_exact ? "older"
                                       : focused                 ? "n/N weight · [ ] block"
                                                                 : "n/N weight");
    if (!strip || column.missing) {
        tui_canvas_wrap(canvas, (tui_rect) { in.y, in.x + 1, in.rows, in.cols - 2 }, TUI_TEXT,
                        column.missing ? column.missing : seen.missing);
        return;
    }
    canvas->faded = !seen.is_exact;
    const size_t at = (size_t)(scope->col - wish.col), last = strip->count - 1;
    if (in.rows > 0)
        draw_strip(app, in, seen.measure->report, strip, at < last ? at : last);
    canvas->faded = false;
}
