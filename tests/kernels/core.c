/* The kernels of kernels.h itself. */
#include "checks.h"
#include "draw.h"

#include <assert.h>
#include <float.h>
#include <string.h>

static const ql_uniform code_ranges[] = { { -127, 127 }, { -128, 127 }, { -7, 7 },  { -8, 7 },        { -1, 1 },
                                          { -2, 1 },     { 0, 15 },     { 0, 255 }, { -32768, 32767 } };
static const float steps[] = { 1,         0x1p-7f,     0x1p20f,   0.001f,    0.0123f, 3,     0x1p-148f,
                               0x1p-149f, 0x1.8p-147f, 0x1p-126f, 0x1p-125f, 1e30f,   3e38f, FLT_MAX };
static const int32_t zeros[] = {
    0, 0, 0, 5, -128, 128, -510, 70000, 1 << 24, INT32_MAX, INT32_MAX - 1, INT32_MIN, INT32_MIN + 1
};

/* ---- Inputs */

static float draw_step(job *j)
{
    switch (j->ordinary ? 2 : draw_below(&j->draws, 3)) {
    case 0:
        return DRAW_FROM(&j->draws, steps);
    case 1:
        return ldexpf(1 + (float)draw_unit(&j->draws), (int)draw_below(&j->draws, 40) - 30);
    default:
        return 0x1.9p-10f + (float)draw_unit(&j->draws) * 0x1p-12f;
    }
}

static int32_t draw_zero(job *j)
{
    switch (j->ordinary ? 2 : draw_below(&j->draws, 3)) {
    case 0:
        return DRAW_FROM(&j->draws, zeros);
    case 1:
        return (int32_t)(uint32_t)draw(&j->draws);
    default:
        return (int32_t)draw_below(&j->draws, 15) - 7;
    }
}

/* x, step, zero and codes. */
static void prepare_values(job *j)
{
    j->codes = j->ordinary ? code_ranges[0] : DRAW_FROM(&j->draws, code_ranges);
    j->step = draw_step(j);
    j->zero = draw_zero(j);
    for (size_t i = 0; i < j->n; i++) {
        j->x[i] = draw_value(j, j->kind, j->step, j->zero);
    }
}

static void prepare_steps(job *j)
{
    prepare_values(j);
    j->without_zeros = draw_below(&j->draws, 3) == 0;
    for (size_t i = 0; i < j->n; i++) {
        j->steps[i] = draw_step(j);
        j->zeros[i] = draw_zero(j);
        j->x[i] = draw_value(j, j->kind, j->steps[i], j->without_zeros ? 0 : j->zeros[i]);
    }
}

/* The steps of blocks: the first ones. Now and then one is odd. */
static void prepare_steps_of_blocks(job *j)
{
    prepare_steps(j);
    const bool wide = draw(&j->draws) & 1, even = draw(&j->draws) & 1;
    j->block = j->ordinary ? 64 : wide ? 16 * (1 + draw_below(&j->draws, 9)) : 1 + draw_below(&j->draws, 150);
    j->offset = j->ordinary ? 0 : wide && even ? 16 * draw_below(&j->draws, j->block / 16) : draw_below(&j->draws, j->block);
    const float usual = draw_step(j);
    for (size_t i = 0; i < j->n; i++) {
        j->steps[i] = even && draw_below(&j->draws, 400) ? usual : j->steps[i];
        j->zeros[i] = even && draw_below(&j->draws, 400) ? j->zeros[i] % 512 : j->zeros[i];
    }
    for (size_t i = 0; i < j->n; i++) {
        const size_t block = (i + j->offset) / j->block;
        j->x[i] = draw_value(j, j->kind, j->steps[block], j->without_zeros ? 0 : j->zeros[block]);
    }
}

/* y is what a quantizer makes of x, or something else. */
static void prepare_pairs(job *j)
{
    prepare_values(j);
    const unsigned relation = j->ordinary ? 0 : draw_below(&j->draws, 3);
    for (size_t i = 0; i < j->n; i++) {
        const float near = rintf(j->x[i] / j->step) * j->step;
        j->y[i] = relation == 0 && isfinite(near) ? near : relation == 1 ? j->x[i] : draw_value(j, j->kind, j->step, 0);
    }
}

/* Anything may be among them. */
static void prepare_strange(job *j)
{
    prepare_values(j);
    for (unsigned strange = j->ordinary ? 0 : draw_below(&j->draws, 3); strange > 0 && j->n > 0; strange--) {
        float v = draw_bits(&j->draws);
        while (isfinite(v) && draw_below(&j->draws, 8)) {
            v = draw(&j->draws) & 1 ? draw_bits(&j->draws) : draw_sign(&j->draws) * INFINITY;
        }
        j->x[draw_below(&j->draws, j->n)] = v;
    }
}

