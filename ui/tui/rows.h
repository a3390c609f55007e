/* The rows of the list of tensors. */
#ifndef TUI_ROWS_H
#define TUI_ROWS_H

#include "tui/app.h"

/* A tensor's name (printable) in at most `width` cells. One that is too long loses what comes before its first number, and
   then of its middle: "model.layers.10.mlp.down_proj.weight" is "...10.mlp.down_proj.weight". Returns the cells used. */
int tui_rows_name(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *name);

/* A line with the names of the columns, and as many rows of the list below it as there is room for, from list.top on. */
void tui_rows_draw(tui_app *app, tui_rect rect);

#endif
