/* Where in Y the error of a product is: rows of X down, outputs across, a shade for the mean |Y - Y'| of each cell, as a share of
   the root mean square of Y. */
#include <math.h>
#include <stdio.h>

#include "text/ramp.h"
#include "tui/actions.h"
#include "tui/matmul.h"

/* The mean of what a cell of the screen has of the grid. */
static double mean_of(const tui_grid *grid, int row, int rows, int col, int cols)
{
    const int top = row * grid->rows / rows, left = col * grid->cols / cols;
    int bottom = (row + 1) * grid->rows / rows, right = (col + 1) * grid->cols / cols;
    bottom += bottom == top;
    right += right == left;
    double sum = 0;
    for (int r = top; r < bottom; r++)
        for (int c = left; c < right; c++)
            sum += (double)grid->cells[r][c];
    return sum / ((bottom - top) * (right - left));
}

static double most_of(const tui_grid *grid, int rows, int cols)
{
    double most = 0;
    for (int row = 0; row < rows; row++)
        for (int col = 0; col < cols; col++)
            most = fmax(most, mean_of(grid, row, rows, col, cols));
    return most;
}

void tui_matmul_map(tui_app *app, tui_rect rect, bool focused)
{
    const int shown = tui_matmul_map_row(app);
    const tui_seen seen = tui_matmul_wish(app, shown == TUI_MATMUL_SPLIT_ROW ? TUI_LOOK_SPLIT : TUI_LOOK_PRODUCTS);
    bool is_old;
    const tui_product *product = tui_matmul_row(app, shown, &is_old);
    char title[TUI_SPEC_SHOWN + 64], method[TUI_SPEC_SHOWN] = "", note[160];
    if (product)
        tui_show_spec(method, product->method);
    snprintf(title, sizeof title, "|Y-Y'| of %c %s", 'A' + shown - 1, method);
    if (!product || !product->is_known) {
        const tui_rect in = tui_matmul_frame(app, rect, focused, title, NULL, false);
        tui_canvas_wrap(&app->canvas, in, TUI_TEXT,
                        product        ? product->why
                        : seen.missing ? seen.missing
                                       : "nothing to show");
        return;
    }
    const tui_grid *grid = &product->grid;
    const int inside = rect.cols - 4, rows = rect.rows - 2 < grid->rows ? rect.rows - 2 : grid->rows,
              cols = inside < grid->cols ? inside : grid->cols;
    const double most = rows > 0 && cols > 0 ? most_of(grid, rows, cols) : 0;
    char full[5];
    text_encode(text_shade(TEXT_SHADES), full); /* as the canvas shows it */
    snprintf(note, sizeof note, "%s = %.3g %% of rms Y · rows × outputs", full, 100 * most);
    const tui_rect in = tui_matmul_frame(app, rect, focused, title, note, is_old);
    app->canvas.faded = is_old;
    for (int row = 0; row < rows; row++)
        for (int col = 0; col < cols; col++) {
            const double share = most > 0 ? mean_of(grid, row, rows, col, cols) / most : 0;
            tui_canvas_put(&app->canvas, in.y + row, in.x + 1 + col, text_shade((unsigned)ceil(share * TEXT_SHADES)),
                           TUI_ERROR_BARS);
        }
    app->canvas.faded = false;
}
