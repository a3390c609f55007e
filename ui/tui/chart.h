/* A chart of many values of one kind side by side, as of rows, columns or groups. */
#ifndef TUI_CHART_H
#define TUI_CHART_H

#include "tui/canvas.h"
#include "tui/spread.h"

typedef struct tui_chart {
    const char *one, *many; /* "row", "rows" */
    const char *none;       /* when all are 0: "no error in any row" */
    bool linear;
} tui_chart;

/* Mean square errors, with the worst named in the first line and marked below. */
void tui_chart_draw(tui_canvas *canvas, tui_rect rect, const tui_spread *mse, const tui_chart *chart);

#endif
