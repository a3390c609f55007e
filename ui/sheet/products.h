/* Rows of `qloupe matmul`: products, one method each, as the command line and an export of the screen write them. */
#ifndef SHEET_PRODUCTS_H
#define SHEET_PRODUCTS_H

#include "sheet/table.h"

enum {
    SHEET_PRODUCT_LAYER,
    SHEET_PRODUCT_M,
    SHEET_PRODUCT_K,
    SHEET_PRODUCT_N,
    SHEET_PRODUCT_METHOD,
    SHEET_PRODUCT_REL_FRO,
    SHEET_PRODUCT_SQNR_DB,
    SHEET_PRODUCT_MAX_ABS,
    SHEET_PRODUCT_MS_MEDIAN,
    SHEET_PRODUCT_MS_MIN,
    SHEET_PRODUCT_MS_MAX,
    SHEET_PRODUCT_RUNS,
    SHEET_PRODUCT_QUANTIZE_MS,
    SHEET_PRODUCT_GOPS,
    SHEET_PRODUCT_PEAK_GOPS,
    SHEET_PRODUCT_PEAK_SHARE,
    SHEET_PRODUCT_KERNEL,
    SHEET_PRODUCT_OUTLIER_COLUMNS,
    SHEET_PRODUCT_ACCUMULATOR_MAX,
    SHEET_PRODUCT_HEADROOM,
    SHEET_PRODUCT_BYTES,
    SHEET_PRODUCT_THREADS,
    SHEET_PRODUCT_ACTIVATIONS,
    SHEET_PRODUCT_NOTE,
    SHEET_PRODUCT_COLUMNS
};
extern const sheet_column sheet_product_columns[SHEET_PRODUCT_COLUMNS];

/* A row. Words are kept; result NULL: `why` says why there is none. */
void sheet_product_add(sheet_table *table, const char *layer, ql_matmul_shape shape, const char *method, unsigned threads,
                       const char *activations, const ql_matmul_result *result, const char *why);

/* What all rows have in common of shape and threads, and the kernels: one row, for JSON. Free it as a table. */
sheet_table sheet_products_facts(const sheet_table *table);

/* How programs are told of made-up activations: "synthetic seed 7 outliers 5". */
void sheet_made_up_name(char *out, size_t size, const ql_synthetic *made_up);

/* The instruction set in use. */
const char *sheet_isa(void);

#endif
