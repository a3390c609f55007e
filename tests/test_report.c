/* The report: every number against a brute-force computation, and the properties that hold for every tensor and spec. */
#include "tensors.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "quant/scheme.h"

enum { MOST = 3000 };

/* Steps of bits in the grid of knobs. It runs on one thread: a corner of it is enough for the slow thread sanitizer. */
#ifdef __SANITIZE_THREAD__
enum { GRID_STEP = 6 };
#else
enum { GRID_STEP = 1 };
#endif

static ql_engine *engine, *alone; /* two threads, one */
static uint64_t seed = 23;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(2, &engine, NULL) != QL_OK || ql_engine_new(1, &alone, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    ql_engine_free(&alone);
    return 0;
}

static ql_spec parse(const char *text)
{
    ql_spec spec;
    ql_error error = { 0 };
    must(ql_spec_parse(text, &spec, &error), &error);
    return spec;
}

typedef struct work {
    memory_tensor tensor;
    ql_profile *profile;
    ql_report *report;
} work;

static void make_with(ql_engine *with, work *w, const char *spec_text, ql_layout layout, unsigned rank, const uint64_t *shape,
                      const float *x)
{
    const ql_spec spec = parse(spec_text);
    ql_error error = { 0 };
    memory_tensor_make(&w->tensor, QL_F32, x, layout, rank, shape);
    must(ql_profile_make(with, NULL, &w->tensor.tensor, NULL, &w->profile, &error), &error);
    must(ql_report_make(with, w->profile, &spec, NULL, &w->report, &error), &error);
}

static void make(work *w, const char *spec_text, ql_layout layout, unsigned rank, const uint64_t *shape, const float *x)
{
    make_with(engine, w, spec_text, layout, rank, shape, x);
}

static void drop(work *w)
{
    ql_report_free(&w->report);
    assert_null(w->report);
    ql_report_free(&w->report);
    ql_profile_free(&w->profile);
    memory_tensor_free(&w->tensor);
}

/* ---- Brute force: a quantizer of a few lines, straight from the formulas */

typedef struct brute {
    uint64_t group_count, group_of[MOST]; /* of logical element r * cols + c */
    float scale[MOST];
    int32_t zero[MOST];
    int code_lo, code_hi;
    int q[MOST]; /* logical order, as all below */
    float y[MOST];
    uint64_t clipped;
} brute;

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double *values, size_t n, double percent)
{
    qsort(values, n, sizeof *values, compare);
    const double h = percent / 100 * (double)(n - 1), k = floor(h);
    const size_t at = (size_t)k;
    return at + 1 < n ? values[at] + (h - k) * (values[at + 1] - values[at]) : values[at];
}

static uint64_t group_at(const ql_spec *s, uint64_t cols, uint64_t r, uint64_t c)
{
    switch (s->per) {
    case QL_PER_TENSOR:
        return 0;
    case QL_PER_ROW:
        return r;
    case QL_PER_COL:
        return c;
    case QL_PER_BLOCK:
        return r * ((cols - 1) / s->block + 1) + c / s->block;
    case QL_PER_FLAT:
        return (r * cols + c) / s->block;
    case QL_PER_TILE:
        return r / s->block * ((cols - 1) / s->tile_cols + 1) + c / s->tile_cols;
    }
    return 0;
}

/* Clipping range of the values of one group, symmetric: -alpha, alpha. */
static void clip_range(const ql_spec *s, bool symmetric, double *values, size_t n, double *lo, double *hi)
{
    for (size_t i = 0; symmetric && i < n; i++)
        values[i] = fabs(values[i]);
    if (s->clip == QL_CLIP_MANUAL) {
        *lo = symmetric ? -s->abs : s->lo;
        *hi = symmetric ? s->abs : s->hi;
    } else {
        *hi = percentile(values, n, s->clip == QL_CLIP_MINMAX ? 100 : s->p_hi);
        *lo = symmetric ? -*hi : percentile(values, n, s->clip == QL_CLIP_MINMAX ? 0 : s->p_lo);
    }
}

static float step_of(double range, double steps)
{
    const float step = (float)(range / steps);
    return range == 0 ? 1 : step == 0 ? 0x1p-149f : step;
}

