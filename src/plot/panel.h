/* A panel: a frame with two axes and what is drawn between them. Lengths in points. */
#ifndef QL_PLOT_PANEL_H
#define QL_PLOT_PANEL_H

#include <cairo.h>
#include <stdint.h>

#include "plot/axis.h"
#include "qloupe.h"

typedef struct ql_panel {
    cairo_t *cairo;
    double left, top, right, bottom;
    ql_axis x, y;
    bool log_counts; /* y holds log10 of the count; a count of 0 lies on the bottom edge */
    bool whole;      /* the values are places in a row: only whole numbers have ticks */
} ql_panel;

/* Sets the axes: values [lo, hi] (made finite and wider than nothing, with a margin) and counts up to `largest`. */
void ql_panel_scale(ql_panel *panel, double lo, double hi, uint64_t largest, bool log_counts);

/* Where a count lies, between bottom and top. */
double ql_panel_count_at(const ql_panel *panel, uint64_t count);

/* The horizontal grid lines behind the data with the labels of the count axis and its name. */
void ql_panel_draw_counts(const ql_panel *panel, const char *name);

/* The frame with the ticks of the value axis. */
void ql_panel_draw_frame(const ql_panel *panel);

/* The frame, and `gap` below it the labels of the value axis and its name (with the power of ten that the labels share).
   Returns the baseline of the name. */
double ql_panel_draw_values(const ql_panel *panel, double gap, const char *name);

/* The histogram as a filled outline; one value gives a bar that can be seen. */
void ql_panel_draw_filled(const ql_panel *panel, const ql_histogram *histogram, uint32_t rgb, double alpha);

/* The histogram as a line over its bins, which falls to the bottom edge where bins are empty; a comb of very many teeth
 * keeps only the tops. */
void ql_panel_draw_outline(const ql_panel *panel, const ql_histogram *histogram, uint32_t rgb, double width);

/* A dashed upright line at `value` with a label at the top beside it: anchor 0 right of the line, 1 left of it;
   `row` rows of text further down. */
void ql_panel_draw_mark(const ql_panel *panel, double value, double anchor, unsigned row, const char *label);

/* The value in the middle of a bin. */
double ql_histogram_center(const ql_histogram *histogram, unsigned bin);

uint64_t ql_histogram_largest(const ql_histogram *histogram);

#endif
