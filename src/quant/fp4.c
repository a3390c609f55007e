/* fp4: E2M1 with one float32 scale per block of a row, d = max|x| / 6. */
#include "quant/e2m1.h"
#include "quant/schemes.h"

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    q->scales[group] = ql_step(hi, 6);
    return NULL;
}

/* Saturation only shows beyond 7, where the next value would be nearer; the rounding of d cannot bring x there. */
static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    return ql_e2m1_quantize(kernels, tile, q->scales, 1, 7);
}

static double parameter_bits(const ql_quantizer *q)
{
    return 32.0 * (double)q->groups.count;
}

const ql_mapping ql_mapping_fp4 = {
    .info = {
        .name = "fp4",
        .title = "4-bit float E2M1, float32 block scales",
        .formula = "d = max|x| / 6   q = e2m1(x / d)   y = q·d",
        .source = "OCP Microscaling Formats v1.0, 2023 (the element format)",
        .storage = "4 + 32·G/n",
    },
    .symmetric = true,
    .keys = 1 << QL_KEY_BLOCK | 1 << QL_KEY_OUTLIERS,
    .bits_min = 4,
    .bits_max = 4,
    .defaults = { .bits = 4, .per = QL_PER_BLOCK, .block = 32 },
    .arrays = QL_HAS_SCALES,
    .code_range = ql_e2m1_code_range,
    .levels = ql_e2m1_levels,
    .parameter_bits = parameter_bits,
    .fit = fit,
    .quantize = quantize,
    .decode = ql_e2m1_decode,
    .half_gap = ql_e2m1_half_gap,
    .lowest = ql_e2m1_lowest,
    .negative_zero = ql_e2m1_negative_zero,
};
