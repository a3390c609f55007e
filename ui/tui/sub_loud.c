/*
 * The loudest input columns and output rows of a tensor: their root mean squares beside the median of all.
 *
 *      256 columns by rms, median 0.0481
 *      1203  5.5×  ██████████▉       max 1.642
 *        41  5.2×  ██████████▍           0.981
 */
#include <inttypes.h>
#include <stdio.h>

#include "text/number.h"
#include "text/ramp.h"
#include "tui/panes.h"
#include "tui/sub.h"

enum { LEAST_BAR = 4, MOST_BAR = 40, MAX_CELLS = 14 };

/* Rows or columns of what was made. */
typedef struct lines {
    const char *many;
    size_t count;          /* in the list */
    const uint64_t *which; /* [count] */
    uint64_t total;
    const double *rms, *max;
    double median;
} lines;

static lines columns_of(const tui_channels *c)
{
    return (
        lines) { "columns",           c->loud_col_count,         c->loud_cols, c->numbers->col_count, c->numbers->col_rms,
                 c->numbers->col_max, c->numbers->col_rms_median };
}

static lines rows_of(const tui_channels *c)
{
    return (lines) { "rows",
                     c->loud_row_count,
                     c->loud_rows,
                     c->numbers->row_count,
                     c->numbers->row_rms,
                     c->numbers->row_max,
                     c->numbers->row_rms_median };
}

static void draw_bar(tui_canvas *canvas, int y, int x, int cells, double share, tui_style style)
{
    int eighths = (int)(share * cells * TEXT_EIGHTHS + 0.5);
    for (; eighths > 0; x++, eighths -= TEXT_EIGHTHS)
        tui_canvas_put(canvas, y, x, text_block_left((unsigned)(eighths > TEXT_EIGHTHS ? TEXT_EIGHTHS : eighths)), style);
}

/* "1203  5.5×  bar  max 1.642", from the right as far as there is room. */
static void draw_line(tui_canvas *canvas, tui_rect line, const lines *l, size_t at, bool is_chosen)
{
    char last[TEXT_NUMBER_SIZE], text[TEXT_NUMBER_SIZE + 8];
    const uint64_t which = l->which[at];
    const tui_style style = is_chosen ? TUI_SELECTED : TUI_TEXT;
    tui_canvas_clear(canvas, line, style);
    snprintf(last, sizeof last, "%" PRIu64, l->total - 1);
    const int number = tui_canvas_width(canvas, last);
    snprintf(text, sizeof text, "%" PRIu64, which);
    tui_canvas_right(canvas, line.y, line.x, number, style, text);
    int used = number + 1;
    snprintf(text, sizeof text, l->median > 0 ? "%.2f×" : "%.4g", l->median > 0 ? l->rms[which] / l->median : l->rms[which]);
    tui_canvas_right(canvas, line.y, line.x + used, 8, style, text);
    used += 8 + 2;
    int bar = line.cols - used - MAX_CELLS;
    if (bar >= LEAST_BAR) {
        char value[TEXT_NUMBER_SIZE];
        text_number(value, l->max[which], TEXT_SIGNIFICANT);
        snprintf(text, sizeof text, "max %s", value);
        tui_canvas_right(canvas, line.y, line.x + line.cols - MAX_CELLS, MAX_CELLS, style, text);
    } else {
        bar = line.cols - used;
    }
    bar = bar > MOST_BAR ? MOST_BAR : bar;
    if (bar > 0 && l->rms[l->which[0]] > 0)
        draw_bar(canvas, line.y, line.x + used, bar, l->rms[which] / l->rms[l->which[0]], is_chosen ? style : TUI_ORIGINAL);
}

static const tui_channels *find_channels(tui_app *app, tui_seen *seen)
{
    *seen = tui_looks_wish(&app->document, TUI_LOOK_CHANNELS, &(tui_wish) { 0 });
    return seen->made;
}

