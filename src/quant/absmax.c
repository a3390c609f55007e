/*
 * absmax: symmetric uniform codes, zero maps to code 0.
 *
 *   d = alpha / Q, Q = 2^(b-1) - 1      q = clamp(rne(x / d), lo, Q)      y = q d
 *
 * range=restricted: lo = -Q; range=full: lo = -Q - 1, a code that only clipped values reach; range=torchobs: full, with d =
 * alpha / (Q + 0.5).
 */
#include "quant/schemes.h"

static int top_code(const ql_spec *spec)
{
    return (1 << (spec->bits - 1)) - 1;
}

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    *hi = top_code(spec);
    *lo = spec->range == QL_RANGE_RESTRICTED ? -*hi : -*hi - 1;
}

static void step_of(const ql_spec *spec, double lo, double hi, float *step, int32_t *zero)
{
    (void)lo;
    *step = ql_step(hi, spec->range == QL_RANGE_TORCHOBS ? top_code(spec) + 0.5 : top_code(spec));
    *zero = 0;
}

static double parameter_bits(const ql_quantizer *q)
{
    return 32.0 * (double)q->groups.count;
}

const ql_mapping ql_mapping_absmax = {
    .info = {
        .name = "absmax",
        .title = "symmetric, absolute maximum",
        .formula = "d = max|x| / (2^(b-1) - 1)   q = round(x / d)   y = q·d",
        .source = "Gholami et al. 2021, A Survey of Quantization Methods, section III-B",
        .storage = "b + 32·G/n",
    },
    .symmetric = true,
    .keys = 1 << QL_KEY_BITS | 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_CLIP | 1 << QL_KEY_P | 1 << QL_KEY_ABS |
            1 << QL_KEY_DIST | 1 << QL_KEY_RANGE | 1 << QL_KEY_ROUND | 1 << QL_KEY_SEED | 1 << QL_KEY_OUTLIERS,
    .bits_min = 2,
    .bits_max = 8,
    .defaults = { .bits = 8, .p_hi = 99.9 },
    .arrays = QL_HAS_SCALES,
    .code_range = code_range,
    .parameter_bits = parameter_bits,
    .step_of = step_of,
    .fit = ql_fit_uniform,
    .quantize = ql_quantize_uniform,
    .decode = ql_decode_uniform,
    .half_gap = ql_half_gap_uniform,
};
