/* Rows of products: see products.h. */
#include "sheet/products.h"

#include <inttypes.h>
#include <math.h>

enum {
    LAYER,
    M,
    K,
    N,
    METHOD,
    REL_FRO,
    SQNR_DB,
    MAX_ABS,
    MS_MEDIAN,
    MS_MIN,
    MS_MAX,
    RUNS,
    QUANTIZE_MS,
    GOPS,
    PEAK_GOPS,
    PEAK_SHARE,
    KERNEL,
    OUTLIER_COLUMNS,
    ACCUMULATOR_MAX,
    HEADROOM,
    BYTES,
    NOTE,
    COLUMN_COUNT
};

static const sheet_column COLUMNS[COLUMN_COUNT] = {
    [LAYER] = { .key = "layer", .title = "layer", .heading = true },
    [M] = { .key = "m", .title = "M", .heading = true },
    [K] = { .key = "k", .title = "K", .heading = true },
    [N] = { .key = "n", .title = "N", .heading = true },
    [METHOD] = { .key = "method", .title = "method", .stretch = true },
    [REL_FRO] = { .key = "rel_fro", .title = "rel err" },
    [SQNR_DB] = { .key = "sqnr_db", .title = "SQNR dB", .form = TEXT_FIXED_2 },
    [MAX_ABS] = { .key = "max_abs", .title = "max |e|" },
    [MS_MEDIAN] = { .key = "ms_median", .title = "ms" },
    [MS_MIN] = { .key = "ms_min", .title = "min" },
    [MS_MAX] = { .key = "ms_max", .title = "max" },
    [RUNS] = { .key = "runs" },
    [QUANTIZE_MS] = { .key = "quantize_ms", .title = "quant X" },
    [GOPS] = { .key = "gops", .title = "GOP/s" },
    [PEAK_GOPS] = { .key = "peak_gops" },
    [PEAK_SHARE] = { .key = "peak_share", .title = "of peak", .form = TEXT_PERCENT },
    [KERNEL] = { .key = "kernel" },
    [OUTLIER_COLUMNS] = { .key = "outlier_columns", .title = "outl" },
    [ACCUMULATOR_MAX] = { .key = "accumulator_max" },
    [HEADROOM] = { .key = "headroom_bits", .title = "room", .form = TEXT_FIXED_2 },
    [BYTES] = { .key = "bytes", .title = "weights", .form = TEXT_BYTES },
    [NOTE] = { .key = "note", .title = "note", .note = true },
};

static const sheet_column FACTS[] = {
    { .key = "m" }, { .key = "k" }, { .key = "n" }, { .key = "threads" }, { .key = "isa" },
};

sheet_table sheet_products_table(void)
{
    return sheet_table_over(COLUMNS, COLUMN_COUNT);
}

static void fill_row(sheet_table *table, sheet_cell *row, const ql_matmul_result *r)
{
    row[REL_FRO] = sheet_number(r->rel_fro);
    row[SQNR_DB] = sheet_number(r->sqnr_db);
    row[MAX_ABS] = sheet_number(r->max_abs);
    row[MS_MEDIAN] = sheet_number(r->ms_median);
    row[MS_MIN] = sheet_number(r->ms_min);
    row[MS_MAX] = sheet_number(r->ms_max);
    row[RUNS] = sheet_unsigned(r->runs);
    row[QUANTIZE_MS] = sheet_number(r->quantize_ms);
    row[GOPS] = sheet_number(r->gops);
    row[PEAK_GOPS] = sheet_number(r->peak_gops);
    row[PEAK_SHARE] = sheet_number(r->peak_share);
    row[KERNEL] = sheet_words(sheet_table_keep(table, r->kernel));
    if (r->outliers)
        row[OUTLIER_COLUMNS] = sheet_list(sheet_table_keep_numbers(table, r->outliers, r->outlier_count), r->outlier_count);
    if (r->accumulator_max > 0) {
        row[ACCUMULATOR_MAX] = sheet_number(r->accumulator_max);
        row[HEADROOM] = sheet_number(31 - log2(r->accumulator_max));
    }
    row[BYTES] = sheet_unsigned(r->bytes);
    if (*r->note)
        row[NOTE] = sheet_words(sheet_table_keep(table, r->note));
}

void sheet_product_add(sheet_table *table, const char *layer, ql_matmul_shape shape, const char *method,
                       const ql_matmul_result *result, const char *note)
{
    sheet_cell *row = sheet_table_add(table);
    row[LAYER] = sheet_words(sheet_table_keep(table, layer));
    row[M] = sheet_unsigned(shape.m);
    row[K] = sheet_unsigned(shape.k);
    row[N] = sheet_unsigned(shape.n);
    row[METHOD] = sheet_words(sheet_table_keep(table, method));
    if (result)
        fill_row(table, row, result);
    else
        row[NOTE] = sheet_words(sheet_table_keep(table, note));
}

static bool same_shape(const sheet_table *table)
{
    for (size_t row = 1; row < table->row_count; row++)
        for (int column = M; column <= N; column++)
            if (sheet_table_row(table, row)[column].as.count != sheet_table_row(table, 0)[column].as.count)
                return false;
    return true;
}

sheet_table sheet_products_facts(const sheet_table *table, unsigned threads)
{
    sheet_table facts = sheet_table_over(FACTS, sizeof FACTS / sizeof FACTS[0]);
    sheet_cell *fact = sheet_table_add(&facts);
    for (int i = 0; i < 3 && same_shape(table); i++)
        fact[i] = sheet_table_row(table, 0)[M + i];
    fact[3] = sheet_unsigned(threads);
    fact[4] = sheet_words(sheet_isa());
    return facts;
}

void sheet_made_up_name(char *out, size_t size, const ql_synthetic *made_up)
{
    snprintf(out, size, "synthetic seed %" PRIu64 " outliers %u", made_up->seed, made_up->channels);
}

const char *sheet_isa(void)
{
    ql_isa_info info;
    size_t index = 0;
    while (ql_isa_at(index, &info) && !info.in_use)
        index++;
    return info.name;
}
