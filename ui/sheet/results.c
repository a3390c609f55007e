/* Rows of `quant` and `compare`: see results.h. */
#include "sheet/results.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The columns that are not metrics. `title` is for a line per row, `card` for a card; NULL: not there. */
static const struct {
    const char *key, *title, *card, *help;
    text_form form;
} COLUMNS[SHEET_RESULT_COLUMNS] = {
    [SHEET_RESULT_TENSOR] = { "tensor", "tensor", NULL, NULL, TEXT_COUNT },
    [SHEET_RESULT_DTYPE] = { "dtype", "dtype", NULL, NULL, TEXT_COUNT },
    [SHEET_RESULT_SHAPE] = { "shape", "shape", NULL, NULL, TEXT_COUNT },
    [SHEET_RESULT_LAYOUT] = { "layout", "layout", NULL, NULL, TEXT_COUNT },
    [SHEET_RESULT_SPEC] = { "spec", "spec", NULL, NULL, TEXT_COUNT },
    [SHEET_RESULT_BITS] = { "bits_per_weight", "bits/wt", "bits per weight", "true: the scales are counted", TEXT_FIXED_3 },
    [SHEET_RESULT_BYTES] = { "bytes", "size", "size", "codes, scales and zero points", TEXT_BYTES },
    [SHEET_RESULT_LEVELS] = { NULL, NULL, "code range", NULL, TEXT_COUNT },
    [SHEET_RESULT_GROUPS] = { NULL, NULL, "groups", "each has a scale of its own", TEXT_COUNT },
    [SHEET_RESULT_SCALES] = { NULL, NULL, "scale", NULL, TEXT_COUNT },
    [SHEET_RESULT_ZEROS] = { NULL, NULL, "zero point", NULL, TEXT_COUNT },
    [SHEET_RESULT_RANGE] = { NULL, NULL, "not clipped", NULL, TEXT_COUNT },
    [SHEET_RESULT_OUTLIERS] = { NULL, NULL, "outliers", NULL, TEXT_COUNT },
    [SHEET_RESULT_NOTE] = { "note", "note", "note", NULL, TEXT_COUNT },
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

sheet_column sheet_result_metric(ql_metric metric, bool card)
{
    const ql_metric_info *info = ql_metric_describe(metric);
    return (sheet_column) { .key = metric_key(metric),
                            .title = card || IN_LINE[metric] ? info->title : NULL,
                            .help = card ? info->help : NULL,
                            .form = text_metric_form(metric) };
}

static sheet_column product_column(bool card)
{
    return (sheet_column) { .key = "metrics/product_rel_fro",
                            .title = ql_product_info.title,
                            .help = card ? ql_product_info.help : NULL,
                            .form = TEXT_SIGNIFICANT };
}

void sheet_result_columns(sheet_column out[SHEET_RESULT_COLUMNS], sheet_result_view view, bool with_product)
{
    bool card = view == SHEET_RESULT_CARD;
    for (size_t i = 0; i < SHEET_RESULT_COLUMNS; i++) {
        out[i] = (sheet_column) { .key = COLUMNS[i].key,
                                  .title = card ? COLUMNS[i].card : COLUMNS[i].title,
                                  .form = COLUMNS[i].form };
        out[i].help = card ? COLUMNS[i].help : NULL;
    }
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++)
        out[SHEET_RESULT_METRICS + metric] = sheet_result_metric(metric, card);
    out[SHEET_RESULT_PRODUCT] = with_product ? product_column(card) : (sheet_column) { .key = NULL };
    if (view == SHEET_RESULT_BY_TENSOR) {
        for (size_t i = SHEET_RESULT_TENSOR; i <= SHEET_RESULT_LAYOUT; i++)
            out[i].heading = true;
    } else if (view == SHEET_RESULT_BY_ROW) {
        out[SHEET_RESULT_SPEC].title = out[SHEET_RESULT_LAYOUT].title = NULL;
    }
    out[SHEET_RESULT_TENSOR].stretch = out[SHEET_RESULT_SPEC].stretch = true;
    out[SHEET_RESULT_NOTE].note = true;
}

static void add_parameters(sheet_table *table, sheet_cell *row, const ql_report *report)
{
    char words[160], low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE];
    snprintf(words, sizeof words, "%d … %d", report->code_lo, report->code_hi);
    row[SHEET_RESULT_LEVELS] = sheet_words(sheet_table_keep(table, words));
    row[SHEET_RESULT_GROUPS] = sheet_unsigned(report->group_count);

    text_number(low, (double)report->scale_min, TEXT_SIGNIFICANT);
    text_number(high, (double)report->scale_max, TEXT_SIGNIFICANT);
    bool same = report->scale_min == report->scale_max;
    snprintf(words, sizeof words, same ? "%s" : "%s … %s", low, high);
    row[SHEET_RESULT_SCALES] = sheet_words(sheet_table_keep(table, words));

    text_number(low, report->clip_lo, TEXT_SIGNIFICANT);
    text_number(high, report->clip_hi, TEXT_SIGNIFICANT);
    snprintf(words, sizeof words, "%s … %s%s", low, high, report->group_count > 1 ? " (widest group)" : "");
    row[SHEET_RESULT_RANGE] = sheet_words(sheet_table_keep(table, words));
    if (!report->zeros)
        return;
    int32_t zero_min = report->zeros[0], zero_max = report->zeros[0];
    for (uint64_t i = 1; i < report->group_count; i++) {
        zero_min = report->zeros[i] < zero_min ? report->zeros[i] : zero_min;
        zero_max = report->zeros[i] > zero_max ? report->zeros[i] : zero_max;
    }
    snprintf(words, sizeof words, zero_min == zero_max ? "%d" : "%d … %d", zero_min, zero_max);
    row[SHEET_RESULT_ZEROS] = sheet_words(sheet_table_keep(table, words));
}

