/* A number over repeated layers, a block each. */
#ifndef TUI_SPARK_H
#define TUI_SPARK_H

#include "tui/app.h"

/* The column's number of members[count] in at most `width` cells, the lowest of them an eighth, the highest full. Where a cell
   has to stand for several, it shows the worst; what is not known is left blank. Returns the cells used. */
int tui_spark_draw(tui_app *app, int y, int x, int width, int column, const size_t *members, size_t count, tui_style style);

#endif
