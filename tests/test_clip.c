/*
 * Clipping ranges that are searched (kl, mse) or computed (aciq), against a plain reading of their definitions; the curves of the searches; outliers;
 * tiles.
 */
#include "schemes.h"

static ql_engine *engine;
static uint64_t seed = 31;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(2, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

/* ---- What the library does */

typedef struct done {
    ql_report *report;
    int16_t *codes; /* [n] stored order, as y */
    float *y;
} done;

static ql_spec parse(const char *text)
{
    ql_spec spec;
    ql_error error;
    must(ql_spec_parse(text, &spec, &error), &error);
    return spec;
}

static done quantize(const subject *s, const ql_spec *spec)
{
    static ql_tile_buffers buffers;
    done d = { .codes = malloc(s->n * sizeof *d.codes), .y = malloc(s->n * sizeof *d.y) };
    ql_quantizer q;
    ql_error error;
    must(ql_report_make(engine, s->profile, spec, NULL, &d.report, &error), &error);
    must(ql_quantizer_make(engine, s->profile, spec, NULL, 0, &q, &error), &error);
    for (uint64_t begin = 0, clipped = 0; begin < s->n; begin += QL_TILE) {
        const size_t n = s->n - begin < QL_TILE ? (size_t)(s->n - begin) : QL_TILE;
        must(ql_quantize_tile(&q, ql_kernels_active(), &s->memory.tensor, begin, n, &buffers, &clipped, &error), &error);
        memcpy(d.codes + begin, buffers.codes, n * sizeof *d.codes);
        memcpy(d.y + begin, buffers.y, n * sizeof *d.y);
    }
    ql_quantizer_free(&q);
    return d;
}

static void drop(done *d)
{
    ql_report_free(&d->report);
    free(d->codes);
    free(d->y);
}

/* A matrix with some large values, heavy tails or a grid, stored as the layout says. */
static void make_matrix(subject *s, ql_layout layout, uint64_t rows, uint64_t cols, int what)
{
    const uint64_t n = rows * cols;
    float *x = malloc(n * sizeof *x);
    for (uint64_t i = 0; i < n; i++) {
        const double normal = random_normal(&seed);
        x[i] = (float)(what == 0 ? normal : what == 1 ? normal * normal * normal + 0.3 : floor(normal * 4) / 8);
    }
    const bool turned = layout == QL_LAYOUT_IN_OUT;
    subject_from(s, engine, QL_F32, layout, 2, (uint64_t[]) { turned ? cols : rows, turned ? rows : cols }, x);
    free(x);
}

/* ---- The definitions */

enum { CURVE = 2048 };

typedef struct search {
    double lo, hi; /* what is chosen; symmetric: hi is alpha */
    size_t count, best;
    double threshold[CURVE], loss[CURVE];
} search;

static void note(search *s, double threshold, double loss, bool better)
{
    s->best = better ? s->count : s->best;
    s->threshold[s->count] = threshold;
    s->loss[s->count++] = loss;
}

static double largest_of(const float *v, size_t n)
{
    double m = 0;
    for (size_t i = 0; i < n; i++)
        m = fmax(m, fabs((double)v[i]));
    return m;
}

/* Migacz's search over 2,048 bins; candidate i keeps the first i. */
static void search_kl(const ql_spec *spec, const float *v, size_t n, search *out)
{
    enum { B = 2048 };
    const double m = largest_of(v, n);
    const int levels = 1 << (spec->bits - 1);
    double c[B] = { 0 }, best = INFINITY;
    memset(out, 0, sizeof *out);
    if (m == 0)
        return;
    for (size_t i = 0; i < n; i++)
        c[(int)fmin(B - 1, floor(fabs((double)v[i]) * B / m))]++;
    for (int i = B; i >= levels; i--) {
        double sum[128] = { 0 }, filled[128] = { 0 }, kept = 0, kl = 0;
        int level[B];
        for (int j = 0; j < i; j++) {
            level[j] = j * levels / i;
            sum[level[j]] += c[j];
            filled[level[j]] += c[j] > 0;
            kept += c[j];
        }
        const double beyond = (double)n - kept;
        for (int j = 0; j < i; j++) {
            const double p = c[j] + (j == i - 1 ? beyond : 0);
            if (c[j] > 0)
                kl += p / (double)n * log(p * filled[level[j]] * kept / ((double)n * sum[level[j]]));
        }
        if (c[i - 1] == 0 && beyond > 0)
            kl = INFINITY;
        note(out, fmin((i + 0.5) * (m / B), m), kl, kl < best - 1e-12);
        best = kl < best - 1e-12 ? kl : best;
    }
    out->hi = out->threshold[out->best];
}

static float step_for(double range, double steps)
{
    const float d = (float)(range / steps);
    return range == 0 ? 1 : d > 0 ? d : 0x1p-149f;
}

static double top_code(const ql_spec *spec)
{
    return (1 << (spec->bits - 1)) - 1;
}

/* Step and zero point for a range. */
static void parameters_for(const ql_spec *spec, double lo, double hi, float *d, double *z)
{
    const double q = top_code(spec);
    *z = 0;
    if (spec->mapping->symmetric) {
        *d = step_for(hi, spec->range == QL_RANGE_TORCHOBS ? q + 0.5 : q);
        return;
    }
    if (spec->zero == QL_ZERO_INCLUDE) {
        lo = fmin(lo, 0);
        hi = fmax(hi, 0);
    }
    *d = step_for(hi - lo, 2 * q + 1);
    *z = nearbyint(-q - 1 - lo / (double)*d);
    if (spec->zero == QL_ZERO_INCLUDE)
        *z = fmin(fmax(*z, -q - 1), q);
}

/* 256 ranges, the whole one first. */
static void search_mse(const ql_spec *spec, const float *v, size_t n, search *out)
{
    const bool symmetric = spec->mapping->symmetric;
    const double q = top_code(spec), least = symmetric && spec->range == QL_RANGE_RESTRICTED ? -q : -q - 1;
    double lo = v[0], hi = v[0], best = INFINITY;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        lo = fmin(lo, v[i]);
        hi = fmax(hi, v[i]);
    }
    if (symmetric) {
        hi = largest_of(v, n);
        lo = -hi;
    } else if (spec->zero == QL_ZERO_INCLUDE) {
        lo = fmin(lo, 0);
        hi = fmax(hi, 0);
    }
    for (int k = 256; k > 0 && (lo != 0 || hi != 0); k--) {
        float d;
        double z, sum = 0;
        parameters_for(spec, lo * k / 256, hi * k / 256, &d, &z);
        for (size_t i = 0; i < n; i++) {
            const double code = fmin(fmax(nearbyint((double)v[i] / (double)d) + z, least), q);
            const double e = (double)v[i] - (code - z) * (double)d;
            sum += e * e;
        }
        const bool better = k == 256 || sum < best * (1 - 1e-9);
        best = better ? sum : best;
        note(out, symmetric ? hi * k / 256 : k / 256.0, sum / (double)n, better);
    }
    const double k = 256 - (double)out->best;
    out->lo = lo * k / 256;
    out->hi = hi * k / 256;
}

