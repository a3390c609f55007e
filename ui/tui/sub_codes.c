/*
 * How often each code occurs, in the order of the values that the codes stand for. Where codes share a cell the bar is that
 * of the most frequent one.
 *
 *      most often 0: 70,123 · 129 unused
 *          ▂▅█▅▂
 *      -127     127
 */
#include <math.h>
#include <stdio.h>

#include "text/formula.h"
#include "text/number.h"
#include "tui/plot.h"
#include "tui/sub.h"

/* Codes by place on the axis: by value where the values are known, else as they count. */
typedef struct code_places {
    int count;
    unsigned order[QL_MAX_GRID]; /* [count] of code_counts, when is_ordered */
    bool is_ordered;
} code_places;

static code_places make_places(const ql_report *report)
{
    code_places made;
    made.count = (int)text_level_order(report, made.order);
    made.is_ordered = made.count > 0;
    if (!made.is_ordered)
        made.count = report->code_hi - report->code_lo + 1;
    return made;
}

static unsigned place_code(const code_places *places, int place)
{
    return places->is_ordered ? places->order[place] : (unsigned)place;
}

static void draw_caption(tui_canvas *canvas, tui_rect line, const ql_report *report, int code, uint64_t most)
{
    char uses[TEXT_NUMBER_SIZE];
    text_count(uses, most);
    int used = tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_STRONG, "most often %d", code);
    used += tui_canvas_format(canvas, line.y, line.x + used, line.cols - used, TUI_TEXT, ": %s", uses);
    char unused[64]; /* where there is room */
    snprintf(unused, sizeof unused, " · %.0f unused", report->levels - report->metrics[QL_LEVELS_USED]);
    if (tui_canvas_width(canvas, unused) <= line.cols - used)
        tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, unused);
}

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    tui_canvas *canvas = &app->canvas;
    const ql_report *report = measure->report;
    const tui_rect line = { in.y, in.x + 1, 1, in.cols - 2 };
    if (report->levels == 0) {
        tui_canvas_wrap(canvas, (tui_rect) { line.y, line.x, in.rows, line.cols }, TUI_FADED,
                        "no codes of its own: the values as they are stored");
        return;
    }
    const code_places places = make_places(report);
    const tui_cells cells = tui_cells_of(places.count, line.cols);
    tui_columns columns = { .count = cells.count };
    int most_at = 0;
    for (int cell = 0; cell < cells.count; cell++) {
        int end;
        for (int place = tui_cells_items(cells, cell, &end); place < end; place++) {
            const uint64_t uses = report->code_counts[place_code(&places, place)];
            columns.counts[cell] = fmax(columns.counts[cell], (double)uses);
            if (uses > report->code_counts[place_code(&places, most_at)])
                most_at = place;
        }
        columns.peak = fmax(columns.peak, columns.counts[cell]);
    }
    const unsigned most = place_code(&places, most_at);
    draw_caption(canvas, line, report, report->code_lo + (int)most, report->code_counts[most]);
    tui_plot_bars(canvas, (tui_rect) { in.y + 1, line.x, in.rows - 2, cells.count }, &columns, columns.peak, app->linear,
                  TUI_QUANTIZED);
    const int y = in.y + in.rows - 1;
    char last[16];
    snprintf(last, sizeof last, "%d", report->code_lo + (int)place_code(&places, places.count - 1));
    tui_canvas_format(canvas, y, line.x, cells.count, TUI_FADED, "%d", report->code_lo + (int)place_code(&places, 0));
    tui_canvas_right(canvas, y, line.x, cells.count, TUI_FADED, last);
}

const tui_sub tui_sub_codes = { .name = "codes", .draw = draw };
