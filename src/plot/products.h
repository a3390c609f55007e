/* Figures of products: what they share. */
#ifndef QL_PLOT_PRODUCTS_H
#define QL_PLOT_PRODUCTS_H

#include <cairo.h>

#include "qloupe.h"

/* Rows that one page has room for. */
enum { QL_PRODUCT_ROWS_MOST = 24 };

/* Whether there is what a figure is drawn of: a product that splits X at a threshold; one product alone; at most
   QL_PRODUCT_ROWS_MOST, and one of them known. QL_BAD_USAGE, or QL_UNUSABLE with the reason of a product, says what is
   not. */
ql_status ql_products_check_split(const ql_products *products, ql_error *error);
ql_status ql_products_check_one(const ql_products *products, ql_error *error);
ql_status ql_products_check_rows(const ql_products *products, ql_error *error);

/* The first product that splits X at a threshold, and is known; NULL: none. */
const ql_product *ql_products_split(const ql_products *products);

/* "5 of 256 channels (1.95 %)". */
enum { QL_SHARE_SIZE = 160 };
void ql_products_share(char out[QL_SHARE_SIZE], const ql_products *products, uint64_t count, const char *what);

#endif
