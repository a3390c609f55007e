/* Histograms of workers, brought together. */
#ifndef QL_ANALYSIS_HISTOGRAM_H
#define QL_ANALYSIS_HISTOGRAM_H

#include "qloupe.h"

/* Adds the counts of `from`, which has the same axis. */
void ql_histogram_merge(ql_histogram *into, const ql_histogram *from);

#endif