/* Banner et al.: a multiple of the mean deviation, or of the standard deviation. */
static void compute_aciq(const ql_spec *spec, const float *v, size_t n, search *out)
{
    static const double laplace[] = { 2.8307, 3.8972, 5.0286, 6.2048, 7.4131, 0, 9.8968 };
    static const double gauss[] = { 1.7106, 2.1516, 2.5591, 2.9362, 3.2869, 0, 3.9240 };
    long double mean = 0, abs = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        mean += (long double)v[i] / (long double)n;
    for (size_t i = 0; i < n; i++) {
        abs += fabsl(v[i] - mean) / (long double)n;
        square += (v[i] - mean) * (v[i] - mean) / (long double)n;
    }
    memset(out, 0, sizeof *out);
    out->hi = spec->dist == QL_DIST_GAUSS ? gauss[spec->bits - 2] * (double)sqrtl(square) : laplace[spec->bits - 2] * (double)abs;
}

static void search_plainly(const ql_spec *spec, const float *v, size_t n, search *out)
{
    (spec->clip == QL_CLIP_KL ? search_kl : spec->clip == QL_CLIP_MSE ? search_mse : compute_aciq)(spec, v, n, out);
}

/* ---- Searches */

/* The values of a group, in the order of its walk. */
static size_t values_of(const subject *s, const ql_spec *spec, uint64_t group, float *out)
{
    ql_groups g;
    ql_error error;
    must(ql_groups_make(&s->memory.tensor, spec, &g, &error), &error);
    const size_t n = (size_t)ql_groups_length(&g, group);
    for (size_t i = 0; i < n; i++)
        out[i] = s->x[ql_groups_stored_index(&g, ql_groups_start(&g, group) + i)];
    return n;
}