/* w is the logical matrix [rows][cols]. */
static void quantize(brute *b, const ql_spec *s, const float *w, uint64_t rows, uint64_t cols)
{
    const bool symmetric = !strcmp(ql_mapping_describe(s->mapping)->name, "absmax");
    const int top = (1 << (s->bits - 1)) - 1;
    memset(b, 0, sizeof *b);
    b->code_hi = top;
    b->code_lo = symmetric && s->range == QL_RANGE_RESTRICTED ? -top : -top - 1;
    for (uint64_t i = 0; i < rows * cols; i++) {
        b->group_of[i] = group_at(s, cols, i / cols, i % cols);
        b->group_count = b->group_of[i] + 1 > b->group_count ? b->group_of[i] + 1 : b->group_count;
    }
    for (uint64_t g = 0; g < b->group_count; g++) {
        double values[MOST], lo, hi;
        size_t n = 0;
        for (uint64_t i = 0; i < rows * cols; i++)
            if (b->group_of[i] == g)
                values[n++] = w[i];
        clip_range(s, symmetric, values, n, &lo, &hi);
        if (symmetric) {
            b->scale[g] = step_of(hi, top);
            continue;
        }
        if (s->zero == QL_ZERO_INCLUDE) {
            lo = fmin(lo, 0);
            hi = fmax(hi, 0);
        }
        b->scale[g] = step_of(hi - lo, b->code_hi - b->code_lo);
        double z = nearbyint(b->code_lo - lo / (double)b->scale[g]);
        if (s->zero == QL_ZERO_INCLUDE)
            z = fmin(fmax(z, b->code_lo), b->code_hi);
        b->zero[g] = (int32_t)fmin(fmax(z, INT32_MIN), INT32_MAX);
    }
    for (uint64_t i = 0; i < rows * cols; i++) {
        const double d = b->scale[b->group_of[i]], z = b->zero[b->group_of[i]];
        const double code = nearbyint(w[i] / d) + z;
        b->clipped += code < b->code_lo || code > b->code_hi;
        b->q[i] = (int)fmin(fmax(code, b->code_lo), b->code_hi);
        b->y[i] = (float)((b->q[i] - z) * d);
    }
}

static void check_parameters(const ql_report *r, const brute *b, bool symmetric)
{
    assert_int_equal(r->group_count, b->group_count);
    assert_memory_equal(r->scales, b->scale, b->group_count * sizeof *b->scale);
    assert_int_equal(r->zeros == NULL, symmetric);
    if (!symmetric)
        assert_memory_equal(r->zeros, b->zero, b->group_count * sizeof *b->zero);
    assert_int_equal(r->code_lo, b->code_lo);
    assert_int_equal(r->code_hi, b->code_hi);
    assert_int_equal(r->levels, b->code_hi - b->code_lo + 1);
}

