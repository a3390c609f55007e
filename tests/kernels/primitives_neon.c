/* As neon.c is. */
#if defined(__aarch64__)
#define SET      primitives_neon
#define ISA_NAME "neon"
#include "primitives_isa.h"
#endif
