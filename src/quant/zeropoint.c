/*
 * zeropoint: asymmetric uniform codes over [lo, hi].
 *
 *   d = (hi - lo) / (2^b - 1)   z = rne(qmin - lo / d)   q = clamp(rne(x / d) + z, qmin, qmax)   y = (q - z) d      qmin =
 * -2^(b-1)
 *
 * zero=include widens [lo, hi] so that 0 is exact and z is a code; zero=raw takes the range as it is, and z is an int32 that
 * may lie far outside the codes. z comes from the stored step. The difference is taken in float64: it may exceed float32.
 */
#include "quant/schemes.h"

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    *lo = -(1 << (spec->bits - 1));
    *hi = (1 << (spec->bits - 1)) - 1;
}

static void step_of(const ql_spec *spec, double lo, double hi, float *step, int32_t *zero)
{
    int code_lo, code_hi;
    code_range(spec, &code_lo, &code_hi);
    ql_step_affine(lo, hi, code_lo, code_hi, spec->zero == QL_ZERO_INCLUDE, step, zero);
}

/* A zero point within the codes is stored as one; a raw one as int32. */
static double parameter_bits(const ql_quantizer *q)
{
    return (q->spec.zero == QL_ZERO_RAW ? 64.0 : 32.0 + q->spec.bits) * (double)q->groups.count;
}

const ql_mapping ql_mapping_zeropoint = {
    .info = {
        .name = "zeropoint",
        .title = "asymmetric, with a zero point",
        .formula = "d = (max - min) / (2^b - 1)   z = round(qmin - min / d)   q = round(x / d) + z   y = (q - z)·d",
        .source = "Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, section 2.1",
        .storage = "b + (32 + b)·G/n; zero=raw: b + 64·G/n",
    },
    .symmetric = false,
    .keys = 1 << QL_KEY_BITS | 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_CLIP | 1 << QL_KEY_P | 1 << QL_KEY_LO |
            1 << QL_KEY_HI | 1 << QL_KEY_ZERO | 1 << QL_KEY_ROUND | 1 << QL_KEY_SEED | 1 << QL_KEY_OUTLIERS,
    .clip_allowed = 1 << QL_CLIP_MINMAX | 1 << QL_CLIP_PERCENTILE | 1 << QL_CLIP_MSE | 1 << QL_CLIP_MANUAL,
    .bits_min = 2,
    .bits_max = 8,
    .defaults = { .bits = 8, .p_lo = 0.1, .p_hi = 99.9 },
    .arrays = QL_HAS_SCALES | QL_HAS_ZEROS,
    .code_range = code_range,
    .parameter_bits = parameter_bits,
    .step_of = step_of,
    .fit = ql_fit_uniform,
    .quantize = ql_quantize_uniform,
    .decode = ql_decode_uniform,
    .half_gap = ql_half_gap_uniform,
};
