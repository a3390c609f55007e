/*
 * mxfp4: OCP Microscaling, E2M1 in blocks of 32 of a row with a power of two as scale, stored as one byte E + 127.
 *
 *   E = floor(log2 max|x|) - 2, clamped to -127..127; a zero block: byte 0      q = e2m1(x / 2^E), saturating      y = q 2^E
 */
#include "quant/e2m1.h"
#include "quant/schemes.h"

#include <string.h>

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    uint64_t bits;
    memcpy(&bits, &hi, sizeof bits);
    const int exponent = (int)(bits >> 52) - 1023 - 2; /* hi is a float32, so a normal float64, or 0 */
    const int code = exponent < -127 ? 0 : exponent > 127 ? 254 : exponent + 127;
    const uint32_t scale = code > 0 ? (uint32_t)code << 23 : 1u << 22; /* 2^-127 is subnormal */
    q->scale_codes[group] = (uint8_t)code;
    memcpy(&q->scales[group], &scale, sizeof scale);
    return NULL;
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    return ql_e2m1_quantize(kernels, tile, q->scales, 1, 6);
}

static double parameter_bits(const ql_quantizer *q)
{
    return 8.0 * (double)q->groups.count;
}

const ql_mapping ql_mapping_mxfp4 = {
    .info = {
        .name = "mxfp4",
        .title = "microscaling 4-bit float, power-of-two scales",
        .formula = "d = 2^(floor(log2 max|x|) - 2)   q = e2m1(x / d)   y = q·d",
        .source = "OCP Microscaling Formats v1.0, 2023",
        .storage = "4 + 8·G/n",
    },
    .symmetric = true,
    .bits_min = 4,
    .bits_max = 4,
    .defaults = { .bits = 4, .per = QL_PER_BLOCK, .block = 32 },
    .arrays = QL_HAS_SCALES | QL_HAS_SCALE_CODES,
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
