/*
 * binary: XNOR-Net's sign and mean.
 *
 *   d = mean|x|      q = +1 where x >= 0 (both zeros), else -1      y = q d
 *
 * Nothing is clipped, so the largest magnitude of the tensor, in tensor_scale, says how large an error may be.
 */
#include "quant/calibrate.h"
#include "quant/schemes.h"

#include <math.h>

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    (void)spec;
    *lo = -1;
    *hi = 1;
}

static unsigned levels(const ql_quantizer *q)
{
    (void)q;
    return 2;
}

static ql_status prepare(ql_quantizer *q, const ql_profile *profile, ql_error *error)
{
    (void)error;
    q->tensor_scale = (float)fmax(fabs(profile->x_min), fabs(profile->x_max));
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
    kernels->encode.signs(ql_tile_parameters(tile, q->scales, tile->step), ql_tile_blocks(tile), tile->x, tile->n,
                          tile->codes, tile->y);
    return 0;
}

/* Code 0 does not exist. */
static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    return code ? (float)code * q->scales[group] : NAN;
}

static double half_gap(const ql_quantizer *q, uint64_t group)
{
    const double d = q->scales[group];
    return fmax(d, (double)q->tensor_scale - d);
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
    .prepare = prepare,
    .fit = fit,
    .quantize = quantize,
    .decode = decode,
    .half_gap = half_gap,
};
