/* What a way to choose a clipping range keeps. */
#ifndef QL_ANALYSIS_WAYS_H
#define QL_ANALYSIS_WAYS_H

#include "qloupe.h"

/* What the stored parameters of a group keep, of a mapping that takes a clip: the values of the lowest and highest code. A
   symmetric range ends at its threshold. */
void ql_kept_range(const ql_report *report, uint64_t group, double *lo, double *hi);

#endif
