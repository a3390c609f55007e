/*
 * Copies to the clipboard of the person's machine, by way of the terminal (OSC 52): `y` asks what, in the status line, and
 * the next key says it.
 */
#ifndef TUI_COPY_H
#define TUI_COPY_H

#include "tui/app.h"

void tui_copy_ask(tui_app *app);
void tui_copy_draw(tui_app *app, int y); /* the status line meanwhile */

void tui_copy_number(tui_app *app);  /* that the pane with the focus is about, with all its digits */
void tui_copy_row(tui_app *app);     /* name, spec, SQNR and bits per weight, with tabs between them */
void tui_copy_table(tui_app *app);   /* every metric of what is shown, as Markdown: what --md prints */
void tui_copy_command(tui_app *app); /* that prints these numbers; while exporting: that writes the same */

/* The weight that is looked at (scope.h); false when it is not there yet: it is asked for then. */
bool tui_copy_find_weight(tui_app *app, tui_number *out);

/* The SQNR of what is selected; false when it is not known. */
bool tui_copy_find_sqnr(const tui_app *app, tui_number *out);

#endif
