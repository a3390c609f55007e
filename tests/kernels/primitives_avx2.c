/* Compiled with the flags of avx2.c (Makefile). */
#if defined(__x86_64__)
#define SET      primitives_avx2
#define ISA_NAME "avx2"
#include "primitives_isa.h"
#endif
