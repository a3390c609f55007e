/*
 * q8_0 q4_0 q4_1 q5_0 q5_1: the legacy block types of ggml, in float32 arithmetic as in its reference rows. Codes are found
 * with the float32 step; only its half-precision rounding is stored, so values are decoded with a slightly different one.
 *
 *   q8_0        d = max|x| / 127                              q = round half away (x (1/d))            y = q d
 *   q4_0, q5_0  d = (element of largest magnitude) / -8, -16  q = min(15, 31; trunc(x (1/d) + 8.5, 16.5))   y = (q - 8, 16)
 * d q4_1, q5_1  d = (max - min) / 15, 31, m = min             q = trunc((x - m) (1/d) + 0.5)           y = q d + m
 *
 * d = 0: 1/d is taken as 0. The last block of a row may be short.
 */
#include "quant/ggml.h"
#include "quant/schemes.h"
#include "tensor/convert.h"

#include <math.h>
#include <string.h>

/* Parameters of a block. STEP is the float32 step, the least one where it underflows. */
enum { STEP, INVERSE, MINIMUM, STORED_MINIMUM, EXTRA_COUNT };

typedef struct type {
    const ql_mapping *mapping;
    unsigned bits;
    bool affine; /* has a minimum */
    int middle;  /* code of zero, 0 for affine types */
    unsigned bytes;
} type;

static const type *type_of(const ql_mapping *mapping);

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    const type *t = type_of(spec->mapping);
    *lo = t->bits == 8 ? -127 : 0;
    *hi = t->bits == 8 ? 127 : (1 << t->bits) - 1;
}

static float half(float value)
{
    return ql_half_to_float(ql_float_to_half(value));
}

/* The first element of largest magnitude, with its sign. */
static float extreme_of(const float *x, size_t n)
{
    float extreme = 0;
    for (size_t i = 0; i < n; i++) {
        extreme = fabsf(x[i]) > fabsf(extreme) ? x[i] : extreme;
    }
    return extreme;
}

static const char *fit_values(ql_quantizer *q, uint64_t group, float *x, size_t n)
{
    const type *t = type_of(q->spec.mapping);
    float *extra = q->extra + group * EXTRA_COUNT, least = x[0], greatest = x[0];
    for (size_t i = 1; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        greatest = x[i] > greatest ? x[i] : greatest;
    }
    const float range = t->affine ? greatest - least : t->bits == 8 ? fabsf(extreme_of(x, n)) : extreme_of(x, n);
    const float d = range / (float)(t->affine ? (1 << t->bits) - 1 : t->bits == 8 ? 127 : -t->middle);
    if (fabsf(d) >= 65520 || (t->affine && fabsf(least) >= 65520) || isinf(d)) {
        return "a block's scale does not fit half precision; choose another mapping";
    }
    extra[STEP] = d != 0 || range == 0 ? d : 0x1p-149f;
    extra[INVERSE] = d != 0 && isfinite(1 / d) ? 1 / d : 0;
    extra[MINIMUM] = least;
    extra[STORED_MINIMUM] = t->affine ? half(least) : 0;
    q->scales[group] = half(d);
    return NULL;
}

static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    const type *t = type_of(q->spec.mapping);
    const float product = (float)(code - t->middle) * q->scales[group];
    return t->affine ? product + q->extra[group * EXTRA_COUNT + STORED_MINIMUM] : product;
}

static int encode(const type *t, const float *extra, float x, uint64_t *clipped)
{
    const int top = (1 << t->bits) - 1;
    if (t->bits == 8) {
        return (int)roundf(x * extra[INVERSE]);
    }
    const int code = (int)truncf(t->affine ? (x - extra[MINIMUM]) * extra[INVERSE] + 0.5f
                                           : x * extra[INVERSE] + ((float)t->middle + 0.5f));
    *clipped += code > top;
    return code > top ? top : code < 0 ? 0 : code;
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    (void)kernels;
    const type *t = type_of(q->spec.mapping);
    uint64_t clipped = 0;
    for (size_t i = 0; i < tile->n; i++) {
        const uint64_t group = ql_tile_group(tile, i);
        tile->codes[i] = (int16_t)encode(t, q->extra + group * EXTRA_COUNT, tile->x[i], &clipped);
        tile->y[i] = decode(q, group, tile->codes[i]);
    }
    return clipped;
}

/* The side away from the extreme element ends one step early in q4_0 and q5_0. To the half step comes what half precision
   takes from step and minimum; a step without an inverse makes all codes the same. */