/* A limit on which one of the distances lies. */
static double draw_limit(job *j)
{
    return j->n > 0 ? fabs((double)j->x[draw_below(&j->draws, j->n)] - j->center) : 1;
}

static void prepare_center(job *j)
{
    prepare_values(j);
    j->center = j->ordinary || j->n == 0 || draw(&j->draws) & 1 ? draw_normal(&j->draws) * 0.01
                                                                : (double)j->x[draw_below(&j->draws, j->n)] / 3;
    const double a = draw_limit(j), b = draw_limit(j);
    j->limit[0] = a < b ? a : b;
    j->limit[1] = a < b ? b : a;
    if (j->ordinary) {
        j->limit[0] = 0.06;
        j->limit[1] = 0.12;
    }
}

static uint32_t key_of(ql_order order, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, 4);
    return order == QL_BY_MAGNITUDE ? bits & 0x7FFFFFFF : bits >> 31 ? ~bits : bits | 0x80000000u;
}

/* Ranges that end on keys of x or beside them; in practice one narrow range. */
static void prepare_ranges(job *j)
{
    prepare_values(j);
    j->order = j->ordinary || draw(&j->draws) & 1 ? QL_BY_MAGNITUDE : QL_BY_VALUE;
    const unsigned wanted = j->ordinary ? 1 : 1 + draw_below(&j->draws, MOST_RANGES);
    uint32_t ends[2 * MOST_RANGES];
    for (unsigned i = 0; i < 2 * wanted; i++) {
        uint32_t key = j->n > 0 ? key_of(j->order, j->x[draw_below(&j->draws, j->n)]) : (uint32_t)draw(&j->draws);
        key += draw_below(&j->draws, 3) - 1;
        unsigned at = i;
        for (; at > 0 && ends[at - 1] > key; at--) {
            ends[at] = ends[at - 1];
        }
        ends[at] = key;
    }
    j->range_count = 0;
    for (unsigned i = 0; i < wanted; i++) {
        const uint32_t first = ends[2 * i], last = draw_below(&j->draws, 4) ? ends[2 * i + 1] : first;
        if (j->range_count == 0 || first > j->ranges[j->range_count - 1][1]) {
            j->ranges[j->range_count][0] = first;
            j->ranges[j->range_count++][1] = last;
        }
    }
    j->counting = draw(&j->draws) & 1;
    if (j->ordinary) {
        j->ranges[0][0] = key_of(j->order, 0.05f);
        j->ranges[0][1] = key_of(j->order, 0.0501f);
    }
}

/* v on the edges of bins, beside them, and outside. */
static void prepare_axis(job *j)
{
    static const double ends[][2] = {
        { -0.1, 0.1 },           { -1, 1 },   { 0, 0 },        { 0.02, 0.02 }, { 0, 0.1 }, { -FLT_MAX, FLT_MAX },
        { -0x1p-140, 0x1p-140 }, { -5, 0.3 }, { 0, 0x1p-149 }, { 0, 256 }
    };
    prepare_values(j);
    const double *chosen = DRAW_FROM(&j->draws, ends);
    const double size = ldexp(draw_unit(&j->draws), (int)draw_below(&j->draws, 20) - 10);
    const bool drawn = draw(&j->draws) & 1;
    j->axis = (ql_binning) {
        .lo = drawn ? -size * draw_unit(&j->draws) : chosen[0],
        .hi = drawn ? size : chosen[1],
        .bins = 1u << draw_below(&j->draws, 17),
        .magnitude = draw(&j->draws) & 1,
    };
    if (j->ordinary) {
        j->axis = (ql_binning) { .lo = -0.07, .hi = 0.07, .bins = 256 };
    }
    for (size_t i = 0; i < j->n && !j->ordinary; i++) {
        const double edge = j->axis.lo + (j->axis.hi - j->axis.lo) *
                                             (double)((int)draw_below(&j->draws, j->axis.bins + 9) - 4) / j->axis.bins;
        if (fabs(edge) <= (double)FLT_MAX && draw(&j->draws) & 1) {
            j->x[i] = (float)edge;
            for (unsigned away = draw_below(&j->draws, 3); away > 0; away--) {
                j->x[i] = nextafterf(j->x[i], draw_sign(&j->draws) * FLT_MAX);
            }
            j->x[i] = j->axis.magnitude ? draw_sign(&j->draws) * j->x[i] : j->x[i];
        }
    }
}

