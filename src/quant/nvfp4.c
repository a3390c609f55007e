/*
 * nvfp4: E2M1 in blocks of 16 of a row with two levels of scales: one float32 for the tensor, one FP8 E4M3 byte per block.
 *
 *   T = max|x| over the tensor / (6 448), 1 for a zero tensor      s = e4m3(max|x| over the block / 6 / T), saturating
 *   q = e2m1(x / (s T)), saturating      y = q (s T)      a block so small that s = 0 becomes zeros
 */
#include "quant/e2m1.h"
#include "quant/schemes.h"
#include "tensor/floats.h"

#include <math.h>

/* extra holds s. */
static double scale(const ql_quantizer *q, uint64_t group)
{
    return (double)q->extra[group] * (double)q->tensor_scale;
}

static ql_status prepare(ql_quantizer *q, const ql_profile *profile, ql_error *error)
{
    (void)error;
    q->tensor_scale = ql_step(fmax(fabs(profile->x_min), fabs(profile->x_max)), 6 * 448);
    return QL_OK;
}

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    q->scale_codes[group] = (uint8_t)ql_float_encode(&ql_format_e4m3, hi / 6 / (double)q->tensor_scale, true, NULL);
    q->extra[group] = (float)ql_float_decode(&ql_format_e4m3, q->scale_codes[group]);
    q->scales[group] = (float)scale(q, group);
    return NULL;
}

/* Rounding s down puts the block's maximum up to a sixteenth above 6; a hair above is not yet clipped. */
static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    return ql_e2m1_quantize(kernels, tile, q->extra, q->tensor_scale, 6 * (1 + 0x1p-20));
}

static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    return (float)((double)ql_e2m1_values[code] * scale(q, group));
}

static double lowest(const ql_quantizer *q, uint64_t group)
{
    return -6 * scale(q, group);
}

static double half_gap(const ql_quantizer *q, uint64_t group)
{
    return scale(q, group);
}

static double parameter_bits(const ql_quantizer *q)
{
    return 8.0 * (double)q->groups.count + 32;
}

const ql_mapping ql_mapping_nvfp4 = {
    .info = {
        .name = "nvfp4",
        .title = "4-bit float, two levels of scales",
        .formula = "T = max|x| / 2688   s = e4m3(max|block| / 6 / T)   q = e2m1(x / (s·T))   y = q·s·T",
        .source = "NVIDIA, Introducing NVFP4, 2025; scaling of Transformer Engine",
        .storage = "4 + (8·G + 32)/n",
    },
    .symmetric = true,
    .bits_min = 4,
    .bits_max = 4,
    .defaults = { .bits = 4, .per = QL_PER_BLOCK, .block = 16 },
    .arrays = QL_HAS_SCALES | QL_HAS_SCALE_CODES,
    .extra_per_group = 1,
    .code_range = ql_e2m1_code_range,
    .levels = ql_e2m1_levels,
    .parameter_bits = parameter_bits,
    .prepare = prepare,
    .fit = fit,
    .quantize = quantize,
    .decode = decode,
    .half_gap = half_gap,
    .lowest = lowest,
    .negative_zero = ql_e2m1_negative_zero,
};
