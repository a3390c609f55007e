/* The mean square error of every input column. */
#include "tui/chart.h"
#include "tui/sub.h"

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    (void)measure;
    tui_canvas *canvas = &app->canvas;
    const tui_chart chart = { "column", "columns", "no error in any column", app->linear };
    const tui_seen seen = tui_looks_wish(&app->document, TUI_LOOK_CHANNELS, &(tui_wish) { 0 });
    const tui_channels *channels = seen.made;
    if (!channels) {
        tui_canvas_text(canvas, in.y, in.x + 1, in.cols - 2, TUI_FADED, seen.missing);
        return;
    }
    const bool was_faded = canvas->faded;
    canvas->faded |= !seen.is_exact;
    tui_chart_draw(canvas, in, &channels->col_mse, &chart);
    canvas->faded = was_faded;
}

const tui_sub tui_sub_columns = { .name = "columns", .draw = draw };
