/* The ways to choose a clipping range, on the axis of their losses: part of the sub-view of the losses (sub_curve.c). */
#ifndef TUI_WAYS_H
#define TUI_WAYS_H

#include "qloupe.h"
#include "tui/canvas.h"

/* What is drawn, from edge to edge. */
typedef struct tui_ways {
    const ql_ways *ways;
    const ql_curve *curve; /* any of theirs: all are of the same group */
    const ql_tensor *tensor;
    bool is_symmetric; /* the axis is of thresholds, else of shares of the whole range */
    double whole;      /* where it ends: the largest threshold, or 1 */
    tui_rect plot;
    int now;       /* the way of the current spec; -1: none of them, */
    double now_at; /* but here; NAN: it is not known where */
} tui_ways;

/* Where a range lies on the axis, and the column of a place. */
double tui_ways_place(const tui_ways *w, double lo, double hi);
int tui_ways_column(const tui_ways *w, double place);

/* A line with a letter for each way where it clips. */
void tui_ways_marks(tui_canvas *canvas, tui_rect line, const tui_ways *w);

/* The ways with their numbers: how many lines they take, and how many stand in one; none where there are few rows. */
typedef struct tui_legend {
    int per_line, lines;
    bool is_long; /* with the ranges */
} tui_legend;
tui_legend tui_ways_layout(const tui_ways *w, int rows, int cols);
void tui_ways_legend(tui_canvas *canvas, tui_rect rect, const tui_ways *w, tui_legend at);

#endif
