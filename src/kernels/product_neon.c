/* The kernels of products for AArch64. */
#if defined(__aarch64__)
#define PRODUCT_ROWS 4
#define PRODUCT_FULL 4
#include "kernels/product_vector.h"

const ql_product_kernels ql_products_neon = { .name = "neon", PRODUCT_MEMBERS };
#endif
