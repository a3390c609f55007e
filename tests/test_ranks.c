/* Order statistics of float32: against a sort, with every kind of guess, good and bad; and how many scans they take. */
#include "tensors.h"

#include <float.h>
#include <stdlib.h>

#include "base/engine.h"
#include "quant/ranks.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint64_t seed = 83;
static ql_engine *engine;

static int start(void **state)
{
    (void)state;
    print_message("seed %d\n", (int)seed);
    return ql_engine_new(3, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

enum { FEW = 65536 /* so many are kept without a guess */, MANY = 300007, SAMPLE = 65536, LEVELS = 18 };

/* ---- Numbers, and the same sorted */

typedef enum kind {
    BELL,
    CONSTANT,
    TWO_VALUES,
    LITTLE, /* zeros of both signs, denormals, extremes */
    ALL_MAGNITUDES,
    ASCENDING,
    DESCENDING,
    TIES,
    SPIKES,
    HALF_ALIKE,
    KINDS
} kind;

static float number(kind what, size_t i, size_t n)
{
    static const float little[] = { 0.0f,    -0.0f,   FLT_TRUE_MIN, -FLT_TRUE_MIN, FLT_MIN, -FLT_MIN, 3 * FLT_TRUE_MIN,
                                    FLT_MAX, -FLT_MAX };
    const float normal = (float)random_normal(&seed);
    switch (what) {
    case BELL:
        return normal;
    case CONSTANT:
        return -0.3f;
    case TWO_VALUES:
        return random_below(&seed, 3) ? 0.25f : -7;
    case LITTLE:
        return little[random_below(&seed, COUNT(little))];
    case ALL_MAGNITUDES:
        return random_float(&seed);
    case ASCENDING:
        return (float)i - (float)(n / 3);
    case DESCENDING:
        return (float)(n / 3) - (float)i;
    case TIES:
        return (float)random_below(&seed, 15) - 7;
    case SPIKES:
        return i % 1000 == 7 ? 1e30f * normal : 0.01f * normal;
    case HALF_ALIKE:
        return i % 2 ? 0.5f : normal;
    case KINDS:
        break;
    }
    return 0;
}

typedef struct numbers {
    size_t n;
    float *x;
    double *sorted[2]; /* by value, by magnitude */
} numbers;

/* -0 before 0. */
static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : (signbit(y) != 0) - (signbit(x) != 0);
}

/* Takes x[n]. */
static numbers sort(float *x, size_t n)
{
    numbers v = { n, x, { malloc(n * sizeof(double)), malloc(n * sizeof(double)) } };
    for (size_t i = 0; i < n; i++) {
        v.sorted[QL_BY_VALUE][i] = x[i];
        v.sorted[QL_BY_MAGNITUDE][i] = fabsf(x[i]);
    }
    for (int order = 0; order < 2; order++)
        qsort(v.sorted[order], n, sizeof(double), compare);
    return v;
}

static numbers make(kind what, size_t n)
{
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = number(what, i, n);
    return sort(x, n);
}

static void drop(numbers *v)
{
    free(v->x);
    free(v->sorted[0]);
    free(v->sorted[1]);
}

/* ---- Selecting */

typedef struct sample {
    const float *x;
    size_t n; /* 0: no guess */
} sample;

/* n of the numbers between two of their ranks by value, at random. */
static sample draw(const numbers *v, size_t begin, size_t end, size_t n)
{
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)v->sorted[QL_BY_VALUE][begin + random_below(&seed, end - begin)];
    return (sample) { x, n };
}

static void feed(ql_ranks *ranks, unsigned threads, const float *x, size_t n)
{
    const ql_kernels *kernels = ql_kernels_active();
    for (size_t done = 0, step; done < n; done += step) { /* any worker, any size */
        step = 1 + random_below(&seed, QL_RANKS_FEED);
        step = step < n - done ? step : n - done;
        ql_ranks_feed(ranks, kernels, (unsigned)random_below(&seed, threads), x + done, step);
    }
}

