/* The histogram of the errors. */
#include <stdio.h>

#include "text/number.h"
#include "tui/plot.h"
#include "tui/sub.h"

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    const ql_histogram *errors = &measure->report->error;
    tui_canvas *canvas = &app->canvas;
    char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE], text[160];
    text_number(low, errors->lo, TEXT_SIGNIFICANT);
    text_number(high, errors->hi, TEXT_SIGNIFICANT);
    char count[TEXT_NUMBER_SIZE];
    text_count(count, errors->below + errors->above);
    snprintf(text, sizeof text, "error · %d bins · %s outside", QL_BINS, count);
    tui_canvas_text(canvas, in.y, in.x + 1, in.cols - 2, TUI_FADED, text);

    tui_columns columns = tui_columns_of(errors, in.cols - 2);
    tui_rect plot = { in.y + 1, in.x + 1, in.rows - 2, columns.count };
    tui_plot_bars(canvas, plot, &columns, columns.peak, app->linear, TUI_ERROR_BARS);
    int y = in.y + in.rows - 1;
    tui_canvas_text(canvas, y, plot.x, plot.cols, TUI_FADED, low);
    tui_canvas_text(canvas, y, plot.x + tui_column_of(&columns, 0), 1, TUI_FADED, "0");
    tui_canvas_right(canvas, y, plot.x, plot.cols, TUI_FADED, high);
}

const tui_sub tui_sub_histogram = { .name = "histogram", .draw = draw };
