/* The numbers of a report as two columns in a figure. */
#ifndef QL_PLOT_READOUT_H
#define QL_PLOT_READOUT_H

#include <cairo.h>

#include "qloupe.h"

/* From `left` to `right`, the first line at `top`, points. */
void ql_readout_draw(cairo_t *cairo, const ql_report *report, double left, double top, double right);

#endif