/* All scans; returns how many. */
static int run(ql_ranks *ranks, unsigned threads, const float *x, size_t n)
{
    bool done = false;
    int scans = 0;
    for (; !done; scans++) {
        ql_error error;
        assert_true(scans < 3);
        feed(ranks, threads, x, n);
        must(ql_ranks_advance(ranks, &done, &error), &error);
    }
    return scans;
}

static void expect(const ql_ranks *ranks, const double *sorted, const uint64_t *wanted, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const double got = ql_ranks_value(ranks, i), want = sorted[wanted[i]];
        if (memcmp(&got, &want, sizeof got) != 0)
            fail_msg("rank %llu is %a, expected %a", (unsigned long long)wanted[i], got, want);
    }
}

/* `count` ranks after a guess, found by 1 to 3 workers, another number each time; returns the scans. most: how many the
 * stream is said to have. */
static int find(const numbers *v, ql_order order, uint64_t most, sample s, const uint64_t *wanted, unsigned count)
{
    static unsigned turn;
    const unsigned threads = 1 + turn++ % 3;
    ql_ranks *ranks;
    ql_error error;
    must(ql_ranks_new(threads, order, most, &ranks, &error), &error);
    ql_ranks_want(ranks, v->n, wanted, count);
    must(ql_ranks_guess(ranks, ql_kernels_active(), s.x, s.n, &error), &error);
    const int scans = run(ranks, threads, v->x, v->n);
    expect(ranks, v->sorted[order], wanted, count);
    ql_ranks_free(&ranks);
    assert_null(ranks);
    ql_ranks_free(&ranks);
    return scans;
}

/* First, last, the middle, and random ones, some of them three in a row. */
static void choose(uint64_t n, uint64_t wanted[QL_RANKS_MOST])
{
    const uint64_t first[] = { n - 1, 0, n / 2, n > 1 ? n - 2 : 0, n > 1 };
    memcpy(wanted, first, sizeof first);
    for (int i = COUNT(first); i < QL_RANKS_MOST; i++)
        wanted[i] = i % 4 > 1 && wanted[i - 1] + 1 < n ? wanted[i - 1] + 1 : random_below(&seed, n);
}

/* By value and by magnitude in turn: one rank, two as of a percentile, four as of two, those of a profile, all. Returns the
 * most scans. */
static int check(const numbers *v, uint64_t most, sample s)
{
    static const unsigned counts[] = { 1, 2, 4, LEVELS, QL_RANKS_MOST };
    static unsigned turn;
    uint64_t wanted[QL_RANKS_MOST];
    int scans = 0;
    for (size_t i = 0; i < COUNT(counts); i++) {
        choose(v->n, wanted);
        const int taken = find(v, turn++ % 2 ? QL_BY_VALUE : QL_BY_MAGNITUDE, most, s,
                               wanted + (QL_RANKS_MOST - counts[i]) * (i % 2), counts[i]);
        scans = taken > scans ? taken : scans;
    }
    return scans;
}

static const sample none = { NULL, 0 };

static void few_values_are_found_in_one_scan(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 3, 17, 1000, FEW };
    for (int what = 0; what < KINDS; what++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            numbers v = make(what, sizes[i]);
            assert_int_equal(check(&v, v.n, none), 1);
            drop(&v);
        }
    }
}

static void many_values_are_found_in_two_scans_without_a_guess(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 1000, FEW + 1, MANY };
    for (int what = 0; what < KINDS; what++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            numbers v = make(what, sizes[i]);
            assert_int_equal(check(&v, v.n + FEW, none), 2); /* as if there could be more */
            drop(&v);
        }
    }
}

/* Of the kinds whose neighbours are not alike. Of the others a sample tells only roughly where they are. */
static void a_good_guess_takes_one_scan(void **state)
{
    (void)state;
    for (int what = 0; what < KINDS; what++) {
        numbers v = make(what, MANY);
        sample s = draw(&v, 0, MANY, SAMPLE);
        const int scans = check(&v, MANY, s);
        const bool sure =
            what == BELL || what == ALL_MAGNITUDES || what == ASCENDING || what == DESCENDING || what == SPIKES;
        if (sure && scans != 1)
            fail_msg("kind %d: %d scans", what, scans);
        free((float *)s.x);
        drop(&v);
    }
}

