/* Screenshots: what the terminal shows, in a file. */
#ifndef TUI_SCREENSHOT_H
#define TUI_SCREENSHOT_H

#include "qloupe.h"

/* QL_BAD_USAGE when the file name ends in none of the kinds there are: .txt (text), .ans (text with colours, as terminals
   take it), .png. */
ql_status tui_screenshot_check(const char *path, ql_error *error);

/* Writes the screen, rows x cols as last shown, to a file whose name has been checked. */
ql_status tui_screenshot_write(int rows, int cols, const char *path, ql_error *error);

#endif
