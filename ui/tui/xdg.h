/* The program's own files below the folders that the XDG specification names. */
#ifndef TUI_XDG_H
#define TUI_XDG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* $VARIABLE/qloupe/NAME, or $HOME/USUAL/qloupe/NAME where the variable is not set to an absolute path; false when the
   environment names no place. */
bool tui_xdg_place(const char *variable, const char *usual, const char *name, char out[PATH_MAX]);

/* The whole file, to be freed, with a zero byte behind it; NULL with errno when there is none or it cannot be read, or is
   larger than a megabyte. */
char *tui_xdg_read(const char *place, size_t *size);

/* The folders above `place`, for nobody else to read. What fails shows when the file is opened. */
void tui_xdg_make_folders(const char *place);

#endif
