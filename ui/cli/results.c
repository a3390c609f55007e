/* Rows of `quant` and `compare`: see results.h. */
#include "cli/results.h"

#include <math.h>
#include <string.h>

/* The columns that are not metrics. `title` is for a line per row, `card` for a card; NULL: not there. */
static const struct {
    const char *key, *title, *card, *help;
    text_form form;
} COLUMNS[CLI_RESULT_COLUMNS] = {
    [CLI_RESULT_TENSOR] = { "tensor", "tensor", NULL, NULL, TEXT_COUNT },
    [CLI_RESULT_DTYPE] = { "dtype", "dtype", NULL, NULL, TEXT_COUNT },
    [CLI_RESULT_SHAPE] = { "shape", "shape", NULL, NULL, TEXT_COUNT },
    [CLI_RESULT_LAYOUT] = { "layout", "layout", NULL, NULL, TEXT_COUNT },
    [CLI_RESULT_SPEC] = { "spec", "spec", NULL, NULL, TEXT_COUNT },
    [CLI_RESULT_BITS] = { "bits_per_weight", "bits/wt", "bits per weight", "true: the scales are counted", TEXT_FIXED_3 },
    [CLI_RESULT_BYTES] = { "bytes", "size", "size", "codes, scales and zero points", TEXT_BYTES },
    [CLI_RESULT_LEVELS] = { NULL, NULL, "code range", NULL, TEXT_COUNT },
    [CLI_RESULT_GROUPS] = { NULL, NULL, "groups", "each has a scale of its own", TEXT_COUNT },
    [CLI_RESULT_SCALES] = { NULL, NULL, "scale", NULL, TEXT_COUNT },
    [CLI_RESULT_ZEROS] = { NULL, NULL, "zero point", NULL, TEXT_COUNT },
    [CLI_RESULT_RANGE] = { NULL, NULL, "not clipped", NULL, TEXT_COUNT },
    [CLI_RESULT_OUTLIERS] = { NULL, NULL, "outliers", NULL, TEXT_COUNT },
    [CLI_RESULT_NOTE] = { "note", "note", "note", NULL, TEXT_COUNT },
};

/* What a line per row has room for, besides every metric on a card and in JSON and CSV. */
static const bool IN_LINE[QL_METRIC_COUNT] = {
    [QL_SQNR_DB] = true, [QL_RMSE_OVER_STD] = true, [QL_MAX_ABS] = true, [QL_COSINE] = true, [QL_FRAC_CLIPPED] = true,
};

/* "metrics/NAME", made once. */
static const char *metric_key(ql_metric metric)
{
    static char keys[QL_METRIC_COUNT][48];
    snprintf(keys[metric], sizeof keys[metric], "metrics/%s", ql_metric_describe(metric)->name);
    return keys[metric];
}

cli_column cli_result_metric(ql_metric metric, bool card)
{
    const ql_metric_info *info = ql_metric_describe(metric);
    return (cli_column) { .key = metric_key(metric),
                          .title = card || IN_LINE[metric] ? info->title : NULL,
                          .help = card ? info->help : NULL,
                          .form = text_metric_form(metric) };
}

static cli_column product_column(bool card)
{
    return (cli_column) { .key = "metrics/product_rel_fro",
                          .title = ql_product_info.title,
                          .help = card ? ql_product_info.help : NULL,
                          .form = TEXT_SIGNIFICANT };
}

void cli_result_columns(cli_column out[CLI_RESULT_COLUMNS], cli_result_view view, bool with_product)
{
    bool card = view == CLI_RESULT_CARD;
    for (size_t i = 0; i < CLI_RESULT_COLUMNS; i++) {
        out[i] = (cli_column) { .key = COLUMNS[i].key,
                                .title = card ? COLUMNS[i].card : COLUMNS[i].title,
                                .form = COLUMNS[i].form };
        out[i].help = card ? COLUMNS[i].help : NULL;
    }
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++)
        out[CLI_RESULT_METRICS + metric] = cli_result_metric(metric, card);
    out[CLI_RESULT_PRODUCT] = with_product ? product_column(card) : (cli_column) { .key = NULL };
    if (view == CLI_RESULT_BY_TENSOR) {
        for (size_t i = CLI_RESULT_TENSOR; i <= CLI_RESULT_LAYOUT; i++)
            out[i].heading = true;
    } else if (view == CLI_RESULT_BY_ROW) {
        out[CLI_RESULT_SPEC].title = out[CLI_RESULT_LAYOUT].title = NULL;
    }
    out[CLI_RESULT_TENSOR].stretch = out[CLI_RESULT_SPEC].stretch = true;
    out[CLI_RESULT_NOTE].note = true;
}

