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

/* Parameters of a block, each an array over the groups. STEP is the float32 step, the least one where it underflows. */
enum { STEP, MINIMUM, STORED_MINIMUM, EXTRA_COUNT };

static float *parameter(const ql_quantizer *q, int which)
{
    return q->extra + (uint64_t)which * q->groups.count;
}

typedef struct type {
    const ql_mapping *mapping;
    unsigned bits;
    bool affine; /* has a minimum */
    int middle;  /* code of zero, 0 for affine types */
    unsigned bytes;
    ql_ggml_kind kernel;
} type;

static const type *type_of(const ql_mapping *mapping);

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    const type *t = type_of(spec->mapping);
    *lo = t->bits == 8 ? -127 : 0;
    *hi = t->bits == 8 ? 127 : (1 << t->bits) - 1;
}

/* The first of the values that has the magnitude of `value`: with its sign, also that of a zero. */
static float first_of(const float *x, float value)
{
    while (fabsf(*x) != fabsf(value)) {
        x++;
    }
    return *x;
}

/* What the step divides: without a minimum the element of largest magnitude, with its sign where that matters. */
static void find_spans(const type *t, const ql_group_values *g, float *span, float *least)
{
    const float *lo = g->lo, *hi = g->hi;
    for (size_t i = 0; i < g->count; i++) {
        const float far = hi[i] > -lo[i] ? hi[i] : lo[i];
        span[i] = t->affine ? (hi[i] > lo[i] ? hi[i] - lo[i] : 0) : t->bits == 8 ? fabsf(far) : far;
        least[i] = t->affine ? lo[i] : 0;
    }
    /* Of equal ones the first decides; a block of zeros has the positive one. */
    for (size_t i = 0; i < g->count && t->bits != 8; i++) {
        if (t->affine && lo[i] == 0) {
            least[i] = first_of(g->x + i * g->size, 0);
        } else if (!t->affine && hi[i] == -lo[i]) {
            span[i] = hi[i] == 0 ? 0 : first_of(g->x + i * g->size, hi[i]);
        }
    }
}

static const char *fit_blocks(ql_quantizer *q, const ql_kernels *kernels, const ql_group_values *g)
{
    const type *t = type_of(q->spec.mapping);
    const ql_blocks single = { 1, 0 };
    const float steps = (float)(t->affine ? (1 << t->bits) - 1 : t->bits == 8 ? 127 : -t->middle), most = 65520;
    float span[QL_FIT_GROUPS], least[QL_FIT_GROUPS], d[QL_FIT_GROUPS], *step = parameter(q, STEP) + g->first;
    int16_t codes[QL_FIT_GROUPS];
    uint32_t beyond = 0;
    find_spans(t, g, span, least);
    for (size_t i = 0; i < g->count; i++) {
        d[i] = span[i] / steps;
        step[i] = d[i] != 0 || span[i] == 0 ? d[i] : 0x1p-149f;
        beyond += !(fabsf(d[i]) < most) | !(fabsf(least[i]) < most);
    }
    if (beyond) {
        return "a block's scale does not fit half precision; choose another mapping";
    }
    kernels->encode.minifloat(QL_HALF, NULL, single, d, g->count, codes, q->scales + g->first);
    if (t->affine) {
        memcpy(parameter(q, MINIMUM) + g->first, least, g->count * sizeof *least);
        kernels->encode.minifloat(QL_HALF, NULL, single, least, g->count, codes, parameter(q, STORED_MINIMUM) + g->first);
    }
    return NULL;
}

static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    const type *t = type_of(q->spec.mapping);
    const float product = (float)(code - t->middle) * q->scales[group];
    return t->affine ? product + parameter(q, STORED_MINIMUM)[group] : product;
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    const type *t = type_of(q->spec.mapping);
    const ql_ggml parameters = {
        .kind = t->kernel,
        .middle = t->middle,
        .top = (1 << t->bits) - 1,
        .step = ql_tile_parameters(tile, parameter(q, STEP), tile->step),
        .scale = ql_tile_parameters(tile, q->scales, tile->more),
        .minimum = t->affine ? ql_tile_parameters(tile, parameter(q, MINIMUM), tile->more + tile->n) : NULL,
        .stored_minimum =
            t->affine ? ql_tile_parameters(tile, parameter(q, STORED_MINIMUM), tile->more + 2 * tile->n) : NULL,
    };
    return kernels->encode.ggml(&parameters, ql_tile_blocks(tile), tile->x, tile->n, tile->codes, tile->y);
}

/* The side away from the extreme element ends one step early in q4_0 and q5_0. To the half step comes what half precision
   takes from step and minimum; a step without an inverse makes all codes the same. */
static double half_gap(const ql_quantizer *q, uint64_t group)
{
    const type *t = type_of(q->spec.mapping);
    const float step = parameter(q, STEP)[group], minimum = parameter(q, MINIMUM)[group];
    const double d = fabs((double)step), reach = t->bits == 8 ? 127 : t->middle ? t->middle : (1 << t->bits) - 1;
    const double slip = reach * fabs((double)step - (double)q->scales[group]) +
                        (t->affine ? fabs((double)minimum - (double)parameter(q, STORED_MINIMUM)[group]) : 0);
    return (step != 0 && isfinite(1 / step) ? d * (t->middle ? 1 : 0.5) : (reach + 1) * d) + slip;
}

static double parameter_bits(const ql_quantizer *q)
{
    return (type_of(q->spec.mapping)->affine ? 32.0 : 16.0) * (double)q->groups.count;
}

#define COMMON(BITS)                                                                                                        \
    .bits_min = BITS, .bits_max = BITS, .defaults = { .bits = BITS, .per = QL_PER_BLOCK, .block = QL_GGML_BLOCK },          \
    .arrays = QL_HAS_SCALES, .extra_per_group = EXTRA_COUNT, .code_range = code_range, .parameter_bits = parameter_bits,    \
    .fit_blocks = fit_blocks, .quantize = quantize, .decode = decode, .half_gap = half_gap

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
    { &ql_mapping_q8_0, 8, false, 0, 34, QL_GGML_ROUNDED }, { &ql_mapping_q4_0, 4, false, 8, 18, QL_GGML_CENTERED },
    { &ql_mapping_q4_1, 4, true, 0, 20, QL_GGML_AFFINE },   { &ql_mapping_q5_0, 5, false, 16, 22, QL_GGML_CENTERED },
    { &ql_mapping_q5_1, 5, true, 0, 24, QL_GGML_AFFINE },
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
