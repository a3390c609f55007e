/* Rows of products: see products.h. */
#include "sheet/products.h"

#include <inttypes.h>
#include <math.h>

const sheet_column sheet_product_columns[SHEET_PRODUCT_COLUMNS] = {
    [SHEET_PRODUCT_LAYER] = { .key = "layer", .title = "layer", .heading = true },
    [SHEET_PRODUCT_M] = { .key = "m", .title = "M", .heading = true, .named = true },
    [SHEET_PRODUCT_K] = { .key = "k", .title = "K", .heading = true, .named = true },
    [SHEET_PRODUCT_N] = { .key = "n", .title = "N", .heading = true, .named = true },
    [SHEET_PRODUCT_METHOD] = { .key = "method", .title = "method", .stretch = true },
    [SHEET_PRODUCT_REL_FRO] = { .key = "rel_fro", .title = "rel err", .help = "||Y - fp32|| / ||fp32||, Frobenius norms" },
    [SHEET_PRODUCT_SQNR_DB] = { .key = "sqnr_db",
                                .title = "SQNR dB",
                                .help = "the same in decibels: -20 log10",
                                .form = TEXT_FIXED_2 },
    [SHEET_PRODUCT_MAX_ABS] = { .key = "max_abs", .title = "max |e|", .help = "largest error of an element of Y" },
    [SHEET_PRODUCT_MS_MEDIAN] = { .key = "ms_median",
                                  .title = "ms",
                                  .help = "milliseconds of a product, median of the runs" },
    [SHEET_PRODUCT_MS_MIN] = { .key = "ms_min", .title = "min", .help = "of the fastest run" },
    [SHEET_PRODUCT_MS_MAX] = { .key = "ms_max", .title = "max", .help = "of the slowest run" },
    [SHEET_PRODUCT_RUNS] = { .key = "runs" },
    [SHEET_PRODUCT_QUANTIZE_MS] = { .key = "quantize_ms",
                                    .title = "quant X",
                                    .help = "what quantizing X takes of ms_median" },
    [SHEET_PRODUCT_GOPS] = { .key = "gops", .title = "GOP/s", .help = "2 M K N / ms_median, in 1e9 a second" },
    [SHEET_PRODUCT_PEAK_GOPS] = { .key = "peak_gops", .help = "what the kernel reaches on operands in the first cache" },
    [SHEET_PRODUCT_PEAK_SHARE] = { .key = "peak_share",
                                   .title = "of peak",
                                   .help = "gops / peak_gops",
                                   .form = TEXT_PERCENT },
    [SHEET_PRODUCT_KERNEL] = { .key = "kernel" },
    [SHEET_PRODUCT_OUTLIER_COLUMNS] = { .key = "outlier_columns",
                                        .title = "outl",
                                        .help = "how many columns of X stand apart" },
    [SHEET_PRODUCT_ACCUMULATOR_MAX] = { .key = "accumulator_max", .help = "largest magnitude of a 32-bit sum" },
    [SHEET_PRODUCT_HEADROOM] = { .key = "headroom_bits",
                                 .title = "room",
                                 .help = "bits left above that, 31 - log2",
                                 .form = TEXT_FIXED_2 },
    [SHEET_PRODUCT_BYTES] = { .key = "bytes",
                              .title = "weights",
                              .help = "of the weights as the scheme stores them",
                              .form = TEXT_BYTES },
    [SHEET_PRODUCT_THREADS] = { .key = "threads" },
    [SHEET_PRODUCT_ACTIVATIONS] = { .key = "activations" },
    [SHEET_PRODUCT_NOTE] = { .key = "note", .title = "note", .note = true },
};

static const sheet_column FACTS[] = {
    { .key = "m" }, { .key = "k" }, { .key = "n" }, { .key = "threads" }, { .key = "isa" },
};