/* All metrics by their sentences, in long double, straight over the elements. */
static void check_metrics(const ql_report *r, const brute *b, const float *w, uint64_t rows, uint64_t cols)
{
    const uint64_t n = rows * cols;
    long double abs = 0, square = 0, xx = 0, xy = 0, yy = 0, mean = 0, worst = 0;
    double largest = 0, magnitudes[MOST], lo = INFINITY, hi = -INFINITY;
    uint64_t zeros = 0, counts[256] = { 0 };
    for (uint64_t i = 0; i < n; i++) {
        const double e = (double)w[i] - b->y[i];
        abs += magnitudes[i] = fabs(e);
        square += (long double)e * e;
        xx += (long double)w[i] * w[i];
        yy += (long double)b->y[i] * b->y[i];
        xy += (long double)w[i] * b->y[i];
        mean += w[i];
        largest = fmax(largest, fabs(e));
        zeros += b->y[i] == 0;
        counts[b->q[i] - b->code_lo]++;
        lo = fmin(lo, w[i]);
        hi = fmax(hi, w[i]);
    }
    mean /= n;
    long double variance = 0, entropy = 0, divergence = 0;
    for (uint64_t i = 0; i < n; i++)
        variance += (w[i] - mean) * (w[i] - mean) / n;
    unsigned used = 0;
    for (unsigned i = 0; i < r->levels; i++) {
        used += counts[i] > 0;
        entropy -= counts[i] ? (long double)counts[i] / n * log2l((long double)counts[i] / n) : 0;
    }
    assert_memory_equal(r->code_counts, counts, r->levels * sizeof *counts);
    assert_int_equal(r->row_count, rows);
    for (uint64_t row = 0; row < rows; row++) {
        long double sum = 0;
        for (uint64_t c = 0; c < cols; c++)
            sum += ((long double)w[row * cols + c] - b->y[row * cols + c]) * ((long double)w[row * cols + c] - b->y[row * cols + c]);
        assert_close(r->row_mse[row], (double)(sum / cols), 1e-13, 0);
        worst = fmaxl(worst, sum / cols);
    }
    double p[256], q[256];
    for (int i = 0; i < 256; i++)
        p[i] = q[i] = 0.5;
    for (uint64_t i = 0; i < n; i++) {
        const double at = hi > lo ? floor((w[i] - lo) * 256 / (hi - lo)) : 0, to = hi > lo ? floor((b->y[i] - lo) * 256 / (hi - lo)) : 0;
        p[(int)fmin(fmax(at, 0), 255)]++;
        q[(int)fmin(fmax(to, 0), 255)]++;
    }
    for (int i = 0; i < 256; i++)
        divergence += p[i] / (n + 128.0L) * logl((long double)p[i] / q[i]);
    const double *m = r->metrics, rmse = (double)sqrtl(square / n), std = (double)sqrtl(variance);
    assert_close(m[QL_MAE], (double)(abs / n), 1e-13, 0);
    assert_close(m[QL_MSE], (double)(square / n), 1e-13, 0);
    assert_close(m[QL_RMSE], rmse, 1e-13, 0);
    assert_close(m[QL_MAX_ABS], largest, 0, 0);
    assert_close(m[QL_SQNR_DB], square == 0 ? INFINITY : xx == 0 ? -INFINITY : (double)(10 * log10l(xx / square)), 1e-12, 1e-12);
    assert_close(m[QL_COSINE], xx == 0 && yy == 0 ? 1 : xx == 0 || yy == 0 ? 0 : (double)(xy / sqrtl(xx) / sqrtl(yy)), 1e-13, 0);
    assert_close(m[QL_REL_FRO], square == 0 ? 0 : xx == 0 ? INFINITY : (double)sqrtl(square / xx), 1e-13, 0);
    if (hi > lo || b->clipped == 0) /* on an axis without width all is in one bin whatever y is */
        assert_close(m[QL_KL_HIST], hi > lo ? (double)divergence : 0, 1e-10, 1e-14);
    assert_close(m[QL_FRAC_CLIPPED], (double)b->clipped / (double)n, 1e-15, 0);
    assert_close(m[QL_ZERO_FRAC], (double)zeros / (double)n, 1e-15, 0);
    assert_close(m[QL_LEVELS_USED], used, 0, 0);
    assert_close(m[QL_UTILISATION], (double)used / r->levels, 1e-15, 0);
    assert_close(m[QL_ENTROPY_BITS], (double)entropy, 1e-12, 1e-15);
    assert_close(m[QL_WORST_ROW_MSE], (double)worst, 1e-13, 0);
    assert_close(m[QL_P99_ABS], percentile(magnitudes, n, 99), 1e-15, 0);
    if (std > 1e-9 * fabs((double)mean))
        assert_close(m[QL_RMSE_OVER_STD], rmse / std, 1e-10, 0);
}

static uint64_t total_of(const ql_histogram *h)
{
    uint64_t total = h->below + h->above;
    for (int i = 0; i < QL_BINS; i++)
        total += h->bins[i];
    return total;
}

static void check_bookkeeping(const ql_report *r, const ql_profile *p, uint64_t n)
{
    uint64_t codes = 0;
    for (unsigned i = 0; i < r->levels; i++)
        codes += r->code_counts[i];
    assert_int_equal(codes, n);
    assert_int_equal(total_of(&r->original), n);
    assert_int_equal(total_of(&r->dequantized), n);
    assert_int_equal(total_of(&r->error), n);
    assert_true(r->original.below == 0 && r->original.above == 0);
    assert_true(r->dequantized.lo == r->original.lo && r->dequantized.hi == r->original.hi);
    assert_memory_equal(&r->stats, &p->stats, sizeof p->stats);
    const char *mapping = ql_mapping_describe(r->spec.mapping)->name;
    const double group_bits = !strcmp(mapping, "absmax") ? 32 : r->spec.zero == QL_ZERO_RAW ? 64 : 32 + r->spec.bits;
    assert_close(r->bits_per_weight, r->spec.bits + group_bits * (double)r->group_count / (double)n, 1e-15, 0);
    assert_int_equal(r->byte_count, ceil((r->spec.bits * (double)n + group_bits * (double)r->group_count) / 8));
    double least = INFINITY, greatest = 0;
    for (uint64_t g = 0; g < r->group_count; g++) {
        least = fmin(least, r->scales[g]);
        greatest = fmax(greatest, r->scales[g]);
    }
    assert_true(r->scale_min == (float)least && r->scale_max == (float)greatest);
    assert_int_equal(r->grid_count, r->group_count == 1 ? r->levels : 0);
    if (r->grid_count)
        assert_memory_equal(r->grid_counts, r->code_counts, r->levels * sizeof *r->grid_counts);
    for (unsigned i = 1; i < r->grid_count; i++)
        assert_true(r->grid[i] > r->grid[i - 1]);
    char text[QL_SPEC_TEXT];
    ql_spec_format(&r->spec, text);
    assert_string_equal(r->spec_text, text);
}

