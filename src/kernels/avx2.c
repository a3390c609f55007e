/* The kernels for x86-64 with AVX2, FMA and F16C, compiled with its flags (Makefile). */
#if defined(__x86_64__)
#define KERNELS ql_kernels_avx2
#define KERNELS_NAME "avx2"
#include "kernels/body.h"
#endif
