/*
 * --record: the keys of a session as a script that --keys @FILE plays, one a line with what it did; text that was typed is
 * one line. Where the person saw the numbers come to rest before the next key, so does the script (<settle>). Every line is
 * in the file at once, so that it is there, too, when the program breaks.
 */
#ifndef TUI_RECORD_H
#define TUI_RECORD_H

#include "tui/app.h"

/* Creates the file. QL_BAD_WRITE. */
ql_status tui_record_open(const char *path, tui_record **out, ql_error *error);

/* Before and after a key is acted on; `settled`: nothing is under way. record NULL: nothing is done. */
void tui_record_key(tui_record *record, const tui_app *app, tui_key key, bool settled);
void tui_record_after(tui_record *record, bool settled);

/* QL_BAD_WRITE when not all could be written. Accepts NULL, leaves NULL. */
ql_status tui_record_close(tui_record **record, ql_error *error);

#endif
