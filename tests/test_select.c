/* Order statistics: against a sort, on values chosen to be awkward for a radix and for a pivot. */
#include "tensors.h"

#include <float.h>
#include <pthread.h>
#include <stdlib.h>

#include "quant/select.h"

static uint64_t seed = 11;

/* -0 before 0, as select.h says. */
static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : (signbit(y) != 0) - (signbit(x) != 0);
}

typedef struct feeder {
    ql_select *select;
    const double *values;
    size_t n;
    unsigned worker;
} feeder;

static void *feed(void *context)
{
    const feeder *f = context;
    for (size_t done = 0, step; done < f->n; done += step) { /* pieces of odd sizes */
        step = 1 + done % 5000;
        step = step < f->n - done ? step : f->n - done;
        ql_select_feed(f->select, f->worker, f->values + done, step);
    }
    return NULL;
}

/* Runs the scans; returns how many. */
static int run(ql_select *select, unsigned threads, const double *values, size_t n)
{
    ql_error error;
    bool done = false;
    int scans = 0;
    for (; !done; scans++) {
        pthread_t pool[8];
        feeder feeders[8];
        assert_true(scans < 6);
        for (unsigned t = 0; t < threads; t++) {
            const size_t begin = n * t / threads, end = n * (t + 1) / threads;
            feeders[t] = (feeder) { select, values + begin, end - begin, t };
            assert_int_equal(pthread_create(&pool[t], NULL, feed, &feeders[t]), 0);
        }
        for (unsigned t = 0; t < threads; t++)
            pthread_join(pool[t], NULL);
        must(ql_select_advance(select, &done, &error), &error);
    }
    return scans;
}

/* `count` ranks of values[n], threads 1..3, against the sorted values. */
static int check_ranks(const double *values, size_t n, const uint64_t *ranks, unsigned count)
{
    int scans = 0;
    double *sorted = malloc(n * sizeof *sorted);
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare);
    for (unsigned threads = 1; threads <= 3; threads++) {
        ql_select *select;
        ql_error error;
        /* With two threads as a caller would; else as if there could be more, so that few values are counted like many. */
        must(ql_select_new(threads, threads == 2 ? n : n + 5000, &select, &error), &error);
        ql_select_ranks(select, ranks, count);
        scans = run(select, threads, values, n);
        for (unsigned i = 0; i < count; i++) {
            const double got = ql_select_value(select, i), want = sorted[ranks[i]];
            if (memcmp(&got, &want, sizeof got))
                fail_msg("rank %llu of %zu with %u threads is %a, expected %a", (unsigned long long)ranks[i], n, threads, got, want);
        }
        ql_select_free(&select);
        assert_null(select);
    }
    free(sorted);
    return scans;
}

/* First, last, neighbours, the middle, and random ones: 32 with repetitions. */
static int check(const double *values, size_t n)
{
    uint64_t ranks[QL_SELECT_MAX] = { 0, n - 1, n / 2, n > 1 ? 1 : 0, n > 1 ? n - 2 : 0 };
    for (int i = 5; i < QL_SELECT_MAX; i++)
        ranks[i] = i % 3 == 2 && ranks[i - 1] + 1 < n ? ranks[i - 1] + 1 : random_below(&seed, n);
    return check_ranks(values, n, ranks, QL_SELECT_MAX);
}

static void small_streams_are_selected_like_sorted_ones(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 3, 17, 1000 };
    double values[1000];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s];
        for (size_t i = 0; i < n; i++)
            values[i] = random_normal(&seed);
        check(values, n);
        for (size_t i = 0; i < n; i++)
            values[i] = -2.5;
        check(values, n);
        for (size_t i = 0; i < n; i++)
            values[i] = (double)random_below(&seed, 3) - 1;
        check(values, n);
        for (size_t i = 0; i < n; i++) /* all magnitudes */
            values[i] = ldexp(random_normal(&seed), (int)random_below(&seed, 2000) - 1000);
        check(values, n);
    }
}

