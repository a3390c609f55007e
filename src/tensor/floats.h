/* Small floating-point formats by their fields: any value to the nearest code and back. */
#ifndef QL_TENSOR_FLOATS_H
#define QL_TENSOR_FLOATS_H

#include "qloupe.h"

typedef enum ql_specials {
    QL_IEEE,     /* the highest exponent holds infinity and NaN */
    QL_NAN_ONLY, /* all ones is NaN, no infinity (e4m3fn) */
    QL_FINITE,   /* neither (e2m1) */
} ql_specials;

/* | sign | exponent | mantissa | , value = (-1)^s 2^(E - bias) (1 + M / 2^m), or (-1)^s 2^(1 - bias) M / 2^m when E = 0 */
typedef struct ql_float_format {
    const char *name;
    int exponent_bits, mantissa_bits, bias;
    ql_specials specials;
} ql_float_format;

extern const ql_float_format ql_format_fp16, ql_format_bf16, ql_format_e4m3, ql_format_e5m2, ql_format_e2m1;

/* The code of the nearest value, ties to even, also among subnormals; the sign of zero is kept. Beyond the largest finite
   value: that value with `saturate`, also for infinity; without, infinity or NaN where the format has one. NaN: the quiet
   NaN, 0 where there is none. *outside (may be NULL) tells whether the rounded value was beyond the largest. */
uint16_t ql_float_encode(const ql_float_format *format, double value, bool saturate, bool *outside);

double ql_float_decode(const ql_float_format *format, uint16_t code);

/* The largest finite value and its code. */
double ql_float_max(const ql_float_format *format, uint16_t *code);

#endif
