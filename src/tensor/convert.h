/* Exact conversions between stored element types and float32 / float64. */
#ifndef QL_TENSOR_CONVERT_H
#define QL_TENSOR_CONVERT_H

#include "qloupe.h"

/* Exact; NaN stays NaN, quiet. */
float ql_half_to_float(uint16_t bits);
float ql_bfloat_to_float(uint16_t bits);

/* Nearest even; beyond the largest finite value: infinity. NaN stays NaN. */
uint16_t ql_float_to_half(float value);

/* The same from float64, rounded once. */
uint16_t ql_double_to_half(double value);

/* count elements of `dtype` at `bytes` (any alignment) to out[count]; `swap` when the file is of the other byte order. The
   dtype must have values. F4: two elements a byte, the low nibble first, so that `bytes` begins at an even element; of the
   last byte of an odd count only the low nibble counts. */
void ql_decode_f32(ql_dtype dtype, bool swap, const void *bytes, size_t count, float *out);
void ql_decode_f64(ql_dtype dtype, bool swap, const void *bytes, size_t count, double *out);

#endif
