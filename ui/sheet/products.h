/* Rows of `qloupe matmul`: products, one method each, as the command line and an export of the screen write them. */
#ifndef SHEET_PRODUCTS_H
#define SHEET_PRODUCTS_H

#include "sheet/table.h"

sheet_table sheet_products_table(void);

/* A row. layer and method are kept; result NULL: the note says why there is none. */
void sheet_product_add(sheet_table *table, const char *layer, ql_matmul_shape shape, const char *method,
                       const ql_matmul_result *result, const char *note);

/* What holds of all rows, for JSON: the shape where it is one, threads, kernels. Free it as a table. */
sheet_table sheet_products_facts(const sheet_table *table, unsigned threads);

/* How programs are told of made-up activations: "synthetic seed 7 outliers 5". */
void sheet_made_up_name(char *out, size_t size, const ql_synthetic *made_up);

/* The instruction set in use. */
const char *sheet_isa(void);

#endif
