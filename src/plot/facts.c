/* What a figure says about itself in a file's metadata: who made it, from what, and every number in full. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "plot/figure.h"

enum { FACT_TEXTS = 5 };

static void format_value(char out[QL_FACT_SIZE], double value)
{
    if (isfinite(value))
        snprintf(out, QL_FACT_SIZE, "%.17g", value);
    else
        snprintf(out, QL_FACT_SIZE, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

bool ql_figure_fact(const ql_figure *figure, size_t index, const char **name, const char **value, char scratch[QL_FACT_SIZE])
{
    const struct {
        const char *name, *value;
    } texts[FACT_TEXTS] = {
        { "Software", "qloupe " QL_VERSION }, { "Command", figure->command }, { "File", figure->file },
        { "Tensor", figure->tensor },         { "Spec", figure->spec },
    };
    if (index < FACT_TEXTS) {
        *name = texts[index].name;
        *value = texts[index].value;
        return true;
    }
    *value = scratch;
    index -= FACT_TEXTS;
    if (index < QL_METRIC_COUNT) {
        *name = ql_metric_describe((ql_metric)index)->name;
        format_value(scratch, figure->report->metrics[index]);
    } else if (index == QL_METRIC_COUNT) {
        *name = "bits_per_weight";
        format_value(scratch, figure->report->bits_per_weight);
    } else if (index == QL_METRIC_COUNT + 1) {
        *name = "bytes";
        snprintf(scratch, QL_FACT_SIZE, "%" PRIu64, figure->report->byte_count);
    } else {
        return false;
    }
    return true;
}