/* How many values the best range holds. */
static uint64_t count_inside(const ql_curve *curve, const ql_spec *spec, const float *values, size_t n)
{
    const double share = curve->threshold[curve->best];
    uint64_t inside = 0;
    for (size_t i = 0; i < n; i++)
        inside += spec->mapping->symmetric ? fabs((double)values[i]) <= share
                                           : (double)values[i] >= share * curve->lo && (double)values[i] <= share * curve->hi;
    return inside;
}

static void check_curve(const subject *s, const ql_spec *spec, uint64_t group, const search *want, const float *scale,
                        const float *values, size_t n)
{
    ql_curve *curve;
    ql_error error;
    must(ql_curve_make(engine, s->profile, spec, group, NULL, &curve, &error), &error);
    assert_int_equal(curve->group, group);
    assert_int_equal(curve->count, want->count);
    assert_int_equal(curve->inside, curve->count ? count_inside(curve, spec, values, n) : n);
    if (curve->count) {
        assert_int_equal(curve->best, want->best);
        float d;
        double z;
        const double share = curve->threshold[curve->best];
        const bool symmetric = spec->mapping->symmetric;
        parameters_for(spec, symmetric ? 0 : curve->lo * share, symmetric ? share : curve->hi * share, &d, &z);
        assert_true(d == *scale); /* what the report uses is the best of the curve */
    }
    for (size_t i = 0; i < curve->count; i++) {
        assert_close(curve->threshold[i], want->threshold[i], 1e-15, 0);
        assert_close(curve->loss[i], want->loss[i], 1e-9, 1e-12);
        assert_true(curve->loss[i] >= curve->loss[curve->best] * (1 - 2e-9) - 2e-12);
        assert_true(i == 0 || curve->threshold[i] <= curve->threshold[i - 1]);
    }
    ql_curve_free(&curve);
    assert_null(curve);
}

static void check_search(const subject *s, const char *text)
{
    static search want;
    const ql_spec spec = parse(text);
    float *values = malloc(s->n * sizeof *values);
    done d = quantize(s, &spec);
    for (uint64_t group = 0; group < d.report->group_count; group++) {
        float step;
        double zero;
        const size_t n = values_of(s, &spec, group, values);
        search_plainly(&spec, values, n, &want);
        parameters_for(&spec, want.lo, want.hi, &step, &zero);
        const float got = d.report->scales[group];
        const bool same = spec.clip == QL_CLIP_ACIQ ? fabs((double)got - (double)step) <= 0x1p-23 * (double)step : got == step;
        if (!same || (d.report->zeros && d.report->zeros[group] != zero))
            fail_msg("%s, %s, group %d of %d: the step is %.9g, by the definition %.9g", text, ql_layout_name(s->memory.tensor.layout), (int)group,
                     (int)d.report->group_count, (double)got, (double)step);
        if (spec.clip != QL_CLIP_ACIQ && (group < 3 || group + 1 == d.report->group_count))
            check_curve(s, &spec, group, &want, &d.report->scales[group], values, n);
    }
    free(values);
    drop(&d);
}

static const ql_layout layouts[] = { QL_LAYOUT_OUT_IN, QL_LAYOUT_IN_OUT };

