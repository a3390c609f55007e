/* Names for a report's numbers: see words.h. */
#include "plot/words.h"

#include <stdio.h>

#include "plot/axis.h"
#include "quant/scheme.h"

bool ql_words_has_steps(const ql_report *report)
{
    return !report->spec.mapping || report->spec.mapping->half_gap == ql_half_gap_uniform;
}

bool ql_words_clips(const ql_report *report)
{
    return ql_words_has_steps(report) || report->metrics[QL_FRAC_CLIPPED] > 0;
}

void ql_words_range(char out[QL_RANGE_SIZE], double lo, double hi)
{
    char low[QL_NUMBER_SIZE], high[QL_NUMBER_SIZE];
    ql_number(low, lo, 4);
    ql_number(high, hi, 4);
    if (lo == hi)
        snprintf(out, QL_RANGE_SIZE, "%s", high);
    else if (lo == -hi && hi > 0)
        snprintf(out, QL_RANGE_SIZE, "±%s", high);
    else
        snprintf(out, QL_RANGE_SIZE, "%s … %s", low, high);
}
