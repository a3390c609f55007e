/* Sub-views: what a pane can show, one file each; `v` and `V` step through those of the pane with the focus. A pane's file
   holds the table of its sub-views, and the view's table of panes names it. */
#ifndef TUI_SUB_H
#define TUI_SUB_H

#include "tui/app.h"

typedef struct tui_sub {
    const char *name;                                                      /* in the title of the pane */
    void (*draw)(tui_app *app, tui_rect rect, const tui_measure *measure); /* `rect` is of any size */
    bool (*number)(tui_app *app, tui_number *out); /* under the cursor, for the clipboard; NULL: that of the pane */
} tui_sub;

extern const tui_sub tui_sub_histogram, tui_sub_rows, tui_sub_codes, tui_sub_map;

/* The tables of the panes: in the order of `v`, NULL at the end. */
extern const tui_sub *const tui_error_subs[];

/* What a pane of the view shows; NULL when it has no sub-views. */
const tui_sub *tui_sub_of(const tui_app *app, int pane);

/* Steps through those of the pane with the focus; where it has none, of the pane of the error, which then has the focus. */
void tui_sub_step(tui_app *app, int direction);

#endif
