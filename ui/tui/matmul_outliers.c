/* The loudest channels of X one by one: what would be left of the error of int8 by row were that one in float32. */
#include <inttypes.h>
#include <stdio.h>

#include "text/number.h"
#include "tui/matmul.h"

enum { CHANNEL = 8, MOST = 9, ERROR = 15, LEAST_BAR = 6, MOST_BAR = 24 };

static void draw_channel(tui_app *app, tui_rect in, int y, const tui_sweep *sweep, const tui_apart *apart)
{
    char text[TEXT_NUMBER_SIZE];
    const bool is_outlier = apart->most >= app->operands.threshold;
    const tui_style style = is_outlier ? TUI_STRONG : TUI_TEXT;
    int x = in.x + 1;
    tui_canvas_text(&app->canvas, y, in.x, 1, TUI_CLIP, is_outlier ? "!" : " ");
    snprintf(text, sizeof text, "%" PRIu64, apart->channel);
    tui_canvas_right(&app->canvas, y, x, CHANNEL, style, text);
    snprintf(text, sizeof text, "%.3g", apart->most);
    tui_canvas_right(&app->canvas, y, x += CHANNEL, MOST, style, text);
    text_number(text, apart->error, TEXT_SIGNIFICANT);
    tui_canvas_right(&app->canvas, y, x += MOST, ERROR, style, text);
    const int room = in.x + in.cols - (x += ERROR) - 2, bar = room > MOST_BAR ? MOST_BAR : room;
    if (bar >= LEAST_BAR)
        tui_canvas_gauge(&app->canvas, y, x + 1, bar, sweep->row_error > 0 ? apart->error / sweep->row_error : 0,
                         TUI_ERROR_BARS);
}

void tui_matmul_outliers(tui_app *app, tui_rect rect, bool focused)
{
    const tui_seen seen = tui_matmul_wish(app, TUI_LOOK_SWEEP);
    const tui_sweep *sweep = seen.made;
    char note[96];
    snprintf(note, sizeof note, "B: int8 by row");
    if (sweep)
        snprintf(note, sizeof note, "B: %.4g", sweep->row_error);
    const tui_rect in = tui_matmul_frame(app, rect, focused, "Loudest channels", note, sweep && !seen.is_exact);
    if (!sweep) {
        tui_canvas_wrap(&app->canvas, in, TUI_TEXT, seen.missing);
        return;
    }
    app->canvas.faded = !seen.is_exact;
    const int x = in.x + 1;
    tui_canvas_right(&app->canvas, in.y, x, CHANNEL, TUI_FADED, "channel");
    tui_canvas_right(&app->canvas, in.y, x + CHANNEL, MOST, TUI_FADED, "max |x|");
    tui_canvas_right(&app->canvas, in.y, x + CHANNEL + MOST, ERROR, TUI_FADED, "B, it in fp32");
    for (size_t i = 0; i < sweep->apart_count && (int)i + 1 < in.rows; i++)
        draw_channel(app, in, in.y + 1 + (int)i, sweep, &sweep->apart[i]);
    app->canvas.faded = false;
}
