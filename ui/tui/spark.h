/* A number over repeated layers, a block each. */
#ifndef TUI_SPARK_H
#define TUI_SPARK_H

#include <stddef.h>

#include "tui/canvas.h"

/* values[members[i]], i < count, in at most `width` cells, the lowest of them an eighth, the highest full. Where a cell has
   to stand for several, it shows the worst: the largest when `falls`. What is not known (NAN) is left blank. Returns the
   cells used. */
int tui_spark_draw(tui_canvas *canvas, int y, int x, int width, const double *values, const size_t *members, size_t count,
                   bool falls, tui_style style);

#endif
