/* The export dialog: a file name, and the command line that makes the same figure. */
#ifndef TUI_EXPORT_H
#define TUI_EXPORT_H

#include "text/command.h"
#include "tui/app.h"

void tui_export_open(tui_app *app);
void tui_export_write(tui_app *app, const char *path);
/* The words of a command line about what is selected, without those of a figure. *tensor is for free(), also on failure:
   false when memory is short. */
bool tui_export_words(const tui_app *app, text_plot *out, char **tensor);
void tui_export_draw(tui_app *app, tui_rect area);

#endif