static void a_small_sample_is_enough_to_be_exact(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 15, 16, 17, 1000, 4095, 4096, 4097, 5000 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        numbers v = make((kind)(i % KINDS), FEW + 7777);
        sample s = draw(&v, 0, v.n, sizes[i]);
        check(&v, v.n, s);
        free((float *)s.x);
        drop(&v);
    }
}

/* All below what there is, all above, the lower or the upper half, one value, values that are not there, in few places. */
static void a_sample_that_deceives_costs_two_more_scans_and_no_more(void **state)
{
    (void)state;
    static const kind kinds[] = { BELL, ASCENDING, TIES };
    static const float strangers[] = { -1e38f, 1e38f, 0, -0.0f, FLT_TRUE_MIN, 123.456f };
    int most = 0;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        numbers v = make(kinds[k], 100003);
        const sample halves[] = { draw(&v, 0, v.n / 2, SAMPLE), draw(&v, v.n / 2, v.n, SAMPLE),
                                  draw(&v, v.n / 3, v.n / 3 + 1, SAMPLE), draw(&v, v.n / 4, v.n / 4 + 9, 1000) };
        for (size_t i = 0; i < COUNT(halves); i++) {
            check(&v, v.n, halves[i]);
            free((float *)halves[i].x);
        }
        for (size_t i = 0; i < COUNT(strangers); i++) {
            float all[500];
            for (int j = 0; j < 500; j++)
                all[j] = strangers[i];
            const int scans = check(&v, v.n, (sample) { all, COUNT(all) });
            most = scans > most ? scans : most;
        }
        drop(&v);
    }
    assert_int_equal(most, 3);
}

static void a_sample_below_every_value_takes_three_scans(void **state)
{
    (void)state;
    numbers v = make(BELL, MANY), below = make(BELL, SAMPLE);
    for (size_t i = 0; i < SAMPLE; i++)
        below.x[i] -= 100;
    const uint64_t middle[] = { MANY / 2 };
    assert_int_equal(find(&v, QL_BY_VALUE, MANY, (sample) { below.x, SAMPLE }, middle, 1), 3);
    drop(&below);
    drop(&v);
}

/* There is room for as many as the sample shows. */
static void many_equal_values_are_found_in_one_scan(void **state)
{
    (void)state;
    static const kind kinds[] = { TWO_VALUES, TIES, HALF_ALIKE };
    for (size_t k = 0; k < COUNT(kinds); k++) {
        numbers v = make(kinds[k], MANY);
        sample s = draw(&v, 0, MANY, SAMPLE);
        const uint64_t wanted[] = { 10000, MANY / 2, MANY - 10000 };
        assert_int_equal(find(&v, QL_BY_VALUE, MANY, s, wanted, 3), 1);
        assert_int_equal(find(&v, QL_BY_MAGNITUDE, MANY, s, wanted + 1, 1), 1);
        free((float *)s.x);
        drop(&v);
    }
}

/* Half of the values are 0.5, of which the sample shows nothing; 69 of 100 normal ones are below that. */
static void more_equal_values_than_are_kept_are_found_in_the_next_scans(void **state)
{
    (void)state;
    numbers v = make(HALF_ALIKE, MANY), normal = make(BELL, SAMPLE);
    const uint64_t wanted[] = { MANY * 69ull / 100 };
    assert_int_equal(find(&v, QL_BY_VALUE, MANY, (sample) { normal.x, SAMPLE }, wanted, 1), 3);
    drop(&normal);
    drop(&v);
}

