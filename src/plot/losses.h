/* The curve of a search for a clipping range, in a panel whose value axis is that of the values. */
#ifndef QL_PLOT_LOSSES_H
#define QL_PLOT_LOSSES_H

#include "plot/panel.h"

/* The axis of the losses, their grid and the curve; every minimum that won has a ring. A symmetric range lies at its
   threshold; else a candidate lies at both its ends, as far as they have different signs, and at the outer one when not.
   Infinite losses leave gaps. */
void ql_losses_draw(ql_panel *panel, const ql_curve *curve, uint32_t rgb, const char *name);

#endif
