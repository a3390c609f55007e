/*
 * The input channels of X: the largest |x| of each, several to a cell where there are many, with the threshold across. Bars
 * that reach it are those of outliers, which LLM.int8() multiplies in half precision.
 *
 *      20 |      #
 *       6 |-#----#----- threshold: to be dragged
 *       2 |##.###_##
 *          0        255
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "text/ramp.h"
#include "tui/actions.h"
#include "tui/matmul.h"

enum { LABEL = 7, LEAST_ROWS = 2, LEAST_COLS = 14 };

static double height_of(const tui_app *app, double value)
{
    const tui_channel_axis *axis = &app->operands.axis;
    if (app->linear)
        return (value - axis->lo) / (axis->hi - axis->lo);
    return value > 0 ? log(value / axis->lo) / log(axis->hi / axis->lo) : 0;
}

static void set_axis(tui_app *app, tui_rect plot, const tui_spread *channels)
{
    tui_channel_axis *axis = &app->operands.axis;
    double least = channels->peak;
    for (int run = 0; run < channels->count; run++)
        least = channels->most[run] > 0 ? fmin(least, channels->most[run]) : least;
    *axis = (tui_channel_axis) { plot.y, plot.rows, fmin(least * 0.7, app->operands.threshold * 0.8),
                                 fmax(channels->peak, app->operands.threshold) * 1.1 };
    if (app->linear || axis->lo <= 0)
        axis->lo = app->linear ? 0 : axis->hi * 1e-3;
}

static void draw_label(tui_app *app, tui_rect in, int y, double value, tui_style style)
{
    char text[TEXT_NUMBER_SIZE];
    snprintf(text, sizeof text, "%.3g", value);
    tui_canvas_right(&app->canvas, y, in.x, LABEL - 1, style, text);
}

static void draw_bars(tui_app *app, tui_rect plot, const tui_spread *channels)
{
    const tui_cells cells = tui_cells_of(channels->count, plot.cols);
    const double threshold = (double)(float)app->operands.threshold; /* as LLM.int8() compares */
    for (int cell = 0; cell < cells.count; cell++) {
        int end, from = tui_cells_items(cells, cell, &end);
        double most = 0;
        for (int run = from; run < end; run++)
            most = fmax(most, channels->most[run]);
        const int eighths = (int)round(fmax(0, height_of(app, most)) * plot.rows * TEXT_EIGHTHS);
        const tui_style style = most >= threshold ? TUI_CLIP : TUI_ORIGINAL;
        for (int row = 0; row < plot.rows && row * TEXT_EIGHTHS < eighths; row++) {
            const int left = eighths - row * TEXT_EIGHTHS;
            tui_canvas_put(&app->canvas, plot.y + plot.rows - 1 - row, plot.x + cell,
                           text_block((unsigned)(left < TEXT_EIGHTHS ? left : TEXT_EIGHTHS)), style);
        }
    }
}

/* Through what is empty, so that the bars stay whole. */
static void draw_threshold(tui_app *app, tui_rect in, tui_rect plot)
{
    const int row = (int)floor(height_of(app, app->operands.threshold) * plot.rows), y = plot.y + plot.rows - 1 - row;
    if (y < plot.y || y >= plot.y + plot.rows)
        return;
    for (int x = plot.x; x < plot.x + plot.cols; x++) {
        const bool is_inside = y < app->canvas.rows && x < app->canvas.cols && y >= 0 && x >= 0;
        if (is_inside && app->canvas.cells[y * app->canvas.cols + x].codepoint == ' ')
            tui_canvas_put(&app->canvas, y, x, '-', TUI_CLIP);
    }
    char text[32];
    snprintf(text, sizeof text, "T %.3g", app->operands.threshold);
    tui_canvas_text(&app->canvas, y, in.x, LABEL, TUI_CLIP, "      ");
    tui_canvas_right(&app->canvas, y, in.x, LABEL - 1, TUI_CLIP, text);
}

static void draw_foot(tui_app *app, tui_rect plot, const tui_spread *channels)
{
    const int y = plot.y + plot.rows, x = plot.x;
    const tui_cells cells = tui_cells_of(channels->count, plot.cols);
    char text[96];
    const int peak = tui_cells_find(cells, tui_spread_run(channels, channels->peak_at));
    const int first = tui_canvas_text(&app->canvas, y, x, plot.cols, TUI_FADED, "0");
    snprintf(text, sizeof text, "%" PRIu64, channels->total - 1);
    const int last = tui_canvas_width(&app->canvas, text), last_at = cells.count - last;
    if (last_at > first)
        tui_canvas_text(&app->canvas, y, x + last_at, last, TUI_FADED, text);
    snprintf(text, sizeof text, "%" PRIu64, channels->peak_at);
    const int width = tui_canvas_width(&app->canvas, text), at = peak - width / 2;
    if (at > first && at + width < last_at)
        tui_canvas_text(&app->canvas, y, x + at, width, TUI_STRONG, text);
}

void tui_matmul_channels(tui_app *app, tui_rect rect, bool focused)
{
    const tui_seen seen = tui_matmul_wish(app, TUI_LOOK_PRODUCTS);
    const tui_products *products = seen.made;
    char note[260], share[64] = "", all[TEXT_NUMBER_SIZE], loud[TEXT_NUMBER_SIZE];
    if (!products) {
        const tui_rect in = tui_matmul_frame(app, rect, focused, "Channels of X, max |x|", NULL, false);
        tui_canvas_wrap(&app->canvas, in, TUI_TEXT, seen.missing);
        return;
    }
    const uint64_t above = tui_matmul_above(products->loudest, products->shape.k, app->operands.threshold);
    text_count(all, products->shape.k);
    text_count(loud, above);
    const uint64_t cells = (uint64_t)(rect.cols > LABEL + 3 ? rect.cols - LABEL - 3 : 1);
    if (products->shape.k > cells)
        snprintf(share, sizeof share, ", %" PRIu64 " to a cell", (products->shape.k + cells - 1) / cells);
    snprintf(note, sizeof note, "%s y · %s channels%s · %s at or above T = %g", app->linear ? "linear" : "log", all, share,
             loud, app->operands.threshold);
    const tui_rect in = tui_matmul_frame(app, rect, focused, "Channels of X, max |x|", note, !seen.is_exact);
    const tui_rect plot = { in.y, in.x + LABEL, in.rows - 1, in.cols - LABEL - 1 };
    if (plot.rows < LEAST_ROWS || in.cols < LEAST_COLS)
        return;
    set_axis(app, plot, &products->channels);
    app->canvas.faded = !seen.is_exact;
    draw_bars(app, plot, &products->channels);
    draw_label(app, in, plot.y, app->operands.axis.hi, TUI_FADED);
    draw_label(app, in, plot.y + plot.rows - 1, app->operands.axis.lo, TUI_FADED);
    draw_foot(app, plot, &products->channels);
    app->canvas.faded = false;
    draw_threshold(app, in, plot);
    tui_hit_add_drag(app, plot, tui_drag_threshold, 0);
}