/* Values of both signs are one key by magnitude; zeros of both signs two by value. */
static void one_key_is_counted_and_not_kept(void **state)
{
    (void)state;
    float *x = malloc(MANY * sizeof *x);
    for (int i = 0; i < MANY; i++)
        x[i] = random_below(&seed, 2) ? 2.5f : -2.5f;
    numbers v = sort(x, MANY);
    sample s = draw(&v, 0, MANY, 1000);
    const uint64_t wanted[] = { MANY / 3, MANY / 2, MANY / 2 + 1 };
    assert_int_equal(find(&v, QL_BY_MAGNITUDE, MANY, s, wanted, 3), 1);
    free((float *)s.x);
    for (int i = 0; i < MANY; i++)
        x[i] = x[i] > 0 ? 0.0f : -0.0f;
    drop(&(numbers) { .sorted = { v.sorted[0], v.sorted[1] } });
    v = sort(x, MANY);
    s = draw(&v, 0, MANY, 1000);
    find(&v, QL_BY_VALUE, MANY, s, wanted, 3);
    assert_int_equal(find(&v, QL_BY_MAGNITUDE, MANY, s, wanted, 3), 1);
    free((float *)s.x);
    drop(&v);
}

/* ---- Values that are watched */

static uint64_t count_above(const numbers *v, ql_order order, float limit)
{
    const double at = order == QL_BY_MAGNITUDE ? fabsf(limit) : limit;
    uint64_t count = 0;
    for (size_t i = 0; i < v->n; i++)
        count += compare(&v->sorted[order][i], &at) > 0;
    return count;
}

static void values_that_are_watched_are_counted(void **state)
{
    (void)state;
    for (int what = 0; what < KINDS; what++) {
        for (int order = QL_BY_VALUE; order <= QL_BY_MAGNITUDE; order++) {
            numbers v = make(what, 70001);
            ql_ranks *ranks;
            ql_error error;
            float watched[QL_RANKS_MOST] = { 0.0f, -0.0f, FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, 0.25f, -7, 1 };
            uint64_t wanted[QL_RANKS_MOST], above;
            for (int i = 8; i < QL_RANKS_MOST; i++)
                watched[i] = i % 2 ? v.x[random_below(&seed, v.n)] : random_float(&seed);
            choose(v.n, wanted);
            must(ql_ranks_new(2, order, v.n, &ranks, &error), &error);
            bool done;
            feed(ranks, 2, v.x, v.n);
            ql_ranks_want(ranks, v.n, wanted, QL_RANKS_MOST); /* as a profile does: after the first scan */
            for (int i = 0; i < QL_RANKS_MOST; i++)
                ql_ranks_watch(ranks, watched[i]);
            must(ql_ranks_advance(ranks, &done, &error), &error);
            assert_false(done);
            assert_int_equal(run(ranks, 2, v.x, v.n), 1);
            expect(ranks, v.sorted[order], wanted, QL_RANKS_MOST);
            for (int i = 0; i < QL_RANKS_MOST; i++) {
                const float near[] = { watched[i], nextafterf(watched[i], -INFINITY), nextafterf(watched[i], INFINITY) };
                assert_true(ql_ranks_above(ranks, near[0], &above));
                for (int j = 0; j < 3; j++) {
                    if (isfinite(near[j]) && ql_ranks_above(ranks, near[j], &above))
                        assert_int_equal(above, count_above(&v, order, near[j]));
                }
            }
            ql_ranks_free(&ranks);
            drop(&v);
        }
    }
}

static void any_value_can_be_asked_for_where_all_are_kept(void **state)
{
    (void)state;
    for (int order = QL_BY_VALUE; order <= QL_BY_MAGNITUDE; order++) {
        numbers v = make(order ? LITTLE : BELL, 5003);
        ql_ranks *ranks;
        ql_error error;
        must(ql_ranks_new(2, order, v.n, &ranks, &error), &error);
        ql_ranks_want(ranks, v.n, (uint64_t[]) { 17 }, 1);
        run(ranks, 2, v.x, v.n);
        for (int i = 0; i < 100; i++) {
            const float limit = i % 2 ? random_float(&seed) : v.x[i];
            uint64_t above;
            assert_true(ql_ranks_above(ranks, limit, &above));
            assert_int_equal(above, count_above(&v, order, limit));
        }
        ql_ranks_free(&ranks);
        drop(&v);
    }
}

