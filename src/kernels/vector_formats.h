/* E2M1, ggml's blocks and small floats in vectors of 16 lanes: encode.h says what they mean. */
#ifndef QL_KERNELS_VECTOR_FORMATS_H
#define QL_KERNELS_VECTOR_FORMATS_H

#include "kernels/vector_lanes.h"

#include <float.h>

/* ---- E2M1 */

/*
 * a = |x|; cell 2 a / d cut to an integer tells a code and the threshold t above it, about; a little off, the next cell
 * tells the same. Whether a is above t d shows the sign of fma(-t, d, a), which is exact but for underflow: groups near the
 * ends of float32 are moved by a power of two. Ties go up from odd codes. With d = s unit the product t s is exact, and so
 * is value s; then one rounding is left for each, too.
 */
enum { E2M1_INVERSE, E2M1_FACTOR, E2M1_STEP, E2M1_LIMIT, E2M1_BOOST, E2M1_SCALE, E2M1_COUNT };

static const float e2m1_negative_threshold[16] = { -0.25f, -0.75f, -1.25f, -1.75f, -2.5f, -2.5f, -3.5f, -3.5f,
                                                   -5,     -5,     -5,     -5,     -5,    -5,    -5,    -5 };
static const int32_t e2m1_below[16] = { 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6 }; /* code below that threshold */

typedef struct e2m1_context {
    const float *scale;
    float unit;
    double limit;
    vf value, threshold, below;
} e2m1_context;

/* The largest float32 that is not above v >= 0. */
QL_SIMD vf round_down(vd v)
{
    const vf f = vd_to_float(v);
    return vf_from_bits(vi_add_where(vd_gt(vf_to_double(f), v), vf_bits(f), vi_set(-1)));
}

/* A power of two that takes d where neither it nor 1 / d is near the ends of float32. */
QL_SIMD vf boost_of(vf d)
{
    return vf_select(vf_gt(vf_set(0x1p-60f), d), vf_set(0x1p96f),
                     vf_select(vf_gt(d, vf_set(0x1p60f)), vf_set(0x1p-64f), vf_set(1)));
}

QL_SIMD void find_e2m1(const void *context, size_t first, size_t count, vf numbers[MOST])
{
    const e2m1_context *c = context;
    const vf scale = load_lanes(c->scale + first, count), none = vf_set(0), unit = vf_set(c->unit);
    const vd d = vd_mul(vf_to_double(scale), vf_to_double(unit));
    const vm is_zero = vf_eq(scale, none);
    const vf boost = vf_select(is_zero, vf_set(1), boost_of(vd_to_float(d)));
    const vd boosted = vd_mul(d, vf_to_double(boost));
    const vf inverse = vf_reciprocal(vd_to_float(boosted));
    numbers[E2M1_INVERSE] = vf_select(is_zero, none, vf_add(inverse, inverse));
    numbers[E2M1_FACTOR] = vf_select(is_zero, vf_set(INFINITY), scale); /* nothing is above infinity */
    numbers[E2M1_STEP] = vf_mul(unit, boost);
    numbers[E2M1_LIMIT] = round_down(vd_mul(boosted, vd_set(c->limit)));
    numbers[E2M1_BOOST] = boost;
    numbers[E2M1_SCALE] = scale;
}

/* unit is 1. */
QL_SIMD void find_e2m1_plain(const void *context, size_t first, size_t count, vf numbers[MOST])
{
    find_e2m1(context, first, count, numbers);
    numbers[E2M1_STEP] = vf_mul(numbers[E2M1_FACTOR], numbers[E2M1_BOOST]);
}

QL_SIMD vm code_e2m1_of(const e2m1_context *c, bool plain, const vf *numbers, vf x, vi *code, vf *y)
{
    const vf a = vf_mul(vf_abs(x), numbers[E2M1_BOOST]);
    const vi cell = vf_to_int(vf_min(vf_mul(a, numbers[E2M1_INVERSE]), vf_set(15)));
    const vi below = vf_bits(vf_pick16(c->below, cell));
    vf threshold = vf_pick16(c->threshold, cell);
    threshold = plain ? threshold : vf_mul(threshold, numbers[E2M1_FACTOR]);
    const vi side = vi_add(vf_bits(vf_fma(threshold, numbers[E2M1_STEP], a)), vi_and(below, vi_set(1)));
    const vi sign = vi_and(vi_shr(vf_bits(x), 28), vi_set(8));
    *code = vi_or(vi_add_where(vi_gt(side, vi_set(0)), below, vi_set(1)), sign);
    const vf value = vf_mul(vf_pick16(c->value, *code), numbers[E2M1_SCALE]);
    *y = plain ? value : vf_mul(value, vf_set(c->unit));
    return vf_gt(a, numbers[E2M1_LIMIT]);
}

