/* The kernels of products for x86-64 with AVX-512 F, BW, DQ and VL. */
#if defined(__x86_64__)
#define PRODUCT_ROWS 12
#define PRODUCT_FULL 24
#include "kernels/product_vector.h"

const ql_product_kernels ql_products_avx512 = { .name = "avx512", PRODUCT_MEMBERS };
#endif