/* A logical matrix, stored as [out, in] and as its transpose. */
typedef struct matrix {
    uint64_t rows, cols;
    const float *w;
    memory_tensor tensors[2];
    ql_profile *profiles[2];
} matrix;

static void check_spec(const matrix *m, const char *text)
{
    static brute b;
    const ql_spec spec = parse(text);
    quantize(&b, &spec, m->w, m->rows, m->cols);
    for (int turned = 0; turned < 2; turned++) {
        ql_report *r;
        ql_error error;
        must(ql_report_make(alone, m->profiles[turned], &spec, NULL, &r, &error), &error);
        check_parameters(r, &b, spec.mapping->symmetric);
        check_metrics(r, &b, m->w, m->rows, m->cols);
        check_bookkeeping(r, m->profiles[turned], m->rows * m->cols);
        ql_report_free(&r);
    }
}

static const char *const granularities[] = { "", ",per=row", ",per=col", ",per=block,block=5", ",per=flat,block=7", ",per=block,block=1",
                                             ",per=block,block=1000", ",per=flat,block=1000000", ",per=tile,block=3x5" };
static const char *const absmax_clips[] = { "", ",clip=percentile,p=95", ",clip=percentile,p=0", ",clip=manual,abs=1.25", ",clip=manual,abs=100",
                                            ",clip=manual,abs=1e-6", ",clip=percentile,p=100" };
static const char *const zeropoint_clips[] = { "", ",clip=percentile,p=95", ",clip=percentile,p=30:60", ",clip=manual,lo=-1,hi=2",
                                               ",clip=manual,lo=0.5,hi=1.5", ",clip=manual,lo=-9,hi=-3" };
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Mapping x bits x granularity x clip; range or zero policy in turn. */
static void check_grid(uint64_t rows, uint64_t cols, const float *w, unsigned bits_step)
{
    static float transpose[MOST];
    static matrix m;
    ql_error error;
    m = (matrix) { rows, cols, w, .profiles = { NULL } };
    for (uint64_t i = 0; i < rows * cols; i++)
        transpose[i % cols * rows + i / cols] = w[i];
    memory_tensor_make(&m.tensors[0], QL_F32, w, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { rows, cols });
    memory_tensor_make(&m.tensors[1], QL_F32, transpose, QL_LAYOUT_IN_OUT, 2, (uint64_t[]) { cols, rows });
    for (int turned = 0; turned < 2; turned++)
        must(ql_profile_make(alone, NULL, &m.tensors[turned].tensor, NULL, &m.profiles[turned], &error), &error);
    unsigned turn = 0;
    for (unsigned bits = 2; bits <= 8; bits += bits_step) {
        for (size_t g = 0; g < COUNT(granularities); g++) {
            char text[200];
            for (size_t c = 0; c < COUNT(absmax_clips); c++) {
                snprintf(text, sizeof text, "absmax:bits=%u%s%s%s", bits, granularities[g], absmax_clips[c],
                         turn++ % 2 ? ",range=full" : "");
                check_spec(&m, text);
            }
            for (size_t c = 0; c < COUNT(zeropoint_clips); c++) {
                snprintf(text, sizeof text, "zeropoint:bits=%u%s%s%s", bits, granularities[g], zeropoint_clips[c],
                         turn++ % 2 ? ",zero=raw" : "");
                check_spec(&m, text);
            }
        }
    }
    for (int turned = 0; turned < 2; turned++) {
        ql_profile_free(&m.profiles[turned]);
        memory_tensor_free(&m.tensors[turned]);
    }
}

static void every_number_is_that_of_a_plain_computation_over_the_grid_of_knobs(void **state)
{
    (void)state;
    float w[MOST];
    for (int i = 0; i < MOST; i++)
        w[i] = (float)random_normal(&seed);
    check_grid(7, 13, w, GRID_STEP);
    for (int i = 0; i < MOST; i++) /* many ties and zeros */
        w[i] = (float)((int)random_below(&seed, 17) - 8) * 0.25f;
    check_grid(5, 6, w, GRID_STEP > 3 ? GRID_STEP : 3);
    for (int i = 0; i < MOST; i++) /* one-sided, off centre */
        w[i] = (float)(3 + random_unit(&seed));
    check_grid(3, 8, w, GRID_STEP > 3 ? GRID_STEP : 3);
}