/* Also after a guess that was right: then not all values are there. */
static void a_value_that_was_not_watched_is_not_known(void **state)
{
    (void)state;
    numbers v = make(BELL, MANY);
    sample s = draw(&v, 0, MANY, SAMPLE);
    for (int guess = 0; guess < 2; guess++) {
        ql_ranks *ranks;
        ql_error error;
        uint64_t above;
        must(ql_ranks_new(1, QL_BY_VALUE, MANY, &ranks, &error), &error);
        ql_ranks_want(ranks, MANY, (uint64_t[]) { MANY / 2 }, 1);
        if (guess)
            must(ql_ranks_guess(ranks, ql_kernels_active(), s.x, s.n, &error), &error);
        assert_int_equal(run(ranks, 1, v.x, MANY), guess ? 1 : 2);
        assert_false(ql_ranks_above(ranks, 2.5f, &above));
        ql_ranks_free(&ranks);
    }
    free((float *)s.x);
    drop(&v);
}

/* ---- Errors */

/* x - y, rounded and not. */
typedef struct errors {
    float *x, *y, *e;
    double *sorted; /* |x - y| */
    size_t n;
} errors;

static errors make_errors(size_t n, void (*pair)(size_t i, float *x, float *y))
{
    errors v = { malloc(n * sizeof(float)), malloc(n * sizeof(float)), malloc(n * sizeof(float)), malloc(n * sizeof(double)),
                 n };
    for (size_t i = 0; i < n; i++) {
        pair(i, &v.x[i], &v.y[i]);
        v.e[i] = v.x[i] - v.y[i];
        v.sorted[i] = fabs((double)v.x[i] - (double)v.y[i]);
    }
    qsort(v.sorted, n, sizeof *v.sorted, compare);
    return v;
}

static void drop_errors(errors *v)
{
    free(v->x);
    free(v->y);
    free(v->e);
    free(v->sorted);
}

/* The first scan of |x - y|; returns whether it was enough, then it gave the unrounded ones. */
static bool first_scan(const errors *v, uint64_t most, sample s, const uint64_t *wanted, unsigned count, ql_ranks **ranks)
{
    bool done;
    ql_error error;
    must(ql_ranks_new(3, QL_BY_MAGNITUDE, most, ranks, &error), &error);
    ql_ranks_want(*ranks, v->n, wanted, count);
    must(ql_ranks_guess(*ranks, ql_kernels_active(), s.x, s.n, &error), &error);
    for (size_t begin = 0, step; begin < v->n; begin += step) {
        step = 1 + random_below(&seed, QL_RANKS_FEED);
        step = step < v->n - begin ? step : v->n - begin;
        ql_ranks_feed_errors(*ranks, ql_kernels_active(), (unsigned)random_below(&seed, 3), v->e + begin, v->x + begin,
                             v->y + begin, step);
    }
    must(ql_ranks_advance(*ranks, &done, &error), &error);
    if (done)
        expect(*ranks, v->sorted, wanted, count);
    return done;
}

/* Few of these differences fit float32. */
static void pair_of_sizes(size_t i, float *x, float *y)
{
    *x = (float)random_normal(&seed) * (i % 2 ? 1000 : 1);
    *y = (float)random_normal(&seed) * 1e-4f;
}

static void pair_of_steps(size_t i, float *x, float *y)
{
    (void)i;
    *x = (float)random_normal(&seed);
    *y = 0.1f * rintf(*x / 0.1f);
}

static void pair_of_extremes(size_t i, float *x, float *y)
{
    *x = i % 3 ? FLT_MAX : -FLT_MAX;
    *y = random_float(&seed);
}

/* All are 1 in float32, and so have one key. */
static void pair_of_ones(size_t i, float *x, float *y)
{
    *x = i % 2 ? 1 : -1;
    *y = (float)((double)(i % 1000) * 1e-12) * *x;
}

/* Both signs have the same extremes, and one error lies between. */
static void pair_of_ones_but_one(size_t i, float *x, float *y)
{
    *x = i % 2 ? 1 : -1;
    *y = i == 4 ? -1e-12f : *x * -2e-12f;
}

