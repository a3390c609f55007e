/* Below the list: what its tensors and the file have that a person should know. */
#ifndef TUI_SUMMARY_H
#define TUI_SUMMARY_H

#include "tui/app.h"

/* Draws at the lower end of rect, where it has room for a list and this; returns the lines used. */
int tui_summary_draw(tui_app *app, tui_rect rect);

#endif
