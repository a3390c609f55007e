/*
 * Codes of W in groups along the inputs times X in 8 bits:
 *
 *   y = dx[i] sum over g of (s[j][g] sum over l in g of qx[i][l] level[q[j][l]] + b[j][g] sum over l in g of qx[i][l])
 *
 * Levels must be integers of 8 bits. Those of a table, of nf4 or fp4, are multiplied by the least factor up to 127 that
 * makes all of them integers, else by what makes the largest 127, and rounded: that error is part of the result. The
 * scales take the factor back. Where codes have zero points or minima, levels are the codes less their middle, and b is what
 * the middle stands for; else there is no b. Its part of Y is a product of floats, as many inputs long as there are groups.
 */
#include "analysis/matmul.h"
#include "base/error.h"
#include "matmul/activations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct grouping {
    ql_walk walk;
    int code_lo, count; /* of codes */
    bool halves;
    size_t inputs, length, groups; /* of a group, the same made a multiple of QL_CELL; of a row */
    uint8_t *codes;                /* [n][k] code - code_lo */
    int8_t levels[QL_WAY_LEVELS];
    float factor; /* that they were multiplied by */
} grouping;

/* What is added for b, where there is one. */
typedef struct middles {
    size_t length, groups;
    ql_packed b; /* [n][groups] */
    float *sums; /* [m][groups] of the codes of X, exact */
    ql_gemm_x x; /* of these */
} middles;

static void free_middles(void *state)
{
    middles *m = state;
    ql_packed_free(&m->b);
    ql_gemm_x_free(&m->x);
    free(m->sums);
    free(m);
}

static void use_codes(void *context, uint64_t begin, size_t n, const int16_t *codes, const float *y)
{
    const grouping *g = context;
    (void)y;
    for (size_t i = 0; i < n; i++) {
        g->codes[ql_way_place(&g->walk, begin + i)] = (uint8_t)(codes[i] - g->code_lo);
    }
}

/* The inputs of a group, the same for all; 0: groups go another way. */
static size_t group_inputs(const ql_spec *spec, size_t k)
{
    switch (spec->per) {
    case QL_PER_TENSOR:
    case QL_PER_ROW:
        return k;
    case QL_PER_BLOCK:
        return (size_t)spec->block < k ? (size_t)spec->block : k;
    case QL_PER_FLAT:
        return k % spec->block == 0 ? (size_t)spec->block : spec->block % k == 0 ? k : 0;
    default:
        return 0;
    }
}

static uint64_t group_at(const ql_groups *g, size_t row, size_t index, size_t inputs)
{
    switch (g->per) {
    case QL_PER_ROW:
        return row;
    case QL_PER_BLOCK:
        return row * g->row_groups + index;
    case QL_PER_FLAT:
        return ((uint64_t)row * g->cols + index * inputs) / g->block;
    default:
        return 0;
    }
}

/* ---- Levels */

/* Levels times a factor, as integers; what is no number is no level. */
static bool round_levels(grouping *g, const float *levels, float factor)
{
    bool is_exact = true;
    for (int i = 0; i < g->count; i++) {
        const float level = isfinite(levels[i]) ? levels[i] * factor : 0, whole = rintf(level);
        is_exact = is_exact && fabsf(level - whole) < 1e-5f && whole >= -128 && whole <= 127;
        g->levels[i] = (int8_t)fmaxf(fminf(whole, 127), -128);
    }
    g->factor = factor;
    return is_exact;
}

/* True when they are exact. */
static bool find_factor(grouping *g, const float *levels)
{
    float largest = 0;
    for (int whole = 1; whole <= 127; whole++) {
        if (round_levels(g, levels, (float)whole)) {
            return true;
        }
    }
    for (int i = 0; i < g->count; i++) {
        largest = isfinite(levels[i]) ? fmaxf(largest, fabsf(levels[i])) : largest;
    }
    round_levels(g, levels, largest > 0 ? 127 / largest : 1);
    return false;
}

/* Whether every group's codes (of many: some) stand for levels[i] scale + base, but for rounding; base is what code `middle`
   stands for, or 0. */