static void errors_are_found_unrounded(void **state)
{
    (void)state;
    static void (*const pairs[])(size_t, float *, float *) = { pair_of_sizes, pair_of_steps, pair_of_extremes,
                                                               pair_of_ones };
    static const size_t sizes[] = { 1000, MANY };
    for (size_t p = 0; p < COUNT(pairs); p++) {
        for (size_t k = 0; k < COUNT(sizes); k++) {
            errors v = make_errors(sizes[k], pairs[p]);
            const uint64_t n = v.n, wanted[] = { n * 99 / 100, n * 99 / 100 + 1 };
            sample s = { malloc(SAMPLE * sizeof(float)), SAMPLE };
            ql_ranks *ranks;
            for (size_t i = 0; i < SAMPLE; i++)
                ((float *)s.x)[i] = v.e[random_below(&seed, n)];
            const bool found = first_scan(&v, n, s, wanted, 2, &ranks);
            assert_true(found || p > 1); /* of the others, a great many round to the same */
            ql_ranks_free(&ranks);
            free((float *)s.x);
            drop_errors(&v);
        }
    }
}

static void errors_that_only_round_to_the_same_are_not_taken_for_the_same(void **state)
{
    (void)state;
    static void (*const pairs[])(size_t, float *, float *) = { pair_of_ones, pair_of_ones_but_one };
    float ones[1000];
    for (int i = 0; i < 1000; i++)
        ones[i] = 1;
    for (size_t p = 0; p < COUNT(pairs); p++) {
        errors v = make_errors(MANY, pairs[p]);
        ql_ranks *ranks;
        assert_false(first_scan(&v, MANY, (sample) { ones, 1000 }, (uint64_t[]) { MANY / 2 }, 1, &ranks));
        ql_ranks_free(&ranks);
        drop_errors(&v);
    }
}

/* The caller is told by the scan that is not enough. */
static void after_a_wrong_guess_errors_are_rounded(void **state)
{
    (void)state;
    errors v = make_errors(MANY, pair_of_sizes);
    float wrong[1000];
    for (int i = 0; i < 1000; i++)
        wrong[i] = 1e30f + 1e27f * (float)i;
    const uint64_t wanted[] = { MANY / 2 };
    ql_ranks *ranks;
    assert_false(first_scan(&v, MANY, (sample) { wrong, 1000 }, wanted, 1, &ranks));
    assert_int_equal(run(ranks, 3, v.e, MANY), 2);
    assert_true(ql_ranks_value(ranks, 0) == (double)(float)v.sorted[wanted[0]]);
    ql_ranks_free(&ranks);
    drop_errors(&v);
}

/* ---- Streams that change, and threads */

typedef struct change {
    const char *what;
    uint64_t most;
    bool guess;    /* a wrong one */
    size_t fed[3]; /* in each scan, of 1000 */
    float add[3];  /* to each value */
} change;

/* What a file does that is written to while it is read. */
static void a_stream_that_changes_between_scans_is_an_error(void **state)
{
    (void)state;
    static const change changes[] = {
        { "fewer than said", 1000, false, { 999 }, { 0 } },
        { "none", 1000, false, { 0 }, { 0 } },
        { "none the second time", 100000, false, { 1000, 0 }, { 0 } },
        { "twice as many the second time", 100000, false, { 1000, 2000 }, { 0 } },
        { "others the second time", 100000, false, { 1000, 1000 }, { 0, 1e9f } },
        { "fewer than said, of many", 100000, false, { 10, 10 }, { 0 } },
        { "none after a wrong guess", 100000, true, { 1000, 0, 0 }, { 0 } },
        { "less after a wrong guess", 100000, true, { 1000, 600, 600 }, { 0 } },
        { "others the third time", 100000, true, { 1000, 1000, 1000 }, { 0, 0, 1e9f } },
    };
    float values[2000], wrong[1000];
    for (int i = 0; i < 1000; i++) {
        values[i] = values[i + 1000] = (float)i - 300;
        wrong[i] = 1e20f;
    }
    for (size_t c = 0; c < COUNT(changes); c++) {
        ql_ranks *ranks;
        ql_error error = { 0 };
        ql_status status = QL_OK;
        bool done = false;
        must(ql_ranks_new(2, QL_BY_VALUE, changes[c].most, &ranks, &error), &error);
        ql_ranks_want(ranks, 1000, (uint64_t[]) { 300, 500 }, 2);
        if (changes[c].guess)
            must(ql_ranks_guess(ranks, ql_kernels_active(), wrong, 1000, &error), &error);
        for (int scan = 0; scan < 3 && status == QL_OK && !done; scan++) {
            float fed[2000];
            for (size_t i = 0; i < changes[c].fed[scan]; i++)
                fed[i] = values[i] + changes[c].add[scan];
            feed(ranks, 2, fed, changes[c].fed[scan]);
            status = ql_ranks_advance(ranks, &done, &error);
        }
        if (status != QL_BAD_FILE || !strstr(error.message, "changed"))
            fail_msg("%s: status %d, '%s'", changes[c].what, (int)status, error.message);
        ql_ranks_free(&ranks);
    }
}

