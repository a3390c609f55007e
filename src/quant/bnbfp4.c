/*
 * bnbfp4: what bitsandbytes calls fp4, not E2M1. Codes 0..7 are magnitudes 0, 0.0625, 8, 12, 4, 6, 2, 3 over 12, + 8 the
 * same negative, scaled by the block's largest magnitude A; thresholds on |x (1 / A)| in float32, strictly greater.
 */
#include "quant/blockscale.h"
#include "quant/schemes.h"

#include <math.h>

enum { MAGNITUDES = 8 };

static const float magnitude[MAGNITUDES] = {
    0, (float)(0.0625 / 12), (float)(8 / 12.0), 1, (float)(4 / 12.0), 0.5f, (float)(2 / 12.0), 0.25f
};
static const int by_size[MAGNITUDES] = { 0, 1, 6, 7, 4, 5, 2, 3 };
static const float threshold[MAGNITUDES - 1] = {
    0.00260417f, 0.0859375f, 0.20833333f, 0.29166667f, 0.4166667f, 0.583333f, 0.8333333f,
};

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    (void)spec;
    *lo = 0;
    *hi = 2 * MAGNITUDES - 1;
}

static unsigned levels(const ql_quantizer *q)
{
    (void)q;
    return 2 * MAGNITUDES - 1;
}

static int negative_zero(const ql_spec *spec)
{
    (void)spec;
    return MAGNITUDES;
}

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    q->scales[group] = (float)hi;
    return NULL;
}

static float value(int code)
{
    const float m = magnitude[code % MAGNITUDES];
    return code < MAGNITUDES ? m : -m;
}

static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    return value(code) * q->scales[group];
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    (void)kernels;
    for (size_t i = 0; i < tile->n; i++) {
        const uint64_t group = ql_tile_group(tile, i);
        const float v = ql_block_scaled(tile->x[i], ql_block_inverse(q->scales[group]));
        const int code = by_size[ql_count_below(threshold, MAGNITUDES - 1, fabsf(v))] + (v < 0 ? MAGNITUDES : 0);
        tile->codes[i] = (int16_t)code;
        tile->y[i] = decode(q, group, code);
    }
    return 0;
}

static double lowest(const ql_quantizer *q, uint64_t group)
{
    return -(double)q->scales[group];
}

static double half_gap(const ql_quantizer *q, uint64_t group)
{
    const double scale = q->scales[group];
    return scale < QL_BLOCK_LEAST
               ? scale
               : scale / 6; /* between 2/3 and 1; where 1 / A is out of reach, values meet levels nearer to 0 */
}

static double parameter_bits(const ql_quantizer *q)
{
    return 32.0 * (double)q->groups.count;
}

const ql_mapping ql_mapping_bnbfp4 = {
    .info = {
        .name = "bnbfp4",
        .title = "4-bit float of bitsandbytes",
        .formula = "A = max|x|   q = nearest of 0 1/192 1/6 1/4 1/3 1/2 2/3 1 to |x| / A, with sign   y = level[q]·A",
        .source = "bitsandbytes, fp4",
        .storage = "4 + 32·G/n",
    },
    .symmetric = true,
    .keys = 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_OUTLIERS,
    .per_allowed = 1 << QL_PER_FLAT | 1 << QL_PER_BLOCK,
    .bits_min = 4,
    .bits_max = 4,
    .defaults = { .bits = 4, .per = QL_PER_FLAT, .block = 64 },
    .arrays = QL_HAS_SCALES,
    .code_range = code_range,
    .levels = levels,
    .parameter_bits = parameter_bits,
    .fit = fit,
    .quantize = quantize,
    .decode = decode,
    .half_gap = half_gap,
    .lowest = lowest,
    .negative_zero = negative_zero,
};
