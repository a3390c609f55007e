/* The kernels of products for x86-64 with AVX-512 and its VNNI, which multiplies and adds four codes at once. */
#if defined(__x86_64__)
#define PRODUCT_ROWS 12
#define PRODUCT_FULL 24
#include "kernels/product_vector.h"

const ql_product_kernels ql_products_vnni = { .name = "avx512vnni", PRODUCT_MEMBERS };
#endif
