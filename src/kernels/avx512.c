/* The kernels for x86-64 with AVX-512 F, BW, DQ and VL, compiled with its flags (Makefile). */
#if defined(__x86_64__)
#define KERNELS ql_kernels_avx512
#define KERNELS_NAME "avx512"
#include "kernels/vector_decode.h"

#include "kernels/body.h"
#endif
