/* Copies to the clipboard of the person's machine, by way of the terminal (OSC 52). */
#ifndef TUI_COPY_H
#define TUI_COPY_H

#include "tui/app.h"

void tui_copy_command(tui_app *app); /* that prints the numbers of this tensor and spec */
void tui_copy_table(tui_app *app);   /* of the columns of Compare, as `qloupe compare --md` prints it */
void tui_copy_row(tui_app *app);     /* name, spec, SQNR and bits per weight, with tabs between them */

#endif
