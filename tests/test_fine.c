/*
 * clip=mse of a tensor of more values than 256 x 256, where a fine histogram leaves most candidates out: the range is that
 * of the plain search over all of them; the bounds hold, and are narrow enough to leave most out.
 */
#include "schemes.h"

#include "quant/calibrate.h"
#include "quant/fine.h"

static ql_engine *engine;
static uint64_t seed = 91;

enum { N = 70000 /* a multiple of LANES */, LANES = 8, CANDIDATES = 256 };

/* ---- Tensors */

typedef enum values {
    NORMAL,
    LAPLACE,
    UNIFORM,
    ALIKE,
    ALIKE_BELOW,
    QUANTIZED,
    BESIDE_ZERO,
    LARGE,
    SMALL,
    LONELY,
    SPIKED,
    MIXED,
    VALUES
} values;

static const char *const names[VALUES] = {
    [NORMAL] = "normal with outliers",
    [LAPLACE] = "laplace",
    [UNIFORM] = "uniform",
    [ALIKE] = "all alike",
    [ALIKE_BELOW] = "all alike, negative",
    [QUANTIZED] = "15 levels",
    [BESIDE_ZERO] = "3 to 5",
    [LARGE] = "large",
    [SMALL] = "denormal",
    [LONELY] = "one that is not 0",
    [SPIKED] = "one large one", /* steps of the narrowest range are narrower than a bin, of which the others have the ends */
    [MIXED] = "zeros and ones",
};

static float value(values what, size_t i)
{
    const double normal = random_normal(&seed), unit = random_unit(&seed);
    switch (what) {
    case NORMAL:
        return (float)(i % 10007 == 5 ? 9 * normal : normal);
    case LAPLACE:
        return (float)(log(unit + 1e-12) * (normal < 0 ? -0.3 : 0.3));
    case UNIFORM:
        return (float)(2 * unit - 1);
    case ALIKE:
        return 0.3f;
    case ALIKE_BELOW:
        return -0.3f;
    case QUANTIZED:
        return (float)((double)random_below(&seed, 15) - 7) * 0.1f;
    case BESIDE_ZERO:
        return (float)(3 + 2 * unit);
    case LARGE:
        return (float)fmax(fmin(normal * 1e38, 3e38), -3e38);
    case SMALL:
        return (float)rint(normal * 1000) * 0x1p-149f;
    case LONELY:
        return i == 12345 ? 7 : 0;
    case SPIKED:
        return i < 2 ? 301 * (float)i - 1 : (float)((double)(115 + random_below(&seed, 113)) + 0.999) * 301 / 32768 - 1;
    case MIXED:
        return (float)random_below(&seed, 2);
    case VALUES:
        break;
    }
    return 0;
}

static void make(subject *s, values what)
{
    float *x = malloc(N * sizeof *x);
    for (size_t i = 0; i < N; i++)
        x[i] = value(what, i);
    subject_from(s, engine, QL_F32, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N }, x);
    free(x);
}

/* ---- The definition */

typedef struct search {
    double lo, hi; /* of all values */
    ql_candidate candidates[CANDIDATES];
    double sums[CANDIDATES];
    int best; /* k */
} search;

/* Step and zero of the range [lo, hi]; symmetric: of hi. */
static ql_candidate candidate_for(const ql_spec *spec, double lo, double hi)
{
    const int q = (1 << (spec->bits - 1)) - 1;
    const bool symmetric = spec->mapping->symmetric;
    const double range = symmetric ? hi : hi - lo;
    const double steps = !symmetric ? 2 * q + 1 : spec->range == QL_RANGE_TORCHOBS ? q + 0.5 : q;
    const float d = (float)(range / steps);
    ql_candidate c = { .step = range == 0 ? 1 : d > 0 ? d : 0x1p-149f, .codes = { -q - 1, q } };
    c.codes.code_lo += symmetric && spec->range == QL_RANGE_RESTRICTED;
    if (!symmetric) {
        const double z = nearbyint(-q - 1 - lo / (double)c.step);
        c.zero = (int32_t)(spec->zero == QL_ZERO_INCLUDE ? fmin(fmax(z, -q - 1), q) : fmin(fmax(z, INT32_MIN), INT32_MAX));
    }
    return c;
}

