/*
 * Where the error is: rows down, columns across, a shade for the mean square error of each cell. Where bands share a cell it
 * shows the worst of them, so that the worst is always seen.
 *
 *      MSE 7.111e-05 at [576-591,14-15]      rows, columns of the worst
 *      ·░▒░░·▒▓
 *      ░·░░▒█░·
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "text/ramp.h"
#include "tui/sub.h"

/* Its cell of the map. */
static unsigned find_worst(const ql_heat_map *map)
{
    unsigned worst = 0;
    for (unsigned i = 1; i < map->row_bands * map->col_bands; i++)
        worst = map->values[i] > map->values[worst] ? i : worst;
    return worst;
}

/* "704-719" of a band, "7" where that is one row or column. */
static void print_band(char *out, size_t size, uint64_t count, unsigned bands, unsigned band)
{
    const uint64_t first = ql_band_start(count, bands, band), last = ql_band_start(count, bands, band + 1) - 1;
    if (first == last)
        snprintf(out, size, "%" PRIu64, first);
    else
        snprintf(out, size, "%" PRIu64 "-%" PRIu64, first, last);
}

static void draw_caption(tui_canvas *canvas, tui_rect line, const ql_heat_map *map, const ql_tensor *tensor, unsigned worst)
{
    char rows[64], cols[64], mse[TEXT_NUMBER_SIZE];
    print_band(rows, sizeof rows, tensor->rows, map->row_bands, worst / map->col_bands);
    print_band(cols, sizeof cols, tensor->cols, map->col_bands, worst % map->col_bands);
    text_number(mse, map->values[worst], text_metric_form(QL_MSE));
    int used = tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_STRONG, "MSE %s", mse);
    used += tui_canvas_format(canvas, line.y, line.x + used, line.cols - used, TUI_TEXT, " at [%s,%s]", rows, cols);
    static const char more[] = " · the worst of the map"; /* where there is room */
    if (tui_canvas_width(canvas, more) <= line.cols - used)
        tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, more);
}

/* 1 for the least above 0, TEXT_SHADES for the most. */
static unsigned shade_of(double mse, double least, double most, bool linear)
{
    if (mse <= 0)
        return 0;
    const double from = linear ? 0 : log(least), to = linear ? most : log(most);
    const double share = to > from ? ((linear ? mse : log(mse)) - from) / (to - from) : 1;
    return 1 + (unsigned)fmin(share * TEXT_SHADES, TEXT_SHADES - 1);
}

/* What a cell of the screen shows: the worst of its bands. */
static double worst_of(const ql_heat_map *map, tui_cells down, tui_cells across, int y, int x)
{
    int row_end, col_end;
    const int first_row = tui_cells_items(down, y, &row_end), first_col = tui_cells_items(across, x, &col_end);
    double worst = 0;
    for (int row = first_row; row < row_end; row++)
        for (int col = first_col; col < col_end; col++)
            worst = fmax(worst, map->values[(unsigned)row * map->col_bands + (unsigned)col]);
    return worst;
}

/* The shades go from the least to the most that is shown. */
static void draw_cells(tui_canvas *canvas, tui_rect rect, const ql_heat_map *map, double most, bool linear)
{
    const tui_cells down = tui_cells_of((int)map->row_bands, rect.rows);
    const tui_cells across = tui_cells_of((int)map->col_bands, rect.cols);
    double least = most;
    for (int y = 0; y < down.count; y++)
        for (int x = 0; x < across.count; x++) {
            const double worst = worst_of(map, down, across, y, x);
            least = worst > 0 ? fmin(least, worst) : least;
        }
    for (int y = 0; y < down.count; y++)
        for (int x = 0; x < across.count; x++) {
            const unsigned shade = shade_of(worst_of(map, down, across, y, x), least, most, linear);
            tui_canvas_put(canvas, rect.y + y, rect.x + x, text_shade(shade), TUI_ERROR_BARS);
        }
}

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    tui_canvas *canvas = &app->canvas;
    const tui_rect line = { in.y, in.x + 1, 1, in.cols - 2 };
    (void)measure;
    const tui_seen seen = tui_looks_wish(&app->document, TUI_LOOK_MAP, &(tui_wish) { 0 });
    const ql_heat_map *map = seen.made;
    if (!map) {
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, seen.missing);
        return;
    }
    canvas->faded |= !seen.is_exact;
    const unsigned worst = find_worst(map);
    if (map->values[worst] <= 0) {
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, "no error anywhere");
        return;
    }
    draw_caption(canvas, line, map, ql_model_tensor(app->document.model, seen.measure->tensor), worst);
    draw_cells(canvas, (tui_rect) { in.y + 1, line.x, in.rows - 1, line.cols }, map, map->values[worst], app->linear);
}

const tui_sub tui_sub_map = { "map", draw };
