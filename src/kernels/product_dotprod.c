/* The kernels of products for AArch64 with its dot product, which multiplies and adds four codes at once. */
#if defined(__aarch64__)
#define PRODUCT_ROWS 4
#define PRODUCT_FULL 4
#include "kernels/product_vector.h"

const ql_product_kernels ql_products_dotprod = { .name = "neon dotprod", PRODUCT_MEMBERS };
#endif