/* To the nearest integer, ties to even, of |v| < 2^51. */
static double nearest(double v)
{
    return v + 0x1.8p52 - 0x1.8p52;
}

/* The sum of (x - q d)^2, in lanes: there are many of them. */
static double sum_errors(const ql_candidate *c, const float *x)
{
    const double d = c->step, zero = c->zero, lo = c->codes.code_lo, hi = c->codes.code_hi;
    double sums[LANES] = { 0 }, total = 0;
    for (size_t i = 0; i < N; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const double v = x[i + lane], rounded = nearest(v / d) + zero, capped = rounded < hi ? rounded : hi;
            const double e = v - ((capped > lo ? capped : lo) - zero) * d;
            sums[lane] += e * e;
        }
    }
    for (int lane = 0; lane < LANES; lane++)
        total += sums[lane];
    return total;
}

/* k = 256 down to 1; the first is taken, a later one when it is better by more than rounding. */
static void search_plainly(const ql_spec *spec, const float *x, search *out)
{
    double lo = x[0], hi = x[0], best = 0;
    for (size_t i = 0; i < N; i++) {
        lo = fmin(lo, (double)x[i]);
        hi = fmax(hi, (double)x[i]);
    }
    if (spec->mapping->symmetric) {
        hi = fmax(-lo, hi);
        lo = -hi;
    } else if (spec->zero == QL_ZERO_INCLUDE) {
        lo = fmin(lo, 0);
        hi = fmax(hi, 0);
    }
    out->lo = lo;
    out->hi = hi;
    for (int k = CANDIDATES; k > 0; k--) {
        const int i = CANDIDATES - k;
        out->candidates[i] = candidate_for(spec, lo * k / CANDIDATES, hi * k / CANDIDATES);
        out->sums[i] = sum_errors(&out->candidates[i], x);
        if (k == CANDIDATES || out->sums[i] < best * (1 - 1e-9)) {
            best = out->sums[i];
            out->best = k;
        }
    }
}

/* ---- What the library does */

typedef struct made {
    ql_spec spec;
    ql_groups groups;
    ql_outliers outliers;
    double lo, hi;
    ql_calibration calibration;
} made;

/* Points into itself: not to be copied. */
static void calibrate(made *m, const subject *s, const char *text)
{
    ql_error error;
    must(ql_spec_parse(text, &m->spec, &error), &error);
    must(ql_groups_make(&s->memory.tensor, &m->spec, &m->groups, &error), &error);
    must(ql_outliers_find(engine, s->profile, &m->spec, NULL, 0, &m->outliers, &error), &error);
    m->calibration = (ql_calibration) { .engine = engine,
                                        .profile = s->profile,
                                        .spec = &m->spec,
                                        .groups = &m->groups,
                                        .outliers = &m->outliers,
                                        .lo = &m->lo,
                                        .hi = &m->hi };
    must(ql_calibrator_minmax.calibrate(&m->calibration, &error), &error);
}

static ql_fine *make_fine(const made *m)
{
    ql_fine *fine = NULL;
    ql_error error;
    ql_stream stream = ql_calibration_stream(&m->calibration);
    must(ql_fine_make(&m->calibration, &stream, &fine, &error), &error);
    return fine;
}

/* ---- Trials: every kind of tensor under many specs, searched plainly */

typedef struct trial {
    values what;
    char text[60];
    made made;
    search want;
} trial;

static subject subjects[VALUES];
static trial trials[400];
static size_t trial_count;

static void add_trial(values what, const char *base, int bits)
{
    static float x[N];
    trial *t = &trials[trial_count++];
    assert_true(trial_count < COUNT(trials));
    t->what = what;
    snprintf(t->text, sizeof t->text, "%s%cbits=%d,clip=mse", base, strchr(base, ':') ? ',' : ':', bits);
    calibrate(&t->made, &subjects[what], t->text);
    memcpy(x, subjects[what].x, sizeof x);
    ql_outliers_zero(&t->made.outliers, 0, x, N);
    search_plainly(&t->made.spec, x, &t->want);
}

