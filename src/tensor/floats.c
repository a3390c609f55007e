/* Small floating-point formats: see floats.h. */
#include "tensor/floats.h"

#include <math.h>

const ql_float_format ql_format_fp16 = { "fp16", 5, 10, 15, QL_IEEE };
const ql_float_format ql_format_bf16 = { "bf16", 8, 7, 127, QL_IEEE };
const ql_float_format ql_format_e4m3 = { "fp8 e4m3", 4, 3, 7, QL_NAN_ONLY };
const ql_float_format ql_format_e5m2 = { "fp8 e5m2", 5, 2, 15, QL_IEEE };
const ql_float_format ql_format_e2m1 = { "fp4 e2m1", 2, 1, 1, QL_FINITE };

double ql_float_decode(const ql_float_format *f, uint16_t code)
{
    const int top = (1 << f->exponent_bits) - 1, exponent = code >> f->mantissa_bits & top,
              mantissa = code & ((1 << f->mantissa_bits) - 1);
    const double sign = code >> (f->exponent_bits + f->mantissa_bits) & 1 ? -1 : 1;
    if (f->specials == QL_IEEE && exponent == top) {
        return mantissa ? NAN : sign * INFINITY;
    }
    if (f->specials == QL_NAN_ONLY && exponent == top && mantissa == (1 << f->mantissa_bits) - 1) {
        return NAN;
    }
    if (exponent == 0) {
        return sign * ldexp(mantissa, 1 - f->bias - f->mantissa_bits);
    }
    return sign * ldexp((1 << f->mantissa_bits) + mantissa, exponent - f->bias - f->mantissa_bits);
}

double ql_float_max(const ql_float_format *f, uint16_t *code)
{
    const int last = (1 << (f->exponent_bits + f->mantissa_bits)) - 1;
    const int special = f->specials == QL_IEEE ? 1 << f->mantissa_bits : f->specials == QL_NAN_ONLY ? 1 : 0;
    const uint16_t largest = (uint16_t)(last - special);
    if (code) {
        *code = largest;
    }
    return ql_float_decode(f, largest);
}

static uint16_t beyond(const ql_float_format *f, bool saturate, uint16_t largest)
{
    const int top = (1 << f->exponent_bits) - 1;
    if (saturate || f->specials == QL_FINITE) {
        return largest;
    }
    return (uint16_t)(f->specials == QL_NAN_ONLY ? (1 << (f->exponent_bits + f->mantissa_bits)) - 1
                                                 : top << f->mantissa_bits);
}

static uint16_t not_a_number(const ql_float_format *f)
{
    const int top = (1 << f->exponent_bits) - 1;
    return (uint16_t)(f->specials == QL_IEEE       ? top << f->mantissa_bits | 1 << (f->mantissa_bits - 1)
                      : f->specials == QL_NAN_ONLY ? (1 << (f->exponent_bits + f->mantissa_bits)) - 1
                                                   : 0);
}

uint16_t ql_float_encode(const ql_float_format *f, double value, bool saturate, bool *outside)
{
    const uint16_t sign = signbit(value) ? (uint16_t)(1 << (f->exponent_bits + f->mantissa_bits)) : 0;
    uint16_t largest;
    const double max = ql_float_max(f, &largest);
    if (outside) {
        *outside = false;
    }
    if (isnan(value)) {
        return sign | not_a_number(f);
    }
    int exponent = 1 - f->bias; /* of the grid: the spacing is 2^(exponent - mantissa bits) */
    double rounded = INFINITY;
    if (isfinite(value)) {
        int e;
        frexp(value, &e);
        exponent = value != 0 && e - 1 > exponent ? e - 1 : exponent;
        rounded = ldexp(rint(ldexp(fabs(value), f->mantissa_bits - exponent)), exponent - f->mantissa_bits);
    }
    if (rounded > max) {
        if (outside) {
            *outside = true;
        }
        return sign | beyond(f, saturate, largest);
    }
    /* Rounding up to the next power of two carries into the exponent by itself. */
    const int significand = (int)ldexp(rounded, f->mantissa_bits - exponent);
    return (uint16_t)(sign + ((exponent + f->bias - 1) << f->mantissa_bits) + significand);
}