static void draw_lines(tui_app *app, tui_rect in, const lines *l, tui_act click)
{
    tui_canvas *canvas = &app->canvas;
    tui_choice *choice = &app->choices[TUI_EXPLORE_TENSOR];
    char total[TEXT_NUMBER_SIZE], median[TEXT_NUMBER_SIZE];
    text_count(total, l->total);
    text_number(median, l->median, TEXT_SIGNIFICANT);
    tui_canvas_format(canvas, in.y, in.x + 1, in.cols - 2, TUI_FADED, "rms ÷ median %s · %s %s", median, total, l->many);
    const int rows = in.rows - 1, first = tui_choice_first(choice, (int)l->count, rows);
    const bool has_focus = app->pane == TUI_EXPLORE_TENSOR && app->home == TUI_IN_VIEW;
    for (int i = first; i < (int)l->count && i - first < rows; i++) {
        const tui_rect line = { in.y + 1 + i - first, in.x + 1, 1, in.cols - 2 };
        draw_line(canvas, line, l, (size_t)i, has_focus && i == choice->at);
        tui_hit_add(app, line, click, i, NULL);
    }
}

/* The chosen one, UINT64_MAX when there is none yet. */
static uint64_t find_chosen(tui_app *app, lines (*of)(const tui_channels *))
{
    tui_seen seen;
    const tui_channels *channels = find_channels(app, &seen);
    const int at = app->choices[TUI_EXPLORE_TENSOR].at;
    const lines l = channels ? of(channels) : (lines) { 0 };
    return at >= 0 && (size_t)at < l.count ? l.which[at] : UINT64_MAX;
}

static void take_column(tui_app *app)
{
    const uint64_t col = find_chosen(app, columns_of);
    if (col == UINT64_MAX)
        return;
    tui_scope_go(&app->document, app->document.scope.row, col);
    tui_sub_show(app, TUI_EXPLORE_ERROR, &tui_sub_map);
}

static void take_row(tui_app *app)
{
    const uint64_t row = find_chosen(app, rows_of);
    if (row == UINT64_MAX)
        return;
    tui_scope_go(&app->document, row, app->document.scope.col);
    tui_sub_show(app, TUI_EXPLORE_ERROR, &tui_sub_map);
}

static void click_column(tui_app *app, int line)
{
    app->choices[TUI_EXPLORE_TENSOR].at = line;
    take_column(app);
}

static void click_row(tui_app *app, int line)
{
    app->choices[TUI_EXPLORE_TENSOR].at = line;
    take_row(app);
}

/* The numbers are of the weights: the same under every spec. */
static void draw(tui_app *app, tui_rect in, lines (*of)(const tui_channels *), tui_act click)
{
    tui_seen seen;
    const tui_channels *channels = find_channels(app, &seen);
    if (!channels) {
        tui_canvas_text(&app->canvas, in.y, in.x + 1, in.cols - 2, TUI_FADED, seen.missing);
        return;
    }
    const lines l = of(channels);
    draw_lines(app, in, &l, click);
}

static void draw_columns(tui_app *app, tui_rect in, const tui_measure *measure)
{
    (void)measure;
    draw(app, in, columns_of, click_column);
}

static void draw_rows(tui_app *app, tui_rect in, const tui_measure *measure)
{
    (void)measure;
    draw(app, in, rows_of, click_row);
}

static void step(tui_app *app, tui_step step)
{
    tui_choice_step(&app->choices[TUI_EXPLORE_TENSOR], step);
}

const tui_sub tui_sub_loud_columns = {
    .name = "loudest columns",
    .draw = draw_columns,
    .context = TUI_IN_CHOICE,
    .step = step,
    .take = take_column,
};

const tui_sub tui_sub_loud_rows = {
    .name = "loudest rows",
    .draw = draw_rows,
    .context = TUI_IN_CHOICE,
    .step = step,
    .take = take_row,
};
