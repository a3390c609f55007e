/* The help: the tables of keys and views, searchable; Enter does what the selected line says. */
#ifndef TUI_HELP_H
#define TUI_HELP_H

#include "tui/app.h"

void tui_help_move(tui_app *app, int lines);
void tui_help_run(tui_app *app);
void tui_help_draw(tui_app *app, tui_rect area);

#endif
