/* The kernels for AArch64: its NEON is always there. */
#if defined(__aarch64__)
#define KERNELS ql_kernels_neon
#define KERNELS_NAME "neon"
#include "kernels/body.h"
#endif
