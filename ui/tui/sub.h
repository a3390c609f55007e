/* Sub-views: what the lower part of a pane can show, one file each. `rect` is of any size. */
#ifndef TUI_SUB_H
#define TUI_SUB_H

#include "tui/app.h"

typedef struct tui_sub {
    const char *name; /* in the title of the pane */
    void (*draw)(tui_app *app, tui_rect rect, const tui_measure *measure);
} tui_sub;

extern const tui_sub tui_sub_histogram, tui_sub_rows, tui_sub_codes, tui_sub_map;

/* Steps through the sub-views of the pane of the error. */
void tui_error_step(tui_app *app, int direction);

#endif
