/* The list of knobs: the mapping and the keys that the spec takes now, their values, and what they mean. */
#ifndef TUI_KNOBS_H
#define TUI_KNOBS_H

#include "tui/app.h"

/* How wide the list is on a screen of `cols` columns: as the list of tensors, where that is shown. */
int tui_knobs_cols(int cols);

void tui_knobs_move(tui_app *app, int lines);

/* The selected knob: TUI_KNOB_SCHEME or a key of the spec. */
int tui_knobs_selected(const tui_app *app);

/* Puts its value into app->line, to be typed over. */
void tui_knobs_offer(tui_app *app);

void tui_knobs_draw(tui_app *app, tui_rect rect);

#endif
