/* The definition of the kernels of encode.h, in plain C: see body.h. */
#ifndef QL_KERNELS_ENCODE_BODY_H
#define QL_KERNELS_ENCODE_BODY_H

#include "kernels/body.h"

#include <float.h>

/* Elements from element i on that share the parameters at index *group. */
static inline size_t block_run(ql_blocks blocks, size_t i, size_t n, size_t *group)
{
    const size_t at = blocks.offset + i, left = blocks.size - at % blocks.size;
    *group = at / blocks.size;
    return left < n - i ? left : n - i;
}

#define FOR_EACH_RUN(blocks, n)                                                                                             \
    for (size_t i = 0, group, run; i < (n) && (run = block_run(blocks, i, n, &group)) > 0; i += run)

/* ---- Levels */

static inline unsigned room_of(unsigned count)
{
    unsigned room = 1;
    while (room < count) {
        room *= 2;
    }
    return room;
}

/* How many of the thresholds[room] lie below v. */
static inline unsigned steps_up(const float *threshold, unsigned room, float v)
{
    unsigned at = 0;
    for (unsigned half = room / 2; half > 0; half /= 2) {
        at += v > threshold[at + half - 1] ? half : 0;
    }
    return at;
}

QL_PLAIN void plain_scaled_levels(const ql_levels16 *levels, const float *largest, const float *scale, ql_blocks blocks,
                                  const float *x, size_t n, int16_t *q, float *y)
{
    FOR_EACH_RUN(blocks, n)
    {
        const float inverse = 1.0f / (largest[group] > QL_BLOCK_LEAST ? largest[group] : QL_BLOCK_LEAST), d = scale[group];
        for (size_t k = i; k < i + run; k++) {
            float v = x[k] * inverse;
            v = v < -1 ? -1 : v > 1 ? 1 : v;
            int at = 0;
            for (int t = 0; t < 15; t++) {
                at += v > levels->threshold[t];
            }
            q[k] = (int16_t)levels->code[at];
            y[k] = levels->level[at] * d;
        }
    }
}

QL_PLAIN void plain_own_levels(ql_levels levels, const float *x, size_t n, int16_t *q, float *y)
{
    const unsigned room = room_of(levels.count);
    for (size_t i = 0; i < n; i++) {
        const unsigned code = steps_up(levels.threshold, room, x[i]);
        q[i] = (int16_t)code;
        y[i] = levels.level[code];
    }
}

QL_PLAIN void plain_own_levels_each(ql_levels levels, const uint64_t *tables, const float *x, size_t n, int16_t *q, float *y)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t first = tables[i] * levels.count;
        const unsigned code = steps_up(levels.threshold + first, levels.count, x[i]);
        q[i] = (int16_t)code;
        y[i] = levels.level[first + code];
    }
}