static void awkward_tensors_are_quantized_as_computed(void **state)
{
    (void)state;
    float w[MOST] = { 0 };
    check_grid(3, 4, w, 6); /* zeros */
    w[0] = -2.5f;
    check_grid(1, 1, w, 6); /* one element */
    for (int i = 0; i < 12; i++)
        w[i] = 0.3f;
    check_grid(4, 3, w, 6); /* a constant */
    for (int i = 0; i < 12; i++)
        w[i] = i % 2 ? 0x1p-149f * (float)i : -0x1p-140f;
    check_grid(4, 3, w, 6); /* denormals */
    for (int i = 0; i < 97; i++)
        w[i] = (float)ldexp(random_normal(&seed), (int)random_below(&seed, 60) - 30);
    check_grid(97, 1, w, 6);
    check_grid(1, 97, w, 6);
}

static void tensors_of_rank_0_and_1_and_4_are_their_logical_matrix(void **state)
{
    (void)state;
    static brute b;
    float w[MOST];
    for (int i = 0; i < MOST; i++)
        w[i] = (float)random_normal(&seed);
    static const struct {
        unsigned rank;
        uint64_t shape[4], rows, cols;
    } shapes[] = { { 0, { 0 }, 1, 1 }, { 1, { 29 }, 1, 29 }, { 3, { 4, 3, 5 }, 4, 15 }, { 4, { 6, 2, 3, 3 }, 6, 18 } };
    for (size_t i = 0; i < COUNT(shapes); i++) {
        for (size_t g = 0; g < COUNT(granularities); g++) {
            char text[100];
            work done;
            snprintf(text, sizeof text, "zeropoint:bits=4%s", granularities[g]);
            const ql_spec spec = parse(text);
            quantize(&b, &spec, w, shapes[i].rows, shapes[i].cols);
            make(&done, text, QL_LAYOUT_OUT_IN, shapes[i].rank, shapes[i].shape, w);
            check_parameters(done.report, &b, false);
            check_metrics(done.report, &b, w, shapes[i].rows, shapes[i].cols);
            drop(&done);
        }
    }
}

/* ---- Properties */

static void without_clipping_no_error_exceeds_half_a_step(void **state)
{
    (void)state;
    float w[MOST];
    for (int repetition = 0; repetition < 12; repetition++) {
        for (int i = 0; i < MOST; i++)
            w[i] = (float)ldexp(random_normal(&seed), 10 * repetition - 60);
        for (unsigned bits = 2; bits <= 8; bits++) {
            char text[64];
            work done;
            snprintf(text, sizeof text, "absmax:bits=%u%s", bits, repetition % 2 ? ",per=row" : "");
            make(&done, text, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 30, 100 }, w);
            const ql_report *r = done.report;
            assert_true(r->metrics[QL_FRAC_CLIPPED] == 0);
            assert_true(r->metrics[QL_MAX_ABS] <= 0.5 * (double)r->scale_max * (1 + 1e-5));
            assert_int_equal(r->error.below + r->error.above, 0);
            drop(&done);
        }
    }
}

/* Values on the grid come back with no error: quantizing twice changes nothing. */
static void dequantized_values_are_met_exactly(void **state)
{
    (void)state;
    float y[MOST];
    for (unsigned bits = 2; bits <= 8; bits++) {
        for (int kind = 0; kind < 2; kind++) {
            char text[100];
            work done;
            const int top = (1 << (bits - 1)) - 1, zero = kind ? 1 - top / 2 : 0;
            const float step = (float)(0.01 + random_unit(&seed));
            for (int i = 0; i < MOST; i++) {
                const int q = (int)random_below(&seed, (uint64_t)(2 * top + 1)) - top;
                y[i] = (float)((double)(q - zero) * (double)step);
            }
            if (kind)
                snprintf(text, sizeof text, "zeropoint:bits=%u,zero=include,clip=manual,lo=%.17g,hi=%.17g", bits,
                         (-top - 1 - zero) * (double)step, (top - zero) * (double)step);
            else
                snprintf(text, sizeof text, "absmax:bits=%u,clip=manual,abs=%.17g", bits, top * (double)step);
            make(&done, text, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { MOST }, y);
            assert_true(done.report->scales[0] == step);
            assert_true(done.report->metrics[QL_MAX_ABS] == 0 && done.report->metrics[QL_FRAC_CLIPPED] == 0);
            assert_true(done.report->metrics[QL_SQNR_DB] == INFINITY && done.report->metrics[QL_REL_FRO] == 0);
            drop(&done);
        }
    }
}

