/* The lines around a view: title, spec, formula, why, status, footer. */
#ifndef TUI_BARS_H
#define TUI_BARS_H

#include "tui/app.h"

void tui_bar_title(tui_app *app, int y);
void tui_bar_spec(tui_app *app, int y);
void tui_bar_formula(tui_app *app, int y);
void tui_bar_why(tui_app *app, tui_rect rect);
void tui_bar_status(tui_app *app, int y);

#endif
