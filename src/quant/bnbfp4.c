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

static float value(int code)
{
    const float m = magnitude[code % MAGNITUDES];
    return code < MAGNITUDES ? m : -m;
}

static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    return value(code) * q->scales[group];
}

/* All values in ascending order. -v is above -t where v is not below t, so thresholds below zero move one number down; zero
   itself, of either sign, is above the last of them. */
static ql_status prepare(ql_quantizer *q, const ql_profile *profile, ql_error *error)
{
    (void)profile;
    (void)error;
    float levels[2 * MAGNITUDES], thresholds[2 * MAGNITUDES - 1];
    int codes[2 * MAGNITUDES];
    for (int i = 0; i < MAGNITUDES; i++) {
        codes[MAGNITUDES + i] = by_size[i];
        codes[MAGNITUDES - 1 - i] = by_size[i] + MAGNITUDES;
    }
    for (int i = 0; i < MAGNITUDES - 1; i++) {
        thresholds[MAGNITUDES + i] = threshold[i];
        thresholds[MAGNITUDES - 2 - i] = nextafterf(-threshold[i], -INFINITY);
    }
    thresholds[MAGNITUDES - 1] = -0x1p-149f;
    for (int i = 0; i < 2 * MAGNITUDES; i++) {
        levels[i] = value(codes[i]);
    }
    ql_levels16_make(2 * MAGNITUDES, levels, thresholds, codes, &q->levels16);
    return QL_OK;
}

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    q->scales[group] = (float)hi;
    return NULL;
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    const float *scale = ql_tile_parameters(tile, q->scales, tile->step);
    kernels->encode.scaled_levels(&q->levels16, scale, scale, ql_tile_blocks(tile), tile->x, tile->n, tile->codes, tile->y);
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
    .prepare = prepare,
    .fit = fit,
    .quantize = quantize,
    .decode = decode,
    .half_gap = half_gap,
    .lowest = lowest,
    .negative_zero = negative_zero,
};