static void the_grid_of_one_group_holds_every_dequantized_value(void **state)
{
    (void)state;
    float w[500];
    for (int i = 0; i < 500; i++)
        w[i] = (float)random_normal(&seed);
    static const char *const texts[] = { "absmax:bits=3", "zeropoint:bits=5", "zeropoint:bits=4,zero=raw", "absmax:bits=8,range=full" };
    for (size_t t = 0; t < COUNT(texts); t++) {
        static brute b;
        work done;
        const ql_spec spec = parse(texts[t]);
        quantize(&b, &spec, w, 1, 500);
        make(&done, texts[t], QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 500 }, w);
        for (int i = 0; i < 500; i++)
            assert_true(done.report->grid[b.q[i] - b.code_lo] == (double)b.y[i]);
        assert_close(done.report->clip_lo, done.report->grid[0], 1e-7, 0);
        assert_close(done.report->clip_hi, done.report->grid[done.report->grid_count - 1], 1e-7, 0);
        drop(&done);
    }
}

/* Large enough for several chunks and for the deeper scans of a percentile. */
static void the_widest_group_is_told_with_its_range_and_levels(void **state)
{
    (void)state;
    static const float w[3 * 4] = { 1, -2, 0.5f, 0, 3, -8, 4, 6, 5, 5, -8, 1 }; /* rows 1 and 2 reach equally far */
    static const struct {
        const char *spec;
        double lo, hi;
        unsigned count;
        float first, last; /* levels */
    } rows[] = {
        { "absmax:bits=4,per=row", -8, 8, 15, -8, 8 },          { "zeropoint:bits=4,per=row", -8, 6, 16, -8.4f, 5.6f },
        { "absmax:per=row,clip=percentile,p=0", -3, 3, 255, -3, 3 }, { "kmeans:bits=1,per=row", -8, 6, 2, -8, 13 / 3.0f },
        { "nf4:per=block,block=64", -8, 8, 16, -8, 8 },         { "mxfp4", -8, 8, 16, 0, -12 },
        { "ternary:per=row", -5.25, 5.25, 3, -5.25f, 5.25f },   { "q8_0", -8, 6, 255, -7.999f, 7.999f },
        { "fp8_e4m3", -8, 8, 256, 0, NAN },                     { "fp16", -8, 8, 0, 0, 0 },
        { "none", 0, 0, 0, 0, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        work done;
        make(&done, rows[i].spec, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 3, 4 }, w);
        const ql_widest *widest = &done.report->widest;
        if (widest->group != (done.report->group_count == 3 ? 1 : 0) || widest->lo != rows[i].lo || widest->hi != rows[i].hi ||
            widest->level_count != rows[i].count)
            fail_msg("%s: group %llu, %g..%g, %u levels", rows[i].spec, (unsigned long long)widest->group, widest->lo, widest->hi,
                     widest->level_count);
        if (rows[i].count) {
            assert_float_equal(widest->levels[0], rows[i].first, 1e-3);
            if (isnan(rows[i].last))
                assert_true(isnan(widest->levels[rows[i].count - 1]));
            else
                assert_float_equal(widest->levels[rows[i].count - 1], rows[i].last, 1e-3);
        }
        drop(&done);
    }
}

static void the_99th_percentile_of_the_error_is_that_of_a_sort(void **state)
{
    (void)state;
    enum { ROWS = 700, COLS = 331, N = ROWS * COLS };
    float *w = malloc(N * sizeof *w);
    double *e = malloc(N * sizeof *e);
    for (int i = 0; i < N; i++)
        w[i] = (float)random_normal(&seed);
    work done;
    make(&done, "absmax:bits=4", QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { ROWS, COLS }, w);
    const double d = done.report->scales[0];
    for (int i = 0; i < N; i++)
        e[i] = fabs((double)w[i] - (double)(float)(fmin(fmax(nearbyint(w[i] / d), -7), 7) * d));
    assert_close(done.report->metrics[QL_P99_ABS], percentile(e, N, 99), 1e-15, 0);
    drop(&done);
    free(w);
    free(e);
}

static void compare_reports(const ql_report *a, const ql_report *b)
{
    assert_memory_equal(a->metrics, b->metrics, sizeof a->metrics);
    assert_memory_equal(&a->stats, &b->stats, sizeof a->stats);
    assert_memory_equal(&a->original, &b->original, sizeof a->original);
    assert_memory_equal(&a->dequantized, &b->dequantized, sizeof a->dequantized);
    assert_memory_equal(&a->error, &b->error, sizeof a->error);
    assert_memory_equal(a->code_counts, b->code_counts, sizeof a->code_counts);
    assert_int_equal(a->group_count, b->group_count);
    assert_memory_equal(a->scales, b->scales, a->group_count * sizeof *a->scales);
    if (a->zeros)
        assert_memory_equal(a->zeros, b->zeros, a->group_count * sizeof *a->zeros);
    assert_int_equal(a->row_count, b->row_count);
    assert_memory_equal(a->row_mse, b->row_mse, a->row_count * sizeof *a->row_mse);
    assert_memory_equal(a->grid, b->grid, sizeof a->grid);
    assert_true(a->clip_lo == b->clip_lo && a->clip_hi == b->clip_hi && a->scale_min == b->scale_min && a->scale_max == b->scale_max);
    assert_true(a->bits_per_weight == b->bits_per_weight && a->byte_count == b->byte_count);
}

