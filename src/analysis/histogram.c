/* Histograms: see histogram.h. */
#include "analysis/histogram.h"

void ql_histogram_merge(ql_histogram *into, const ql_histogram *from)
{
    into->below += from->below;
    into->above += from->above;
    for (int i = 0; i < QL_BINS; i++) {
        into->bins[i] += from->bins[i];
    }
}
