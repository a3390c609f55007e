/* An axis for numbers from 0 up that may span decades: linear from 0, or logarithmic where they do. Lengths in points. */
#ifndef QL_PLOT_SCALE_H
#define QL_PLOT_SCALE_H

#include <stdbool.h>

#include "plot/panel.h"

typedef struct ql_scale {
    ql_axis axis; /* of the values; of their logarithms to base 10 where log */
    bool log;
    bool whole; /* of counts: only whole numbers have ticks */
} ql_scale;

/* For numbers from `least` > 0 to `largest`, finite; INFINITY and 0 where there are none above 0. `from` is the low end on the
   page, as in an axis. */
ql_scale ql_scale_make(double least, double largest, double from, double to);

/* Where a number lies; the low end for what is not above 0. */
double ql_scale_at(const ql_scale *scale, double value);

/* Round ticks inside, a label for each, with at least `room` points to each label; those of decades, or where they are few
   also of 2 and 5 times them. ticks->exponent is a factor that the labels share. */
void ql_scale_ticks(const ql_scale *scale, double room, ql_ticks *ticks);

/* The upright axis of a panel: grid lines, labels, and its name with the power of ten that they share. */
void ql_scale_draw(const ql_panel *panel, const ql_scale *scale, const char *name);

#endif
