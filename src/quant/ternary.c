/*
 * ternary: BitNet b1.58's absmean.
 *
 *   d = max(mean|x|, eps)      q = clamp(rne(x / d), -1, 1)      y = q d
 */
#include "quant/calibrate.h"
#include "quant/schemes.h"

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    (void)spec;
    *lo = -1;
    *hi = 1;
}

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    const double d = hi > q->spec.eps ? hi : q->spec.eps;
    q->scales[group] = d > 0 ? ql_step(d, 1) : 1;
    return NULL;
}

static double parameter_bits(const ql_quantizer *q)
{
    return 32.0 * (double)q->groups.count;
}

const ql_mapping ql_mapping_ternary = {
    .info = {
        .name = "ternary",
        .title = "three levels, absolute mean",
        .formula = "d = max(mean|x|, eps)   q = clamp(round(x / d), -1, 1)   y = q·d",
        .source = "Ma et al. 2024, The Era of 1-bit LLMs (BitNet b1.58), section 2",
        .storage = "2 + 32·G/n",
    },
    .symmetric = true,
    .keys = 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_EPS,
    .bits_min = 2,
    .bits_max = 2,
    .defaults = { .bits = 2, .eps = 1e-5 },
    .arrays = QL_HAS_SCALES,
    .calibrator = &ql_calibrator_mean,
    .code_range = code_range,
    .parameter_bits = parameter_bits,
    .fit = fit,
    .quantize = ql_quantize_uniform,
    .decode = ql_decode_uniform,
    .half_gap = ql_half_gap_uniform,
};