/* How many midpoints lie below v. */
static inline unsigned nearest_of(ql_levels levels, double v)
{
    unsigned low = 0, high = levels.count - 1;
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (v > ((double)levels.level[middle] + (double)levels.level[middle + 1]) / 2) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static inline unsigned nearest_code(ql_levels levels, float largest, float x)
{
    return nearest_of(levels, largest > 0 ? (double)x / (double)largest : 0);
}

QL_PLAIN void plain_nearest_levels(ql_levels levels, const float *largest, ql_blocks blocks, const float *x, size_t n,
                                   int16_t *q, float *y)
{
    FOR_EACH_RUN(blocks, n)
    {
        for (size_t k = i; k < i + run; k++) {
            const unsigned code = nearest_code(levels, largest[group], x[k]);
            q[k] = (int16_t)code;
            y[k] = levels.level[code] * largest[group];
        }
    }
}

/* ---- E2M1 */

/* Midpoints; a tie goes to the even mantissa. */
static inline int e2m1_code(double ratio)
{
    const double a = fabs(ratio);
    const int code = (a > 0.25) + (a >= 0.75) + (a > 1.25) + (a >= 1.75) + (a > 2.5) + (a >= 3.5) + (a > 5);
    return code | (signbit(ratio) ? 8 : 0);
}

QL_PLAIN uint64_t plain_e2m1(const float *scale, float unit, double limit, ql_blocks blocks, const float *x, size_t n,
                             int16_t *q, float *y)
{
    uint64_t outside = 0;
    FOR_EACH_RUN(blocks, n)
    {
        const double d = (double)scale[group] * (double)unit;
        for (size_t k = i; k < i + run; k++) {
            const double v = x[k], ratio = d > 0 ? v / d : copysign(0, v);
            const int code = e2m1_code(ratio);
            outside += d > 0 ? fabs(ratio) > limit : v != 0;
            q[k] = (int16_t)code;
            y[k] = (float)((double)ql_e2m1_values[code] * d);
        }
    }
    return outside;
}

/* ---- ggml */

static inline int ggml_code(const ql_ggml *p, size_t group, float x)
{
    const float quotient = 1 / p->step[group], inverse = isfinite(quotient) ? quotient : 0;
    switch (p->kind) {
    case QL_GGML_ROUNDED:
        return (int)roundf(x * inverse);
    case QL_GGML_CENTERED:
        return (int)truncf(x * inverse + ((float)p->middle + 0.5f));
    case QL_GGML_AFFINE:
        break;
    }
    return (int)truncf((x - p->minimum[group]) * inverse + 0.5f);
}

QL_PLAIN uint64_t plain_ggml(const ql_ggml *p, ql_blocks blocks, const float *x, size_t n, int16_t *q, float *y)
{
    uint64_t outside = 0;
    FOR_EACH_RUN(blocks, n)
    {
        for (size_t k = i; k < i + run; k++) {
            int code = ggml_code(p, group, x[k]);
            if (p->kind != QL_GGML_ROUNDED) {
                outside += code > p->top;
                code = code > p->top ? p->top : code < 0 ? 0 : code;
            }
            q[k] = (int16_t)code;
            y[k] = (float)(code - p->middle) * p->scale[group];
            if (p->kind == QL_GGML_AFFINE) {
                y[k] += p->stored_minimum[group];
            }
        }
    }
    return outside;
}

/* ---- Small floats */

/* | sign | exponent | mantissa |: the mantissa's bits, the exponent of the least normal number, the largest value and its
 * code. */
typedef struct minifloat_shape {
    int mantissa, least_exponent, largest_code, sign;
    float largest;
} minifloat_shape;

static const minifloat_shape minifloat_shapes[] = {
    [QL_E4M3] = { 3, -6, 0x7E, 0x80, 448 },
    [QL_E5M2] = { 2, -14, 0x7B, 0x80, 57344 },
    [QL_HALF] = { 10, -14, 0x7BFF, 0x8000, 65504 },
    [QL_BFLOAT] = { 7, -126, 0x7F7F, 0x8000, 0x1.FEp127f },
};

/* The code of a >= 0 and its value: a rounded to a grid of 2^(exponent - mantissa), which is no finer than that of the least
 * exponent. */
static inline int minifloat_code(const minifloat_shape *shape, float a, double *value, bool *outside)
{
    int above, exponent = shape->least_exponent;
    const double finite = a < FLT_MAX ? a : FLT_MAX;
    frexp(finite, &above);
    exponent = finite > 0 && above - 1 > exponent ? above - 1 : exponent;
    const double units = rint(ldexp(finite, shape->mantissa - exponent));
    *value = ldexp(units, exponent - shape->mantissa);
    *outside = *value > (double)shape->largest;
    if (*outside) {
        *value = shape->largest;
        return shape->largest_code;
    }
    /* Rounding up to the next power of two carries into the exponent by itself. */
    return (exponent - shape->least_exponent) * (1 << shape->mantissa) + (int)units;
}

QL_PLAIN uint64_t plain_minifloat(ql_minifloat format, const float *scale, ql_blocks blocks, const float *x, size_t n,
                                  int16_t *q, float *y)
{
    const minifloat_shape *shape = &minifloat_shapes[format];
    uint64_t count = 0;
    FOR_EACH_RUN(blocks, n)
    {
        const double d = scale && format != QL_BFLOAT ? scale[group] : 1;
        for (size_t k = i; k < i + run; k++) {
            const float v = (float)((double)x[k] / d);
            double value;
            bool outside;
            const int code = minifloat_code(shape, fabsf(v), &value, &outside);
            count += outside;
            q[k] = (int16_t)(signbit(v) ? code | shape->sign : code);
            y[k] = (float)(copysign(value, (double)v) * d);
        }
    }
    return count;
}

/* ---- Signs, ranges */

QL_PLAIN void plain_signs(const float *scale, ql_blocks blocks, const float *x, size_t n, int16_t *q, float *y)
{
    FOR_EACH_RUN(blocks, n)
    {
        for (size_t k = i; k < i + run; k++) {
            q[k] = x[k] >= 0 ? 1 : -1;
            y[k] = (float)q[k] * scale[group];
        }
    }
}

QL_PLAIN void plain_block_ranges(size_t size, const float *x, size_t n, float *lo, float *hi)
{
    for (size_t i = 0, block = 0; i < n; i += size, block++) {
        lo[block] = hi[block] = x[i];
        plain_range(x + i, size < n - i ? size : n - i, &lo[block], &hi[block]);
    }
}

#define PLAIN_ENCODE_MEMBERS                                                                                                \
    {                                                                                                                       \
        .scaled_levels = plain_scaled_levels, .own_levels = plain_own_levels, .own_levels_each = plain_own_levels_each,     \
        .nearest_levels = plain_nearest_levels, .e2m1 = plain_e2m1, .ggml = plain_ggml, .minifloat = plain_minifloat,       \
        .signs = plain_signs, .block_ranges = plain_block_ranges,                                                           \
    }

#endif
