/* Sparklines. */
#include "tui/spark.h"

#include <math.h>

#include "text/ramp.h"

enum { WIDTH_MOST = 256 };

int tui_spark_draw(tui_canvas *canvas, int y, int x, int width, const double *values, const size_t *members, size_t count,
                   bool falls, tui_style style)
{
    size_t cells = width > 0 ? (size_t)width : 0;
    cells = cells > WIDTH_MOST ? WIDTH_MOST : cells;
    cells = cells > count ? count : cells;
    double worst[WIDTH_MOST], lo = INFINITY, hi = -INFINITY;
    for (size_t cell = 0; cell < cells; cell++) {
        worst[cell] = NAN;
        for (size_t i = cell * count / cells; i < (cell + 1) * count / cells; i++) {
            const double value = values[members[i]];
            worst[cell] = falls ? fmax(worst[cell], value) : fmin(worst[cell], value);
        }
        if (isfinite(worst[cell])) {
            lo = fmin(lo, worst[cell]);
            hi = fmax(hi, worst[cell]);
        }
    }
    for (size_t cell = 0; cell < cells; cell++) {
        if (isnan(worst[cell]))
            continue;
        const double share = hi > lo ? (fmin(fmax(worst[cell], lo), hi) - lo) / (hi - lo) : 0.5;
        tui_canvas_put(canvas, y, x + (int)cell, text_block(1 + (unsigned)lround(share * (TEXT_EIGHTHS - 1))), style);
    }
    return (int)cells;
}