static void all_bytes_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    static const unsigned threads[] = { 1, 2, 3, 7 };
    static const uint64_t shapes[][2] = { { 3, 65537 }, { 65537, 3 }, { 431, 457 } };
    static const char *const texts[] = { "absmax:bits=4", "zeropoint:bits=4,per=row,clip=percentile,p=99", "absmax:per=col,range=full",
                                         "zeropoint:bits=3,per=flat,block=100,zero=raw", "absmax:bits=6,per=block,block=64,clip=percentile" };
    float *w = malloc(200000 * sizeof *w);
    ql_engine *engines[COUNT(threads)];
    for (size_t t = 0; t < COUNT(threads); t++)
        must(ql_engine_new(threads[t], &engines[t], NULL), NULL);
    for (int i = 0; i < 200000; i++)
        w[i] = i % 11 ? (float)ldexp(random_normal(&seed), (int)random_below(&seed, 12)) : i % 2 ? -0.0f : 0.0f;
    for (size_t s = 0; s < COUNT(shapes); s++) {
        for (size_t x = 0; x < COUNT(texts); x++) {
            work first, other;
            const ql_layout layout = (s + x) % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN;
            make_with(engines[0], &first, texts[x], layout, 2, shapes[s], w);
            for (size_t t = 1; t < COUNT(threads); t++) {
                make_with(engines[t], &other, texts[x], layout, 2, shapes[s], w);
                compare_reports(first.report, other.report);
                drop(&other);
            }
            drop(&first);
        }
    }
    for (size_t t = 0; t < COUNT(threads); t++)
        ql_engine_free(&engines[t]);
    free(w);
}

/* Larger than a chunk, so that rows and groups cross its ends. */
static void a_transposed_tensor_has_the_same_groups_and_codes(void **state)
{
    (void)state;
    enum { ROWS = 389, COLS = 401, N = ROWS * COLS };
    static const char *const texts[] = { "absmax:bits=4", "zeropoint:bits=4,per=row", "absmax:bits=3,per=col,clip=percentile,p=99",
                                         "zeropoint:bits=5,per=block,block=64,clip=percentile,p=98", "absmax:per=flat,block=1000",
                                         "zeropoint:per=row,clip=percentile" };
    float *w = malloc(N * sizeof *w), *turned = malloc(N * sizeof *turned);
    for (int i = 0; i < N; i++)
        turned[i % COLS * ROWS + i / COLS] = w[i] = (float)(random_normal(&seed) * (1 + i % COLS % 7));
    for (size_t x = 0; x < COUNT(texts); x++) {
        work a, b;
        make(&a, texts[x], QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { ROWS, COLS }, w);
        make(&b, texts[x], QL_LAYOUT_IN_OUT, 2, (uint64_t[]) { COLS, ROWS }, turned);
        assert_int_equal(a.report->group_count, b.report->group_count);
        assert_memory_equal(a.report->scales, b.report->scales, a.report->group_count * sizeof *a.report->scales);
        if (a.report->zeros)
            assert_memory_equal(a.report->zeros, b.report->zeros, a.report->group_count * sizeof *a.report->zeros);
        assert_memory_equal(a.report->code_counts, b.report->code_counts, sizeof a.report->code_counts);
        assert_memory_equal(&a.report->error, &b.report->error, sizeof a.report->error);
        assert_memory_equal(&a.report->dequantized, &b.report->dequantized, sizeof a.report->dequantized);
        for (int row = 0; row < ROWS; row++)
            assert_close(a.report->row_mse[row], b.report->row_mse[row], 1e-13, 0);
        for (int metric = 0; metric < QL_METRIC_COUNT; metric++)
            assert_close(a.report->metrics[metric], b.report->metrics[metric], 1e-12, 0);
        drop(&a);
        drop(&b);
    }
    free(w);
    free(turned);
}

/* ---- What is refused, and the ends of float32 */

static void a_tensor_with_nan_is_refused_with_the_reason(void **state)
{
    (void)state;
    const float x[] = { 1, NAN, 3 };
    memory_tensor m;
    ql_profile *p;
    ql_report *r = NULL;
    ql_error error = { 0 };
    memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 3 });
    must(ql_profile_make(engine, NULL, &m.tensor, NULL, &p, &error), &error);
    const ql_spec spec = parse("absmax");
    assert_int_equal(ql_report_make(engine, p, &spec, NULL, &r, &error), QL_UNUSABLE);
    assert_null(r);
    assert_non_null(strstr(error.message, "non-finite value at flat index 1"));
    assert_non_null(strstr(error.message, "'w'"));
    ql_profile_free(&p);
    memory_tensor_free(&m);
}

