/* Steps and zero points of uniform codes: what turns a range of values into q = clamp(rne(x / step) + zero). */
#ifndef QL_KERNELS_STEP_H
#define QL_KERNELS_STEP_H

#include "qloupe.h"

/* The step for a range divided into `steps` steps, rounded once to float32, never zero and never infinite: 1 for an empty
   range, the smallest subnormal when the quotient underflows, the largest float when a range by hand is beyond it. */
float ql_step(double range, double steps);

/* Step and zero point that map [lo, hi], lo <= hi, to the codes code_lo..code_hi. include: the range is widened so that 0
   is exact, and the zero point is one of the codes; else the range is taken as it is, and the zero point is any int32. It
   comes from the stored step. */
void ql_step_affine(double lo, double hi, int code_lo, int code_hi, bool include, float *step, int32_t *zero);

#endif
