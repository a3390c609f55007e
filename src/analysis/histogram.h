/* Histograms of workers, brought together. */
#ifndef QL_ANALYSIS_HISTOGRAM_H
#define QL_ANALYSIS_HISTOGRAM_H

#include "kernels/kernels.h"

/* Adds the counts of `from`, which has the same axis. */
void ql_histogram_merge(ql_histogram *into, const ql_histogram *from);

/* Adds the counts of a kernel's tables of QL_BINS bins. */
void ql_histogram_add(ql_histogram *into, const uint32_t tables[QL_TABLES * (QL_BINS + QL_OUTSIDE)]);

/* Moves the counts out of a kernel's tables of QL_BINS bins. */
void ql_histogram_take(ql_histogram *into, uint32_t tables[QL_TABLES * (QL_BINS + QL_OUTSIDE)]);

#endif
