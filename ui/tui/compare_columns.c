/*
 * The columns: the dequantized values of each spec, its errors below, all on the same axes.
 *
 *   +- A absmax:bits=4 ----------+
 *   |     ▁▃█▃▁                  |   dots: where the original's bars end
 *   |-1.64         0         1.15|
 *   |          ▁▅█▅▁             |
 *   +- error ±0.013 -------------+
 */
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "tui/actions.h"
#include "tui/compare.h"
#include "tui/panes.h"
#include "tui/plot.h"

enum { LEAST_COLS = 26, LEAST_ROWS = 4 };

/* What all columns share, whichever are on the screen. */
typedef struct axes {
    double peak, error_peak; /* counts */
    double error;            /* errors lie in -error ... error */
    int cells;
} axes;

static axes lock_axes(const tui_app *app, int cells)
{
    axes locked = { .cells = cells };
    const tui_pins *pins = &app->document.pins;
    for (size_t i = 0; i < pins->count; i++) {
        const tui_shown_column column = tui_shown_column_of(app, i);
        if (column.report)
            locked.error = fmax(locked.error, fmax(-column.report->error.lo, column.report->error.hi));
    }
    for (size_t i = 0; i < pins->count; i++) {
        const tui_shown_column column = tui_shown_column_of(app, i);
        if (!column.report)
            continue;
        const tui_columns original = tui_columns_of(&column.report->original, cells),
                          values = tui_columns_of(&column.report->dequantized, cells),
                          errors = tui_columns_over(&column.report->error, -locked.error, locked.error, cells);
        locked.peak = fmax(locked.peak, fmax(original.peak, values.peak));
        locked.error_peak = fmax(locked.error_peak, errors.peak);
    }
    return locked;
}

static void draw_axis(tui_canvas *canvas, tui_rect line, const tui_columns *columns)
{
    char text[TEXT_NUMBER_SIZE];
    text_number(text, columns->lo, TEXT_SIGNIFICANT);
    int left = tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, text);
    text_number(text, columns->hi, TEXT_SIGNIFICANT);
    tui_canvas_right(canvas, line.y, line.x, line.cols, TUI_FADED, text);
    int zero = tui_column_of(columns, 0);
    if (columns->lo < 0 && columns->hi > 0 && zero > left && zero < line.cols - tui_canvas_width(canvas, text) - 1)
        tui_canvas_put(canvas, line.y, line.x + zero, '0', TUI_FADED);
}

/* "error ±0.013 · 3 out" on the lower frame. */
static void draw_error_label(tui_canvas *canvas, tui_rect rect, const axes *locked, const ql_histogram *errors)
{
    char range[TEXT_NUMBER_SIZE], count[TEXT_NUMBER_SIZE], text[160];
    text_number(range, locked->error, TEXT_SIGNIFICANT);
    text_count(count, errors->below + errors->above);
    snprintf(text, sizeof text, " error ±%s · %s out ", range, count);
    if (tui_canvas_width(canvas, text) > rect.cols - 4)
        snprintf(text, sizeof text, " e ±%s · %s out ", range, count);
    tui_canvas_text(canvas, rect.y + rect.rows - 1, rect.x + 2, rect.cols - 4, TUI_FADED, text);
}

static void draw_plots(tui_app *app, tui_rect rect, tui_rect in, const axes *locked, const ql_report *report)
{
    tui_canvas *canvas = &app->canvas;
    const int errors_rows = in.rows >= LEAST_ROWS ? (in.rows - 1) * 2 / 5 : 0, values_rows = in.rows - 1 - errors_rows;
    const tui_columns original = tui_columns_of(&report->original, locked->cells),
                      values = tui_columns_of(&report->dequantized, locked->cells),
                      errors = tui_columns_over(&report->error, -locked->error, locked->error, locked->cells);
    tui_rect plot = { in.y, in.x, values_rows, locked->cells };
    tui_plot_bars(canvas, plot, &values, locked->peak, app->linear, TUI_QUANTIZED);
    tui_plot_dots(canvas, plot, &original, locked->peak, app->linear, TUI_ORIGINAL);
    draw_axis(canvas, (tui_rect) { in.y + values_rows, in.x, 1, locked->cells }, &values);
    if (errors_rows == 0)
        return;
    plot = (tui_rect) { in.y + values_rows + 1, in.x, errors_rows, locked->cells };
    tui_plot_bars(canvas, plot, &errors, locked->error_peak, app->linear, TUI_ERROR_BARS);
    draw_error_label(canvas, rect, locked, &report->error);
}

/* What stands at the right of a column's frame: how old its numbers are, columns that have no room, what it is. */
static void print_note(const tui_app *app, const tui_shown_column *column, size_t before, size_t behind, char *out,
                       size_t size)
{
    if (!column->is_current)
        snprintf(out, size, "%s", column->report ? "older" : "");
    else if (before > 0)
        snprintf(out, size, "◂ %zu more", before);
    else if (behind > 0)
        snprintf(out, size, "%zu more ▸", behind);
    else
        snprintf(out, size, "%s",
                 column->is_sampled    ? "estimate"
                 : column->is_baseline ? "baseline"
                 : app->linear         ? "linear y"
                                       : "log y");
}

/* `before` and `behind`: columns without room at its left and right. */
static void draw_column(tui_app *app, tui_rect rect, const axes *locked, size_t index, size_t before, size_t behind,
                        bool focused)
{
    tui_canvas *canvas = &app->canvas;
    const tui_shown_column column = tui_shown_column_of(app, index);
    char note[32];
    print_note(app, &column, before, behind, note, sizeof note);
    tui_hit_add(app, rect, tui_act_column_at, TUI_COLUMN_AT(TUI_COMPARE_COLUMNS, (int)index), NULL);
    char spec[TUI_SPEC_SHOWN], title[TUI_SPEC_SHOWN + 16];
    tui_show_spec(spec, column.spec_text);
    enum { AROUND = 13 }; /* cells of the frame, the letter and the gap before the note */
    const int room = rect.cols - AROUND - tui_canvas_width(canvas, note);
    if (before + behind > 0 && room > 0)
        ql_text_print(spec, sizeof spec, ql_text_from(column.spec_text), (size_t)room); /* the note is worth more */
    snprintf(title, sizeof title, "%s%c %s", column.is_sampled ? "≈ " : "", column.letter, spec);
    const tui_rect in = tui_canvas_box(canvas, rect, focused && column.is_selected, title, note);
    if (!column.report) {
        tui_canvas_wrap(canvas, (tui_rect) { in.y, in.x + 1, in.rows, in.cols - 2 }, TUI_TEXT, column.missing);
        return;
    }
    canvas->faded = !column.is_current;
    if (in.rows >= 2)
        draw_plots(app, rect, in, locked, column.report);
    canvas->faded = false;
}

void tui_compare_columns(tui_app *app, tui_rect rect, bool focused)
{
    const size_t count = app->document.pins.count;
    size_t fit = rect.cols < LEAST_COLS ? 1 : (size_t)(rect.cols / LEAST_COLS);
    fit = fit < count ? fit : count;
    const size_t first = tui_first_column(app, fit);
    const int cols = rect.cols / (int)fit;
    const axes locked = lock_axes(app, cols - 2 > QL_BINS ? QL_BINS : cols - 2 < 1 ? 1 : cols - 2);
    for (size_t i = 0; i < fit; i++)
        draw_column(app, (tui_rect) { rect.y, rect.x + (int)i * cols, rect.rows, cols }, &locked, first + i,
                    i == 0 ? first : 0, i + 1 == fit ? count - first - fit : 0, focused);
}
