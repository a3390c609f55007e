/* The profile: every statistic against a plain computation over the values as float64, for every element type. */
#include "tensors.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

static ql_engine *engine;
static uint64_t seed = 17;

static int start(void **state)
{
    (void)state;
    return ql_engine_new(3, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

static ql_profile *profile_of(const memory_tensor *m)
{
    ql_profile *p = NULL;
    ql_error error = { 0 };
    must(ql_profile_make(engine, NULL, &m->tensor, NULL, &p, &error), &error);
    return p;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* numpy's percentile, written once more. */
static double quantile(const double *sorted, size_t n, double percent)
{
    const double h = percent / 100 * (double)(n - 1), k = floor(h);
    const size_t at = (size_t)k;
    return at + 1 < n ? sorted[at] + (h - k) * (sorted[at + 1] - sorted[at]) : sorted[at];
}

/* Statistics in long double over the finite ones of values[n]; what has no value for n = 0 stays out. */
static void check_stats(const ql_stats *s, const double *values, size_t n)
{
    double *finite = malloc((n + 1) * sizeof *finite);
    size_t count = 0, nan = 0, inf = 0, zeros = 0;
    long double sum = 0, sum_abs = 0;
    for (size_t i = 0; i < n; i++) {
        nan += isnan(values[i]);
        inf += isinf(values[i]) != 0;
        if (isfinite(values[i])) {
            finite[count++] = values[i];
            zeros += values[i] == 0;
            sum += values[i];
            sum_abs += fabs(values[i]);
        }
    }
    assert_int_equal(s->count, n);
    assert_int_equal(s->nan, nan);
    assert_int_equal(s->inf, inf);
    assert_int_equal(s->zeros, zeros);
    if (count > 0) {
        long double mean = sum / count, m2 = 0, m3 = 0, m4 = 0;
        for (size_t i = 0; i < count; i++) {
            const long double c = finite[i] - mean;
            m2 += c * c;
            m3 += c * c * c;
            m4 += c * c * c * c;
        }
        const double std = (double)sqrtl(m2 / count), scale = (double)(sum_abs / count);
        uint64_t beyond_3s = 0, beyond_6s = 0;
        for (size_t i = 0; i < count; i++) {
            beyond_3s += fabs(finite[i] - (double)mean) > 3 * std;
            beyond_6s += fabs(finite[i] - (double)mean) > 6 * std;
        }
        qsort(finite, count, sizeof *finite, compare);
        assert_close(s->sum, (double)sum, 1e-12, 1e-13 * (double)sum_abs);
        assert_close(s->sum_abs, (double)sum_abs, 1e-13, 0);
        assert_close(s->mean, (double)mean, 1e-12, 1e-13 * scale);
        assert_close(s->std, std, 1e-12, 1e-13 * scale);
        if (std > 0) {
            assert_close(s->skew, (double)(m3 / count / powl(m2 / count, 1.5L)), 1e-9, 1e-9);
            assert_close(s->kurtosis, (double)(m4 / count / (m2 / count * m2 / count) - 3), 1e-9, 1e-9);
        }
        assert_int_equal(s->beyond_3s, beyond_3s);
        assert_int_equal(s->beyond_6s, beyond_6s);
        assert_true(s->min == finite[0] && s->max == finite[count - 1]);
        for (int i = 0; i < QL_QUANTILE_COUNT; i++)
            assert_close(s->quantiles[i], quantile(finite, count, ql_quantile_percents[i]), 1e-15, 0);
    }
    unsigned distinct = count > 0;
    for (size_t i = 1; i < count; i++)
        distinct += finite[i] != finite[i - 1];
    assert_int_equal(s->distinct, distinct <= 256 ? distinct : 0);
    free(finite);
}

/* Where the first non-finite value and the first of the largest magnitudes are. */
static void check_places(const ql_stats *s, const double *values, size_t n)
{
    size_t first = n, largest = 0;
    double magnitude = -1;
    for (size_t i = n; i-- > 0;) {
        first = isfinite(values[i]) ? first : i;
        if (isfinite(values[i]) && fabs(values[i]) >= magnitude) {
            magnitude = fabs(values[i]);
            largest = i;
        }
    }
    assert_int_equal(s->first_nonfinite, first);
    assert_int_equal(s->max_abs_index, largest);
}

/* What a quantizer sees: sums, range and histogram of the values as float32. All are finite there. */
static void check_floats(const ql_profile *p, const double *values, size_t n)
{
    ql_histogram want = { 0 };
    long double square = 0;
    double lo = INFINITY, hi = -INFINITY, largest = 0, second = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = (float)values[i], magnitude = fabs(x);
        square += x * x;
        lo = fmin(lo, x);
        hi = fmax(hi, x);
        second = magnitude > largest ? largest : fmax(second, magnitude);
        largest = fmax(largest, magnitude);
    }
    want.lo = lo;
    want.hi = hi;
    for (size_t i = 0; i < n; i++) {
        const double place = hi > lo ? floor(((float)values[i] - lo) * QL_BINS / (hi - lo)) : 0;
        want.bins[place < QL_BINS ? (int)place : QL_BINS - 1]++;
    }
    assert_true(p->x_min == lo && p->x_max == hi);
    assert_true(p->second_abs == (n > 1 ? second : 0));
    assert_close(p->x_square_sum, (double)square, 1e-13, 0);
    assert_true(p->original.lo == lo && p->original.hi == hi && p->original.below == 0 && p->original.above == 0);
    assert_memory_equal(p->original.bins, want.bins, sizeof want.bins);
    assert_null(p->unusable);
}

/* A tensor whose elements, read one by one by their definition, are values[n]. */
static void check_tensor(ql_dtype dtype, const void *bytes, const double *values, size_t n)
{
    memory_tensor m;
    memory_tensor_make(&m, dtype, bytes, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { n });
    ql_profile *p = profile_of(&m);
    check_stats(&p->stats, values, n);
    check_places(&p->stats, values, n);
    bool usable = true;
    for (size_t i = 0; i < n; i++)
        usable &= isfinite((float)values[i]) != 0;
    if (usable)
        check_floats(p, values, n);
    else
        assert_non_null(p->unusable);
    ql_profile_free(&p);
    assert_null(p);
    memory_tensor_free(&m);
}

static void check_doubles(const double *values, size_t n)
{
    check_tensor(QL_F64, values, values, n);
}

static void check_as_floats(const float *x, size_t n)
{
    double *values = malloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = x[i];
    check_tensor(QL_F32, x, values, n);
    free(values);
}

static void floats_have_the_statistics_of_a_plain_computation(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 3, 15, 16, 17, 4095, 4097, 65536, 65537, 200003 };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        float *x = malloc(sizes[s] * sizeof *x);
        for (size_t i = 0; i < sizes[s]; i++)
            x[i] = (float)(0.3 + 0.05 * random_normal(&seed) * random_normal(&seed));
        check_as_floats(x, sizes[s]);
        free(x);
    }
}

