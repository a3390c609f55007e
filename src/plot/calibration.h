/* The figure "calibration": what its parts share. Lengths in points. */
#ifndef QL_PLOT_CALIBRATION_H
#define QL_PLOT_CALIBRATION_H

#include <cairo.h>

#include "plot/axis.h"
#include "qloupe.h"

/* The panels and the bars of the rows lie between left and right, names left of them, numbers and words right of them. */
enum { QL_WAYS_LEFT = 118, QL_WAYS_RIGHT = 486, QL_WAYS_MARGIN = 500 };

/* What a way keeps. Symmetric ranges have lo = -hi. */
typedef struct ql_kept {
    const char *name;
    uint32_t rgb;
    double lo, hi;         /* in the group that is shown */
    double least, largest; /* over the groups: of the thresholds of symmetric ranges, else of the widths */
} ql_kept;

typedef struct ql_ways_view {
    cairo_t *cairo;
    const ql_ways *ways;
    bool symmetric, has_groups;
    ql_kept kept[QL_WAYS_MOST];
    ql_axis x;
} ql_ways_view;

/* Everything but the context. */
void ql_ways_view_make(ql_ways_view *view, const ql_ways *ways);

/* A row for every way below a row of titles: its range as a bar, its numbers; the best on a band. Returns where the rows
 * end. */
double ql_ways_draw_rows(const ql_ways_view *view, double top);

#endif