/* Codes, in the memory of the zeros, and what is made of them: values by block and code, or any; errors that are 0, on the
   edges of bins, and keys on the ends of a range. */
static int16_t *codes_of(const job *j)
{
    return (int16_t *)(void *)j->zeros;
}

static void prepare_tally(job *j)
{
    prepare_axis(j);
    prepare_ranges(j);
    j->axis.magnitude = false;
    j->codes = j->ordinary || draw(&j->draws) & 1 ? (ql_uniform) { -7, 7 } : DRAW_FROM(&j->draws, code_ranges);
    const uint32_t count = (uint32_t)(j->codes.code_hi - j->codes.code_lo + 1);
    j->error_axis = (ql_binning) { .lo = -0.51 * j->step, .hi = 0.51 * j->step, .bins = j->ordinary ? 512 : j->axis.bins };
    j->block = draw(&j->draws) & 1 ? 1 + draw_below(&j->draws, 200) : 0;
    j->offset = j->block ? draw_below(&j->draws, j->block) : 0;
    int16_t *codes = codes_of(j);
    for (size_t i = 0; i < j->more; i++) {
        const uint32_t code = draw_below(&j->draws, count),
                       scale = (uint32_t)((i + j->offset) / (j->block ? j->block : 1)) % 7;
        const float off = draw_below(&j->draws, 5) ? (float)(draw_unit(&j->draws) - 0.5) * j->step : 0;
        codes[i] = (int16_t)(j->codes.code_lo + (int)code);
        j->y[i] = j->block ? (float)(int)code * j->step * (float)scale * 0.25f : j->x[i] - off;
        j->x[i] = j->block ? j->y[i] + off : j->x[i];
        if (!isfinite(j->x[i]) || !isfinite(j->y[i])) {
            j->x[i] = j->y[i] = 0;
        }
    }
}

/* An axis over all values, which are also put on the edges of bins. */
static void prepare_fine(job *j)
{
    prepare_values(j);
    float least = j->n > 0 ? j->x[0] : 0, greatest = least;
    for (size_t i = 1; i < j->n; i++) {
        least = j->x[i] < least ? j->x[i] : least;
        greatest = j->x[i] > greatest ? j->x[i] : greatest;
    }
    const double lo = least, hi = greatest;
    j->fine = (ql_fine_axis) { .lo = lo, .bins = j->ordinary ? 1 << 15 : 1 << draw_below(&j->draws, 17) };
    j->fine.per_unit = hi > lo ? j->fine.bins / (hi - lo) : 0;
    for (size_t i = 0; i < j->n && !j->ordinary; i++) {
        const double edge = lo + (hi - lo) * draw_below(&j->draws, (unsigned)j->fine.bins + 1) / j->fine.bins;
        j->x[i] = draw(&j->draws) & 1 ? (float)fmin(fmax((float)edge, lo), hi) : j->x[i];
    }
}

static void prepare_codes(job *j)
{
    j->codes = j->ordinary ? code_ranges[0] : DRAW_FROM(&j->draws, code_ranges);
    const int width = j->codes.code_hi - j->codes.code_lo;
    const bool narrow = draw(&j->draws) & 1; /* equal neighbours */
    for (size_t i = 0; i < j->n; i++) {
        const double place = narrow ? 0.5 + 0.02 * draw_normal(&j->draws) : draw_unit(&j->draws) * 1.2 - 0.1;
        j->codes_in[i] = (int16_t)(j->codes.code_lo + (int)lrint((place < 0 ? 0 : place > 1 ? 1 : place) * width));
    }
}

/* ---- Runs */

/* A range has no sign of zero. */
static void note_range(outputs *o, float lo, float hi)
{
    float *ends = outputs_array(o, 2, sizeof *ends);
    ends[0] = lo + 0.0f;
    ends[1] = hi + 0.0f;
}

static void run_range(const ql_kernels *k, const job *j, outputs *o)
{
    float lo = INFINITY, hi = -INFINITY;
    if (j->zero % 2 != 0) { /* what is there is kept */
        lo = -j->step;
        hi = 0.01f;
    }
    k->range(j->x, j->n, &lo, &hi);
    note_range(o, lo, hi);
}

static void run_range_each(const ql_kernels *k, const job *j, outputs *o)
{
    float *lo = outputs_array(o, j->n, sizeof *lo), *hi = outputs_array(o, j->n, sizeof *hi);
    if (!o->timing) {
        memcpy(lo, j->y, j->n * sizeof *lo);
        memcpy(hi, j->y, j->n * sizeof *hi);
    }
    k->range_each(j->x, j->n, lo, hi);
}