/* The two ranks of each quantile of a small tensor are neighbours of those of the next quantile, in many ways. */
static void the_quantiles_of_every_small_size_are_those_of_a_sort(void **state)
{
    (void)state;
    enum { MOST = 500 };
    float x[MOST];
    for (size_t n = 1; n <= MOST; n++) {
        for (size_t i = 0; i < n; i++)
            x[i] = (float)(0.3 + random_normal(&seed));
        check_as_floats(x, n);
    }
}

static void every_16_bit_pattern_that_is_finite_is_seen(void **state)
{
    (void)state;
    for (int bfloat = 0; bfloat < 2; bfloat++) {
        enum { MOST = 65536 };
        static uint16_t bits[MOST];
        static double values[MOST];
        size_t n = 0;
        for (unsigned word = 0; word < MOST; word++) {
            uint32_t wide = word << 16;
            float value;
            memcpy(&value, &wide, 4);
            const unsigned exponent = word >> 10 & 31;
            double half = ldexp((word & 1023) + (exponent ? 1024 : 0), (exponent ? (int)exponent : 1) - 25) * (word >> 15 ? -1 : 1);
            double v = bfloat ? (double)value : exponent == 31 ? NAN : half;
            if (isfinite(v) && (!bfloat || fabs(v) < 1e6)) { /* sums of larger ones lose all the small */
                bits[n] = (uint16_t)word;
                values[n++] = v;
            }
        }
        check_tensor(bfloat ? QL_BF16 : QL_F16, bits, values, n);
    }
}

