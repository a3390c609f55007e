/* The kernels of products for x86-64 with AVX2, FMA and F16C. */
#if defined(__x86_64__)
#define PRODUCT_ROWS 4
#define PRODUCT_FULL 4
#include "kernels/product_vector.h"

const ql_product_kernels ql_products_avx2 = { .name = "avx2", PRODUCT_MEMBERS };
#endif