QL_SIMD vm code_e2m1(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    return code_e2m1_of(context, false, numbers, x, code, y);
}

QL_SIMD vm code_e2m1_plain(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    return code_e2m1_of(context, true, numbers, x, code, y);
}

static uint64_t e2m1(const float *scale, float unit, double limit, ql_blocks blocks, const float *x, size_t n, int16_t *q,
                     float *y)
{
    const e2m1_context c = { .scale = scale,
                             .unit = unit,
                             .limit = limit,
                             .value = vf_load(ql_e2m1_values),
                             .threshold = vf_load(e2m1_negative_threshold),
                             .below = vf_from_bits(vi_load(e2m1_below)) };
    return unit == 1 ? code_blocks(find_e2m1_plain, code_e2m1_plain, E2M1_COUNT, &c, blocks, x, n, q, y)
                     : code_blocks(find_e2m1, code_e2m1, E2M1_COUNT, &c, blocks, x, n, q, y);
}

/* ---- ggml */

enum { GGML_INVERSE, GGML_SCALE, GGML_MINIMUM, GGML_STORED, GGML_COUNT };

QL_SIMD void find_ggml(const void *context, size_t first, size_t count, vf numbers[MOST])
{
    const ql_ggml *p = context;
    const vf quotient = vf_div(vf_set(1), load_lanes(p->step + first, count));
    numbers[GGML_INVERSE] = vf_select(vf_gt(vf_abs(quotient), vf_set(FLT_MAX)), vf_set(0), quotient);
    numbers[GGML_SCALE] = load_lanes(p->scale + first, count);
}

QL_SIMD void find_ggml_affine(const void *context, size_t first, size_t count, vf numbers[MOST])
{
    const ql_ggml *p = context;
    find_ggml(context, first, count, numbers);
    numbers[GGML_MINIMUM] = load_lanes(p->minimum + first, count);
    numbers[GGML_STORED] = load_lanes(p->stored_minimum + first, count);
}

/* The number before 0.5: with it nothing below k + 0.5 reaches k + 1, and k + 0.5 does, by rounding. */
QL_SIMD vm code_ggml_rounded(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    (void)context;
    const vf t = vf_mul(x, numbers[GGML_INVERSE]);
    *code = vf_to_int(vf_add(t, vf_copysign(vf_set(0x1.fffffep-2f), t)));
    *y = vf_mul(vi_to_float(*code), numbers[GGML_SCALE]);
    return vm_none();
}

/* t cut to a code 0..top; returns which were above. */
QL_SIMD vm cut(const ql_ggml *p, vf t, vi *code)
{
    const vi cut = vf_to_int(t), top = vi_set(p->top);
    *code = vi_max(vi_min(cut, top), vi_set(0));
    return vi_gt(cut, top);
}

QL_SIMD vm code_ggml_centered(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    const ql_ggml *p = context;
    const vm above = cut(p, vf_add(vf_mul(x, numbers[GGML_INVERSE]), vf_set((float)p->middle + 0.5f)), code);
    *y = vf_mul(vi_to_float(vi_sub(*code, vi_set(p->middle))), numbers[GGML_SCALE]);
    return above;
}

QL_SIMD vm code_ggml_affine(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    const vf t = vf_mul(vf_sub(x, numbers[GGML_MINIMUM]), numbers[GGML_INVERSE]);
    const vm above = cut(context, vf_add(t, vf_set(0.5f)), code);
    *y = vf_add(vf_mul(vi_to_float(*code), numbers[GGML_SCALE]), numbers[GGML_STORED]);
    return above;
}

static uint64_t ggml(const ql_ggml *parameters, ql_blocks blocks, const float *x, size_t n, int16_t *q, float *y)
{
    const ql_ggml p = *parameters;
    switch (p.kind) {
    case QL_GGML_ROUNDED:
        return code_blocks(find_ggml, code_ggml_rounded, GGML_SCALE + 1, &p, blocks, x, n, q, y);
    case QL_GGML_CENTERED:
        return code_blocks(find_ggml, code_ggml_centered, GGML_SCALE + 1, &p, blocks, x, n, q, y);
    case QL_GGML_AFFINE:
        break;
    }
    return code_blocks(find_ggml_affine, code_ggml_affine, GGML_COUNT, &p, blocks, x, n, q, y);
}

/* ---- Small floats */

