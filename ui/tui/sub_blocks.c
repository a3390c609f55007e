/*
 * The error of every group, that is of what shares a scale: a chart of all, and a list of the worst with their places.
 *
 *      worst group 2,616: MSE 7.1e-05 · 4,096 groups · least 8.1e-06
 *      ░░█░░░░
 *      0  ▲  4,095
 *      2616  [654,0-63]      7.111e-05  1.8×     times the mean of all
 */
#include <inttypes.h>
#include <stdio.h>

#include "text/number.h"
#include "tui/chart.h"
#include "tui/panes.h"
#include "tui/sub.h"

enum { LEAST_ROWS = 8, CHART_ROWS = 4, MOST_CHART_ROWS = 12 };

/* "7" or "0-63". */
static void print_span(char *out, size_t size, uint64_t first, uint64_t last)
{
    if (first == last)
        snprintf(out, size, "%" PRIu64, first);
    else
        snprintf(out, size, "%" PRIu64 "-%" PRIu64, first, last);
}

/* "[654,0-63]"; of a run that goes on over the ends of rows "[3,100]-[4,27]". */
static void print_place(char *out, size_t size, const ql_group_place *place, ql_granularity per)
{
    char rows[48], cols[48];
    if (per == QL_PER_FLAT && place->row != place->last_row) {
        snprintf(out, size, "[%" PRIu64 ",%" PRIu64 "]-[%" PRIu64 ",%" PRIu64 "]", place->row, place->col, place->last_row,
                 place->last_col);
        return;
    }
    print_span(rows, sizeof rows, place->row, place->last_row);
    print_span(cols, sizeof cols, place->col, place->last_col);
    snprintf(out, size, "[%s,%s]", rows, cols);
}

static void go_to(tui_app *app, const tui_groups *groups, int line)
{
    if (line >= 0 && line < (int)groups->worst_count) {
        tui_scope_go(&app->document, groups->places[line].row, groups->places[line].col);
        tui_sub_show(app, TUI_EXPLORE_ERROR, &tui_sub_map);
    }
}

static const tui_groups *find_groups(tui_app *app, tui_seen *seen)
{
    *seen = tui_looks_wish(&app->document, TUI_LOOK_GROUPS, &(tui_wish) { 0 });
    return seen->made;
}

static void take(tui_app *app)
{
    tui_seen seen;
    const tui_groups *groups = find_groups(app, &seen);
    if (groups)
        go_to(app, groups, app->choices[TUI_EXPLORE_ERROR].at);
}

static void click(tui_app *app, int line)
{
    app->pane = TUI_EXPLORE_ERROR;
    app->choices[TUI_EXPLORE_ERROR].at = line;
    take(app);
}

static void draw_line(tui_app *app, tui_rect line, const tui_groups *groups, int at, const ql_report *report,
                      tui_style style)
{
    char place[200], mse[TEXT_NUMBER_SIZE], times[TEXT_NUMBER_SIZE];
    tui_canvas *canvas = &app->canvas;
    const double mean = report->metrics[QL_MSE];
    print_place(place, sizeof place, &groups->places[at], report->spec.per);
    text_number(mse, groups->worst_mse[at], TEXT_SIGNIFICANT);
    snprintf(times, sizeof times, "%.1f× mean", mean > 0 ? groups->worst_mse[at] / mean : 0);
    tui_canvas_clear(canvas, line, style);
    const int used = tui_canvas_format(canvas, line.y, line.x, line.cols, style, "%s", place) + 2;
    int right = tui_canvas_width(canvas, times) + 2;
    if (used + tui_canvas_width(canvas, mse) + right > line.cols)
        right = 0; /* the number goes before what it is compared with */
    else
        tui_canvas_right(canvas, line.y, line.x + used, line.cols - used, style, times);
    tui_canvas_right(canvas, line.y, line.x + used, line.cols - used - right, style, mse);
}

static void draw_list(tui_app *app, tui_rect in, const tui_groups *groups, const ql_report *report)
{
    tui_choice *choice = &app->choices[TUI_EXPLORE_ERROR];
    const int count = (int)groups->worst_count, first = tui_choice_first(choice, count, in.rows);
    const bool has_focus = app->pane == TUI_EXPLORE_ERROR && app->home == TUI_IN_VIEW;
    for (int i = first; i < count && i - first < in.rows; i++) {
        const tui_rect line = { in.y + i - first, in.x + 1, 1, in.cols - 2 };
        draw_line(app, line, groups, i, report, has_focus && i == choice->at ? TUI_SELECTED : TUI_TEXT);
        tui_hit_add(app, line, click, i, NULL);
    }
}

static void step(tui_app *app, tui_step step)
{
    tui_choice_step(&app->choices[TUI_EXPLORE_ERROR], step);
}

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    tui_canvas *canvas = &app->canvas;
    const tui_chart chart = { "group", "groups", "no error in any group", app->linear };
    if (measure->report->group_count == 1) {
        tui_canvas_wrap(canvas, (tui_rect) { in.y, in.x + 1, in.rows, in.cols - 2 }, TUI_FADED,
                        "one group: all weights share their scale; g gives each row, block or tile one of its own");
        return;
    }
    tui_seen seen;
    const tui_groups *groups = find_groups(app, &seen);
    if (!groups) {
        tui_canvas_text(canvas, in.y, in.x + 1, in.cols - 2, TUI_FADED, seen.missing);
        return;
    }
    const bool was_faded = canvas->faded;
    canvas->faded |= !seen.is_exact;
    const int half = in.rows / 2 > MOST_CHART_ROWS ? MOST_CHART_ROWS : in.rows / 2;
    const int rows = in.rows < LEAST_ROWS ? in.rows : half < CHART_ROWS ? CHART_ROWS : half;
    tui_chart_draw(canvas, (tui_rect) { in.y, in.x, rows, in.cols }, &groups->mse, &chart);
    if (groups->mse.peak > 0)
        draw_list(app, (tui_rect) { in.y + rows, in.x, in.rows - rows, in.cols }, groups, seen.measure->report);
    canvas->faded = was_faded;
}

const tui_sub tui_sub_blocks = {
    .name = "groups",
    .draw = draw,
    .least_rows = LEAST_ROWS,
    .context = TUI_IN_CHOICE,
    .step = step,
    .take = take,
};
