/* The export dialog: a file name, and the command line that makes the same figure. */
#ifndef TUI_EXPORT_H
#define TUI_EXPORT_H

#include "tui/app.h"

void tui_export_open(tui_app *app);
void tui_export_write(tui_app *app, const char *path);
void tui_export_draw(tui_app *app, tui_rect area);

#endif