static void zeros_of_both_signs_denormals_and_extremes_have_their_order(void **state)
{
    (void)state;
    const double few[] = { 0.0, -0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, DBL_MIN, -DBL_MIN, DBL_MAX, -DBL_MAX, INFINITY, -INFINITY, 1, -1 };
    double values[600];
    for (int i = 0; i < 600; i++)
        values[i] = few[random_below(&seed, sizeof few / sizeof *few)];
    check(values, 600);
}

/* More equal prefixes than are collected, so that every level is counted: differences in all bits below `bits`. */
static void deep(int bits, size_t n, int least_scans)
{
    double *values = malloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = 0x3ff8000000000000u | (random_bits(&seed) & ((1ull << bits) - 1));
        memcpy(&values[i], &word, 8);
        values[i] = i % 2 ? values[i] : -values[i];
    }
    int scans = check(values, n);
    if (scans < least_scans)
        fail_msg("%d scans for %d bits: the deep levels did not run", scans, bits);
    free(values);
}

static void values_that_differ_only_in_their_last_bits_are_told_apart(void **state)
{
    (void)state;
    deep(2, 700000, 5);
    deep(14, 600000, 4);
}

static void values_in_one_bin_of_the_first_scan_are_told_apart(void **state)
{
    (void)state;
    deep(46, 600000, 3);
}

static void many_equal_values_end_after_the_last_level(void **state)
{
    (void)state;
    enum { N = 300000 };
    double *values = malloc(N * sizeof *values);
    for (int i = 0; i < N; i++)
        values[i] = 0.1;
    assert_int_equal(check(values, N), 5);
    values[N / 3] = 0.2;
    values[N / 2] = -0.2;
    check(values, N);
    free(values);
}

static void a_usual_stream_takes_two_scans(void **state)
{
    (void)state;
    enum { N = 200000 };
    double *values = malloc(N * sizeof *values);
    for (int i = 0; i < N; i++)
        values[i] = random_normal(&seed);
    assert_int_equal(check(values, N), 2);
    free(values);
}

/* What a file does that is written to while it is read. */
static void a_stream_that_changes_between_scans_is_an_error(void **state)
{
    (void)state;
    double values[1000];
    for (int i = 0; i < 1000; i++)
        values[i] = random_normal(&seed);
    for (int kind = 0; kind < 2; kind++) {
        ql_select *select;
        ql_error error = { 0 };
        bool done;
        must(ql_select_new(1, 10000, &select, &error), &error);
        ql_select_ranks(select, (uint64_t[]) { 0, 500, 999 }, 3);
        ql_select_feed(select, 0, values, 1000);
        must(ql_select_advance(select, &done, &error), &error);
        assert_false(done);
        ql_select_feed(select, 0, values, 1000 - (kind == 0) * 1000);
        if (kind == 1)
            ql_select_feed(select, 0, values, 1000); /* twice as many */
        assert_int_equal(ql_select_advance(select, &done, &error), QL_BAD_FILE);
        assert_non_null(strstr(error.message, "changed"));
        ql_select_free(&select);
        ql_select_free(&select);
    }
}

