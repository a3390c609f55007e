/* The table of columns. */
#include "tui/columns.h"

#include <math.h>

typedef enum column_kind { BY_NAME, BY_FILE, BY_SIZE, BY_METRIC, BY_STAT, BY_BITS } column_kind;

static const struct {
    column_kind kind;
    int index; /* ql_metric, tui_stat */
    const char *title, *about;
    text_form form;
    const char *name; /* NULL: that of the metric */
} columns[] = {
    { BY_NAME, 0, "name", "name", TEXT_COUNT, "name" },
    { BY_METRIC, QL_SQNR_DB, "SQNR dB", NULL, 0, NULL },
    { BY_METRIC, QL_RMSE_OVER_STD, "RMSE/σ", NULL, 0, NULL },
    { BY_SIZE, 0, "stored", "size in the file", TEXT_BYTES, "size" },
    { BY_STAT, TUI_STAT_KURTOSIS, "kurtosis", "excess kurtosis of the weights", TEXT_SIGNIFICANT, "kurtosis" },
    { BY_STAT, TUI_STAT_BEYOND_6S, ">6σ", "share of the weights beyond 6 standard deviations", TEXT_PERCENT, "beyond_6s" },
    { BY_STAT, TUI_STAT_PEAK, "max σ", "the outermost weight, in standard deviations", TEXT_SIGNIFICANT, "max_sigma" },
    { BY_METRIC, QL_MAX_ABS, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_P99_ABS, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_COSINE, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_FRAC_CLIPPED, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_UTILISATION, NULL, NULL, 0, NULL },
    { BY_BITS, 0, "bits/wt", "true bits per weight under this spec", TEXT_FIXED_3, "bits_per_weight" },
    { BY_METRIC, QL_WORST_ROW_MSE, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_MSE, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_RMSE, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_MAE, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_REL_FRO, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_KL_HIST, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_ZERO_FRAC, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_LEVELS_USED, NULL, NULL, 0, NULL },
    { BY_METRIC, QL_ENTROPY_BITS, NULL, NULL, 0, NULL },
    { BY_STAT, TUI_STAT_BEYOND_3S, ">3σ", "share of the weights beyond 3 standard deviations", TEXT_PERCENT, "beyond_3s" },
    { BY_STAT, TUI_STAT_STD, "std", "standard deviation of the weights", TEXT_SIGNIFICANT, "std" },
    { BY_FILE, 0, "place", "place in the file", TEXT_COUNT, "place" },
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0], COLUMN_SQNR = 1 };

int tui_column_count(void)
{
    return COLUMN_COUNT;
}

const char *tui_column_name(size_t column)
{
    if (column >= COLUMN_COUNT)
        return NULL;
    return columns[column].name ? columns[column].name : ql_metric_describe((ql_metric)columns[column].index)->name;
}

tui_column tui_column_describe(int column)
{
    enum { FIXED_WIDTH = 6, WIDTH = 9, DB_FULL = 50 };
    const column_kind kind = columns[column].kind;
    tui_column out = {
        .title = columns[column].title,
        .about = columns[column].about,
        .width = WIDTH,
        .form = columns[column].form,
        .falls = kind == BY_SIZE || kind == BY_STAT || kind == BY_BITS,
        .is_found = kind == BY_METRIC || kind == BY_STAT || kind == BY_BITS,
    };
    if (kind != BY_METRIC)
        return out;
    const ql_metric_info *info = ql_metric_describe((ql_metric)columns[column].index);
    out.title = out.title ? out.title : info->title;
    out.about = info->help;
    out.form = text_metric_form((ql_metric)columns[column].index);
    out.falls = info->better <= 0;
    if (column == COLUMN_SQNR) {
        out.width = FIXED_WIDTH;
        out.full = DB_FULL;
    }
    return out;
}

double tui_column_value(int column, const ql_model *model, const tui_findings *findings, size_t tensor)
{
    const tui_finding *finding = &findings->of[tensor];
    const int index = columns[column].index;
    switch (columns[column].kind) {
    case BY_FILE:
        return (double)tensor + 1;
    case BY_SIZE:
        return (double)ql_model_tensor(model, tensor)->byte_count;
    case BY_METRIC:
        return tui_findings_is_measured(findings, tensor) ? finding->metrics[index] : NAN;
    case BY_BITS:
        return tui_findings_is_measured(findings, tensor) ? finding->bits_per_weight : NAN;
    case BY_STAT:
        return finding->has_stats ? finding->stats[index] : NAN;
    default:
        return NAN;
    }
}

int tui_column_shown(int column)
{
    return columns[column].kind == BY_NAME ? COLUMN_SQNR : column;
}