static void integers_keep_all_their_digits(void **state)
{
    (void)state;
    enum { N = 5000 };
    static int64_t i64[N];
    static uint64_t u64[N];
    static int32_t i32[N];
    static uint32_t u32[N];
    static int16_t i16[N];
    static uint16_t u16[N];
    static int8_t i8[N];
    static uint8_t u8[N], boolean[N];
    static double v[9][N];
    for (int i = 0; i < N; i++) {
        const uint64_t r = random_bits(&seed);
        v[0][i] = (double)(i64[i] = (int64_t)r >> 8);
        v[1][i] = (double)(u64[i] = r);
        v[2][i] = i32[i] = (int32_t)r;
        v[3][i] = u32[i] = (uint32_t)r;
        v[4][i] = i16[i] = (int16_t)r;
        v[5][i] = u16[i] = (uint16_t)r;
        v[6][i] = i8[i] = (int8_t)r;
        v[7][i] = u8[i] = (uint8_t)r;
        boolean[i] = (uint8_t)(r % 3);
        v[8][i] = boolean[i] != 0;
    }
    i32[7] = INT32_MIN, v[2][7] = INT32_MIN;
    i64[7] = INT64_MIN, v[0][7] = (double)INT64_MIN;
    const void *const bytes[] = { i64, u64, i32, u32, i16, u16, i8, u8, boolean };
    static const ql_dtype dtypes[] = { QL_I64, QL_U64, QL_I32, QL_U32, QL_I16, QL_U16, QL_I8, QL_U8, QL_BOOL };
    for (int d = 0; d < 9; d++)
        check_tensor(dtypes[d], bytes[d], v[d], N);
}

static void neighbours_that_float32_confuses_are_told_apart(void **state)
{
    (void)state;
    const int32_t x[] = { 16777216, -16777217, 16777217, 5 };
    check_tensor(QL_I32, x, (double[]) { 16777216, -16777217, 16777217, 5 }, 4); /* the largest is number 1 */
    check_doubles((double[]) { 1, 1 + DBL_EPSILON, 1, -1 - 2 * DBL_EPSILON }, 4);
}

/* mean - 3 std is 0 or next to it, where floats lie densest: 0.9 - 3 * 0.3. */
static void tails_that_begin_at_zero_are_counted(void **state)
{
    (void)state;
    enum { MOST = 3000 };
    static float x[MOST];
    static double values[MOST];
    static const float sizes[] = { 1, -1, 0.1f, 3e-30f, -7e30f };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        for (size_t n = 10; n <= MOST; n *= 10, n = n == 1000 ? MOST : n) {
            for (size_t i = 0; i < n; i++)
                values[i] = (double)(x[i] = i % 10 == 3 ? 0 : sizes[k]);
            memory_tensor m;
            memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { n });
            ql_profile *p = profile_of(&m);
            uint64_t beyond[2] = { 0 };
            for (size_t i = 0; i < n; i++) { /* by the definition, with the mean and std that were found */
                beyond[0] += fabs(values[i] - p->stats.mean) > 3 * p->stats.std;
                beyond[1] += fabs(values[i] - p->stats.mean) > 6 * p->stats.std;
            }
            assert_int_equal(p->stats.beyond_3s, beyond[0]);
            assert_int_equal(p->stats.beyond_6s, beyond[1]);
            ql_profile_free(&p);
            memory_tensor_free(&m);
        }
    }
}

static void one_element_and_constants_have_no_spread(void **state)
{
    (void)state;
    check_as_floats((float[]) { 0 }, 1);
    check_as_floats((float[]) { -3.5f }, 1);
    float x[100000];
    for (int i = 0; i < 100000; i++)
        x[i] = 0.1f;
    memory_tensor m;
    memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 100000 });
    ql_profile *p = profile_of(&m);
    assert_true(p->stats.mean == (double)0.1f && p->stats.std == 0); /* also where the sum had to be rounded */
    assert_int_equal(p->stats.distinct, 1);
    assert_int_equal(p->stats.beyond_3s, 0);
    assert_int_equal(p->original.bins[0], 100000);
    assert_true(p->second_abs == (double)0.1f);
    ql_profile_free(&p);
    memory_tensor_free(&m);

    double *v = malloc(100003 * sizeof *v);
    for (int i = 0; i < 100003; i++)
        v[i] = 0.1;
    memory_tensor_make(&m, QL_F64, v, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 100003 });
    p = profile_of(&m);
    assert_true(p->stats.mean == 0.1 && p->stats.std == 0);
    ql_profile_free(&p);
    memory_tensor_free(&m);
    free(v);
}

static void a_tail_that_begins_at_zero_is_found_at_once(void **state)
{
    (void)state;
    /* 9 of 10 and 36 of 37 equal values put a limit exactly on the remaining 0, beside which floats are closest. */
    for (int round = 0; round < 2000; round++) {
        float x[37];
        const int n = round % 2 ? 37 : 10;
        for (int i = 0; i < n; i++)
            x[i] = i == round % n ? 0 : (float)(round % 5 < 3 ? 1 : -0.001) * (float)(round + 1);
        memory_tensor m;
        memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { (uint64_t)n });
        ql_profile *p = profile_of(&m);
        assert_in_range(p->stats.beyond_3s, n == 37, 1); /* whether it is beyond is a matter of the last bit */
        assert_in_range(p->stats.beyond_6s, 0, n == 37);
        ql_profile_free(&p);
        memory_tensor_free(&m);
    }
}

