/* The kernels for every machine. */
#define KERNELS ql_kernels_scalar
#define KERNELS_NAME "scalar"
#include "kernels/body.h"
