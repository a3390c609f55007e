/*
 * The error of LLM.int8() at many thresholds, side by side, each with how many columns of X are in half precision; at fewer where
 * there is less room. The one in use is marked where it is among them.
 */
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "text/ramp.h"
#include "tui/actions.h"
#include "tui/matmul.h"

enum { LABEL = 8, LEAST_ROWS = 4, LEAST_WIDTH = 3, MOST_WIDTH = 7, ROOMY = 44 };

static void draw_bar(tui_app *app, tui_rect plot, double share, tui_style style)
{
    const int eighths = (int)round(share * plot.rows * TEXT_EIGHTHS);
    for (int row = 0; row < plot.rows; row++) {
        const int left = eighths - row * TEXT_EIGHTHS;
        for (int x = 0; x < plot.cols && left > 0; x++)
            tui_canvas_put(&app->canvas, plot.y + plot.rows - 1 - row, plot.x + x,
                           text_block((unsigned)(left < TEXT_EIGHTHS ? left : TEXT_EIGHTHS)), style);
    }
}

/* With a blank behind it. */
static int widest(int width, size_t count)
{
    const int digits = snprintf(NULL, 0, "%zu ", count);
    return digits > width ? digits : width;
}

/* All thresholds, or one of two, three ...: as many as have room for what stands below them. Returns one of how many, 0: there
   is no room; and the width of each. */
static int fit(const tui_sweep *sweep, int cols, int *width)
{
    for (int step = 1; step <= TUI_SWEEP_COUNT / 2; step++) {
        int least = LEAST_WIDTH;
        for (int i = 0; i < TUI_SWEEP_COUNT; i += step)
            least = widest(least, sweep->columns[i]);
        const int room = cols / ((TUI_SWEEP_COUNT + step - 1) / step);
        *width = room > MOST_WIDTH ? MOST_WIDTH : room;
        if (*width >= least)
            return step;
    }
    return 0;
}

void tui_matmul_threshold(tui_app *app, tui_rect rect, bool focused)
{
    const tui_seen seen = tui_matmul_wish(app, TUI_LOOK_SWEEP);
    const tui_sweep *sweep = seen.made;
    const tui_rect in =
        tui_matmul_frame(app, rect, focused, "Error against T",
                         rect.cols < ROOMY ? "of LLM.int8()" : "rel err of LLM.int8()", sweep && !seen.is_exact);
    if (!sweep) {
        tui_canvas_wrap(&app->canvas, in, TUI_TEXT, seen.missing);
        return;
    }
    int width;
    const int step = fit(sweep, in.cols - LABEL - 1, &width);
    if (in.rows < LEAST_ROWS || step == 0)
        return;
    const tui_rect plot = { in.y, in.x + LABEL, in.rows - 2, in.cols - LABEL };
    double most = 0;
    for (int i = 0; i < TUI_SWEEP_COUNT; i++)
        most = fmax(most, sweep->errors[i]);
    char text[TEXT_NUMBER_SIZE];
    snprintf(text, sizeof text, "%.2g", most); /* all that there is room for */
    app->canvas.faded = !seen.is_exact;
    tui_canvas_right(&app->canvas, plot.y, in.x, LABEL - 1, TUI_FADED, text);
    tui_canvas_right(&app->canvas, plot.y + plot.rows - 1, in.x, LABEL - 1, TUI_FADED, "0");
    tui_canvas_right(&app->canvas, plot.y + plot.rows, in.x, LABEL - 1, TUI_FADED, "T");
    tui_canvas_right(&app->canvas, plot.y + plot.rows + 1, in.x, LABEL - 1, TUI_FADED, "in fp16");
    for (int i = 0; i < TUI_SWEEP_COUNT; i += step) {
        const bool is_used = sweep->thresholds[i] == app->operands.threshold;
        const tui_style style = is_used ? TUI_STRONG : TUI_FADED;
        const tui_rect bar = { plot.y, plot.x + i / step * width, plot.rows, width - 1 };
        draw_bar(app, bar, most > 0 ? sweep->errors[i] / most : 0, is_used ? TUI_CLIP : TUI_ERROR_BARS);
        snprintf(text, sizeof text, "%g", sweep->thresholds[i]);
        tui_canvas_right(&app->canvas, plot.y + plot.rows, bar.x, bar.cols, style, text);
        snprintf(text, sizeof text, "%zu", sweep->columns[i]);
        tui_canvas_right(&app->canvas, plot.y + plot.rows + 1, bar.x, bar.cols, style, text);
        tui_hit_add(app, (tui_rect) { in.y, bar.x, in.rows, width }, tui_act_threshold_to, i, tui_act_threshold_wheel);
    }
    app->canvas.faded = false;
}