/* Specs on matrices of all three kinds, stored in both orders. */
static void check_searches(uint64_t rows, uint64_t cols, const char *const *texts, size_t count)
{
    for (int what = 0; what < 3; what += PAIRS_OF) {
        for (size_t l = 0; l < COUNT(layouts); l++) {
            subject s;
            make_matrix(&s, layouts[l], rows, cols, what);
            for (size_t t = 0; t < count; t++)
                check_search(&s, texts[t]);
            subject_free(&s);
        }
    }
}

static void kl_keeps_the_bins_that_its_definition_keeps(void **state)
{
    (void)state;
    static const char *const texts[] = { "absmax:clip=kl", "absmax:clip=kl,bits=4", "absmax:clip=kl,bits=2,range=full", "absmax:clip=kl,bits=5,per=row",
                                         "absmax:clip=kl,bits=3,per=col", "absmax:clip=kl,per=block,block=8", "absmax:clip=kl,bits=6,per=tile,block=3x100" };
    check_searches(3, 331, texts, 4);
    check_searches(5, 11, texts + 4, COUNT(texts) - 4);
}

static void mse_takes_the_range_with_the_least_error(void **state)
{
    (void)state;
    static const char *const texts[] = { "absmax:clip=mse,bits=4", "absmax:clip=mse,bits=2,range=full,per=row", "absmax:clip=mse,range=torchobs,per=col",
                                         "zeropoint:clip=mse,bits=3", "zeropoint:clip=mse,bits=4,zero=raw,per=block,block=60",
                                         "zeropoint:clip=mse,bits=2,per=tile,block=4x50" };
    check_searches(9, 131, texts, COUNT(texts));
}

/* A search over a group gives up a candidate that cannot win. */
static void mse_in_long_groups_is_the_plain_search(void **state)
{
    (void)state;
    static const char *const texts[] = { "absmax:clip=mse,bits=3,per=row", "zeropoint:clip=mse,bits=4,per=flat,block=9001" };
    check_searches(2, 10007, texts, COUNT(texts));
}

static void aciq_is_a_multiple_of_the_spread(void **state)
{
    (void)state;
    static const char *const texts[] = { "absmax:clip=aciq,bits=2", "absmax:clip=aciq,bits=3,per=row", "absmax:clip=aciq,bits=4,per=col",
                                         "absmax:clip=aciq,dist=gauss,bits=5", "absmax:clip=aciq,dist=gauss,bits=6,per=block,block=50",
                                         "absmax:clip=aciq,dist=gauss,bits=8,per=row", "absmax:clip=aciq,bits=8,per=tile,block=5x5" };
    check_searches(9, 131, texts, COUNT(texts));
}

static void a_search_of_zeros_finds_nothing_and_has_no_curve(void **state)
{
    (void)state;
    const float x[12] = { 0 };
    static const char *const texts[] = { "absmax:clip=kl", "absmax:clip=mse", "zeropoint:clip=mse", "absmax:clip=kl,per=row", "absmax:clip=mse,per=row" };
    subject s;
    subject_from(&s, engine, QL_F32, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 3, 4 }, x);
    for (size_t i = 0; i < COUNT(texts); i++)
        check_search(&s, texts[i]);
    subject_free(&s);
}

static void a_curve_of_no_search_or_no_group_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *words;
        uint64_t group;
    } cases[] = { { "absmax", "clip=kl and clip=mse", 0 }, { "absmax:clip=aciq", "clip=kl and clip=mse", 0 }, { "nf4", "clip=kl and clip=mse", 0 },
                  { "kmeans", "clip=kl and clip=mse", 0 }, { "absmax:clip=mse", "group 1 of 1", 1 }, { "absmax:clip=kl,per=row", "group 3 of 3", 3 } };
    subject s;
    make_matrix(&s, QL_LAYOUT_OUT_IN, 3, 5, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ql_curve *curve = NULL;
        ql_error error;
        const ql_spec spec = parse(cases[i].spec);
        assert_int_equal(ql_curve_make(engine, s.profile, &spec, cases[i].group, NULL, &curve, &error), QL_BAD_USAGE);
        assert_null(curve);
        if (!strstr(error.message, cases[i].words))
            fail_msg("%s: '%s'", cases[i].spec, error.message);
    }
    subject_free(&s);
}

