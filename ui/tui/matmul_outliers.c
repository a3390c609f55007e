/*
 * The loudest channels of X one by one: in how many rows they reach the threshold, and what would be left of the error of int8
 * by row were that one in float32.
 *
 *      channel max |x| rows>=T B rel err
 *    !     238    16.6 351/512  0.0053  |######   |      the bar is full at the error of int8 by row
 */
#include <inttypes.h>
#include <stdio.h>

#include "text/number.h"
#include "tui/matmul.h"

enum { CHANNEL = 8, MOST = 8, LEAST_COUNT = 8, ERROR = 10, LEAST_BAR = 6, MOST_BAR = 24, ROOMY = 64 };

/* Where the columns end; count 0: there is no room for it. */
typedef struct columns {
    int channel, most, count, error, bar;
} columns;

static columns fit(tui_rect in, uint64_t rows)
{
    char text[64];
    const int widest = snprintf(text, sizeof text, " %" PRIu64 "/%" PRIu64, rows, rows);
    const int count = widest > LEAST_COUNT ? widest : LEAST_COUNT, rest = 1 + CHANNEL + MOST + ERROR;
    columns at = { .channel = in.x + 1 + CHANNEL, .most = in.x + 1 + CHANNEL + MOST };
    at.count = rest + count <= in.cols ? at.most + count : 0;
    at.error = (at.count ? at.count : at.most) + ERROR;
    const int room = in.x + in.cols - at.error - 2;
    at.bar = room > MOST_BAR ? MOST_BAR : room < LEAST_BAR ? 0 : room;
    return at;
}

/* Up to column `end`. */
static void put(tui_app *app, int y, int end, int width, tui_style style, const char *text)
{
    if (end > 0)
        tui_canvas_right(&app->canvas, y, end - width, width, style, text);
}

static void draw_channel(tui_app *app, const columns *at, tui_rect line, const tui_sweep *sweep, const tui_apart *apart)
{
    char text[64];
    const double threshold = (double)(float)app->operands.threshold; /* as LLM.int8() compares */
    const bool is_outlier = apart->most >= threshold;
    const tui_style style = is_outlier ? TUI_STRONG : TUI_TEXT;
    tui_canvas_text(&app->canvas, line.y, line.x, 1, TUI_CLIP, is_outlier ? "!" : " ");
    snprintf(text, sizeof text, "%" PRIu64, apart->channel);
    put(app, line.y, at->channel, CHANNEL, style, text);
    snprintf(text, sizeof text, "%.3g", apart->most);
    put(app, line.y, at->most, MOST, style, text);
    snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu64, tui_matmul_above(apart->loud, sweep->shape.m, threshold),
             sweep->shape.m);
    put(app, line.y, at->count, at->count - at->most, style, text);
    text_number(text, apart->error, TEXT_SIGNIFICANT);
    put(app, line.y, at->error, ERROR, style, text);
    if (at->bar > 0)
        tui_canvas_gauge(&app->canvas, line.y, at->error + 1, at->bar,
                         sweep->row_error > 0 ? apart->error / sweep->row_error : 0, TUI_ERROR_BARS);
}

void tui_matmul_outliers(tui_app *app, tui_rect rect, bool focused)
{
    const tui_seen seen = tui_matmul_wish(app, TUI_LOOK_SWEEP);
    const tui_sweep *sweep = seen.made;
    char note[96] = "B int8:row";
    if (sweep)
        snprintf(note, sizeof note, rect.cols < ROOMY ? "B: %.4g" : "rel err of B int8:row, in all: %.4g", sweep->row_error);
    const tui_rect in = tui_matmul_frame(app, rect, focused, "Loudest, one in fp32", note, sweep && !seen.is_exact);
    if (!sweep) {
        tui_canvas_wrap(&app->canvas, in, TUI_TEXT, seen.missing);
        return;
    }
    const columns at = fit(in, sweep->shape.m);
    app->canvas.faded = !seen.is_exact;
    put(app, in.y, at.channel, CHANNEL, TUI_FADED, "channel");
    put(app, in.y, at.most, MOST, TUI_FADED, "max |x|");
    put(app, in.y, at.count, at.count - at.most, TUI_FADED, "rows>=T");
    put(app, in.y, at.error, ERROR, TUI_FADED, "B rel err");
    for (size_t i = 0; i < sweep->apart_count && (int)i + 1 < in.rows; i++)
        draw_channel(app, &at, (tui_rect) { in.y + 1 + (int)i, in.x, 1, in.cols }, sweep, &sweep->apart[i]);
    app->canvas.faded = false;
}
