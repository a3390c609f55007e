/* Sub-views: what a pane can show, one file each; `v` and `V` step through those of the pane with the focus. A pane's file
   holds the table of its sub-views, and the view's table of panes names it. */
#ifndef TUI_SUB_H
#define TUI_SUB_H

#include "tui/app.h"

typedef struct tui_sub {
    const char *name;                                                      /* in the title of the pane */
    void (*draw)(tui_app *app, tui_rect rect, const tui_measure *measure); /* `rect` is of any size */
    /* The rest may be missing. */
    void (*title)(const tui_app *app, bool is_short, char *out, size_t size); /* says more than the name */
    int least_rows;                                /* lines that other things in the pane leave it; 0: TUI_SUB_ROWS */
    unsigned context;                              /* tui_context of keys that it takes when its pane has the focus */
    void (*step)(tui_app *app, tui_step step);     /* TUI_IN_CELLS, TUI_IN_CHOICE: where its cursor goes */
    void (*next)(tui_app *app, int direction);     /* TUI_IN_KINDS: the next quantity */
    void (*take)(tui_app *app);                    /* TUI_IN_CHOICE, TUI_IN_MAP: goes to what is chosen */
    bool (*number)(tui_app *app, tui_number *out); /* under the cursor, for the clipboard; NULL: that of the pane */
} tui_sub;

enum { TUI_SUB_ROWS = 5 };

extern const tui_sub tui_sub_histogram, tui_sub_rows, tui_sub_columns, tui_sub_blocks, tui_sub_codes, tui_sub_map;
extern const tui_sub tui_sub_statistics, tui_sub_loud_columns, tui_sub_loud_rows, tui_sub_table, tui_sub_bits, tui_sub_bytes;
extern const tui_sub tui_sub_values, tui_sub_curve;

/* The tables of the panes: in the order of `v`, NULL at the end. */
extern const tui_sub *const tui_error_subs[], *const tui_tensor_subs[], *const tui_distribution_subs[];

/* What a pane of the view shows; NULL when it has no sub-views. */
const tui_sub *tui_sub_of(const tui_app *app, int pane);

/* The title of its pane, which is `cols` wide: "PANE · " and what the sub-view says of itself, as far as there is room. */
void tui_sub_title(const tui_app *app, const tui_sub *sub, const char *pane, int cols, char *out, size_t size);

/* The contexts of keys that the pane with the focus adds while keys go to the view. */
unsigned tui_sub_context(const tui_app *app);

/* Steps through those of the pane with the focus; where it has none, of the pane of the error, which then has the focus. */
void tui_sub_step(tui_app *app, int direction);

/* Another file: what the sub-views showed of the one before is forgotten, but not which they are. */
void tui_sub_forget(tui_app *app);

/* Brings one onto the screen, in its pane, with the focus. */
void tui_sub_show(tui_app *app, int pane, const tui_sub *sub);

#endif