static void kl_on_small_groups_says_that_it_is_noisy(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        bool noisy;
    } cases[] = { { "absmax:clip=kl", false }, { "absmax:clip=kl,per=row", true }, { "absmax:clip=mse,per=row", false }, { "absmax", false } };
    subject s;
    make_matrix(&s, QL_LAYOUT_OUT_IN, 2, 4000, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const ql_spec spec = parse(cases[i].spec);
        done d = quantize(&s, &spec);
        assert_int_equal(strstr(d.report->note, "about 4,000 elements is noisy") != NULL, cases[i].noisy);
        assert_int_equal(d.report->note[0] != 0, cases[i].noisy);
        drop(&d);
    }
    subject_free(&s);
}

/* ---- Outliers */

/* Largest magnitude first, equal ones by place. */
static const float *ranked;

static int compare_rank(const void *a, const void *b)
{
    const uint64_t i = *(const uint64_t *)a, j = *(const uint64_t *)b;
    const float x = fabsf(ranked[i]), y = fabsf(ranked[j]);
    return x != y ? (x < y) - (x > y) : (i > j) - (i < j);
}

static int compare_index(const void *a, const void *b)
{
    const uint64_t i = *(const uint64_t *)a, j = *(const uint64_t *)b;
    return (i > j) - (i < j);
}

/* Which elements are outliers, ascending; returns how many. */
static uint64_t outliers_of(const subject *s, const ql_spec *spec, uint64_t *index)
{
    uint64_t count = 0;
    if (spec->outliers_percent) {
        for (uint64_t i = 0; i < s->n; i++)
            index[i] = i;
        ranked = s->x;
        qsort(index, s->n, sizeof *index, compare_rank);
        count = (uint64_t)floor(spec->outliers * (double)s->n / 100);
        qsort(index, count, sizeof *index, compare_index);
    } else {
        for (uint64_t i = 0; i < s->n; i++)
            if (spec->outliers > 0 && fabs((double)s->x[i]) >= spec->outliers)
                index[count++] = i;
    }
    return count;
}

static uint64_t count_lines(const subject *s, const uint64_t *index, uint64_t count, bool rows)
{
    const ql_tensor *t = &s->memory.tensor;
    const bool turned = t->layout == QL_LAYOUT_IN_OUT;
    const uint64_t width = turned ? t->rows : t->cols;
    bool *seen = calloc(t->rows > t->cols ? t->rows : t->cols, sizeof *seen);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t line = rows != turned ? index[i] / width : index[i] % width;
        sum += !seen[line];
        seen[line] = true;
    }
    free(seen);
    return sum;
}

/* The rest is quantized as a tensor with 0 in their places; they keep their half-precision values. */
static void check_split(const subject *s, const char *text)
{
    ql_spec spec = parse(text);
    uint64_t *index = malloc(s->n * sizeof *index);
    float *rest = malloc(s->n * sizeof *rest);
    const uint64_t count = outliers_of(s, &spec, index);
    done d = quantize(s, &spec);
    const ql_report *r = d.report;
    if (r->outlier_count != count || (count && memcmp(r->outlier_index, index, count * sizeof *index) != 0))
        fail_msg("%s: the outliers are others, %d instead of %d", text, (int)r->outlier_count, (int)count);
    assert_int_equal(r->outlier_rows, count_lines(s, index, count, true));
    assert_int_equal(r->outlier_cols, count_lines(s, index, count, false));
    memcpy(rest, s->x, s->n * sizeof *rest);
    for (uint64_t i = 0; i < count; i++) {
        rest[index[i]] = 0;
        assert_int_equal(r->outlier_value[i], ql_float_to_half(s->x[index[i]]));
        assert_true(d.y[index[i]] == ql_half_to_float(r->outlier_value[i]));
    }
    subject dense;
    subject_from(&dense, engine, QL_F32, s->memory.tensor.layout, s->memory.tensor.rank, s->memory.tensor.shape, rest);
    spec.outliers = 0;
    spec.outliers_percent = false;
    done without = quantize(&dense, &spec);
    assert_int_equal(r->group_count, without.report->group_count);
    if (memcmp(r->scales, without.report->scales, r->group_count * sizeof *r->scales) != 0 ||
        memcmp(d.codes, without.codes, s->n * sizeof *d.codes) != 0)
        fail_msg("%s: the rest is not quantized like a tensor without outliers", text);
    for (uint64_t i = 0; i < count; i++)
        without.y[index[i]] = d.y[index[i]];
    assert_memory_equal(d.y, without.y, s->n * sizeof *d.y);
    assert_close(r->bits_per_weight, without.report->bits_per_weight + 48.0 * (double)count / (double)s->n, 1e-14, 0);
    drop(&without);
    drop(&d);
    subject_free(&dense);
    free(rest);
    free(index);
}