/*
 * The quotient as float32 division gives it, from q = x (1 / d) by two corrections q += (x - q d) (1 / d): the first makes
 * it right within one unit in the last place, the second is then exact (Markstein 1990), as long as nothing under- or
 * overflows. So x and d of groups near the ends of float32 are moved by a power of two, and x is held to 2^17 d, beyond
 * which every format saturates; an x so small that its quotient becomes inexact is 0 in all of them.
 */
enum { FLOAT_INVERSE, FLOAT_NEGATIVE, FLOAT_BOUND, FLOAT_BOOST, FLOAT_SCALE, FLOAT_COUNT };

QL_SIMD void find_minifloat(const void *context, size_t first, size_t count, vf numbers[MOST])
{
    const vf d = load_lanes((const float *)context + first, count);
    const vf boost = boost_of(d), step = vf_mul(d, boost);
    numbers[FLOAT_INVERSE] = vf_div(vf_set(1), step);
    numbers[FLOAT_NEGATIVE] = vf_sub(vf_set(0), step);
    numbers[FLOAT_BOUND] = vf_mul(step, vf_set(0x1p17f));
    numbers[FLOAT_BOOST] = boost;
    numbers[FLOAT_SCALE] = d;
}

QL_SIMD vf quotient_of(const vf *numbers, vf x)
{
    const vf inverse = numbers[FLOAT_INVERSE], negative = numbers[FLOAT_NEGATIVE];
    const vf held = vf_limit(vf_mul(x, numbers[FLOAT_BOOST]), numbers[FLOAT_BOUND]);
    vf q = vf_mul(held, inverse);
    q = vf_fma(vf_fma(q, negative, held), inverse, q);
    return vf_fma(vf_fma(q, negative, held), inverse, q);
}

/*
 * |v| is rounded to the grid by adding 2^23 units of it, whose exponent is that of |v|, at least the format's least one: the
 * lowest bits of the sum are then the significand, and the exponent follows from that of the unit. Returns which lanes round
 * beyond the largest value.
 */
#define ROUND_MINIFLOAT(FORMAT, MANTISSA, BIAS, SIGN)                                                                       \
    QL_SIMD vm round_##FORMAT(vf v, vf x, vi *code, vf *value)                                                              \
    {                                                                                                                       \
        const minifloat_shape *shape = &minifloat_shapes[FORMAT];                                                           \
        const vf a = vf_abs(v), least = vf_set(1.0f / (1 << ((BIAS)-1)));                                                   \
        const vi exponent = vi_and(vf_bits(vf_max(a, least)), vi_set(0x7F800000));                                          \
        const vi magic = vi_add(exponent, vi_set((23 - (MANTISSA)) << 23));                                                 \
        const vf sum = vf_add(a, vf_from_bits(magic)), rounded = vf_sub(sum, vf_from_bits(magic));                          \
        const vi units = vi_sub(vf_bits(sum), magic);                                                                       \
        const vi base = vi_sub(vi_shr(exponent, 23 - (MANTISSA)), vi_set((128 - (BIAS)) << (MANTISSA)));                    \
        *code =                                                                                                             \
            vi_or(vi_min(vi_add(base, units), vi_set(shape->largest_code)), vi_and(vi_sar(vf_bits(x), 31), vi_set(SIGN)));  \
        *value = vf_min(rounded, vf_set(shape->largest));                                                                   \
        return vf_gt(rounded, vf_set(shape->largest));                                                                      \
    }

ROUND_MINIFLOAT(QL_E4M3, 3, 7, 0x80)
ROUND_MINIFLOAT(QL_E5M2, 2, 15, 0x80)
ROUND_MINIFLOAT(QL_HALF, 10, 15, -0x8000) /* 16-bit codes are negative */

#define CODE_MINIFLOAT(FORMAT)                                                                                              \
    QL_SIMD vm code_##FORMAT(const void *context, const vf *numbers, vf x, vi *code, vf *y)                                 \
    {                                                                                                                       \
        (void)context;                                                                                                      \
        vf value;                                                                                                           \
        const vm outside = round_##FORMAT(quotient_of(numbers, x), x, code, &value);                                        \
        *y = vf_copysign(vf_mul(value, numbers[FLOAT_SCALE]), x);                                                           \
        return outside;                                                                                                     \
    }                                                                                                                       \
    QL_SIMD vm code_##FORMAT##_unscaled(const void *context, const vf *numbers, vf x, vi *code, vf *y)                      \
    {                                                                                                                       \
        (void)context;                                                                                                      \
        (void)numbers;                                                                                                      \
        vf value;                                                                                                           \
        const vm outside = round_##FORMAT(vf_limit(x, vf_set(0x1p17f)), x, code, &value);                                   \
        *y = vf_copysign(value, x);                                                                                         \
        return outside;                                                                                                     \
    }

