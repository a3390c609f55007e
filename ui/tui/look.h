/*
 * A look: something that the worker makes beside the report because the screen shows it, such as a map of the error or the
 * working of a few weights. One row in the table of look.c for each kind.
 */
#ifndef TUI_LOOK_H
#define TUI_LOOK_H

#include "tui/inputs.h"

typedef enum tui_look_kind {
    TUI_LOOK_STRIP, /* ql_strip of W[row][col ... col + cols) */
    TUI_LOOK_MAP,   /* ql_heat_map of the region; what: a ql_heat_kind */
    TUI_LOOK_CHANNELS, /* tui_channels (ranks.h) */
    TUI_LOOK_GROUPS,   /* tui_groups */
    TUI_LOOK_WEIGHTS,  /* ql_window of the region */
    TUI_LOOK_BYTES,    /* ql_stored_bytes around W[row][col] */
    TUI_LOOK_ZOOM,  /* ql_zoom of the values in [lo, hi] */
    TUI_LOOK_WAYS,  /* ql_ways of the spec */
    TUI_LOOK_SPLIT,    /* tui_split (products.h) of the first `rows` rows of X, with `lo` as the threshold */
    TUI_LOOK_PRODUCTS, /* tui_products; `cols` runs for the clock, `what` threads (0: the worker's); `row` counts reruns */
    TUI_LOOK_SWEEP,    /* tui_sweep */
    TUI_LOOK_COUNT
} tui_look_kind;

/* What exactly; the kind says which of these mean something, the others are 0. */
typedef struct tui_wish {
    uint64_t row, col, rows, cols; /* a region of the logical weight */
    double lo, hi;                 /* a range of values */
    int what;                      /* of several quantities */
    int down, across;              /* cells that there are to show it */
    tui_inputs *inputs;            /* X of a product, NULL: of none; a reference where a wish is kept (tui_wish_keep) */
} tui_wish;

bool tui_wish_is(const tui_wish *a, const tui_wish *b);
void tui_wish_keep(tui_wish *kept, const tui_wish *wish); /* wish NULL: nothing any more */

/* What it is made of. */
typedef struct tui_look_work {
    ql_engine *engine;
    const ql_profile *profile;
    const ql_report *report; /* of the profile's tensor */
    const ql_monitor *monitor;
    tui_wish wish;
} tui_look_work;

/* For the progress: "making a map". */
const char *tui_look_doing(tui_look_kind kind);

/* *out is the caller's; NULL on failure. */
ql_status tui_look_make(tui_look_kind kind, const tui_look_work *work, void **out, ql_error *error);
void tui_look_free(tui_look_kind kind, void **made); /* accepts NULL, leaves NULL */

#endif