static void outliers_are_kept_and_the_rest_is_quantized_alone(void **state)
{
    (void)state;
    static const char *const bases[] = { "absmax:bits=4,per=row,", "absmax:", "absmax:per=col,bits=3,clip=mse,", "zeropoint:bits=4,per=block,block=10,",
                                         "absmax:clip=kl,bits=4,", "absmax:clip=percentile,p=95,per=flat,block=33,", "absmax:clip=aciq,per=tile,block=4x7,",
                                         "absmax:clip=percentile,p=90,", "zeropoint:clip=mse,bits=3,", "nf4:", "nf4:double=1,per=block,block=20,", "bnbfp4:",
                                         "fp4:" };
    static const char *const shares[] = { "outliers=0%", "outliers=1%", "outliers=33.34%", "outliers=99%", "outliers=100%", "outliers=1.5", "outliers=0.125",
                                          "outliers=1e9", "outliers=1e-30" };
    for (int what = 0; what < 3; what++) { /* the last kind is full of ties */
        for (size_t l = 0; l < COUNT(layouts); l++) {
            subject s;
            make_matrix(&s, layouts[l], 11, 37, what);
            for (size_t b = 0; b < COUNT(bases); b++) {
                for (size_t o = 0; o < COUNT(shares); o++) {
                    char text[200];
                    snprintf(text, sizeof text, "%s%s", bases[b], shares[o]);
                    check_split(&s, text);
                }
            }
            subject_free(&s);
        }
    }
}

static void many_equal_magnitudes_are_taken_by_place_across_chunks(void **state)
{
    (void)state;
    enum { N = 150001 };
    static float x[N];
    subject s;
    for (int i = 0; i < N; i++)
        x[i] = i % 3 == 0 ? -2.5f : i % 3 == 1 ? 2.5f : 1;
    x[N - 1] = 3;
    subject_from(&s, engine, QL_F32, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N }, x);
    static const char *const texts[] = { "absmax:outliers=50%", "absmax:outliers=0.002%", "absmax:outliers=66.7%", "absmax:outliers=2.5" };
    for (size_t i = 0; i < COUNT(texts); i++)
        check_split(&s, texts[i]);
    subject_free(&s);
}

static void an_outlier_beyond_half_precision_is_refused(void **state)
{
    (void)state;
    static const struct {
        float largest;
        const char *spec;
        ql_status status;
    } cases[] = { { 65519.996f, "absmax:outliers=10%", QL_OK },           { 65520, "absmax:outliers=10%", QL_UNUSABLE },
                  { -1e30f, "absmax:outliers=5", QL_UNUSABLE },           { 65520, "absmax:outliers=1%", QL_OK }, /* none of ten */
                  { 65520, "absmax:outliers=65520.5", QL_OK } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        float x[10] = { 1, 2, 3, [4] = cases[i].largest };
        ql_report *r = NULL;
        ql_error error;
        subject s;
        const ql_spec spec = parse(cases[i].spec);
        subject_from(&s, engine, QL_F32, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 10 }, x);
        assert_int_equal(ql_report_make(engine, s.profile, &spec, NULL, &r, &error), cases[i].status);
        if (cases[i].status != QL_OK)
            assert_non_null(strstr(error.message, "does not fit half precision"));
        else if (r->outlier_count)
            assert_int_equal(r->outlier_value[0], 0x7bff);
        ql_report_free(&r);
        subject_free(&s);
    }
}