CODE_MINIFLOAT(QL_E4M3)
CODE_MINIFLOAT(QL_E5M2)
CODE_MINIFLOAT(QL_HALF)

/* The upper half of a float32, rounded: what carries out of the mantissa goes into the exponent. */
QL_SIMD vm code_bfloat(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    (void)context;
    (void)numbers;
    const vi bits = vf_bits(vf_abs(x)), largest = vi_set(0x7F7F);
    const vi odd = vi_and(vi_shr(bits, 16), vi_set(1)), rounded = vi_shr(vi_add(vi_add(bits, vi_set(0x7FFF)), odd), 16);
    const vi magnitude = vi_min(rounded, largest);
    *code = vi_or(magnitude, vi_and(vi_sar(vf_bits(x), 31), vi_set(-0x8000)));
    *y = vf_copysign(vf_from_bits(vi_shl(magnitude, 16)), x);
    return vi_gt(rounded, largest);
}

static uint64_t minifloat(ql_minifloat format, const float *scale, ql_blocks blocks, const float *x, size_t n, int16_t *q,
                          float *y)
{
    switch (format) {
    case QL_E4M3:
        return scale ? code_blocks(find_minifloat, code_QL_E4M3, FLOAT_COUNT, scale, blocks, x, n, q, y)
                     : code_run(code_QL_E4M3_unscaled, NULL, NULL, x, n, q, y);
    case QL_E5M2:
        return scale ? code_blocks(find_minifloat, code_QL_E5M2, FLOAT_COUNT, scale, blocks, x, n, q, y)
                     : code_run(code_QL_E5M2_unscaled, NULL, NULL, x, n, q, y);
    case QL_HALF:
        return scale ? code_blocks(find_minifloat, code_QL_HALF, FLOAT_COUNT, scale, blocks, x, n, q, y)
                     : code_run(code_QL_HALF_unscaled, NULL, NULL, x, n, q, y);
    case QL_BFLOAT:
        break;
    }
    return code_run(code_bfloat, NULL, NULL, x, n, q, y);
}

/* ---- Signs, ranges */

QL_SIMD void find_scale(const void *context, size_t first, size_t count, vf numbers[MOST])
{
    numbers[0] = load_lanes((const float *)context + first, count);
}

QL_SIMD vm code_sign(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    (void)context;
    const vm is_up = vf_ge(x, vf_set(0));
    *code = vi_select(is_up, vi_set(1), vi_set(-1));
    *y = vf_mul(numbers[0], vf_select(is_up, vf_set(1), vf_set(-1)));
    return vm_none();
}

static void signs(const float *scale, ql_blocks blocks, const float *x, size_t n, int16_t *q, float *y)
{
    code_blocks(find_scale, code_sign, 1, scale, blocks, x, n, q, y);
}

/* The least and the greatest of each lane of x[n], n >= 16. */
QL_SIMD void range_lanes(const float *x, size_t n, vf *least, vf *greatest)
{
    vf lo = vf_load(x + n - LANES), hi = lo; /* some of them twice */
    for (size_t i = 0; i + LANES <= n; i += LANES) {
        const vf v = vf_load(x + i);
        lo = vf_min(lo, v);
        hi = vf_max(hi, v);
    }
    *least = lo;
    *greatest = hi;
}

static void block_ranges(size_t size, const float *x, size_t n, float *lo, float *hi)
{
    size_t block = 0;
    for (; size >= LANES && (block + LANES) * size <= n; block += LANES) {
        vf least[LANES], greatest[LANES];
        for (size_t b = 0; b < LANES; b++) {
            range_lanes(x + (block + b) * size, size, &least[b], &greatest[b]);
        }
        vf_store(lo + block, vf_least_of_each(least));
        vf_store(hi + block, vf_greatest_of_each(greatest));
    }
    for (; block * size < n; block++) {
        const float *first = x + block * size;
        const size_t left = n - block * size, run = size < left ? size : left;
        if (run < LANES) {
            plain_block_ranges(size, first, run, &lo[block], &hi[block]);
        } else {
            vf least, greatest;
            range_lanes(first, run, &least, &greatest);
            lo[block] = vf_least(least);
            hi[block] = vf_greatest(greatest);
        }
    }
}

#define VECTOR_ENCODE_MEMBERS                                                                                               \
    {                                                                                                                       \
        .scaled_levels = scaled_levels, .own_levels = own_levels, .own_levels_each = plain_own_levels_each,                 \
        .nearest_levels = nearest_levels, .e2m1 = e2m1, .ggml = ggml, .minifloat = minifloat, .signs = signs,               \
        .block_ranges = block_ranges,                                                                                       \
    }

#endif
