/*
 * Floating-point formats as mappings.
 *
 *   fp16, bf16           q = nearest code, y = its value; no scales
 *   fp8_e4m3, fp8_e5m2   scale=1: d = max|x| / largest finite value per group, q = nearest code of (float)(x / d), y = value
 * d, rounded once scale=0: values are converted as they are; beyond the largest they saturate
 */
#include "quant/schemes.h"
#include "tensor/floats.h"

#include <math.h>

typedef struct kind {
    const ql_mapping *mapping;
    const ql_float_format *format;
    ql_minifloat kernel;
} kind;

static const kind *kind_of(const ql_spec *spec);

static const ql_float_format *format_of(const ql_spec *spec)
{
    return kind_of(spec)->format;
}

static unsigned total_bits(const ql_float_format *f)
{
    return 1 + (unsigned)f->exponent_bits + (unsigned)f->mantissa_bits;
}

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    *lo = 0;
    *hi = (1 << total_bits(format_of(spec))) - 1;
}

/* Finite values, the two zeros counted once. */
static unsigned levels(const ql_quantizer *q)
{
    uint16_t largest;
    ql_float_max(format_of(&q->spec), &largest);
    return 2u * largest + 1;
}

static int negative_zero(const ql_spec *spec)
{
    return 1 << (total_bits(format_of(spec)) - 1);
}

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    q->scales[group] = q->spec.scale ? ql_step(hi, ql_float_max(format_of(&q->spec), NULL)) : 1;
    return NULL;
}

static double parameter_bits(const ql_quantizer *q)
{
    return q->spec.scale ? 32.0 * (double)q->groups.count : 0;
}

static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    return (float)(ql_float_decode(format_of(&q->spec), (uint16_t)code) * (double)q->scales[group]);
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    const float *scale = q->spec.scale ? ql_tile_parameters(tile, q->scales, tile->step) : NULL;
    return kernels->encode.minifloat(kind_of(&q->spec)->kernel, scale, ql_tile_blocks(tile), tile->x, tile->n, tile->codes,
                                     tile->y);
}

static double lowest(const ql_quantizer *q, uint64_t group)
{
    return -ql_float_max(format_of(&q->spec), NULL) * (double)q->scales[group];
}

/* Half the spacing at the largest magnitude. */
static double half_gap(const ql_quantizer *q, uint64_t group)
{
    const ql_float_format *format = format_of(&q->spec);
    uint16_t code;
    const double largest = ql_float_max(format, &code);
    if (q->spec.scale) {
        return (largest - ql_float_decode(format, code - 1)) / 2 * (double)q->scales[group];
    }
    code = ql_float_encode(format, (double)q->tensor_scale, true, NULL);
    code = code ? code : 1; /* the least subnormal: what is below half of it becomes 0 */
    return ql_float_decode(format, code) - ql_float_decode(format, code - 1);
}

/* Unscaled formats have no range of a group to go by: the largest magnitude of the tensor stands in tensor_scale for the
 * axis of the errors. */
static ql_status prepare(ql_quantizer *q, const ql_profile *profile, ql_error *error)
{
    (void)error;
    q->tensor_scale = (float)fmax(fabs(profile->x_min), fabs(profile->x_max));
    return QL_OK;
}

#define COMMON                                                                                                              \
    .symmetric = true, .arrays = QL_HAS_SCALES, .code_range = code_range, .levels = levels,                                 \
    .parameter_bits = parameter_bits, .prepare = prepare, .fit = fit, .quantize = quantize, .decode = decode,               \
    .half_gap = half_gap, .lowest = lowest, .negative_zero = negative_zero

const ql_mapping ql_mapping_fp8_e4m3 = {
    .info = {
        .name = "fp8_e4m3",
        .title = "8-bit float, 4 exponent and 3 mantissa bits",
        .formula = "d = max|x| / 448   q = e4m3(x / d)   y = q·d",
        .source = "Micikevicius et al. 2022, FP8 Formats for Deep Learning",
        .storage = "8 + 32·G/n; scale=0: 8",
    },
    .keys = 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_SCALE,
    .bits_min = 8, .bits_max = 8, .defaults = { .bits = 8, .per = QL_PER_ROW, .scale = 1 }, COMMON,
};

const ql_mapping ql_mapping_fp8_e5m2 = {
    .info = {
        .name = "fp8_e5m2",
        .title = "8-bit float, 5 exponent and 2 mantissa bits",
        .formula = "d = max|x| / 57344   q = e5m2(x / d)   y = q·d",
        .source = "Micikevicius et al. 2022, FP8 Formats for Deep Learning",
        .storage = "8 + 32·G/n; scale=0: 8",
    },
    .keys = 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_SCALE,
    .bits_min = 8, .bits_max = 8, .defaults = { .bits = 8, .per = QL_PER_ROW, .scale = 1 }, COMMON,
};

const ql_mapping ql_mapping_fp16 = {
    .info = {
        .name = "fp16",
        .title = "half precision",
        .formula = "y = x rounded to 5 exponent and 10 mantissa bits",
        .source = "IEEE 754-2008, binary16",
        .storage = "16",
    },
    .bits_min = 16, .bits_max = 16, .defaults = { .bits = 16 }, COMMON,
};

const ql_mapping ql_mapping_bf16 = {
    .info = {
        .name = "bf16",
        .title = "bfloat16",
        .formula = "y = x rounded to 8 exponent and 7 mantissa bits",
        .source = "Kalamkar et al. 2019, A Study of BFLOAT16 for Deep Learning Training",
        .storage = "16",
    },
    .bits_min = 16, .bits_max = 16, .defaults = { .bits = 16 }, COMMON,
};

static const kind kinds[] = {
    { &ql_mapping_fp8_e4m3, &ql_format_e4m3, QL_E4M3 },
    { &ql_mapping_fp8_e5m2, &ql_format_e5m2, QL_E5M2 },
    { &ql_mapping_fp16, &ql_format_fp16, QL_HALF },
    { &ql_mapping_bf16, &ql_format_bf16, QL_BFLOAT },
};

static const kind *kind_of(const ql_spec *spec)
{
    const kind *k = kinds;
    while (k->mapping != spec->mapping) {
        k++;
    }
    return k;
}