static void fill_row(sheet_table *table, sheet_cell *row, const ql_matmul_result *r)
{
    row[SHEET_PRODUCT_REL_FRO] = sheet_number(r->rel_fro);
    row[SHEET_PRODUCT_SQNR_DB] = sheet_number(r->sqnr_db);
    row[SHEET_PRODUCT_MAX_ABS] = sheet_number(r->max_abs);
    row[SHEET_PRODUCT_MS_MEDIAN] = sheet_number(r->ms_median);
    row[SHEET_PRODUCT_MS_MIN] = sheet_number(r->ms_min);
    row[SHEET_PRODUCT_MS_MAX] = sheet_number(r->ms_max);
    row[SHEET_PRODUCT_RUNS] = sheet_unsigned(r->runs);
    row[SHEET_PRODUCT_QUANTIZE_MS] = sheet_number(r->quantize_ms);
    row[SHEET_PRODUCT_GOPS] = sheet_number(r->gops);
    row[SHEET_PRODUCT_PEAK_GOPS] = sheet_number(r->peak_gops);
    row[SHEET_PRODUCT_PEAK_SHARE] = sheet_number(r->peak_share);
    row[SHEET_PRODUCT_KERNEL] = sheet_words(sheet_table_keep(table, r->kernel));
    if (r->outliers)
        row[SHEET_PRODUCT_OUTLIER_COLUMNS] =
            sheet_list(sheet_table_keep_numbers(table, r->outliers, r->outlier_count), r->outlier_count);
    if (r->accumulator_max > 0) {
        row[SHEET_PRODUCT_ACCUMULATOR_MAX] = sheet_number(r->accumulator_max);
        row[SHEET_PRODUCT_HEADROOM] = sheet_number(31 - log2(r->accumulator_max));
    }
    row[SHEET_PRODUCT_BYTES] = sheet_unsigned(r->bytes);
    if (*r->note)
        row[SHEET_PRODUCT_NOTE] = sheet_words(sheet_table_keep(table, r->note));
}

void sheet_product_add(sheet_table *table, const char *layer, ql_matmul_shape shape, const char *method, unsigned threads,
                       const char *activations, const ql_matmul_result *result, const char *why)
{
    sheet_cell *row = sheet_table_add(table);
    row[SHEET_PRODUCT_LAYER] = sheet_words(sheet_table_keep(table, layer));
    row[SHEET_PRODUCT_M] = sheet_unsigned(shape.m);
    row[SHEET_PRODUCT_K] = sheet_unsigned(shape.k);
    row[SHEET_PRODUCT_N] = sheet_unsigned(shape.n);
    row[SHEET_PRODUCT_METHOD] = sheet_words(sheet_table_keep(table, method));
    row[SHEET_PRODUCT_THREADS] = sheet_unsigned(threads);
    row[SHEET_PRODUCT_ACTIVATIONS] = sheet_words(sheet_table_keep(table, activations));
    if (result)
        fill_row(table, row, result);
    else
        row[SHEET_PRODUCT_NOTE] = sheet_words(sheet_table_keep(table, why));
}

/* The same count in all rows of these columns. */
static bool is_common(const sheet_table *table, int first, int last)
{
    for (size_t row = 1; row < table->row_count; row++)
        for (int column = first; column <= last; column++)
            if (sheet_table_row(table, row)[column].as.count != sheet_table_row(table, 0)[column].as.count)
                return false;
    return table->row_count > 0;
}

sheet_table sheet_products_facts(const sheet_table *table)
{
    sheet_table facts = sheet_table_over(FACTS, sizeof FACTS / sizeof FACTS[0]);
    sheet_cell *fact = sheet_table_add(&facts);
    const bool same_shape = is_common(table, SHEET_PRODUCT_M, SHEET_PRODUCT_N);
    for (int i = 0; i < 3 && same_shape; i++)
        fact[i] = sheet_table_row(table, 0)[SHEET_PRODUCT_M + i];
    if (is_common(table, SHEET_PRODUCT_THREADS, SHEET_PRODUCT_THREADS))
        fact[3] = sheet_table_row(table, 0)[SHEET_PRODUCT_THREADS];
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
