/* Compiled with the flags of avx512.c (Makefile). */
#if defined(__x86_64__)
#define SET      primitives_avx512
#define ISA_NAME "avx512"
#include "primitives_isa.h"
#endif