/* ---- Tiles */

/* Each tile is quantized as if it were a tensor of its own. */
static void check_tiles(const subject *s, const char *base, uint64_t high, uint64_t wide)
{
    char text[100];
    const ql_tensor *t = &s->memory.tensor;
    const bool turned = t->layout == QL_LAYOUT_IN_OUT;
    snprintf(text, sizeof text, "%s,per=tile,block=%dx%d", base, (int)high, (int)wide);
    const ql_spec tiles = parse(text), alone = parse(base);
    done whole = quantize(s, &tiles);
    uint64_t group = 0;
    for (uint64_t top = 0; top < t->rows; top += high) {
        for (uint64_t left = 0; left < t->cols; left += wide, group++) {
            const uint64_t rows = t->rows - top < high ? t->rows - top : high, cols = t->cols - left < wide ? t->cols - left : wide;
            float *x = malloc(rows * cols * sizeof *x);
            uint64_t *at = malloc(rows * cols * sizeof *at);
            for (uint64_t i = 0; i < rows * cols; i++) {
                const uint64_t row = top + i / cols, col = left + i % cols;
                at[i] = turned ? col * t->rows + row : row * t->cols + col;
                x[i] = s->x[at[i]];
            }
            subject tile;
            subject_from(&tile, engine, QL_F32, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { rows, cols }, x);
            done d = quantize(&tile, &alone);
            assert_true(whole.report->scales[group] == d.report->scales[0]);
            assert_true(!d.report->zeros || whole.report->zeros[group] == d.report->zeros[0]);
            for (uint64_t i = 0; i < rows * cols; i++)
                assert_true(whole.codes[at[i]] == d.codes[i] && whole.y[at[i]] == d.y[i]);
            drop(&d);
            subject_free(&tile);
            free(x);
            free(at);
        }
    }
    assert_int_equal(group, whole.report->group_count);
    drop(&whole);
}

static void a_tile_is_quantized_like_a_tensor_of_its_own(void **state)
{
    (void)state;
    static const char *const bases[] = { "absmax:bits=4", "zeropoint:bits=3", "absmax:clip=percentile,p=90", "absmax:clip=mse,bits=3", "absmax:clip=aciq",
                                         "zeropoint:clip=percentile,p=90", "ternary:eps=0", "fp8_e4m3:scale=1" };
    static const uint64_t sizes[][2] = { { 3, 5 }, { 4, 8 }, { 1, 7 }, { 100, 100 }, { 13, 2 } };
    for (size_t l = 0; l < COUNT(layouts); l++) {
        subject s;
        make_matrix(&s, layouts[l], 13, 29, 1);
        for (size_t b = 0; b + 1 < COUNT(bases); b++)
            for (size_t i = 0; i < COUNT(sizes); i++)
                check_tiles(&s, bases[b], sizes[i][0], sizes[i][1]);
        subject_free(&s);
    }
}

/* ---- Percentiles of groups: where the last group had its own is no help in the next one */

enum { ROWS = 90, COLS = 1500 };

static float of_a_wild_row(uint64_t row, uint64_t col)
{
    const double scale = pow(10, (double)(row * 7919 % 13) - 6), normal = random_normal(&seed);
    switch (row % 9) {
    case 3:
        return 0.25f; /* all alike */
    case 4:
        return col % 2 ? 0.0f : -0.0f;
    case 5:
        return (float)(scale * (double)(col % 3)); /* many alike at the end */
    case 6:
        return (float)(-scale * fabs(normal)); /* one-sided */
    case 7:
        return (float)(scale * (double)col); /* the largest come last */
    default:
        return (float)(scale * normal);
    }
}