static bool are_levels(const ql_quantizer *q, const float *levels, int middle, bool has_base)
{
    const int count = q->code_hi - q->code_lo + 1, step = count > 16 ? 15 : 1;
    for (uint64_t group = 0; group < q->groups.count; group++) {
        const float base = has_base ? q->spec.mapping->decode(q, group, q->code_lo + middle) : 0;
        for (int i = 0; i < count; i += step) {
            const float value = q->spec.mapping->decode(q, group, q->code_lo + i), product = levels[i] * q->scales[group];
            if (!isnan(value) && !(fabsf(value - (product + base)) <= 1e-6f * (fabsf(value) + fabsf(base)))) {
                return false;
            }
        }
    }
    return true;
}

/* The levels that all groups share, up to their scale. */
static bool find_levels(ql_quantizer *q, float levels[QL_WAY_LEVELS])
{
    ql_way_find_levels(q, q->scales, levels);
    if (!q->zeros && are_levels(q, levels, 0, false)) {
        return true;
    }
    if (q->extra && q->scale_codes) {
        ql_way_find_levels(q, q->extra, levels);
        return are_levels(q, levels, 0, false);
    }
    return false;
}

/* The levels of the grouping; *has_base: with what the middle stands for. False: codes are something else. */
static bool choose_levels(ql_way *way, grouping *g, ql_quantizer *q, bool *has_base)
{
    const int middle = g->count / 2;
    float levels[QL_WAY_LEVELS] = { 0 };
    if (!q->scales || q->codebook) {
        return false;
    }
    *has_base = !find_levels(q, levels);
    if (*has_base) {
        for (int i = 0; i < g->count; i++) {
            levels[i] = (float)(i - middle);
        }
        return are_levels(q, levels, middle, true) && round_levels(g, levels, 1);
    }
    const bool is_exact = find_factor(g, levels);
    if (!is_exact) {
        snprintf(way->note, sizeof way->note, "levels as round(level * %.9g) in 8 bits", (double)g->factor);
    }
    return g->halves || is_exact;
}

/* ---- Weights */

static ql_status fail_codes(ql_error *error)
{
    return ql_fail(error, QL_UNUSABLE,
                   "weights_a8: codes must stand for integers of 8 bits times a scale, perhaps with a "
                   "minimum, in each group of inputs; try weights");
}

static ql_status check_spec(const ql_way *way, size_t inputs, ql_error *error)
{
    const ql_spec *spec = &way->spec;
    if (spec->outliers > 0) {
        return ql_fail(error, QL_UNUSABLE, "weights_a8: outliers that stand apart are not multiplied; try simulated");
    }
    if (spec->bits > 8 || spec->bits == 0 || !spec->mapping->decode) {
        return fail_codes(error);
    }
    if (inputs == 0 || (inputs % QL_CELL != 0 && inputs < way->o->k)) {
        return ql_fail(error, QL_UNUSABLE,
                       "weights_a8: groups must be whole rows or a multiple of %d inputs that begin anew in each row "
                       "(per=block); try weights",
                       QL_CELL);
    }
    return QL_OK;
}

static ql_status pack_middles(ql_way *way, const grouping *g, const ql_quantizer *q, ql_error *error)
{
    const ql_operands *o = way->o;
    middles *m = ql_way_array(1, sizeof *m, error);
    if (!m) {
        return QL_NO_MEMORY;
    }
    way->state = m;
    way->free_state = free_middles;
    m->length = g->length;
    m->groups = g->groups;
    m->sums = ql_way_array(o->m * g->groups, sizeof *m->sums, error);
    float *b = ql_way_array(o->n * g->groups, sizeof *b, error);
    if (!m->sums || !b) {
        free(b);
        return QL_NO_MEMORY;
    }
    for (size_t i = 0; i < o->n * g->groups; i++) {
        const uint64_t group = group_at(&q->groups, i / g->groups, i % g->groups, g->inputs);
        b[i] = q->spec.mapping->decode(q, group, q->code_lo + g->count / 2);
    }
    const ql_status status = ql_pack_floats(o->engine, b, o->n, g->groups, &m->b, error);
    free(b);
    return status;
}