typedef struct work {
    ql_ranks *ranks;
    const numbers *v;
    size_t piece;
} work;

static ql_status feed_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)error;
    const work *w = context;
    const size_t begin = chunk * w->piece, left = w->v->n - begin, end = begin + (left < w->piece ? left : w->piece);
    for (size_t at = begin, step; at < end; at += step) {
        step = 1 + at * 7 % QL_RANKS_FEED;
        step = step < end - at ? step : end - at;
        ql_ranks_feed(w->ranks, ql_kernels_active(), worker, w->v->x + at, step);
    }
    return QL_OK;
}

/* The same from real threads at once: few values, many, a good guess, a bad one. */
static void threads_may_feed_at_once(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        numbers v = make(BELL, way ? MANY : FEW);
        sample s = way < 2 ? none : way == 2 ? draw(&v, 0, v.n, SAMPLE) : draw(&v, 0, 100, SAMPLE);
        work w = { .v = &v, .piece = 7919 };
        ql_error error;
        uint64_t wanted[QL_RANKS_MOST];
        bool done = false;
        choose(v.n, wanted);
        must(ql_ranks_new(ql_engine_threads(engine), QL_BY_MAGNITUDE, v.n, &w.ranks, &error), &error);
        ql_ranks_want(w.ranks, v.n, wanted, LEVELS);
        must(ql_ranks_guess(w.ranks, ql_kernels_active(), s.x, s.n, &error), &error);
        while (!done) {
            const ql_pass pass = { .chunk_count = (v.n + w.piece - 1) / w.piece, .work = feed_chunk, .context = &w };
            must(ql_parallel(engine, &pass, &error), &error);
            must(ql_ranks_advance(w.ranks, &done, &error), &error);
        }
        expect(w.ranks, v.sorted[QL_BY_MAGNITUDE], wanted, LEVELS);
        ql_ranks_free(&w.ranks);
        free((float *)s.x);
        drop(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_values_are_found_in_one_scan),
        cmocka_unit_test(many_values_are_found_in_two_scans_without_a_guess),
        cmocka_unit_test(a_good_guess_takes_one_scan),
        cmocka_unit_test(a_small_sample_is_enough_to_be_exact),
        cmocka_unit_test(a_sample_that_deceives_costs_two_more_scans_and_no_more),
        cmocka_unit_test(a_sample_below_every_value_takes_three_scans),
        cmocka_unit_test(many_equal_values_are_found_in_one_scan),
        cmocka_unit_test(more_equal_values_than_are_kept_are_found_in_the_next_scans),
        cmocka_unit_test(one_key_is_counted_and_not_kept),
        cmocka_unit_test(values_that_are_watched_are_counted),
        cmocka_unit_test(any_value_can_be_asked_for_where_all_are_kept),
        cmocka_unit_test(a_value_that_was_not_watched_is_not_known),
        cmocka_unit_test(errors_are_found_unrounded),
        cmocka_unit_test(errors_that_only_round_to_the_same_are_not_taken_for_the_same),
        cmocka_unit_test(after_a_wrong_guess_errors_are_rounded),
        cmocka_unit_test(a_stream_that_changes_between_scans_is_an_error),
        cmocka_unit_test(threads_may_feed_at_once),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