/* numpy.percentile(a, p) of numpy 1.24, method linear. */
static void percentiles_are_those_of_numpy(void **state)
{
    (void)state;
    double a[] = { 7.5, -3.25, 0.1, 12.0, -8.0, 2.5, 2.5, 1e-3, -0.75, 99.0, -41.5 };
    static const double want[][2] = { { 0, -41.5 }, { 0.1, -41.165 }, { 1, -38.15 },           { 5, -24.75 },
                                      { 25, -2.0 }, { 50, 0.1 },      { 75, 5.0 },             { 95, 55.5 },
                                      { 99, 90.3 }, { 99.9, 98.13 },  { 33.3, -0.50217 },      { 100, 99.0 } };
    qsort(a, 11, sizeof *a, compare);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const ql_percentile p = ql_percentile_at(want[i][0], 11);
        assert_true(p.rank[0] < 11 && p.rank[1] < 11);
        assert_close(ql_percentile_value(&p, a[p.rank[0]], a[p.rank[1]]), want[i][1], 1e-13, 0);
    }
    const double two[][2] = { { 0.1, 1.001 }, { 1, 1.01 }, { 50, 1.5 }, { 99.9, 1.999 }, { 100, 2 }, { 0, 1 } };
    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++) {
        const ql_percentile p = ql_percentile_at(two[i][0], 2);
        assert_close(ql_percentile_value(&p, 1.0 + (double)p.rank[0], 1.0 + (double)p.rank[1]), two[i][1], 1e-15, 0);
    }
    assert_true(ql_percentile_value(&(ql_percentile) { .fraction = 0 }, -DBL_MAX, DBL_MAX) == -DBL_MAX);
    const ql_percentile one = ql_percentile_at(99.9, 1);
    assert_true(one.rank[0] == 0 && one.rank[1] == 0 && one.fraction == 0);
}

/* ---- ql_nth */

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void check_nth(const float *values, size_t n)
{
    float *sorted = malloc(n * sizeof *sorted), *work = malloc(n * sizeof *work);
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_floats);
    const size_t step = n < 100 ? 1 : n / 17;
    for (size_t k = 0; k < n; k += step) {
        memcpy(work, values, n * sizeof *work);
        assert_true(ql_nth(work, n, k) == sorted[k]);
        assert_true(ql_nth(work, n, n - 1 - k) == sorted[n - 1 - k]); /* on what the first call left */
        qsort(work, n, sizeof *work, compare_floats);
        assert_memory_equal(work, sorted, n * sizeof *work); /* reordered, nothing lost */
    }
    free(sorted);
    free(work);
}

static void the_kth_is_found_in_random_values(void **state)
{
    (void)state;
    float values[3000];
    for (size_t n = 1; n <= 3000; n = n < 40 ? n + 1 : n * 3 - 7) {
        for (size_t i = 0; i < n; i++)
            values[i] = (float)random_normal(&seed);
        check_nth(values, n);
        for (size_t i = 0; i < n; i++)
            values[i] = (float)random_below(&seed, 4);
        check_nth(values, n);
    }
}

/* Against median of three (Musser 1997): the pivot is nearly the least each time. */
static void make_killer(float *values, size_t n)
{
    const size_t k = n / 2;
    for (size_t i = 1; i <= k; i++) {
        if (i % 2)
            values[i - 1] = (float)i, values[i] = (float)(k + i);
        values[k + i - 1] = (float)(2 * i);
    }
}

static void patterns_that_ruin_pivots_are_no_trouble(void **state)
{
    (void)state;
    enum { N = 20000 };
    float *values = malloc(N * sizeof *values);
    for (int pattern = 0; pattern < 7; pattern++) {
        for (int i = 0; i < N; i++) {
            const int pipe = i < N / 2 ? i : N - i;
            const float patterns[] = { (float)i, (float)-i, 5, (float)pipe, (float)-pipe, (float)(i % 2), 0 };
            values[i] = patterns[pattern];
        }
        if (pattern == 6)
            make_killer(values, N);
        check_nth(values, N);
    }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_streams_are_selected_like_sorted_ones),
        cmocka_unit_test(zeros_of_both_signs_denormals_and_extremes_have_their_order),
        cmocka_unit_test(values_that_differ_only_in_their_last_bits_are_told_apart),
        cmocka_unit_test(values_in_one_bin_of_the_first_scan_are_told_apart),
        cmocka_unit_test(many_equal_values_end_after_the_last_level),
        cmocka_unit_test(a_usual_stream_takes_two_scans),
        cmocka_unit_test(a_stream_that_changes_between_scans_is_an_error),
        cmocka_unit_test(percentiles_are_those_of_numpy),
        cmocka_unit_test(the_kth_is_found_in_random_values),
        cmocka_unit_test(patterns_that_ruin_pivots_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
