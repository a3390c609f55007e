/*
 * absmax: symmetric uniform codes, zero maps to code 0.
 *
 *   d = alpha / Q, Q = 2^(b-1) - 1      q = clamp(rne(x / d), lo, Q)      y = q d
 *
 * range=restricted: lo = -Q; range=full: lo = -Q - 1, a code that only clipped values reach.
 */
#include "quant/scheme.h"

static int top_code(const ql_spec *spec)
{
    return (1 << (spec->bits - 1)) - 1;
}

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    *hi = top_code(spec);
    *lo = spec->range == QL_RANGE_FULL ? -*hi - 1 : -*hi;
}

static unsigned group_bits(const ql_spec *spec)
{
    (void)spec;
    return 32;
}

static void fit(const ql_spec *spec, double lo, double hi, float *scale, int32_t *zero)
{
    (void)lo;
    (void)zero;
    *scale = ql_step(hi, top_code(spec));
}

const ql_mapping ql_mapping_absmax = {
    .info = {
        .name = "absmax",
        .title = "symmetric, absolute maximum",
        .formula = "d = max|x| / (2^(b-1) - 1)   q = round(x / d)   y = q·d",
        .source = "Gholami et al. 2021, A Survey of Quantization Methods, section III-B",
    },
    .symmetric = true,
    .keys = 1 << QL_KEY_BITS | 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_CLIP | 1 << QL_KEY_P | 1 << QL_KEY_ABS |
            1 << QL_KEY_RANGE,
    .bits_min = 2,
    .bits_max = 8,
    .defaults = { .bits = 8, .per = QL_PER_TENSOR, .clip = QL_CLIP_MINMAX, .p_lo = 0, .p_hi = 99.9, .range = QL_RANGE_RESTRICTED },
    .code_range = code_range,
    .group_bits = group_bits,
    .fit = fit,
    .quantize = ql_quantize_uniform,
};
