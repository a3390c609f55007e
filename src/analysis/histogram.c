/* Histograms: see histogram.h. */
#include "analysis/histogram.h"

#include <string.h>

void ql_histogram_merge(ql_histogram *into, const ql_histogram *from)
{
    into->below += from->below;
    into->above += from->above;
    for (int i = 0; i < QL_BINS; i++) {
        into->bins[i] += from->bins[i];
    }
}

void ql_histogram_add(ql_histogram *into, const uint32_t tables[QL_TABLES * (QL_BINS + QL_OUTSIDE)])
{
    for (int t = 0; t < QL_TABLES; t++) {
        const uint32_t *table = tables + t * (QL_BINS + QL_OUTSIDE);
        for (int i = 0; i < QL_BINS; i++) {
            into->bins[i] += table[1 + i];
        }
        into->below += table[0];
        into->above += table[QL_BINS + 1];
    }
}

void ql_histogram_take(ql_histogram *into, uint32_t tables[QL_TABLES * (QL_BINS + QL_OUTSIDE)])
{
    ql_histogram_add(into, tables);
    memset(tables, 0, QL_TABLES * (QL_BINS + QL_OUTSIDE) * sizeof *tables);
}
