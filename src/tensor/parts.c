/* One value in each floating-point format: the code, the fields, the neighbours. */
#include "tensor/floats.h"

#include <math.h>
#include <string.h>

/* The formats that have codes here besides F32, by dtype. */
static const ql_float_format *format_of(ql_dtype dtype)
{
    switch (dtype) {
    case QL_F16:
        return &ql_format_fp16;
    case QL_BF16:
        return &ql_format_bf16;
    case QL_F8_E5M2:
        return &ql_format_e5m2;
    case QL_F8_E4M3:
        return &ql_format_e4m3;
    case QL_F4:
        return &ql_format_e2m1;
    default:
        return NULL;
    }
}

static uint32_t encode(ql_dtype dtype, double value)
{
    if (dtype == QL_F32) {
        const float single = (float)value;
        uint32_t code;
        memcpy(&code, &single, sizeof code);
        return code;
    }
    return ql_float_encode(format_of(dtype), value, false, NULL);
}

static double decode(ql_dtype dtype, uint32_t code)
{
    if (dtype == QL_F32) {
        float single;
        memcpy(&single, &code, sizeof single);
        return (double)single;
    }
    return ql_float_decode(format_of(dtype), (uint16_t)code);
}

/* Codes in the order of their values: `rank` counts representable values from zero up, negative ones down. Beyond the
   largest finite value comes infinity where the format has one, else nothing. */
static double value_at(ql_dtype dtype, unsigned bits, uint32_t largest, int64_t rank)
{
    const uint32_t sign = rank < 0 ? 1u << (bits - 1) : 0;
    const uint32_t magnitude = (uint32_t)(rank < 0 ? -rank : rank);
    const bool has_infinity = isinf(decode(dtype, largest + 1));
    if (magnitude > largest) {
        return has_infinity ? (rank < 0 ? -INFINITY : INFINITY) : NAN;
    }
    return decode(dtype, sign | magnitude);
}

bool ql_float_take_apart(ql_dtype dtype, double value, ql_float_parts *out)
{
    const ql_dtype_info *info = ql_dtype_describe(dtype);
    if (dtype != QL_F32 && !format_of(dtype)) {
        return false;
    }
    const uint32_t code = encode(dtype, value), largest = encode(dtype, info->max_finite);
    const uint32_t mask = (1u << (info->bits - 1)) - 1;
    *out = (ql_float_parts) {
        .dtype = dtype,
        .bias = dtype == QL_F32 ? 127 : format_of(dtype)->bias,
        .code = code,
        .sign = code >> (info->bits - 1),
        .exponent = (code & mask) >> info->mantissa_bits,
        .mantissa = code & ((1u << info->mantissa_bits) - 1),
        .stored = decode(dtype, code),
        .below = NAN,
        .above = NAN,
    };
    if (isfinite(out->stored)) {
        const int64_t magnitude = code & mask, rank = out->sign ? -magnitude : magnitude;
        out->below = value_at(dtype, info->bits, largest, rank - 1);
        out->above = value_at(dtype, info->bits, largest, rank + 1);
    }
    return true;
}
