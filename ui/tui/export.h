/*
 * The export dialog: what to write of what is shown, under which name, and the command line that writes the same bytes. The
 * worker writes (jobs.h); the dialog stays until it has.
 */
#ifndef TUI_EXPORT_H
#define TUI_EXPORT_H

#include "text/command.h"
#include "tui/app.h"

void tui_export_open(tui_app *app);

/* Opens it with a name, whose ending says what it is to be, and writes. */
void tui_export_write(tui_app *app, const char *name);

/* Enter; what was being written is there, or is not; the name has changed. */
void tui_export_accept(tui_app *app);
void tui_export_follow(tui_app *app);
void tui_export_changed(tui_app *app);

/* What to write and its format: the next one, or that one. A format is TUI_EXPORT_FORMAT(row, index). */
#define TUI_EXPORT_FORMAT(row, index) ((row)*TUI_EXPORT_FORMATS + (index))
enum { TUI_EXPORT_FORMATS = 16 };
void tui_export_step(tui_app *app, int rows);
void tui_export_step_format(tui_app *app, int formats);
void tui_export_choose(tui_app *app, int format);

/* The command line that writes the same; false when it is too long. */
bool tui_export_command(const tui_app *app, char *out, size_t size);

void tui_export_draw(tui_app *app, tui_rect area);

#endif
