/* Codebooks in vectors of 16 lanes: encode.h says what they mean. */
#ifndef QL_KERNELS_VECTOR_LEVELS_H
#define QL_KERNELS_VECTOR_LEVELS_H

#include "kernels/vector_lanes.h"

#include <float.h>

/* ---- At most 16 levels: a binary search of four steps, which take one of 1, 2, 4 and 8 thresholds of their own */

typedef struct search16 {
    vf first, second, third, fourth;
} search16;

QL_SIMD search16 search16_of(const float threshold[15])
{
    float tables[3][LANES] = { 0 };
    for (int step = 1; step < 4; step++) {
        for (int i = 0; i < 1 << step; i++) {
            tables[step - 1][i] = threshold[(16 >> step) * i + (8 >> step) - 1];
        }
    }
    return (search16) { vf_set(threshold[7]), vf_load(tables[0]), vf_load(tables[1]), vf_load(tables[2]) };
}

/* One step up or down the tree of thresholds; those next to v are left in under and over. */
QL_SIMD vi step_up(vf v, vf threshold, vi at, vf *under, vf *over)
{
    const vm is_above = vf_gt(v, threshold);
    *under = vf_select(is_above, threshold, *under);
    *over = vf_select(is_above, *over, threshold);
    return vi_add_where(is_above, vi_add(at, at), vi_set(1));
}

QL_SIMD vi steps16(const search16 *search, vf v, vf *under, vf *over)
{
    vi at = step_up(v, search->first, vi_set(0), under, over);
    at = step_up(v, vf_pick8(search->second, at), at, under, over);
    at = step_up(v, vf_pick8(search->third, at), at, under, over);
    return step_up(v, vf_pick8(search->fourth, at), at, under, over);
}

/* ---- More levels: the rest of the search in memory */

typedef struct search256 {
    search16 coarse; /* among every stride-th threshold */
    int stride;
    const float *threshold;
} search256;

QL_SIMD search256 search_of(ql_levels levels)
{
    float coarse[LANES];
    int stride = 1;
    while (stride * LANES < (int)levels.count) {
        stride *= 2;
    }
    for (int i = 0; i < LANES; i++) {
        const unsigned at = (unsigned)((i + 1) * stride - 1);
        coarse[i] = at + 1 < levels.count ? levels.threshold[at] : INFINITY;
    }
    return (search256) { search16_of(coarse), stride, levels.threshold };
}

QL_SIMD vi steps(const search256 *search, vf v, vf *under, vf *over)
{
    *under = vf_set(-INFINITY);
    *over = vf_set(INFINITY);
    vi at = steps16(&search->coarse, v, under, over);
    for (int width = search->stride / 2; width > 0; width /= 2) { /* of the two halves of 2 width thresholds */
        vi middle = at;
        for (int w = 1; w < 2 * width; w *= 2) {
            middle = vi_add(middle, middle);
        }
        at = step_up(v, vf_gather(search->threshold, vi_add(middle, vi_set(width - 1))), at, under, over);
    }
    return at;
}

/* The levels themselves: in a vector where they are few. */
typedef struct level_table {
    vf few;
    const float *all; /* NULL: few */
} level_table;

QL_SIMD level_table level_table_of(ql_levels levels)
{
    return (level_table) { load_lanes(levels.level, levels.count), levels.count > LANES ? levels.level : NULL };
}

QL_SIMD vf level_at(const level_table *table, vi code)
{
    return table->all ? vf_gather(table->all, code) : vf_pick16(table->few, code);
}

/* ---- Levels that many groups share, scaled */

enum { SCALED_INVERSE, SCALED_SCALE, SCALED_COUNT };

typedef struct scaled_context {
    const float *largest, *scale;
    vf level, code;
    search16 search;
    vf threshold[2], first[2]; /* of cells */
} scaled_context;

QL_SIMD void find_scaled(const void *context, size_t first, size_t count, vf numbers[MOST])
{
    const scaled_context *c = context;
    const vf largest = load_lanes(c->largest + first, count);
    numbers[SCALED_INVERSE] = vf_div(vf_set(1), vf_max(largest, vf_set(QL_BLOCK_LEAST)));
    numbers[SCALED_SCALE] = load_lanes(c->scale + first, count);
}

QL_SIMD vm code_by_cells(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    const scaled_context *c = context;
    const vf v = vf_limit(vf_mul(x, numbers[SCALED_INVERSE]), vf_set(1));
    const vi cell = vf_bits(vf_fma(v, vf_set(QL_CELLS_PER_ONE), vf_set(0x1p23f + 15))); /* its lowest bits */
    const vi first = vf_bits(vf_pick32(c->first[0], c->first[1], cell));
    *code = vi_add_where(vf_gt(v, vf_pick32(c->threshold[0], c->threshold[1], cell)), first, vi_set(1));
    *y = vf_mul(vf_pick16(c->level, *code), numbers[SCALED_SCALE]);
    return vm_none();
}

QL_SIMD vi find_scaled_level(const scaled_context *c, const vf *numbers, vf x, vf *y)
{
    vf under = vf_set(0), over = under; /* of no interest */
    const vf v = vf_limit(vf_mul(x, numbers[SCALED_INVERSE]), vf_set(1));
    const vi at = steps16(&c->search, v, &under, &over);
    *y = vf_mul(vf_pick16(c->level, at), numbers[SCALED_SCALE]);
    return at;
}