static void the_largest_and_the_least_floats_are_quantized(void **state)
{
    (void)state;
    work done;
    make(&done, "absmax:bits=2", QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 3 }, (float[]) { FLT_MAX, -FLT_MAX, 1 });
    assert_true(done.report->scales[0] == FLT_MAX && done.report->metrics[QL_MAX_ABS] == 1 && done.report->metrics[QL_COSINE] == 1);
    drop(&done);
    make(&done, "absmax", QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 2 }, (float[]) { 0x1p-149f, 0 });
    assert_true(done.report->scales[0] == 0x1p-149f && done.report->metrics[QL_MSE] == 0);
    drop(&done);
}

/* A step is never infinite: 0 times infinity would be no number. */
static void a_range_by_hand_beyond_float32_is_survived(void **state)
{
    (void)state;
    static const char *const texts[] = { "absmax:clip=manual,abs=3.4e38", "zeropoint:clip=manual,lo=-3.4e38,hi=3.4e38",
                                         "zeropoint:bits=2,clip=manual,lo=-3.4e38,hi=3.4e38,zero=raw", "absmax:clip=manual,abs=1e-320",
                                         "zeropoint:clip=manual,lo=0,hi=1e-300" };
    for (size_t t = 0; t < COUNT(texts); t++) {
        work done;
        make(&done, texts[t], QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 4 }, (float[]) { 1, -1, 0, 0.5f });
        assert_true(done.report->scales[0] > 0 && isfinite(done.report->scales[0]) && isfinite(done.report->metrics[QL_MSE]));
        drop(&done);
    }
    assert_true(ql_step(1e300, 127) == FLT_MAX && ql_step(INFINITY, 1) == FLT_MAX && ql_step(1e-320, 127) == 0x1p-149f && ql_step(0, 3) == 1);
    assert_true(ql_step(254, 127) == 2 && ql_step(0x1.fffffep127, 1) == FLT_MAX);
}

/* ---- Progress */

typedef struct watch {
    uint64_t last, total;
    bool fell;
} watch;

static bool look(void *context, uint64_t done, uint64_t total)
{
    watch *w = context;
    w->fell |= done < w->last;
    w->last = done;
    w->total = total;
    return true;
}

/* Equal values make the percentile take all five scans. */
static void progress_never_falls_also_when_percentiles_take_more_scans(void **state)
{
    (void)state;
    enum { N = 400000 };
    float *w = malloc(N * sizeof *w);
    for (int i = 0; i < N; i++)
        w[i] = i == 0 ? 1 : 0.1f;
    memory_tensor m;
    ql_profile *p;
    ql_report *r;
    ql_error error;
    watch seen = { 0 };
    const ql_monitor monitor = { look, &seen };
    memory_tensor_make(&m, QL_F32, w, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N });
    must(ql_profile_make(engine, NULL, &m.tensor, &monitor, &p, &error), &error);
    assert_false(seen.fell);
    assert_int_equal(seen.last, seen.total);
    seen = (watch) { 0 };
    const ql_spec spec = parse("absmax:clip=percentile");
    must(ql_report_make(engine, p, &spec, &monitor, &r, &error), &error);
    assert_false(seen.fell);
    assert_true(seen.last <= seen.total);
    ql_report_free(&r);
    ql_profile_free(&p);
    memory_tensor_free(&m);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_that_of_a_plain_computation_over_the_grid_of_knobs),
        cmocka_unit_test(awkward_tensors_are_quantized_as_computed),
        cmocka_unit_test(tensors_of_rank_0_and_1_and_4_are_their_logical_matrix),
        cmocka_unit_test(without_clipping_no_error_exceeds_half_a_step),
        cmocka_unit_test(dequantized_values_are_met_exactly),
        cmocka_unit_test(the_grid_of_one_group_holds_every_dequantized_value),
        cmocka_unit_test(the_widest_group_is_told_with_its_range_and_levels),
        cmocka_unit_test(the_99th_percentile_of_the_error_is_that_of_a_sort),
        cmocka_unit_test(all_bytes_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(a_transposed_tensor_has_the_same_groups_and_codes),
        cmocka_unit_test(a_tensor_with_nan_is_refused_with_the_reason),
        cmocka_unit_test(the_largest_and_the_least_floats_are_quantized),
        cmocka_unit_test(a_range_by_hand_beyond_float32_is_survived),
        cmocka_unit_test(progress_never_falls_also_when_percentiles_take_more_scans),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
