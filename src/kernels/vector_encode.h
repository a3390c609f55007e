/* The encoders in vectors of 16 lanes, once for all instruction sets. */
#ifndef QL_KERNELS_VECTOR_ENCODE_H
#define QL_KERNELS_VECTOR_ENCODE_H

#include "kernels/vector_formats.h"
#include "kernels/vector_levels.h"

#endif