static ql_status pack(ql_way *way, grouping *g, ql_quantizer *q, ql_error *error)
{
    const ql_operands *o = way->o;
    bool has_base;
    if (!choose_levels(way, g, q, &has_base)) {
        return fail_codes(error);
    }
    for (size_t i = 0; i < o->n * o->k && !g->halves; i++) {
        g->codes[i] = (uint8_t)g->levels[g->codes[i]];
    }
    float *scales = ql_way_array(o->n * g->groups, sizeof *scales, error);
    if (!scales) {
        return QL_NO_MEMORY;
    }
    for (size_t i = 0; i < o->n * g->groups; i++) {
        scales[i] = q->scales[group_at(&q->groups, i / g->groups, i % g->groups, g->inputs)] / g->factor;
    }
    ql_status status = ql_pack_grouped(o->engine, (const int8_t *)g->codes, o->n, o->k, g->length, scales,
                                       g->halves ? g->levels : NULL, &way->w, error);
    free(scales);
    if (status == QL_OK && has_base) {
        status = pack_middles(way, g, q, error);
    }
    return status;
}

ql_status ql_prepare_weights_a8(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    const size_t inputs = group_inputs(&way->spec, o->k);
    ql_status status = check_spec(way, inputs, error);
    if (status != QL_OK) {
        return status;
    }
    int hi, lo;
    way->spec.mapping->code_range(&way->spec, &lo, &hi);
    if (hi - lo >= QL_WAY_LEVELS) {
        return fail_codes(error);
    }
    grouping g = {
        .walk = ql_walk_of(o->profile->tensor),
        .code_lo = lo,
        .count = hi - lo + 1,
        .halves = hi - lo < 16,
        .inputs = inputs,
        .length = (inputs + QL_CELL - 1) / QL_CELL * QL_CELL,
        .groups = (o->k + inputs - 1) / inputs,
        .codes = ql_way_array(o->n * o->k, 1, error),
    };
    way->x_steps = ql_way_array(o->m, sizeof(float), error);
    ql_quantizer q = { 0 };
    status = g.codes && way->x_steps ? ql_way_quantize(way, &q, use_codes, &g, error) : QL_NO_MEMORY;
    if (status == QL_OK) {
        status = pack(way, &g, &q, error);
    }
    free(g.codes);
    ql_quantizer_free(&q);
    return status;
}

/* ---- Products */

static void make_row(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const ql_way *way = context;
    const middles *m = way->state;
    const size_t k = way->o->k;
    const float *x = way->o->x + row * k;
    (void)worker;
    way->x_steps[row] = ql_symmetric_step(ql_largest_magnitude(x, k));
    ql_symmetric_encode(way->x_steps[row], x, k, codes);
    for (size_t group = 0; m && group < m->groups; group++) {
        const size_t first = group * m->length, end = first + m->length < k ? first + m->length : k;
        int32_t sum = 0;
        for (size_t i = first; i < end; i++) {
            sum += codes[i];
        }
        m->sums[row * m->groups + group] = (float)sum;
    }
}

static void scale_tile(void *context, unsigned worker, const ql_gemm_tile *tile)
{
    const ql_way *way = context;
    (void)worker;
    for (size_t i = 0; i < tile->rows; i++) {
        float *y = (float *)tile->y + i * tile->stride;
        const float step = way->x_steps[tile->row + i];
        for (size_t j = 0; j < tile->outputs; j++) {
            y[j] *= step;
        }
    }
}

ql_status ql_run_weights_a8(ql_way *way, float *y, ql_error *error)
{
    const ql_operands *o = way->o;
    middles *m = way->state;
    const ql_gemm_options scaled = { .end = scale_tile, .context = way, .more = m != NULL, .monitor = way->monitor },
                          sums = { .monitor = way->monitor };
    const double start = ql_now();
    ql_status status = ql_gemm_make_codes(o->engine, &way->w, make_row, way, o->m, &way->x, error);
    way->quantize_seconds = ql_now() - start;
    if (status == QL_OK) {
        status = ql_gemm_grouped(o->engine, &way->w, &way->x, y, m ? &sums : &scaled, error);
    }
    if (status == QL_OK && m) {
        status = ql_gemm_take_floats(o->engine, &m->b, m->sums, o->m, &m->x, error);
    }
    return status == QL_OK && m ? ql_gemm_floats(o->engine, &m->b, &m->x, y, &scaled, error) : status;
}
