/*
 * int4g: GPTQ-style storage, rounding to nearest only: unsigned codes, half-precision scale and a zero point that is a code,
 * per group of a row.
 *
 *   lo = min(x, 0), hi = max(x, 0), both 0: -1 and 1      d = half((hi - lo) / (2^b - 1)), converted from float64 directly
 *   z = clamp(rne(-lo / d), 0, 2^b - 1)      q = clamp(rne(x / d) + z, 0, 2^b - 1)      y = (q - z) d
 */
#include "quant/schemes.h"
#include "tensor/convert.h"

#include <math.h>

static int top_code(const ql_spec *spec)
{
    return (1 << spec->bits) - 1;
}

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    *lo = 0;
    *hi = top_code(spec);
}

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    lo = fmin(lo, 0);
    hi = fmax(hi, 0);
    if (lo == hi) {
        lo = -1;
        hi = 1;
    }
    const double step = (hi - lo) / top_code(&q->spec);
    if (step > 65504) {
        return "a group's scale does not fit half precision; choose another mapping";
    }
    const float d = ql_half_to_float(ql_double_to_half(step));
    q->scales[group] = d > 0 ? d : 0x1p-24f;
    const double z = rint(-lo / (double)q->scales[group]);
    q->zeros[group] = (int32_t)fmin(fmax(z, 0), top_code(&q->spec));
    return NULL;
}

static double parameter_bits(const ql_quantizer *q)
{
    return (16.0 + q->spec.bits) * (double)q->groups.count;
}

const ql_mapping ql_mapping_int4g = {
    .info = {
        .name = "int4g",
        .title = "grouped integers, GPTQ storage",
        .formula = "d = half((max - min) / (2^b - 1))   z = round(-min / d)   q = round(x / d) + z   y = (q - z)·d",
        .source = "Frantar et al. 2022, GPTQ (its quantizer; no error feedback)",
        .storage = "b + (16 + b)·G/n",
    },
    .symmetric = false,
    .keys = 1 << QL_KEY_BITS | 1 << QL_KEY_BLOCK,
    .bits_min = 2,
    .bits_max = 8,
    .defaults = { .bits = 4, .per = QL_PER_BLOCK, .block = 128 },
    .arrays = QL_HAS_SCALES | QL_HAS_ZEROS,
    .code_range = code_range,
    .parameter_bits = parameter_bits,
    .fit = fit,
    .quantize = ql_quantize_uniform,
    .decode = ql_decode_uniform,
    .half_gap = ql_half_gap_uniform,
};