static void run_census(const ql_kernels *k, const job *j, outputs *o)
{
    static_assert(sizeof(ql_census) == (3 * QL_LANES + 2) * sizeof(double), "sums, two floats, a counter");
    ql_census *c = (void *)outputs_sums(o, sizeof *c / sizeof(double));
    c->lo = j->zero % 2 != 0 ? -1 : INFINITY;
    c->hi = j->zero % 2 != 0 ? 1 : -INFINITY;
    outputs_note(o, k->census(j->x, j->n, c));
    c->lo += 0.0f;
    c->hi += 0.0f;
}

static void run_moments(const ql_kernels *k, const job *j, outputs *o)
{
    ql_moments *m = (void *)outputs_sums(o, sizeof *m / sizeof(double));
    k->moments(j->x, j->n, j->center, m);
}

static void run_beyond(const ql_kernels *k, const job *j, outputs *o)
{
    uint64_t count[2] = { 5, 1 };
    k->beyond(j->x, j->n, j->center, j->limit, count);
    outputs_note(o, count[0]);
    outputs_note(o, count[1]);
}

static void run_count_upper(const ql_kernels *k, const job *j, outputs *o)
{
    k->count_upper(j->order, j->x, j->n, outputs_counters(o, 65536));
}

static void run_collect(const ql_kernels *k, const job *j, outputs *o)
{
    uint32_t *at = outputs_array(o, j->n + QL_LANES, sizeof *at);
    uint64_t *above = outputs_array(o, j->range_count, sizeof *above);
    const size_t kept = k->collect(j->order, j->ranges, j->range_count, j->x, j->n, at, j->counting ? above : NULL);
    outputs_note(o, kept);
    if (kept <= j->n) {
        outputs_forget(o, at + kept, (j->n + QL_LANES - kept) * sizeof *at);
    }
}

static void run_histogram(const ql_kernels *k, const job *j, outputs *o)
{
    const size_t counters = j->axis.bins + QL_OUTSIDE;
    uint32_t *tables = outputs_counters(o, QL_TABLES * counters);
    k->histogram(&j->axis, j->x, j->n, tables);
    outputs_fold(o, tables, counters);
}

static void run_counters(const ql_kernels *k, const job *j, outputs *o)
{
    k->counters(&j->axis, j->x, j->n, outputs_array(o, j->n, sizeof(uint32_t)));
}

static void run_count_codes(const ql_kernels *k, const job *j, outputs *o)
{
    const uint32_t count = (uint32_t)(j->codes.code_hi - j->codes.code_lo + 1);
    uint32_t *tables = outputs_counters(o, QL_TABLES * (size_t)count);
    k->count_codes(j->codes_in, j->n, j->codes.code_lo, count, tables, NULL);
    outputs_fold(o, tables, count);
}

static void run_fine(const ql_kernels *k, const job *j, outputs *o)
{
    uint64_t *table = outputs_array(o, (size_t)j->fine.bins, sizeof *table);
    if (!o->timing) {
        memset(table, 0, (size_t)j->fine.bins * sizeof *table);
    }
    k->fine(&j->fine, j->x, j->n, table);
}

static void run_uniform_run(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q = outputs_array(o, j->n, sizeof *q);
    float *y = outputs_array(o, j->n, sizeof *y);
    outputs_note(o, k->uniform_run(j->codes, j->step, j->zero, j->x, j->n, q, y));
}

static void run_uniform_blocks(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q = outputs_array(o, j->n, sizeof *q);
    float *y = outputs_array(o, j->n, sizeof *y);
    outputs_note(o, k->uniform_blocks(j->codes, j->steps, j->without_zeros ? NULL : j->zeros,
                                      (ql_blocks) { j->block, j->offset }, j->x, j->n, q, y));
}

static void run_uniform_each(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q = outputs_array(o, j->n, sizeof *q);
    float *y = outputs_array(o, j->n, sizeof *y);
    outputs_note(o, k->uniform_each(j->codes, j->steps, j->without_zeros ? NULL : j->zeros, j->x, j->n, q, y));
}

static void run_errors(const ql_kernels *k, const job *j, outputs *o)
{
    float *e = outputs_array(o, j->n, sizeof *e);
    ql_error_sums *sums = (void *)outputs_sums(o, sizeof *sums / sizeof(double));
    k->errors(j->x, j->y, j->n, e, sums, outputs_sums(o, QL_LANES));
}