/* How many and where; nothing for a spec without a split. */
static void add_outliers(sheet_table *table, sheet_cell *row, const ql_report *report)
{
    char words[256], count[TEXT_NUMBER_SIZE], rows[TEXT_NUMBER_SIZE], cols[TEXT_NUMBER_SIZE];
    if (report->spec.outliers == 0)
        return;
    text_count(count, report->outlier_count);
    text_count(rows, report->outlier_rows);
    text_count(cols, report->outlier_cols);
    snprintf(words, sizeof words, "%s in half precision, in %s row%s and %s column%s", count, rows,
             report->outlier_rows == 1 ? "" : "s", cols, report->outlier_cols == 1 ? "" : "s");
    row[SHEET_RESULT_OUTLIERS] = sheet_words(report->outlier_count ? sheet_table_keep(table, words) : "none");
}

sheet_cell sheet_result_value(ql_metric metric, double value)
{
    return metric == QL_LEVELS_USED && value >= 0 ? sheet_unsigned((uint64_t)value) : sheet_number(value);
}

/* What a report says of itself, and why there is no product. */
static void add_note(sheet_table *table, sheet_cell *row, const char *of_report, const char *note)
{
    char both[640];
    const bool has_both = *of_report && note;
    snprintf(both, sizeof both, "%s%s%s", of_report, has_both ? "; " : "", note ? note : "");
    if (*both)
        row[SHEET_RESULT_NOTE] = sheet_words(sheet_table_keep(table, both));
}

void sheet_result_add(sheet_table *table, const ql_tensor *tensor, const char *spec, const ql_report *report,
                      const double *product, const char *note)
{
    sheet_cell *row = sheet_table_add(table);
    row[SHEET_RESULT_TENSOR] = sheet_text(tensor->name);
    row[SHEET_RESULT_DTYPE] = sheet_dtype(tensor->dtype);
    row[SHEET_RESULT_SHAPE] = sheet_shape(tensor);
    row[SHEET_RESULT_LAYOUT] = sheet_words(ql_layout_name(tensor->layout));
    row[SHEET_RESULT_SPEC] = sheet_words(sheet_table_keep(table, spec));
    add_note(table, row, report ? report->note : "", note);
    if (!report)
        return;
    row[SHEET_RESULT_BITS] = sheet_number(report->bits_per_weight);
    row[SHEET_RESULT_BYTES] = sheet_unsigned(report->byte_count);
    add_parameters(table, row, report);
    add_outliers(table, row, report);
    if (product)
        row[SHEET_RESULT_PRODUCT] = sheet_number(*product);
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++)
        row[SHEET_RESULT_METRICS + metric] = sheet_result_value(metric, report->metrics[metric]);
}

void sheet_activations_name(char *out, size_t size, const char *text)
{
    const ql_synthetic *usual = &ql_synthetic_usual;
    if (strcmp(text, "synthetic") == 0)
        snprintf(out, size, "synthetic seed %" PRIu64 " outliers %u rows %" PRIu64, usual->seed, usual->channels,
                 usual->rows);
    else
        snprintf(out, size, "%s", text);
}

/* The value of a cell for comparing, through *value; false when there is none. */
static bool cell_value(const sheet_cell *cell, double *value)
{
    *value = cell->kind == SHEET_UNSIGNED ? (double)cell->as.count : cell->as.number;
    return cell->kind == SHEET_UNSIGNED || (cell->kind == SHEET_NUMBER && !isnan(cell->as.number));
}

/* Values that differ by rounding alone are equally good. */
static bool is_equal(double a, double b)
{
    return a == b || fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

void sheet_result_mark_best(sheet_table *table, size_t first)
{
    for (size_t column = SHEET_RESULT_METRICS; column <= SHEET_RESULT_PRODUCT; column++) {
        const ql_metric metric = (ql_metric)(column - SHEET_RESULT_METRICS);
        const int better = column == SHEET_RESULT_PRODUCT ? ql_product_info.better : ql_metric_describe(metric)->better;
        size_t best_count = 0, value_count = 0;
        double best = 0, value;
        for (size_t row = first; row < table->row_count && better; row++)
            if (cell_value(&sheet_table_row(table, row)[column], &value) &&
                (value_count++ == 0 || (better > 0 ? value > best : value < best)))
                best = value;
        for (size_t row = first; row < table->row_count; row++)
            best_count += cell_value(&sheet_table_row(table, row)[column], &value) && is_equal(value, best);
        if (!better || best_count == value_count)
            continue;
        for (size_t row = first; row < table->row_count; row++) {
            sheet_cell *cell = &table->cells[row * table->column_count + column];
            cell->best = cell_value(cell, &value) && is_equal(value, best);
        }
    }
}
