/*
 * The config file, $XDG_CONFIG_HOME/qloupe/config: lines "NAME = VALUE" of the table of settings. Spaces around both mean
 * nothing; a line that begins with # is a comment.
 *
 *     # colours for a bright room
 *     theme = light
 *     sort = sqnr_db
 *
 * A line that makes no sense is left out and said of, the others count.
 */
#ifndef TUI_CONFIG_H
#define TUI_CONFIG_H

#include "qloupe.h"

struct tui_app;

/* Takes the lines of a text, which may hold anything and end in LF, CRLF or nothing. Returns how many make no sense; error
   says which is the first: "3: there is no setting 'colour' ...". */
size_t tui_config_take(struct tui_app *app, const char *bytes, size_t size, ql_error *error);

/* Takes the file if there is one. QL_BAD_FILE with what to tell when it cannot be read or a line of it makes no sense. */
ql_status tui_config_load(struct tui_app *app, ql_error *error);

/* Writes the settings as they are now: in the lines that have one, and behind them those that are not the usual ones.
   Comments stay, and lines that make no sense. *place (PATH_MAX): where. */
ql_status tui_config_save(const struct tui_app *app, char *place, ql_error *error);

#endif
