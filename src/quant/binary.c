/*
 * binary: XNOR-Net's sign and mean.
 *
 *   d = mean|x|      q = +1 where x >= 0 (both zeros), else -1      y = q d
 */
#include "quant/calibrate.h"
#include "quant/schemes.h"

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    (void)spec;
    *lo = -1;
    *hi = 1;
}

/* Code 0 does not exist. */
static unsigned levels(const ql_quantizer *q)
{
    (void)q;
    return 2;
}

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    q->scales[group] = (float)hi;
    return NULL;
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    (void)kernels;
    for (size_t i = 0; i < tile->n; i++) {
        const float d = q->scales[ql_tile_group(tile, i)];
        tile->codes[i] = tile->x[i] >= 0 ? 1 : -1;
        tile->y[i] = tile->codes[i] * d;
    }
    return 0;
}

static double half_gap(const ql_quantizer *q, uint64_t group)
{
    return q->scales[group];
}

static double parameter_bits(const ql_quantizer *q)
{
    return 32.0 * (double)q->groups.count;
}

const ql_mapping ql_mapping_binary = {
    .info = {
        .name = "binary",
        .title = "two levels, sign and mean",
        .formula = "d = mean|x|   q = x >= 0 ? +1 : -1   y = q·d",
        .source = "Rastegari et al. 2016, XNOR-Net",
        .storage = "1 + 32·G/n",
    },
    .symmetric = true,
    .keys = 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK,
    .bits_min = 1,
    .bits_max = 1,
    .defaults = { .bits = 1 },
    .arrays = QL_HAS_SCALES,
    .calibrator = &ql_calibrator_mean,
    .code_range = code_range,
    .levels = levels,
    .parameter_bits = parameter_bits,
    .fit = fit,
    .quantize = quantize,
    .decode = ql_decode_uniform,
    .half_gap = half_gap,
};
