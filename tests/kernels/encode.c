/* The kernels of encode.h. */
#include "checks.h"
#include "draw.h"

#include <float.h>
#include <stdlib.h>

enum { MOST_LEVELS = 256, MOST = TILE + MOST_TAIL + 1 };

/* What the rows need besides a job. */
static struct {
    ql_blocks blocks;
    float level[MOST_LEVELS], threshold[MOST_LEVELS];
    ql_levels levels;
    uint64_t tables[MOST];
    ql_ggml ggml;
    float unit;
    double limit;
    ql_minifloat format;
    bool without_scale;
} now;

/* ---- Inputs */

/* One block for each element, blocks in which no vector fits, that are vectors, that are not; one block for all. */
static void draw_blocks(job *j, size_t usual)
{
    static const size_t sizes[] = { 1, 2, 7, 15, 16, 17, 32, 33, 48, 64, 100, 128, 2 * TILE };
    now.blocks.size = j->ordinary ? usual : DRAW_FROM(&j->draws, sizes);
    now.blocks.offset = j->ordinary || draw(&j->draws) & 1 ? 0 : draw_below(&j->draws, now.blocks.size);
}

static size_t block_of(size_t i)
{
    return (now.blocks.offset + i) / now.blocks.size;
}

static size_t block_count(const job *j)
{
    return j->n ? block_of(j->n - 1) + 1 : 0;
}

/* A scale: usual, a power of two, any, tiny, 0 if it may be. */
static float draw_scale(job *j, bool zero)
{
    if (j->ordinary) {
        return 0.07f * (1 + (float)draw_unit(&j->draws));
    }
    switch (draw_below(&j->draws, 6)) {
    case 0:
        return ldexpf(1, (int)draw_below(&j->draws, 277) - 149);
    case 1:
        return fmaxf(fabsf(draw_finite(&j->draws)), 0x1p-149f);
    case 2:
        return (float)(1 + draw_below(&j->draws, 20)) * 0x1p-149f;
    case 3:
        return zero ? 0 : 1;
    default:
        return ldexpf(1 + (float)draw_unit(&j->draws), (int)draw_below(&j->draws, 20) - 12);
    }
}

static void draw_scales(job *j, float *scale, bool zero)
{
    for (size_t i = 0; i < block_count(j); i++) {
        scale[i] = draw_scale(j, zero);
    }
}

/* v or a float32 beside it, finite. */
static float beside(job *j, double v)
{
    float f = (float)fmin(fmax(v, -(double)FLT_MAX), (double)FLT_MAX);
    const float toward = draw_sign(&j->draws) * FLT_MAX;
    for (unsigned away = draw(&j->draws) & 1 ? draw_below(&j->draws, 4) : 0; away > 0; away--) {
        f = nextafterf(f, toward);
    }
    return f;
}

