/* The rows of the list of tensors. */
#ifndef TUI_ROWS_H
#define TUI_ROWS_H

#include "tui/app.h"

/* A line with the names of the columns, and as many rows of the list below it as there is room for, from list.top on. */
void tui_rows_draw(tui_app *app, tui_rect rect);

#endif
