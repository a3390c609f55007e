/*
 * Codes of W in groups along the inputs, each with a scale, times X in 8 bits:
 *
 *   y = dx[i] sum over groups g of s[j][g] (sum over l in g of qx[i][l] level[q[j][l]])
 *
 * Levels must be integers of 8 bits. Those of a table, of nf4 or fp4, are multiplied by the least factor up to 127 that
 * makes all of them integers, else by what makes the largest 127, and rounded: that error is part of the result. The
 * scales take the factor back.
 */
#include "analysis/matmul.h"
#include "base/error.h"
#include "matmul/activations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEVELS = 256 };

typedef struct grouping {
    ql_walk walk;
    int code_lo;
    size_t k;
    int8_t *codes; /* [n][k] code - code_lo where there are 16 at most, else the code */
    bool halves;
} grouping;

static void use_codes(void *context, uint64_t begin, size_t n, const int16_t *codes, const float *y)
{
    const grouping *g = context;
    (void)y;
    for (size_t i = 0; i < n; i++) {
        const uint64_t at = begin + i;
        const size_t place = (size_t)(g->walk.across ? at % g->walk.rows * g->walk.cols + at / g->walk.rows : at);
        g->codes[place] = (int8_t)(g->halves ? codes[i] - g->code_lo : codes[i]);
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
        return k % spec->block == 0 ? (size_t)spec->block : 0;
    default:
        return 0;
    }
}

static uint64_t group_at(const ql_groups *g, size_t row, size_t index)
{
    switch (g->per) {
    case QL_PER_ROW:
        return row;
    case QL_PER_BLOCK:
        return row * g->row_groups + index;
    case QL_PER_FLAT:
        return (uint64_t)row * g->cols / g->block + index;
    default:
        return 0;
    }
}

static float largest_of(const float *levels, int count)
{
    float largest = 0;
    for (int i = 0; i < count; i++) {
        largest = isfinite(levels[i]) ? fmaxf(largest, fabsf(levels[i])) : largest;
    }
    return largest;
}

/* levels[count] times a factor, as integers. */
static float factor_of(const float *levels, int count, bool *is_exact)
{
    const float largest = largest_of(levels, count);
    for (int whole = 1; whole <= 127; whole++) {
        const float factor = (float)whole;
        bool fits = factor * largest <= 127;
        for (int i = 0; i < count && fits; i++) {
            const float level = levels[i] * factor;
            fits = fabsf(level - rintf(level)) < 1e-5f;
        }
        if (fits) {
            *is_exact = true;
            return factor;
        }
    }
    *is_exact = false;
    return largest > 0 ? 127 / largest : 1;
}

/* The levels that all groups share, up to their scale: what group 0 makes of its codes with a scale of 1; true when every
   group agrees. */
static bool find_levels(ql_quantizer *q, float levels[MOST_LEVELS])
{
    const int count = q->code_hi - q->code_lo + 1;
    const float scale = q->scales[0];
    q->scales[0] = 1;
    for (int i = 0; i < count; i++) {
        levels[i] = q->spec.mapping->decode(q, 0, q->code_lo + i);
    }
    q->scales[0] = scale;
    for (uint64_t group = 0; group < q->groups.count; group++) {
        for (int i = 0; i<count; i += count> 16 ? 15 : 1) {
            const float value = q->spec.mapping->decode(q, group, q->code_lo + i), product = levels[i] * q->scales[group];
            if (!(fabsf(value - product) <= 1e-6f * fabsf(value))) {
                return false;
            }
        }
    }
    return true;
}

static ql_status fail_spec(ql_error *error)
{
    return ql_fail(error, QL_UNUSABLE,
                   "weights_a8: codes must be levels of up to 8 bits times a scale for each group of inputs (absmax, q8_0, "
                   "q4_0, nf4, fp4, bnbfp4), without zero points and outliers; try weights");
}

static ql_status pack(ql_way *way, grouping *g, ql_quantizer *q, size_t inputs, ql_error *error)
{
    const ql_operands *o = way->o;
    const int count = q->code_hi - q->code_lo + 1;
    const size_t groups = (o->k + inputs - 1) / inputs, padded = (inputs + QL_CELL - 1) / QL_CELL * QL_CELL;
    float levels[MOST_LEVELS] = { 0 };
    int8_t bytes[16] = { 0 };
    bool is_exact;
    if (!q->scales || q->zeros || q->codebook || !find_levels(q, levels)) {
        return fail_spec(error);
    }
    const float factor = factor_of(levels, count, &is_exact);
    if (!g->halves && (!is_exact || factor != 1 || levels[-q->code_lo < count ? -q->code_lo : 0] != 0)) {
        return fail_spec(error);
    }
    for (int i = 0; i < count && i < 16; i++) {
        bytes[i] = (int8_t)rintf(levels[i] * factor);
    }
    float *scales = ql_way_array(o->n * groups, sizeof *scales, error);
    if (!scales) {
        return QL_NO_MEMORY;
    }
    for (size_t j = 0; j < o->n; j++) {
        for (size_t index = 0; index < groups; index++) {
            scales[j * groups + index] = q->scales[group_at(&q->groups, j, index)] / factor;
        }
    }
    if (!is_exact) {
        snprintf(way->note, sizeof way->note, "levels as round(level * %.9g) in 8 bits", (double)factor);
    }
    const ql_status status =
        ql_pack_grouped(o->engine, g->codes, o->n, o->k, padded, scales, g->halves ? bytes : NULL, &way->w, error);
    free(scales);
    return status;
}

ql_status ql_prepare_weights_a8(ql_way *way, ql_error *error)
{
    const ql_operands *o = way->o;
    const size_t inputs = group_inputs(&way->spec, o->k);
    int hi, lo;
    if (inputs == 0 || (inputs % QL_CELL != 0 && inputs < o->k) || way->spec.outliers > 0 || way->spec.bits > 8 ||
        way->spec.bits == 0) {
        return fail_spec(error);
    }
    way->spec.mapping->code_range(&way->spec, &lo, &hi);
    grouping g = { ql_walk_of(o->profile->tensor), lo, o->k, NULL, hi - lo < 16 };
    if (!g.halves && (lo < -128 || hi > 127)) {
        return fail_spec(error);
    }
    g.codes = ql_way_array(o->n * o->k, 1, error);
    way->x_steps = ql_way_array(o->m, sizeof(float), error);
    ql_quantizer q = { 0 };
    ql_status status = g.codes && way->x_steps ? ql_way_quantize(way, &q, use_codes, &g, error) : QL_NO_MEMORY;
    if (status == QL_OK) {
        status = pack(way, &g, &q, inputs, error);
    }
    free(g.codes);
    ql_quantizer_free(&q);
    return status;
}

static void make_row(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const ql_way *way = context;
    const float *x = way->o->x + row * way->o->k;
    (void)worker;
    way->x_steps[row] = ql_symmetric_step(ql_largest_magnitude(x, way->o->k));
    ql_symmetric_encode(way->x_steps[row], x, way->o->k, codes);
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
    const ql_gemm_options options = { .end = scale_tile, .context = way, .monitor = way->monitor };
    const double start = ql_now();
    const ql_status status = ql_gemm_make_codes(way->o->engine, &way->w, make_row, way, way->o->m, &way->x, error);
    way->quantize_seconds = ql_now() - start;
    return status == QL_OK ? ql_gemm_grouped(way->o->engine, &way->w, &way->x, y, &options, error) : status;
}
