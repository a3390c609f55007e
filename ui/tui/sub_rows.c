/* The mean square error of every output row. */
#include "tui/chart.h"
#include "tui/sub.h"

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    const tui_chart chart = { "row", "rows", "no error in any row", app->linear };
    tui_chart_draw(&app->canvas, in, &measure->rows, &chart);
}

const tui_sub tui_sub_rows = { .name = "rows", .draw = draw };