static void different_values_are_counted_up_to_256(void **state)
{
    (void)state;
    static const unsigned counts[] = { 1, 2, 255, 256, 257, 300, 100000 };
    enum { N = 140000 };
    float *x = malloc(N * sizeof *x);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (unsigned i = 0; i < N; i++)
            x[i] = (float)((int)(i % counts[c]) - 100) * 0.25f;
        check_as_floats(x, N);
        for (unsigned i = 0; i < N; i++) /* a new value only at the end, on another worker */
            x[i] = (float)(i < N - counts[c] ? 0 : i - (N - counts[c]));
        check_as_floats(x, N);
    }
    x[0] = -0.0f; /* is 0 */
    x[1] = 0;
    check_as_floats(x, 2);
    free(x);
}

static void the_first_of_equal_magnitudes_is_named(void **state)
{
    (void)state;
    enum { N = 3 * 65536 + 5 };
    float *x = malloc(N * sizeof *x);
    static const size_t places[][2] = { { 0, N - 1 }, { 65535, 65536 }, { 70000, 140000 }, { N - 2, N - 1 }, { 5, 6 } };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            for (size_t k = 0; k < N; k++)
                x[k] = (float)(random_unit(&seed) - 0.5);
            x[places[i][0]] = (float)(2 * sign);
            x[places[i][1]] = (float)(-2 * sign);
            check_as_floats(x, N);
        }
    }
    free(x);
}

static void nan_and_infinity_are_counted_and_left_out(void **state)
{
    (void)state;
    enum { N = 150000 };
    double *v = malloc(N * sizeof *v);
    for (size_t i = 0; i < N; i++)
        v[i] = random_normal(&seed);
    v[149999] = NAN;
    check_doubles(v, N);
    v[66000] = -INFINITY;
    v[66001] = INFINITY;
    v[140000] = -NAN;
    check_doubles(v, N);
    v[0] = NAN;
    check_doubles(v, N);
    check_doubles((double[]) { NAN, 2 }, 2);
    check_doubles((double[]) { -7, INFINITY }, 2);
    free(v);
}

static void why_a_tensor_is_unusable_says_where_and_how_many(void **state)
{
    (void)state;
    const float x[] = { 1, 2, 3, NAN, -INFINITY, NAN };
    memory_tensor m;
    memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 6 });
    ql_profile *p = profile_of(&m);
    assert_string_equal(p->unusable, "non-finite value at flat index 3 (3 in all: 2 NaN, 1 Inf)");
    ql_profile_free(&p);
    memory_tensor_free(&m);
}

static void check_nothing_finite(const float *x, uint64_t n, uint64_t inf)
{
    memory_tensor m;
    memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, &n);
    ql_profile *p = profile_of(&m);
    const ql_stats *s = &p->stats;
    assert_int_equal(s->inf, inf);
    assert_int_equal(s->nan, n - inf);
    assert_int_equal(s->first_nonfinite, 0);
    assert_int_equal(s->distinct, 0);
    assert_true(isnan(s->mean) && isnan(s->std) && isnan(s->min) && isnan(s->max) && isnan(s->skew) && isnan(s->kurtosis));
    for (int i = 0; i < QL_QUANTILE_COUNT; i++)
        assert_true(isnan(s->quantiles[i]));
    assert_true(s->sum == 0 && s->sum_abs == 0 && s->beyond_3s == 0 && s->zeros == 0 && s->max_abs_index == 0);
    assert_non_null(p->unusable);
    ql_profile_free(&p);
    memory_tensor_free(&m);
}

static void a_tensor_of_nothing_finite_has_a_census_and_nothing_else(void **state)
{
    (void)state;
    float x[70000];
    for (int i = 0; i < 70000; i++)
        x[i] = i % 7 ? NAN : INFINITY;
    check_nothing_finite(x, 70000, 10000);
    check_nothing_finite(x, 1, 1);
    check_nothing_finite(x, 8, 2);
}