static int start(void **state)
{
    (void)state;
    static const char *const bases[] = { "absmax",
                                         "zeropoint", /* these with all bits */
                                         "zeropoint:zero=raw",
                                         "absmax:range=full",
                                         "absmax:range=torchobs",
                                         "absmax:outliers=1%",
                                         "zeropoint:outliers=1%" };
    print_message("seed %d\n", (int)seed);
    if (ql_engine_new(2, &engine, NULL) != QL_OK)
        return 1;
    for (int what = 0; what < VALUES; what++) {
        make(&subjects[what], what);
        for (size_t b = 0; b < COUNT(bases); b++) {
            if (what == LARGE && strstr(bases[b], "outliers"))
                continue; /* half precision cannot hold them */
            const int step = PAIRS_OF > 1 || b > 1 || what > BESIDE_ZERO ? 3 : 1;
            for (int bits = 2; bits <= 8; bits += step)
                add_trial(what, bases[b], bits);
        }
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < trial_count; i++)
        ql_outliers_free(&trials[i].made.outliers);
    for (int what = 0; what < VALUES; what++)
        subject_free(&subjects[what]);
    ql_engine_free(&engine);
    return 0;
}

static void the_range_is_that_of_the_plain_search(void **state)
{
    (void)state;
    for (trial *t = trials; t < trials + trial_count; t++) {
        const search *want = &t->want;
        ql_error error;
        must(ql_calibrator_mse.calibrate(&t->made.calibration, &error), &error);
        if (t->made.lo != want->lo * want->best / CANDIDATES || t->made.hi != want->hi * want->best / CANDIDATES)
            fail_msg("%s, %s: %g to %g, by the definition %d/256 of %g to %g", names[t->what], t->text, t->made.lo,
                     t->made.hi, want->best, want->lo, want->hi);
    }
}

static void the_bounds_hold_for_every_candidate(void **state)
{
    (void)state;
    for (trial *t = trials; t < trials + trial_count; t++) {
        ql_error error;
        must(ql_calibrator_minmax.calibrate(&t->made.calibration, &error), &error);
        ql_fine *fine = make_fine(&t->made);
        for (int i = 0; i < CANDIDATES; i++) {
            double least, most;
            ql_fine_bound(fine, &t->want.candidates[i], &least, &most);
            if (!(least <= t->want.sums[i] && t->want.sums[i] <= most))
                fail_msg("%s, %s, candidate %d: %.17g is not within %.17g and %.17g", names[t->what], t->text,
                         CANDIDATES - i, t->want.sums[i], least, most);
        }
        ql_fine_free(&fine);
        assert_null(fine);
    }
}

/* How many candidates are not worse than another for sure. */
static int count_possible(const ql_fine *fine, const search *want, double *widest)
{
    double least[CANDIDATES], most, bound = INFINITY;
    int count = 0;
    *widest = 0;
    for (int i = 0; i < CANDIDATES; i++) {
        ql_fine_bound(fine, &want->candidates[i], &least[i], &most);
        bound = fmin(bound, most);
        *widest = fmax(*widest, (most - least[i]) / want->sums[i]);
    }
    for (int i = 0; i < CANDIDATES; i++)
        count += least[i] <= bound * (1 + 1e-6);
    return count;
}

/* Else the short cut would be none. Up to three were possible, and bounds up to 0.03 % apart, when this was written. */
static void the_bounds_leave_few_candidates_of_natural_values(void **state)
{
    (void)state;
    for (trial *t = trials; t < trials + trial_count; t++) {
        if (t->what > UNIFORM)
            continue;
        ql_error error;
        double widest;
        must(ql_calibrator_minmax.calibrate(&t->made.calibration, &error), &error);
        ql_fine *fine = make_fine(&t->made);
        const int possible = count_possible(fine, &t->want, &widest);
        ql_fine_free(&fine);
        if (possible < 1 || possible > 10 || widest > 0.01)
            fail_msg("%s, %s: %d candidates may win, bounds are up to %g of the sum apart", names[t->what], t->text,
                     possible, widest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_range_is_that_of_the_plain_search),
        cmocka_unit_test(the_bounds_hold_for_every_candidate),
        cmocka_unit_test(the_bounds_leave_few_candidates_of_natural_values),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