/* x of a usual size for `scale`, or of a kind. */
static float draw_x(job *j, double scale)
{
    return j->ordinary || draw(&j->draws) & 1 ? beside(j, (2 * draw_unit(&j->draws) - 1) * 1.1 * scale)
                                              : draw_value(j, j->kind, (float)fmin(scale, (double)FLT_MAX), 0);
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void code_outputs(const job *j, outputs *o, int16_t **q, float **y)
{
    *q = outputs_array(o, j->n, sizeof **q);
    *y = outputs_array(o, j->n, sizeof **y);
}

/* ---- Levels */

/* Random ones, or so even that they have cells; x = thresholds, as the inverse puts them, and what lies beside. */
static void prepare_scaled(job *j, bool in_order)
{
    const unsigned count = j->ordinary ? 16 : 1 + draw_below(&j->draws, 16);
    const bool even = j->ordinary || draw(&j->draws) & 1;
    float level[16], threshold[16];
    int code[16];
    for (unsigned i = 0; i < count; i++) {
        level[i] = even ? (float)((i + 0.5 + 0.2 * draw_unit(&j->draws)) / 8 - 1) : (float)draw_unit(&j->draws) * 2 - 1;
        level[i] = even || draw_below(&j->draws, 8) ? level[i] : roundf(level[i] * 4) / 4;
        code[i] = (int)((i * 7 + 3) % 16);
    }
    qsort(level, count, sizeof *level, ascending);
    for (unsigned i = 0; i + 1 < count; i++) {
        threshold[i] = (level[i] + level[i + 1]) / 2;
    }
    ql_levels16_make(count, level, threshold, in_order ? NULL : code, &j->levels);
    draw_blocks(j, 64);
    draw_scales(j, j->steps, true);
    draw_scales(j, j->y, true);
    for (size_t i = 0; i < j->n; i++) {
        const double scale = fmax((double)j->steps[block_of(i)], (double)QL_BLOCK_LEAST);
        j->x[i] = draw_x(j, scale);
        if (!j->ordinary && draw(&j->draws) & 1) {
            const unsigned t = draw_below(&j->draws, count + 1);
            j->x[i] = beside(j, (t + 1 < count ? (double)threshold[t] : (double)draw_sign(&j->draws)) * scale);
        }
    }
}

static void prepare_levels(job *j)
{
    prepare_scaled(j, true);
}

static void prepare_renumbered(job *j)
{
    prepare_scaled(j, false);
}

static void run_scaled_levels(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q;
    float *y;
    code_outputs(j, o, &q, &y);
    k->encode.scaled_levels(&j->levels, j->steps, j->y, now.blocks, j->x, j->n, q, y);
}

/* Sorted, and midpoints that are rounded down: as for codebooks. Also equal ones, on a grid, far apart. */
static void draw_table(job *j, unsigned count, float *level, float *threshold)
{
    unsigned room = 1;
    while (room < count) {
        room *= 2;
    }
    const unsigned kind = j->ordinary ? 0 : draw_below(&j->draws, 3);
    for (unsigned i = 0; i < count; i++) {
        level[i] = kind == 0   ? (float)(2 * draw_unit(&j->draws) - 1)
                   : kind == 1 ? (float)((int)draw_below(&j->draws, 65) - 32) / 32
                               : draw_finite(&j->draws) * 0x1p-60f;
    }
    qsort(level, count, sizeof *level, ascending);
    for (unsigned i = 0; i < room; i++) {
        const double middle = i + 1 < count ? ((double)level[i] + (double)level[i + 1]) / 2 : INFINITY;
        threshold[i] = (float)middle;
        threshold[i] = (double)threshold[i] > middle ? nextafterf(threshold[i], -INFINITY) : threshold[i];
    }
}

static void prepare_own(job *j, unsigned usual)
{
    static const unsigned counts[] = { 1, 2, 3, 4, 8, 15, 16, 17, 31, 32, 33, 100, 128, 255, 256 };
    const unsigned count = j->ordinary ? usual : DRAW_FROM(&j->draws, counts);
    draw_table(j, count, now.level, now.threshold);
    now.levels = (ql_levels) { count, now.level, now.threshold };
    for (size_t i = 0; i < j->n; i++) {
        const float threshold = now.threshold[draw_below(&j->draws, count)];
        j->x[i] = j->ordinary || isinf(threshold) || draw(&j->draws) & 1 ? draw_x(j, 1) : beside(j, (double)threshold);
    }
}

static void prepare_own_16(job *j)
{
    prepare_own(j, 16);
}

static void prepare_own_256(job *j)
{
    prepare_own(j, 256);
}

static void run_own_levels(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q;
    float *y;
    code_outputs(j, o, &q, &y);
    k->encode.own_levels(now.levels, j->x, j->n, q, y);
}

/* Several tables one after the other. */
static void prepare_own_each(job *j)
{
    const unsigned count = j->ordinary ? 16 : 1u << draw_below(&j->draws, 7), tables = MOST_LEVELS / count;
    for (unsigned t = 0; t < tables; t++) {
        draw_table(j, count, now.level + t * count, now.threshold + t * count);
    }
    now.levels = (ql_levels) { count, now.level, now.threshold };
    for (size_t i = 0; i < j->n; i++) {
        now.tables[i] = draw_below(&j->draws, tables);
        const float threshold = now.threshold[now.tables[i] * count + draw_below(&j->draws, count)];
        j->x[i] = j->ordinary || isinf(threshold) ? draw_x(j, 1) : beside(j, (double)threshold);
    }
}

static void run_own_levels_each(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q;
    float *y;
    code_outputs(j, o, &q, &y);
    k->encode.own_levels_each(now.levels, now.tables, j->x, j->n, q, y);
}

/* x = midpoint largest, and beside. */
static void prepare_nearest(job *j)
{
    prepare_own(j, 16);
    draw_blocks(j, 64);
    draw_scales(j, j->steps, true);
    for (size_t i = 0; i < j->n; i++) {
        const double largest = j->steps[block_of(i)];
        const unsigned t = draw_below(&j->draws, now.levels.count);
        j->x[i] = draw_x(j, largest);
        if (!j->ordinary && t + 1 < now.levels.count && draw(&j->draws) & 1) {
            j->x[i] = beside(j, ((double)now.level[t] + (double)now.level[t + 1]) / 2 * largest);
        }
    }
}

static void run_nearest_levels(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q;
    float *y;
    code_outputs(j, o, &q, &y);
    k->encode.nearest_levels(now.levels, j->steps, now.blocks, j->x, j->n, q, y);
}

/* ---- Formats */

/* x = thresholds of E2M1 and limits, as the scale puts them, and beside. */
static void prepare_e2m1_of(job *j, bool two_scales, size_t usual)
{
    static const double limits[] = { 6, 7, 6 * (1 + 0x1p-20) };
    static const double marks[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 6, 7, 6 * (1 + 0x1p-20), 0.5, 2, 8 };
    draw_blocks(j, usual);
    now.limit = DRAW_FROM(&j->draws, limits);
    now.unit = two_scales ? fminf(draw_scale(j, false), 1e30f) : 1;
    draw_scales(j, j->steps, true);
    for (size_t i = 0; two_scales && i < block_count(j); i++) {
        const unsigned code = j->ordinary ? 0x40 + draw_below(&j->draws, 8) : draw_below(&j->draws, 0x7F);
        j->steps[i] = ldexpf((float)(code < 8 ? code : 8 + code % 8), (code < 8 ? 1 : (int)code / 8) - 10); /* e4m3 */
    }
    for (size_t i = 0; i < j->n; i++) {
        const double d = (double)j->steps[block_of(i)] * (double)now.unit;
        j->x[i] = draw_x(j, 6 * d);
        if (!j->ordinary && draw(&j->draws) & 1) {
            j->x[i] = beside(j, (double)draw_sign(&j->draws) * DRAW_FROM(&j->draws, marks) * d);
        }
    }
}

static void prepare_e2m1(job *j)
{
    prepare_e2m1_of(j, false, 32);
}

static void prepare_nvfp4(job *j)
{
    prepare_e2m1_of(j, true, 16);
}

static void run_e2m1(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q;
    float *y;
    code_outputs(j, o, &q, &y);
    outputs_note(o, k->encode.e2m1(j->steps, now.unit, now.limit, now.blocks, j->x, j->n, q, y));
}

/* x = where codes change, and beside; codes a little out of range too. */
static void prepare_ggml(job *j, ql_ggml_kind kind, int middle, int top)
{
    float *minimum = (float *)(void *)j->zeros;
    draw_blocks(j, 32);
    draw_scales(j, j->steps, kind != QL_GGML_ROUNDED);
    draw_scales(j, j->y, true);
    for (size_t i = 0; i < block_count(j); i++) {
        j->steps[i] *= kind == QL_GGML_CENTERED ? draw_sign(&j->draws) : 1;
        minimum[i] = -j->steps[i] * (float)draw_below(&j->draws, 48);
    }
    now.ggml = (ql_ggml) { kind, middle, top, j->steps, j->y, minimum, j->y };
    for (size_t i = 0; i < j->n; i++) {
        const double d = j->steps[block_of(i)], least = kind == QL_GGML_AFFINE ? (double)minimum[block_of(i)] : 0;
        const double code = j->ordinary || draw(&j->draws) & 1 ? (top + 1) * draw_unit(&j->draws) - 0.5
                                                               : draw_below(&j->draws, (size_t)(2 * top + 5)) * 0.5 - 1;
        const double sign = kind == QL_GGML_ROUNDED ? (double)draw_sign(&j->draws) : 1;
        j->x[i] = beside(j, (code - middle) * d * sign + least);
        const float reach = (j->x[i] - (float)least) / (float)d;
        j->x[i] = fabsf(reach) < 30000 ? j->x[i] : (float)least;
    }
}

static void prepare_q8_0(job *j)
{
    prepare_ggml(j, QL_GGML_ROUNDED, 0, 127);
}

static void prepare_q4_0(job *j)
{
    prepare_ggml(j, QL_GGML_CENTERED, 8, 15);
}

static void prepare_q5_1(job *j)
{
    prepare_ggml(j, QL_GGML_AFFINE, 0, 31);
}

static void run_ggml(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q;
    float *y;
    code_outputs(j, o, &q, &y);
    outputs_note(o, k->encode.ggml(&now.ggml, now.blocks, j->x, j->n, q, y));
}

/* x = values, ties, the ends of the range, as the scale puts them, and beside. */
static void prepare_minifloat(job *j, ql_minifloat format, int mantissa, int least, int greatest)
{
    now.format = format;
    draw_blocks(j, 64);
    draw_scales(j, j->steps, false);
    for (size_t i = 0; i < j->n; i++) {
        const double d = now.without_scale ? 1 : (double)j->steps[block_of(i)], largest = ldexp(2, greatest);
        j->x[i] = draw_x(j, d * largest);
        if (!j->ordinary && draw(&j->draws) & 1) {
            const int exponent = least + (int)draw_below(&j->draws, (size_t)(greatest - least + 1));
            const double halves = draw_below(&j->draws, (size_t)4 << mantissa) + 1.0;
            j->x[i] = beside(j, (double)draw_sign(&j->draws) * ldexp(halves, exponent - mantissa - 1) * d);
        }
    }
}

#define MINIFLOAT(NAME, FORMAT, MANTISSA, LEAST, GREATEST, WITHOUT_SCALE)                                                   \
    static void prepare_##NAME(job *j)                                                                                      \
    {                                                                                                                       \
        now.without_scale = WITHOUT_SCALE;                                                                                  \
        prepare_minifloat(j, FORMAT, MANTISSA, LEAST, GREATEST);                                                            \
    }
MINIFLOAT(e4m3, QL_E4M3, 3, -6, 8, false)
MINIFLOAT(e5m2, QL_E5M2, 2, -14, 15, false)
MINIFLOAT(half, QL_HALF, 10, -14, 15, false)
MINIFLOAT(e4m3_plain, QL_E4M3, 3, -6, 8, true)
MINIFLOAT(e5m2_plain, QL_E5M2, 2, -14, 15, true)
MINIFLOAT(half_plain, QL_HALF, 10, -14, 15, true)
MINIFLOAT(bfloat, QL_BFLOAT, 7, -126, 127, true)

static void run_minifloat(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q;
    float *y;
    code_outputs(j, o, &q, &y);
    const float *scale = now.without_scale ? NULL : j->steps;
    outputs_note(o, k->encode.minifloat(now.format, scale, now.blocks, j->x, j->n, q, y));
}

/* ---- Signs, ranges */

static void prepare_signs(job *j)
{
    draw_blocks(j, 64);
    draw_scales(j, j->steps, true);
    for (size_t i = 0; i < j->n; i++) {
        j->x[i] = draw_value(j, j->kind, 0.01f, 0);
    }
}

static void run_signs(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q;
    float *y;
    code_outputs(j, o, &q, &y);
    k->encode.signs(j->steps, now.blocks, j->x, j->n, q, y);
}

static void prepare_ranges(job *j)
{
    prepare_signs(j);
    now.blocks.size = j->ordinary ? 32 : now.blocks.size;
    now.blocks.offset = 0;
}

static void run_block_ranges(const ql_kernels *k, const job *j, outputs *o)
{
    const size_t count = block_count(j);
    float *lo = outputs_array(o, count, sizeof *lo), *hi = outputs_array(o, count, sizeof *hi);
    k->encode.block_ranges(now.blocks.size, j->x, j->n, lo, hi);
    for (size_t i = 0; !o->timing && i < count; i++) {
        lo[i] += 0; /* which zero it is does not matter */
        hi[i] += 0;
    }
}

#define ROW(MEMBER, WHAT, PREPARE, RUN)                                                                                     \
    {                                                                                                                       \
        .name = "encode." #MEMBER WHAT, .member = offsetof(ql_kernels, encode.MEMBER), .unit_bytes = 4, .prepare = PREPARE, \
        .run = RUN                                                                                                          \
    }
static const kernel_check rows[] = {
    ROW(scaled_levels, "", prepare_levels, run_scaled_levels),
    ROW(scaled_levels, " renumbered", prepare_renumbered, run_scaled_levels),
    ROW(own_levels, " 16", prepare_own_16, run_own_levels),
    ROW(own_levels, " 256", prepare_own_256, run_own_levels),
    ROW(own_levels_each, "", prepare_own_each, run_own_levels_each),
    ROW(nearest_levels, "", prepare_nearest, run_nearest_levels),
    ROW(e2m1, " mxfp4", prepare_e2m1, run_e2m1),
    ROW(e2m1, " nvfp4", prepare_nvfp4, run_e2m1),
    ROW(ggml, " q8_0", prepare_q8_0, run_ggml),
    ROW(ggml, " q4_0", prepare_q4_0, run_ggml),
    ROW(ggml, " q5_1", prepare_q5_1, run_ggml),
    ROW(minifloat, " e4m3", prepare_e4m3, run_minifloat),
    ROW(minifloat, " e5m2", prepare_e5m2, run_minifloat),
    ROW(minifloat, " half", prepare_half, run_minifloat),
    ROW(minifloat, " e4m3 plain", prepare_e4m3_plain, run_minifloat),
    ROW(minifloat, " e5m2 plain", prepare_e5m2_plain, run_minifloat),
    ROW(minifloat, " half plain", prepare_half_plain, run_minifloat),
    ROW(minifloat, " bfloat", prepare_bfloat, run_minifloat),
    ROW(signs, "", prepare_signs, run_signs),
    ROW(block_ranges, "", prepare_ranges, run_block_ranges),
};

const kernel_checks encode_checks = { rows, sizeof rows / sizeof *rows };
