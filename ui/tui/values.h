/* The plots of the distribution as they lie on the screen, and what is drawn over them, one file each. */
#ifndef TUI_VALUES_H
#define TUI_VALUES_H

#include "tui/panes.h"
#include "tui/plot.h"

typedef struct tui_values {
    tui_columns original, dequantized; /* on the same axis, over the part of the values that is shown */
    bool is_part;                      /* that is not all of them */
    double peak;                       /* of both: the end of the axis of counts */
    tui_rect upper, lower;             /* bars of the original and of the dequantized; lower.rows 0: no report yet */
    tui_rect clip, grid;               /* the lines between them and below them */
} tui_values;

/* Values outside of what is drawn, on both sides. */
typedef struct tui_outside {
    uint64_t below, above;
    bool is_rough; /* an estimate, or counted in bins that do not end where the view does */
} tui_outside;

/* What is drawn: the histograms of the report, or those of the part of the values that is shown, once they are made (counts.c).
   Points into itself. */
typedef struct tui_counts {
    bool is_part;
    double lo, hi;                              /* of what is shown */
    const ql_histogram *original, *dequantized; /* dequantized: NULL before the first report */
    tui_outside outside_original, outside_dequantized;
    ql_histogram levels;
} tui_counts;
void tui_counts_find(tui_app *app, const tui_facts *facts, tui_counts *out);

/* The clipping range: a line with its ends in brackets, and dashed lines up from them, to be dragged (clip.c). */
void tui_clip_draw(tui_app *app, const tui_values *values, const tui_facts *facts);

/* What keys and the mouse do to it: `direction` > 0 moves the end, or both, outwards by a cell. */
void tui_clip_move(tui_app *app, int direction);
void tui_clip_next_end(tui_app *app);

/* The values that y can take: ticks below the plots, and where there is room lines through them with the codes (grid.c). */
void tui_grid_draw(tui_canvas *canvas, const tui_values *values, const ql_report *report);

#endif
