/* Small floating-point formats: see floats.h. */
#include "tensor/floats.h"

#include <math.h>
#include <string.h>

const ql_float_format ql_format_fp16 = { "fp16", 5, 10, 15, QL_IEEE };
const ql_float_format ql_format_bf16 = { "bf16", 8, 7, 127, QL_IEEE };
const ql_float_format ql_format_e4m3 = { "fp8 e4m3", 4, 3, 7, QL_NAN_ONLY };
const ql_float_format ql_format_e5m2 = { "fp8 e5m2", 5, 2, 15, QL_IEEE };
const ql_float_format ql_format_e2m1 = { "fp4 e2m1", 2, 1, 1, QL_FINITE };

/* 2^exponent, a normal number. */
static double power_of_two(int exponent)
{
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* Inlined, so that of a format that the compiler knows little is left. */
#define KNOWN static inline __attribute__((always_inline))

KNOWN double decode(const ql_float_format *f, uint16_t code)
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
        return sign * mantissa * power_of_two(1 - f->bias - f->mantissa_bits);
    }
    return sign * ((1 << f->mantissa_bits) + mantissa) * power_of_two(exponent - f->bias - f->mantissa_bits);
}

/* A million blocks of nvfp4 have a scale each. */
double ql_float_decode(const ql_float_format *f, uint16_t code)
{
    return f == &ql_format_e4m3 ? decode(&ql_format_e4m3, code) : decode(f, code);
}

KNOWN double largest_of(const ql_float_format *f, uint16_t *code)
{
    const int last = (1 << (f->exponent_bits + f->mantissa_bits)) - 1;
    const int special = f->specials == QL_IEEE ? 1 << f->mantissa_bits : f->specials == QL_NAN_ONLY ? 1 : 0;
    const uint16_t largest = (uint16_t)(last - special);
    if (code) {
        *code = largest;
    }
    return decode(f, largest);
}

double ql_float_max(const ql_float_format *f, uint16_t *code)
{
    return largest_of(f, code);
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

KNOWN uint16_t encode(const ql_float_format *f, double value, bool saturate, bool *outside)
{
    const uint16_t sign = signbit(value) ? (uint16_t)(1 << (f->exponent_bits + f->mantissa_bits)) : 0;
    uint16_t largest;
    const double max = largest_of(f, &largest);
    if (outside) {
        *outside = false;
    }
    if (isnan(value)) {
        return sign | not_a_number(f);
    }
    int exponent = 1 - f->bias; /* of the grid: the spacing is 2^(exponent - mantissa bits) */
    double units = INFINITY;
    if (isfinite(value)) {
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        const int own = (int)(bits >> 52 & 0x7FF) - 1023;
        exponent = own > exponent ? own : exponent;
        units = fabs(value) * power_of_two(f->mantissa_bits - exponent); /* below 2^(mantissa bits + 1) */
        units = (units + 0x1p52) - 0x1p52;                               /* nearest even */
    }
    if (units * power_of_two(exponent - f->mantissa_bits) > max) {
        if (outside) {
            *outside = true;
        }
        return sign | beyond(f, saturate, largest);
    }
    /* Rounding up to the next power of two carries into the exponent by itself. */
    return (uint16_t)(sign + ((exponent + f->bias - 1) << f->mantissa_bits) + (int)units);
}

uint16_t ql_float_encode(const ql_float_format *f, double value, bool saturate, bool *outside)
{
    return f == &ql_format_e4m3 ? encode(&ql_format_e4m3, value, saturate, outside) : encode(f, value, saturate, outside);
}