static int compare_values(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sorted_percentile(const double *sorted, size_t n, double percent)
{
    const double h = percent / 100 * (double)(n - 1), k = floor(h), low = sorted[(size_t)k];
    return h > k ? low + (h - k) * (sorted[(size_t)k + 1] - low) : low;
}

static void check_percentiles(const subject *s, const float *x, bool symmetric, const char *grouping, uint64_t size,
                              double percent)
{
    char text[QL_SPEC_TEXT];
    snprintf(text, sizeof text, symmetric ? "absmax:clip=percentile,%s,p=%g" : "zeropoint:clip=percentile,%s,p=%g:%g", grouping,
             symmetric ? percent : 100 - percent, percent);
    const ql_spec spec = parse(text);
    ql_report *report;
    ql_error error;
    must(ql_report_make(engine, s->profile, &spec, NULL, &report, &error), &error);
    double *values = malloc(size * sizeof *values);
    for (uint64_t group = 0, row_groups = (COLS + size - 1) / size; group < report->group_count; group++) {
        const float *from = x + group / row_groups * COLS + group % row_groups * size;
        const uint64_t left = COLS - group % row_groups * size, n = left < size ? left : size;
        for (uint64_t i = 0; i < n; i++)
            values[i] = symmetric ? fabs((double)from[i]) : (double)from[i];
        qsort(values, n, sizeof *values, compare_values);
        const double hi = sorted_percentile(values, n, percent), lo = symmetric ? 0 : sorted_percentile(values, n, 100 - percent);
        const double range = fmax(hi, 0) - fmin(lo, 0);
        const float step = range > 0 ? (float)(range / (symmetric ? 127 : 255)) : 1;
        if (report->scales[group] != step)
            fail_msg("%s: the step of group %d is %.9g, by a sort %.9g", text, (int)group, (double)report->scales[group], (double)step);
    }
    free(values);
    ql_report_free(&report);
}

static void percentiles_of_groups_are_those_of_a_sort(void **state)
{
    (void)state;
    static const double percents[] = { 100, 99.99, 99.9, 99.5, 98, 95, 75, 60 };
    static const struct {
        const char *text;
        uint64_t size;
    } groupings[] = { { "per=row", COLS }, { "per=block,block=64", 64 }, { "per=block,block=700", 700 }, { "per=block,block=33", 33 } };
    float *x = malloc(ROWS * COLS * sizeof *x), *turned = malloc(ROWS * COLS * sizeof *turned);
    for (uint64_t i = 0; i < ROWS * COLS; i++) {
        x[i] = of_a_wild_row(i / COLS, i % COLS);
        turned[i % COLS * ROWS + i / COLS] = x[i];
    }
    for (size_t l = 0; l < COUNT(layouts); l++) {
        const bool is_turned = layouts[l] == QL_LAYOUT_IN_OUT;
        subject s;
        subject_from(&s, engine, QL_F32, layouts[l], 2, (uint64_t[]) { is_turned ? COLS : ROWS, is_turned ? ROWS : COLS }, is_turned ? turned : x);
        for (size_t p = 0; p < COUNT(percents); p++)
            for (size_t g = 0; g < COUNT(groupings); g++)
                for (int symmetric = 0; symmetric < 2; symmetric++)
                    check_percentiles(&s, x, symmetric, groupings[g].text, groupings[g].size, percents[p]);
        subject_free(&s);
    }
    free(x);
    free(turned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_of_groups_are_those_of_a_sort),
        cmocka_unit_test(kl_keeps_the_bins_that_its_definition_keeps),
        cmocka_unit_test(mse_takes_the_range_with_the_least_error),
        cmocka_unit_test(mse_in_long_groups_is_the_plain_search),
        cmocka_unit_test(aciq_is_a_multiple_of_the_spread),
        cmocka_unit_test(a_search_of_zeros_finds_nothing_and_has_no_curve),
        cmocka_unit_test(a_curve_of_no_search_or_no_group_is_refused),
        cmocka_unit_test(kl_on_small_groups_says_that_it_is_noisy),
        cmocka_unit_test(outliers_are_kept_and_the_rest_is_quantized_alone),
        cmocka_unit_test(many_equal_magnitudes_are_taken_by_place_across_chunks),
        cmocka_unit_test(an_outlier_beyond_half_precision_is_refused),
        cmocka_unit_test(a_tile_is_quantized_like_a_tensor_of_its_own),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
