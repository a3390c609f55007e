/* The pass over a tensor that a report is made from. */
#ifndef QL_ANALYSIS_MEASURE_H
#define QL_ANALYSIS_MEASURE_H

#include "analysis/errors.h"
#include "quant/scheme.h"

/* Quantizes and measures every element. Fills in `report`, whose axes, codes and code_counts are set up: the counts of both
   histograms and of the codes, and row_mse (allocated, the report's). Progress counts from done_before up to total elements.
   The same bits for any number of threads. */
ql_status ql_measure(ql_engine *engine, const ql_profile *profile, const ql_quantizer *quantizer, const ql_monitor *monitor,
                     uint64_t done_before, uint64_t total, ql_report *report, ql_measured *out, ql_error *error);

#endif
