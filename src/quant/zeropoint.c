/*
 * zeropoint: asymmetric uniform codes over [lo, hi].
 *
 *   d = (hi - lo) / (2^b - 1)   z = rne(qmin - lo / d)   q = clamp(rne(x / d) + z, qmin, qmax)   y = (q - z) d      qmin = -2^(b-1)
 *
 * zero=include widens [lo, hi] so that 0 is exact and z is a code; zero=raw takes the range as it is, and z is an int32 that may lie far
 * outside the codes. z comes from the stored step. The difference is taken in float64: it may exceed float32.
 */
#include "quant/scheme.h"

#include <math.h>

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    *lo = -(1 << (spec->bits - 1));
    *hi = (1 << (spec->bits - 1)) - 1;
}

static unsigned group_bits(const ql_spec *spec)
{
    return spec->zero == QL_ZERO_RAW ? 64 : 32 + spec->bits;
}

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static void fit(const ql_spec *spec, double lo, double hi, float *scale, int32_t *zero)
{
    int code_lo, code_hi;
    code_range(spec, &code_lo, &code_hi);
    if (spec->zero == QL_ZERO_INCLUDE) {
        lo = lo < 0 ? lo : 0;
        hi = hi > 0 ? hi : 0;
    }
    *scale = ql_step(hi - lo, code_hi - code_lo);
    double z = rint(code_lo - lo / (double)*scale);
    if (spec->zero == QL_ZERO_INCLUDE) {
        z = clamp(z, code_lo, code_hi);
    }
    *zero = (int32_t)clamp(z, INT32_MIN, INT32_MAX);
}

const ql_mapping ql_mapping_zeropoint = {
    .info = {
        .name = "zeropoint",
        .title = "asymmetric, with a zero point",
        .formula = "d = (max - min) / (2^b - 1)   z = round(qmin - min / d)   q = round(x / d) + z   y = (q - z)·d",
        .source = "Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, section 2.1",
    },
    .symmetric = false,
    .keys = 1 << QL_KEY_BITS | 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_CLIP | 1 << QL_KEY_P | 1 << QL_KEY_LO |
            1 << QL_KEY_HI | 1 << QL_KEY_ZERO,
    .bits_min = 2,
    .bits_max = 8,
    .defaults = { .bits = 8, .per = QL_PER_TENSOR, .clip = QL_CLIP_MINMAX, .p_lo = 0.1, .p_hi = 99.9, .zero = QL_ZERO_INCLUDE },
    .code_range = code_range,
    .group_bits = group_bits,
    .fit = fit,
    .quantize = ql_quantize_uniform,
};