static double half_gap(const ql_quantizer *q, uint64_t group)
{
    const type *t = type_of(q->spec.mapping);
    const float *extra = q->extra + group * EXTRA_COUNT;
    const double d = fabs((double)extra[STEP]), reach = t->bits == 8 ? 127 : t->middle ? t->middle : (1 << t->bits) - 1;
    const double slip = reach * fabs((double)extra[STEP] - (double)q->scales[group]) +
                        (t->affine ? fabs((double)extra[MINIMUM] - (double)extra[STORED_MINIMUM]) : 0);
    return (extra[INVERSE] != 0 ? d * (t->middle ? 1 : 0.5) : (reach + 1) * d) + slip;
}

static double parameter_bits(const ql_quantizer *q)
{
    return (type_of(q->spec.mapping)->affine ? 32.0 : 16.0) * (double)q->groups.count;
}

#define COMMON(BITS)                                                                                                        \
    .bits_min = BITS, .bits_max = BITS, .defaults = { .bits = BITS, .per = QL_PER_BLOCK, .block = QL_GGML_BLOCK },          \
    .arrays = QL_HAS_SCALES, .extra_per_group = EXTRA_COUNT, .code_range = code_range, .parameter_bits = parameter_bits,    \
    .fit_values = fit_values, .quantize = quantize, .decode = decode, .half_gap = half_gap

const ql_mapping ql_mapping_q8_0 = {
    .info = { "q8_0", "ggml 8-bit blocks", "d = max|x| / 127   q = round(x / d)   y = q·half(d)", "ggml, block_q8_0",
              "8 + 16·G/n" },
    COMMON(8),
};
const ql_mapping ql_mapping_q4_0 = {
    .info = { "q4_0", "ggml 4-bit blocks", "d = extreme / -8   q = trunc(x / d + 8.5)   y = (q - 8)·half(d)",
              "ggml, block_q4_0", "4 + 16·G/n" },
    COMMON(4),
};
const ql_mapping ql_mapping_q4_1 = {
    .info = { "q4_1", "ggml 4-bit blocks with a minimum",
              "d = (max - min) / 15   q = trunc((x - min) / d + 0.5)   y = q·half(d) + half(min)", "ggml, block_q4_1",
              "4 + 32·G/n" },
    COMMON(4),
};
const ql_mapping ql_mapping_q5_0 = {
    .info = { "q5_0", "ggml 5-bit blocks", "d = extreme / -16   q = trunc(x / d + 16.5)   y = (q - 16)·half(d)",
              "ggml, block_q5_0", "5 + 16·G/n" },
    COMMON(5),
};
const ql_mapping ql_mapping_q5_1 = {
    .info = { "q5_1", "ggml 5-bit blocks with a minimum",
              "d = (max - min) / 31   q = trunc((x - min) / d + 0.5)   y = q·half(d) + half(min)", "ggml, block_q5_1",
              "5 + 32·G/n" },
    COMMON(5),
};

static const type types[] = {
    { &ql_mapping_q8_0, 8, false, 0, 34 },  { &ql_mapping_q4_0, 4, false, 8, 18 }, { &ql_mapping_q4_1, 4, true, 0, 20 },
    { &ql_mapping_q5_0, 5, false, 16, 22 }, { &ql_mapping_q5_1, 5, true, 0, 24 },
};

static const type *type_of(const ql_mapping *mapping)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].mapping == mapping) {
            return &types[i];
        }
    }
    return NULL;
}

size_t ql_ggml_pack(const ql_mapping *mapping, float d, float m, const int16_t codes[QL_GGML_BLOCK],
                    uint8_t out[QL_GGML_MAX_BYTES])
{
    const type *t = type_of(mapping);
    if (!t) {
        return 0;
    }
    size_t at = 0;
    uint16_t word = ql_float_to_half(d);
    memcpy(out, &word, 2);
    at += 2;
    if (t->affine) {
        word = ql_float_to_half(m);
        memcpy(out + at, &word, 2);
        at += 2;
    }
    if (t->bits == 8) {
        for (int j = 0; j < QL_GGML_BLOCK; j++) {
            out[at++] = (uint8_t)codes[j];
        }
        return at;
    }
    if (t->bits == 5) {
        uint32_t high = 0;
        for (int j = 0; j < QL_GGML_BLOCK; j++) {
            high |= (uint32_t)(codes[j] >> 4 & 1) << j;
        }
        memcpy(out + at, &high, 4);
        at += 4;
    }
    for (int j = 0; j < QL_GGML_BLOCK / 2; j++) {
        out[at++] = (uint8_t)((codes[j] & 15) | (codes[j + QL_GGML_BLOCK / 2] & 15) << 4);
    }
    return at;
}
