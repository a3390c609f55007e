/* Metrics from what was summed and counted. */
#ifndef QL_ANALYSIS_METRICS_H
#define QL_ANALYSIS_METRICS_H

#include "analysis/errors.h"

/* All metrics that need no codes; the others become NaN. y: the histogram of the values on the axis of profile->original. */
void ql_metrics_of_errors(const ql_profile *profile, const ql_measured *sums, const ql_histogram *y,
                          double metrics[QL_METRIC_COUNT]);

/* Entropy in bits of codes that occur counts[codes] times, `total` in all. */
double ql_entropy(const uint64_t *counts, size_t codes, uint64_t total);

#endif