QL_SIMD vm code_by_search(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    *code = find_scaled_level(context, numbers, x, y);
    return vm_none();
}

QL_SIMD vm code_out_of_order(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    *code = vf_bits(vf_pick16(((const scaled_context *)context)->code, find_scaled_level(context, numbers, x, y)));
    return vm_none();
}

static void scaled_levels(const ql_levels16 *levels, const float *largest, const float *scale, ql_blocks blocks,
                          const float *x, size_t n, int16_t *q, float *y)
{
    scaled_context c = { .largest = largest, .scale = scale, .level = vf_load(levels->level) };
    if (QL_QUICK_PICK32 && levels->in_order && levels->has_cells) {
        for (int k = 0; k < 2; k++) {
            c.threshold[k] = vf_load(levels->cell_threshold + LANES * k);
            c.first[k] = vf_from_bits(vi_load(levels->cell_first + LANES * k));
        }
        code_blocks(find_scaled, code_by_cells, SCALED_COUNT, &c, blocks, x, n, q, y);
        return;
    }
    c.search = search16_of(levels->threshold);
    c.code = vf_from_bits(vi_load(levels->code));
    if (levels->in_order) {
        code_blocks(find_scaled, code_by_search, SCALED_COUNT, &c, blocks, x, n, q, y);
    } else {
        code_blocks(find_scaled, code_out_of_order, SCALED_COUNT, &c, blocks, x, n, q, y);
    }
}

/* ---- Levels of one group */

typedef struct own_context {
    search256 search;
    level_table levels;
} own_context;

QL_SIMD vm code_own(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    (void)numbers;
    const own_context *c = context;
    vf under, over; /* of no interest */
    *code = steps(&c->search, x, &under, &over);
    *y = level_at(&c->levels, *code);
    return vm_none();
}

static void own_levels(ql_levels levels, const float *x, size_t n, int16_t *q, float *y)
{
    if (n < LANES) { /* tables would take longer */
        plain_own_levels(levels, x, n, q, y);
        return;
    }
    const own_context c = { search_of(levels), level_table_of(levels) };
    code_run(code_own, &c, NULL, x, n, q, y);
}

/* ---- Levels nearest to a quotient */

/*
 * v = x (1 / A) in float32 is the quotient up to a relative error below 2^-22. Where no threshold lies within 2^-20 of v,
 * its code is that of the quotient; the others, quotients near underflow and groups near the ends of float32 are done again
 * by the definition.
 */
enum { NEAREST_INVERSE, NEAREST_LARGEST, NEAREST_NEAR, NEAREST_COUNT };

typedef struct nearest_context {
    ql_levels levels;
    const float *largest;
    search256 search;
    level_table table;
} nearest_context;

QL_SIMD void find_nearest(const void *context, size_t first, size_t count, vf numbers[MOST])
{
    const nearest_context *c = context;
    const vf largest = load_lanes(c->largest + first, count), none = vf_set(0);
    const vm odd = vm_or(vf_gt(vf_set(0x1p-100f), largest), vf_gt(largest, vf_set(0x1p100f)));
    numbers[NEAREST_INVERSE] = vf_select(vf_eq(largest, none), none, vf_min(vf_div(vf_set(1), largest), vf_set(FLT_MAX)));
    numbers[NEAREST_LARGEST] = largest;
    numbers[NEAREST_NEAR] = vf_select(odd, none, vf_set(0x1p-20f));
}

/* Lanes of which it is not sure on which side of its neighbours the quotient is. */
QL_SIMD uint32_t unsure_lanes(const vf *numbers, vf x, vf v, vf under, vf over)
{
    const vf near = vf_mul(vf_abs(v), numbers[NEAREST_NEAR]), none = vf_set(0);
    const vm is_between = vm_and(vf_gt(vf_sub(v, near), under), vf_ge(over, vf_add(v, near)));
    const vm is_zero = vm_or(vf_eq(x, none), vf_eq(numbers[NEAREST_LARGEST], none));
    return ~vm_bits(vm_and(is_between, vm_or(is_zero, vf_ge(near, vf_set(0x1p-120f))))) & 0xFFFF;
}

QL_SIMD vm code_nearest(const void *context, const vf *numbers, vf x, vi *code, vf *y)
{
    const nearest_context *c = context;
    const vf v = vf_mul(x, numbers[NEAREST_INVERSE]);
    vf under, over;
    *code = steps(&c->search, v, &under, &over);
    uint32_t unsure = unsure_lanes(numbers, x, v, under, over);
    if (unsure) {
        int32_t codes[LANES];
        float values[LANES], largest[LANES];
        vi_store(codes, *code);
        vf_store(values, x);
        vf_store(largest, numbers[NEAREST_LARGEST]);
        for (; unsure; unsure &= unsure - 1) {
            const int lane = __builtin_ctz(unsure);
            codes[lane] = (int32_t)nearest_code(c->levels, largest[lane], values[lane]);
        }
        *code = vi_load(codes);
    }
    *y = vf_mul(level_at(&c->table, *code), numbers[NEAREST_LARGEST]);
    return vm_none();
}

static void nearest_levels(ql_levels levels, const float *largest, ql_blocks blocks, const float *x, size_t n, int16_t *q,
                           float *y)
{
    const nearest_context c = { levels, largest, search_of(levels), level_table_of(levels) };
    code_blocks(find_nearest, code_nearest, NEAREST_COUNT, &c, blocks, x, n, q, y);
}

#endif