static void run_measure(const ql_kernels *k, const job *j, outputs *o)
{
    const uint32_t code_count = (uint32_t)(j->codes.code_hi - j->codes.code_lo + 1);
    const size_t value_counters = j->axis.bins + QL_OUTSIDE, error_counters = j->error_axis.bins + QL_OUTSIDE;
    ql_tally tally = {
        .error_axis = j->error_axis,
        .value_axis = j->axis,
        .code_lo = j->codes.code_lo,
        .code_count = code_count,
        .error_table = outputs_counters(o, QL_TABLES * error_counters),
        .value_table = outputs_counters(o, QL_TABLES * value_counters),
        .code_table = outputs_counters(o, QL_TABLES * (size_t)code_count),
        .blocks = { j->block, j->offset },
        .wanted = { j->ranges[0][0], j->ranges[0][1] },
    };
    uint32_t *const values = tally.value_table, *const codes = tally.code_table;
    tally.value_table = j->counting ? values : NULL;
    tally.code_table = j->order == QL_BY_MAGNITUDE ? codes : NULL;
    const size_t n = j->more;
    float *e = outputs_array(o, n, sizeof *e);
    ql_error_sums *sums = (void *)outputs_sums(o, sizeof *sums / sizeof(double));
    double *square = outputs_sums(o, QL_LANES);
    uint32_t *at = outputs_array(o, n + QL_LANES, sizeof *at);
    uint64_t above = 3;
    const size_t kept = k->measure(&tally, j->x, j->y, codes_of(j), n, e, sums, square, at, &above);
    outputs_note(o, kept);
    outputs_note(o, above);
    if (kept <= n) {
        outputs_forget(o, at + kept, (n + QL_LANES - kept) * sizeof *at);
    }
    outputs_fold(o, tally.error_table, error_counters);
    outputs_fold(o, values, value_counters);
    outputs_fold(o, codes, code_count);
}

static void run_square_each(const ql_kernels *k, const job *j, outputs *o)
{
    k->square_each(j->x, j->y, j->n, outputs_sums(o, j->n));
}

static void run_candidate_errors(const ql_kernels *k, const job *j, outputs *o)
{
    const ql_candidate candidate = { .step = j->step, .zero = j->zero, .codes = j->codes };
    k->candidate_errors(&candidate, j->x, j->n, outputs_sums(o, QL_LANES));
}

static const kernel_check rows[] = {
    { KERNEL(range), .unit_bytes = 4, .prepare = prepare_values, .run = run_range },
    { KERNEL(range_each), .unit_bytes = 4, .prepare = prepare_pairs, .run = run_range_each },
    { KERNEL(census), .unit_bytes = 4, .prepare = prepare_strange, .run = run_census },
    { KERNEL(moments), .unit_bytes = 4, .prepare = prepare_center, .run = run_moments },
    { KERNEL(beyond), .unit_bytes = 4, .prepare = prepare_center, .run = run_beyond },
    { KERNEL(count_upper), .unit_bytes = 4, .prepare = prepare_ranges, .run = run_count_upper },
    { KERNEL(collect), .unit_bytes = 4, .prepare = prepare_ranges, .run = run_collect },
    { KERNEL(histogram), .unit_bytes = 4, .prepare = prepare_axis, .run = run_histogram },
    { KERNEL(counters), .unit_bytes = 4, .prepare = prepare_axis, .run = run_counters },
    { KERNEL(count_codes), .unit_bytes = 2, .prepare = prepare_codes, .run = run_count_codes },
    { KERNEL(fine), .unit_bytes = 4, .prepare = prepare_fine, .run = run_fine },
    { KERNEL(uniform_run), .unit_bytes = 4, .prepare = prepare_values, .run = run_uniform_run },
    { KERNEL(uniform_blocks), .unit_bytes = 4, .prepare = prepare_steps_of_blocks, .run = run_uniform_blocks },
    { KERNEL(uniform_each), .unit_bytes = 4, .prepare = prepare_steps, .run = run_uniform_each },
    { KERNEL(errors), .unit_bytes = 4, .prepare = prepare_pairs, .run = run_errors },
    { KERNEL(measure), .unit_bytes = 4, .prepare = prepare_tally, .run = run_measure },
    { KERNEL(square_each), .unit_bytes = 4, .prepare = prepare_pairs, .run = run_square_each },
    { KERNEL(candidate_errors), .unit_bytes = 4, .prepare = prepare_values, .run = run_candidate_errors },
};

const kernel_checks core_checks = { rows, sizeof rows / sizeof *rows };
