/* What a report says of its quantizer: codes, groups, the values that y can take, outliers. */
#ifndef QL_ANALYSIS_DESCRIBE_H
#define QL_ANALYSIS_DESCRIBE_H

#include "qloupe.h"
#include "quant/scheme.h"

/* How many codes a spec may use: the size of code_counts. */
static inline size_t ql_code_count(const ql_report *report)
{
    return (size_t)(report->code_hi - report->code_lo) + 1;
}

/* Before measuring: the codes with their (empty) counts, the ranges of the groups' parameters, the axes of the histograms,
   the outliers. report->spec and report->original are set. */
ql_status ql_describe_quantizer(ql_engine *engine, ql_report *report, const ql_quantizer *quantizer, ql_error *error);

/* After measuring: "-0" counts as zero; with one group and few codes, every value that y can take, ascending, and how often
 * it is. */
void ql_describe_grid(ql_report *report, const ql_quantizer *quantizer);

/* For what is made of exact numbers alone: QL_BAD_USAGE for an estimate. */
ql_status ql_check_exact(const ql_report *report, ql_error *error);

#endif