static void add_parameters(cli_table *table, cli_cell *row, const ql_report *report)
{
    char words[160], low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE];
    snprintf(words, sizeof words, "%d … %d", report->code_lo, report->code_hi);
    row[CLI_RESULT_LEVELS] = cli_words(cli_table_keep(table, words));
    row[CLI_RESULT_GROUPS] = cli_unsigned(report->group_count);

    text_number(low, (double)report->scale_min, TEXT_SIGNIFICANT);
    text_number(high, (double)report->scale_max, TEXT_SIGNIFICANT);
    bool same = report->scale_min == report->scale_max;
    snprintf(words, sizeof words, same ? "%s" : "%s … %s", low, high);
    row[CLI_RESULT_SCALES] = cli_words(cli_table_keep(table, words));

    text_number(low, report->clip_lo, TEXT_SIGNIFICANT);
    text_number(high, report->clip_hi, TEXT_SIGNIFICANT);
    snprintf(words, sizeof words, "%s … %s%s", low, high, report->group_count > 1 ? " (widest group)" : "");
    row[CLI_RESULT_RANGE] = cli_words(cli_table_keep(table, words));
    if (!report->zeros)
        return;
    int32_t zero_min = report->zeros[0], zero_max = report->zeros[0];
    for (uint64_t i = 1; i < report->group_count; i++) {
        zero_min = report->zeros[i] < zero_min ? report->zeros[i] : zero_min;
        zero_max = report->zeros[i] > zero_max ? report->zeros[i] : zero_max;
    }
    snprintf(words, sizeof words, zero_min == zero_max ? "%d" : "%d … %d", zero_min, zero_max);
    row[CLI_RESULT_ZEROS] = cli_words(cli_table_keep(table, words));
}

/* How many and where; nothing for a spec without a split. */
static void add_outliers(cli_table *table, cli_cell *row, const ql_report *report)
{
    char words[256], count[TEXT_NUMBER_SIZE], rows[TEXT_NUMBER_SIZE], cols[TEXT_NUMBER_SIZE];
    if (report->spec.outliers == 0)
        return;
    text_count(count, report->outlier_count);
    text_count(rows, report->outlier_rows);
    text_count(cols, report->outlier_cols);
    snprintf(words, sizeof words, "%s in half precision, in %s row%s and %s column%s", count, rows,
             report->outlier_rows == 1 ? "" : "s", cols, report->outlier_cols == 1 ? "" : "s");
    row[CLI_RESULT_OUTLIERS] = cli_words(report->outlier_count ? cli_table_keep(table, words) : "none");
}

cli_cell cli_result_value(ql_metric metric, double value)
{
    return metric == QL_LEVELS_USED && value >= 0 ? cli_unsigned((uint64_t)value) : cli_number(value);
}

/* What a report says of itself, and why there is no product. */
static void add_note(cli_table *table, cli_cell *row, const char *of_report, const char *note)
{
    char both[640];
    const bool has_both = *of_report && note;
    snprintf(both, sizeof both, "%s%s%s", of_report, has_both ? "; " : "", note ? note : "");
    if (*both)
        row[CLI_RESULT_NOTE] = cli_words(cli_table_keep(table, both));
}

void cli_result_add(cli_table *table, const ql_tensor *tensor, const char *spec, const ql_report *report,
                    const double *product, const char *note)
{
    cli_cell *row = cli_table_add(table);
    row[CLI_RESULT_TENSOR] = cli_text(tensor->name);
    row[CLI_RESULT_DTYPE] = cli_dtype(tensor->dtype);
    row[CLI_RESULT_SHAPE] = cli_shape(tensor);
    row[CLI_RESULT_LAYOUT] = cli_words(ql_layout_name(tensor->layout));
    row[CLI_RESULT_SPEC] = cli_words(cli_table_keep(table, spec));
    add_note(table, row, report ? report->note : "", note);
    if (!report)
        return;
    row[CLI_RESULT_BITS] = cli_number(report->bits_per_weight);
    row[CLI_RESULT_BYTES] = cli_unsigned(report->byte_count);
    add_parameters(table, row, report);
    add_outliers(table, row, report);
    if (product)
        row[CLI_RESULT_PRODUCT] = cli_number(*product);
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++)
        row[CLI_RESULT_METRICS + metric] = cli_result_value(metric, report->metrics[metric]);
}

/* The value of a cell for comparing, through *value; false when there is none. */
static bool cell_value(const cli_cell *cell, double *value)
{
    *value = cell->kind == CLI_UNSIGNED ? (double)cell->as.count : cell->as.number;
    return cell->kind == CLI_UNSIGNED || (cell->kind == CLI_NUMBER && !isnan(cell->as.number));
}

/* Values that differ by rounding alone are equally good. */
static bool is_equal(double a, double b)
{
    return a == b || fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

void cli_result_mark_best(cli_table *table, size_t first)
{
    for (size_t column = CLI_RESULT_METRICS; column <= CLI_RESULT_PRODUCT; column++) {
        const ql_metric metric = (ql_metric)(column - CLI_RESULT_METRICS);
        const int better = column == CLI_RESULT_PRODUCT ? ql_product_info.better : ql_metric_describe(metric)->better;
        size_t best_count = 0, value_count = 0;
        double best = 0, value;
        for (size_t row = first; row < table->row_count && better; row++)
            if (cell_value(&cli_table_row(table, row)[column], &value) &&
                (value_count++ == 0 || (better > 0 ? value > best : value < best)))
                best = value;
        for (size_t row = first; row < table->row_count; row++)
            best_count += cell_value(&cli_table_row(table, row)[column], &value) && is_equal(value, best);
        if (!better || best_count == value_count)
            continue;
        for (size_t row = first; row < table->row_count; row++) {
            cli_cell *cell = &table->cells[row * table->column_count + column];
            cell->best = cell_value(cell, &value) && is_equal(value, best);
        }
    }
}