static void doubles_beyond_float32_are_measured_and_refused_to_quantizers(void **state)
{
    (void)state;
    const double v[] = { 1, -2, 1e39, 3, -1e40, 1e40 };
    check_doubles(v, 6);
    check_doubles((double[]) { 1e300 }, 1);
    memory_tensor m;
    memory_tensor_make(&m, QL_F64, v, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 6 });
    ql_profile *p = profile_of(&m);
    assert_non_null(strstr(p->unusable, "beyond float32"));
    assert_non_null(strstr(p->unusable, "flat index 2"));
    assert_true(p->x_min == -2 && p->x_max == 3);
    assert_int_equal(p->original.above + p->original.below, 3);
    ql_profile_free(&p);
    memory_tensor_free(&m);
}

/* Signs of zeros, ties and sums: all of the profile, byte by byte. */
static void the_profile_is_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    enum { N = 5 * 65536 + 77 };
    static const unsigned threads[] = { 1, 2, 3, 7 };
    float *x = malloc(N * sizeof *x);
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < N; i++)
            x[i] = kind == 0 ? (float)(random_normal(&seed) * ldexp(1, (int)random_below(&seed, 30))) : i / 65536 % 2 ? -0.0f : 0.0f;
        if (kind == 2)
            x[N - 1] = 1;
        memory_tensor m;
        memory_tensor_make(&m, QL_F32, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N });
        ql_profile first = { 0 };
        for (int repetition = 0; repetition < 12; repetition++) {
            ql_engine *other;
            ql_profile *p;
            ql_error error;
            must(ql_engine_new(threads[repetition % 4], &other, &error), &error);
            must(ql_profile_make(other, NULL, &m.tensor, NULL, &p, &error), &error);
            if (repetition == 0)
                first = *p;
            assert_memory_equal(&p->stats, &first.stats, sizeof first.stats);
            assert_memory_equal(&p->original, &first.original, sizeof first.original);
            assert_memory_equal(&p->x_min, &first.x_min, sizeof first.x_min);
            assert_memory_equal(&p->x_max, &first.x_max, sizeof first.x_max);
            assert_memory_equal(&p->x_square_sum, &first.x_square_sum, sizeof first.x_square_sum);
            assert_memory_equal(&p->second_abs, &first.second_abs, sizeof first.second_abs);
            ql_profile_free(&p);
            ql_engine_free(&other);
        }
        memory_tensor_free(&m);
    }
    free(x);
}

static void an_empty_tensor_is_refused(void **state)
{
    (void)state;
    memory_tensor m;
    ql_profile *p = NULL;
    ql_error error = { 0 };
    memory_tensor_make(&m, QL_F32, "", QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 4, 0 });
    assert_int_equal(ql_profile_make(engine, NULL, &m.tensor, NULL, &p, &error), QL_UNUSABLE);
    assert_non_null(strstr(error.message, "empty tensor"));
    assert_non_null(strstr(error.message, "'w'"));
    assert_null(p);
    memory_tensor_free(&m);
}

static void a_type_without_values_is_refused(void **state)
{
    (void)state;
    memory_tensor m;
    ql_profile *p = NULL;
    ql_error error = { 0 };
    memory_tensor_make(&m, QL_F6_E2M3, "abc", QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 4 });
    assert_int_equal(ql_profile_make(engine, NULL, &m.tensor, NULL, &p, &error), QL_UNUSABLE);
    assert_non_null(strstr(error.message, "F6_E2M3"));
    memory_tensor_free(&m);
    ql_profile_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_have_the_statistics_of_a_plain_computation),
        cmocka_unit_test(the_quantiles_of_every_small_size_are_those_of_a_sort),
        cmocka_unit_test(every_16_bit_pattern_that_is_finite_is_seen),
        cmocka_unit_test(integers_keep_all_their_digits),
        cmocka_unit_test(neighbours_that_float32_confuses_are_told_apart),
        cmocka_unit_test(tails_that_begin_at_zero_are_counted),
        cmocka_unit_test(one_element_and_constants_have_no_spread),
        cmocka_unit_test(a_tail_that_begins_at_zero_is_found_at_once),
        cmocka_unit_test(different_values_are_counted_up_to_256),
        cmocka_unit_test(the_first_of_equal_magnitudes_is_named),
        cmocka_unit_test(nan_and_infinity_are_counted_and_left_out),
        cmocka_unit_test(why_a_tensor_is_unusable_says_where_and_how_many),
        cmocka_unit_test(a_tensor_of_nothing_finite_has_a_census_and_nothing_else),
        cmocka_unit_test(doubles_beyond_float32_are_measured_and_refused_to_quantizers),
        cmocka_unit_test(the_profile_is_the_same_for_any_number_of_threads),
        cmocka_unit_test(an_empty_tensor_is_refused),
        cmocka_unit_test(a_type_without_values_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
