/*
 * Mean square errors side by side. Where several share a cell the bar ends at the least of them, and the shade above it at
 * the most.
 *
 *      worst row 17: MSE 1.393e-05 · 256 rows · least 8.1e-06
 *       ░░█░░░░
 *      ████████
 *      0  ▲  255
 */
#include "tui/chart.h"

#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "text/ramp.h"
#include "tui/plot.h"

static void draw_caption(tui_canvas *canvas, tui_rect line, const tui_spread *rows, const tui_chart *chart)
{
    char row[TEXT_NUMBER_SIZE], worst[TEXT_NUMBER_SIZE], count[TEXT_NUMBER_SIZE], least[TEXT_NUMBER_SIZE];
    char more[2][TEXT_NUMBER_SIZE + 32]; /* as far as there is room */
    const text_form form = text_metric_form(QL_WORST_ROW_MSE);
    double smallest = rows->least[0];
    for (int run = 1; run < rows->count; run++)
        smallest = fmin(smallest, rows->least[run]);
    text_count(row, rows->peak_at);
    text_count(count, rows->total);
    text_number(worst, rows->peak, form);
    text_number(least, smallest, form);
    int used = tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_STRONG, "worst %s %s", chart->one, row);
    const bool is_narrow = used + tui_canvas_width(canvas, ": MSE ") + tui_canvas_width(canvas, worst) > line.cols;
    used +=
        tui_canvas_format(canvas, line.y, line.x + used, line.cols - used, TUI_TEXT, is_narrow ? ": %s" : ": MSE %s", worst);
    snprintf(more[0], sizeof more[0], " · %s %s", count, chart->many);
    snprintf(more[1], sizeof more[1], " · least %s", least);
    for (int i = 0; i < 2 && tui_canvas_width(canvas, more[i]) <= line.cols - used; i++)
        used += tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, more[i]);
}

/* Heights in units of the smallest error above 0: the logarithmic axis starts at half of it. */
static void draw_bars(tui_canvas *canvas, tui_rect plot, const tui_spread *rows, tui_cells cells, bool linear)
{
    const double unit = rows->least_beyond, peak = rows->peak / unit;
    tui_columns least = { .count = cells.count };
    for (int cell = 0; cell < cells.count; cell++) {
        int end, run = tui_cells_items(cells, cell, &end);
        double lo = rows->least[run], hi = rows->most[run];
        while (++run < end) {
            lo = fmin(lo, rows->least[run]);
            hi = fmax(hi, rows->most[run]);
        }
        least.counts[cell] = lo > 0 ? lo / unit : 0; /* of an estimate there are rows that nothing is known of */
        const int height = hi > lo ? (int)ceil(tui_plot_height(hi / unit, peak, linear) * plot.rows) : 0;
        for (int y = 1; y <= height && y <= plot.rows; y++)
            tui_canvas_put(canvas, plot.y + plot.rows - y, plot.x + cell, text_shade(2), TUI_ERROR_BARS);
    }
    tui_plot_bars(canvas, plot, &least, peak, linear, TUI_ERROR_BARS);
}

/* The first and the last row, and a mark below the worst, before which they give way. */
static void draw_axis(tui_canvas *canvas, tui_rect line, int mark, uint64_t rows)
{
    char last[TEXT_NUMBER_SIZE];
    text_count(last, rows - 1);
    if (mark > 0)
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, "0");
    if (rows > 1 && mark < line.cols - tui_canvas_width(canvas, last))
        tui_canvas_right(canvas, line.y, line.x + 1, line.cols - 1, TUI_FADED, last);
    tui_canvas_put(canvas, line.y, line.x + mark, 0x25B2, TUI_POOR);
}

void tui_chart_draw(tui_canvas *canvas, tui_rect in, const tui_spread *mse, const tui_chart *chart)
{
    const tui_rect line = { in.y, in.x + 1, 1, in.cols - 2 };
    if (mse->peak <= 0) {
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, chart->none);
        return;
    }
    const tui_cells cells = tui_cells_of(mse->count, line.cols);
    draw_caption(canvas, line, mse, chart);
    draw_bars(canvas, (tui_rect) { in.y + 1, line.x, in.rows - 2, cells.count }, mse, cells, chart->linear);
    draw_axis(canvas, (tui_rect) { in.y + in.rows - 1, line.x, 1, cells.count },
              tui_cells_find(cells, tui_spread_run(mse, mse->peak_at)), mse->total);
}
