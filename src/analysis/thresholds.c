/* Where values begin to take the next level: halfway between levels, but for those that are means of given bins (quantile). */
#include "qloupe.h"

unsigned ql_report_thresholds(const ql_report *report, double out[QL_MAX_GRID])
{
    const unsigned count = report->grid_count;
    if (count < 2 || report->spec.round == QL_ROUND_STOCHASTIC || (report->edges && count != report->levels)) {
        return 0;
    }
    for (unsigned i = 0; i + 1 < count; i++) {
        out[i] = report->edges ? report->edges[i + 1] : (report->grid[i] + report->grid[i + 1]) / 2;
    }
    return count - 1;
}
