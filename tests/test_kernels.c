/* The kernels in use, against their definitions in other arithmetic. */
#include "tensors.h"

#include <float.h>
#include <stdlib.h>

#include "kernels/kernels.h"

static uint64_t seed = 1;

/* q = clamp(rne(x / d) + z), y = (q - z) d: decided in long double, whose quotients of two floats are never rounded onto a tie. */
static int code_by_definition(ql_uniform codes, float step, int32_t zero, float x, bool *outside)
{
    const long double code = rintl((long double)x / (long double)step) + (long double)zero;
    *outside = code < codes.code_lo || code > codes.code_hi;
    return code < codes.code_lo ? codes.code_lo : code > codes.code_hi ? codes.code_hi : (int)code;
}

static float value_by_definition(float step, int32_t zero, int code)
{
    return (float)(((double)code - (double)zero) * (double)step);
}

/* Both kernels over x[n], one step and zero: codes, values, count, and nothing written behind them. */
static void check_uniform(ql_uniform codes, float step, int32_t zero, const float *x, size_t n)
{
    int16_t *q = malloc((n + 1) * sizeof *q);
    float *y = malloc((n + 1) * sizeof *y), *steps = malloc((n + 1) * sizeof *steps);
    int32_t *zeros = malloc((n + 1) * sizeof *zeros);
    uint64_t want = 0;
    for (size_t i = 0; i < n; i++) {
        bool outside;
        code_by_definition(codes, step, zero, x[i], &outside);
        want += outside;
        steps[i] = step;
        zeros[i] = zero;
    }
    for (int each = 0; each < 2; each++) {
        q[n] = 4242;
        y[n] = 4242;
        const ql_kernels *k = ql_kernels_active();
        uint64_t outside = each ? k->uniform_each(codes, steps, zeros, x, n, q, y) : k->uniform_run(codes, step, zero, x, n, q, y);
        if (outside != want)
            fail_msg("%llu outside, expected %llu (step %a, zero %d)", (unsigned long long)outside, (unsigned long long)want,
                     (double)step, zero);
        assert_true(q[n] == 4242 && y[n] == 4242);
        for (size_t i = 0; i < n; i++) {
            bool ignored;
            int code = code_by_definition(codes, step, zero, x[i], &ignored);
            float value = value_by_definition(step, zero, code);
            if (q[i] != code || y[i] != value)
                fail_msg("%s: x %a, step %a, zero %d: code %d and %a, expected %d and %a", each ? "each" : "run", (double)x[i],
                         (double)step, zero, q[i], (double)y[i], code, (double)value);
        }
    }
    free(q);
    free(y);
    free(steps);
    free(zeros);
}

static const ql_uniform ranges[] = { { -127, 127 }, { -128, 127 }, { -1, 1 }, { -2, 1 }, { -7, 7 }, { -8, 7 }, { -31, 31 }, { 0, 255 } };
#define EACH_RANGE(r) for (const ql_uniform *r = ranges; r < ranges + sizeof ranges / sizeof *ranges; r++)

static void ties_go_to_the_even_code(void **state)
{
    (void)state;
    float x[4 * 300];
    static const float steps[] = { 1, 0.5f, 0x1p-20f, 0x1p30f, 0x1p-140f, 3, 0.1f };
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        size_t n = 0;
        for (int k = -150; k < 150; k++) { /* k + 1/2 and its neighbours */
            const float tie = (float)(((double)k + 0.5) * (double)steps[s]);
            x[n++] = tie;
            x[n++] = nextafterf(tie, INFINITY);
            x[n++] = nextafterf(tie, -INFINITY);
            x[n++] = (float)k * steps[s];
        }
        EACH_RANGE (r)
            for (int zero = -129; zero < 130; zero += 43)
                check_uniform(*r, steps[s], zero, x, n);
    }
    const float half[] = { 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f };
    int16_t q[6];
    float y[6];
    ql_kernels_active()->uniform_run((ql_uniform) { -7, 7 }, 1, 0, half, 6, q, y);
    const int16_t want[] = { 0, 2, 2, 0, -2, -2 };
    assert_memory_equal(q, want, sizeof want);
}

static void random_floats_of_all_magnitudes_are_coded_as_defined(void **state)
{
    (void)state;
    float x[1000];
    for (int repetition = 0; repetition < 400; repetition++) {
        float step = 0;
        while (!(step > 0))
            step = fabsf(random_float(&seed));
        for (size_t i = 0; i < 1000; i++) /* half of them near the step */
            x[i] = i % 2 ? random_float(&seed) : (float)fmax(-FLT_MAX, fmin(FLT_MAX, (double)step * 150 * random_normal(&seed)));
        int32_t zero = repetition % 3 == 0 ? 0 : repetition % 3 == 1 ? (int32_t)random_below(&seed, 300) - 150 : (int32_t)random_bits(&seed);
        check_uniform(ranges[repetition % 8], step, zero, x, 1000);
    }
}

static void huge_quotients_and_extreme_zeros_are_clamped_to_the_right_end(void **state)
{
    (void)state;
    const float x[] = { FLT_MAX, -FLT_MAX, 0x1p-149f, -0x1p-149f, 0, -0.0f, 1, -1, 0x1p31f, -0x1p31f, 0x1p32f, -0x1p32f, 0x1p33f, -0x1p33f,
                        2147483647.0f, 0x1p52f, -0x1p52f, 3e9f, -3e9f };
    const float steps[] = { 0x1p-149f, 0x1p-126f, 1e-30f, 1, 0x1p100f, FLT_MAX };
    const int32_t zeros[] = { 0, 1, -1, 127, -128, INT32_MAX, INT32_MIN, INT32_MAX - 127, INT32_MIN + 128, 1 << 24 };
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (size_t z = 0; z < sizeof zeros / sizeof zeros[0]; z++)
            EACH_RANGE (r)
                check_uniform(*r, steps[s], zeros[z], x, sizeof x / sizeof x[0]);
}

static void every_count_and_alignment_gives_the_same_codes(void **state)
{
    (void)state;
    float x[80];
    for (int i = 0; i < 80; i++)
        x[i] = (float)(20 * random_normal(&seed));
    for (size_t n = 0; n <= 67; n++)
        for (size_t shift = 0; shift < 9; shift++)
            check_uniform((ql_uniform) { -7, 7 }, 2.5f, 1, x + shift, n);
}

static void a_step_for_each_element_is_taken_element_by_element(void **state)
{
    (void)state;
    enum { N = 500 };
    const ql_uniform codes = { -128, 127 };
    float x[N], step[N], y[N];
    int32_t zero[N];
    int16_t q[N];
    uint64_t want = 0;
    for (int i = 0; i < N; i++) {
        x[i] = (float)random_normal(&seed);
        step[i] = (float)(0.001 + 0.02 * random_unit(&seed));
        zero[i] = (int32_t)random_below(&seed, 256) - 128;
    }
    uint64_t outside = ql_kernels_active()->uniform_each(codes, step, zero, x, N, q, y);
    for (int i = 0; i < N; i++) {
        bool out;
        assert_int_equal(q[i], code_by_definition(codes, step[i], zero[i], x[i], &out));
        assert_true(y[i] == value_by_definition(step[i], zero[i], q[i]));
        want += out;
    }
    assert_int_equal(outside, want);
}

static void range_finds_the_least_and_the_greatest_wherever_they_are(void **state)
{
    (void)state;
    const ql_kernels *k = ql_kernels_active();
    for (size_t n = 1; n <= 67; n++) {
        for (size_t at = 0; at < n; at++) {
            float x[67] = { 0 }, lo = INFINITY, hi = -INFINITY;
            x[at] = 3;
            x[n - 1 - at] = at == n - 1 - at ? 3 : -2;
            k->range(x, n, &lo, &hi);
            assert_true(lo == (n == 1 ? 3 : at == n - 1 - at ? 0 : -2) && hi == 3);
        }
    }
    float lo = -5, hi = 7, one = 1;
    k->range(&one, 1, &lo, &hi); /* only widens */
    assert_true(lo == -5 && hi == 7);
    k->range(NULL, 0, &lo, &hi);
    assert_true(lo == -5 && hi == 7);
    const float ends[] = { FLT_MAX, -FLT_MAX, 0x1p-149f };
    k->range(ends, 3, &lo, &hi);
    assert_true(lo == -FLT_MAX && hi == FLT_MAX);
}

/* The lanes as kernels.h draws them. */
static void errors_are_added_in_sixteen_lanes(void **state)
{
    (void)state;
    enum { N = 67 + 9 };
    for (size_t n = 0; n <= 67; n++) {
        for (size_t shift = 0; shift < 9; shift += 4) {
            float x[N], y[N], e[N + 1];
            double squares[QL_LANES] = { 0 }, want_squares[QL_LANES] = { 0 };
            ql_error_sums got = { 0 }, want = { 0 };
            for (int i = 0; i < N; i++) { /* magnitudes so different that another order of addition shows */
                x[i] = (float)ldexp(random_normal(&seed), (int)random_below(&seed, 40) - 20);
                y[i] = i % 5 == 0 ? (i % 2 ? -0.0f : 0.0f) : (float)ldexp(random_normal(&seed), (int)random_below(&seed, 40) - 20);
            }
            got.max_abs = want.max_abs = n % 2 ? 0 : 0x1p-3; /* what is there is kept */
            got.zeros = want.zeros = n;
            for (int lane = 0; lane < QL_LANES; lane++)
                got.abs[lane] = want.abs[lane] = got.yy[lane] = want.yy[lane] = lane;
            e[n] = 4242;
            ql_kernels_active()->errors(x + shift, y + shift, n, e, &got, squares);
            assert_true(e[n] == 4242);
            for (size_t i = 0; i < n; i++) {
                const double a = x[i + shift], b = y[i + shift], error = a - b;
                assert_true(e[i] == (float)error);
                volatile double square = error * error, xy = a * b, yy = b * b; /* rounded before they are added */
                want.abs[i % 16] += fabs(error);
                want_squares[i % 16] += square;
                want.xy[i % 16] += xy;
                want.yy[i % 16] += yy;
                want.max_abs = fmax(want.max_abs, fabs(error));
                want.zeros += b == 0;
            }
            assert_memory_equal(&got, &want, sizeof want);
            assert_memory_equal(squares, want_squares, sizeof squares);
        }
    }
}

static void a_chunk_cut_at_sixteens_has_the_sums_of_the_whole(void **state)
{
    (void)state;
    enum { N = 1000 };
    float x[N], y[N], e[N];
    double squares[2][QL_LANES] = { 0 };
    for (int i = 0; i < N; i++) {
        x[i] = (float)random_normal(&seed);
        y[i] = (float)random_normal(&seed);
    }
    ql_error_sums whole = { 0 }, pieces = { 0 };
    ql_kernels_active()->errors(x, y, N, e, &whole, squares[0]);
    for (size_t begin = 0, n; begin < N; begin += n) {
        n = 16 * (1 + begin % 5);
        n = n < N - begin ? n : N - begin;
        ql_kernels_active()->errors(x + begin, y + begin, n, e, &pieces, squares[1]);
    }
    assert_memory_equal(&whole, &pieces, sizeof whole);
    assert_memory_equal(squares[0], squares[1], sizeof squares[0]);
}

static void lanes_are_added_in_the_fixed_tree(void **state)
{
    (void)state;
    for (int repetition = 0; repetition < 1000; repetition++) {
        double l[16];
        for (int i = 0; i < 16; i++)
            l[i] = ldexp(random_normal(&seed), (int)random_below(&seed, 80) - 40);
        double want = (((l[0] + l[8]) + (l[4] + l[12])) + ((l[2] + l[10]) + (l[6] + l[14]))) +
                      (((l[1] + l[9]) + (l[5] + l[13])) + ((l[3] + l[11]) + (l[7] + l[15])));
        assert_true(ql_lanes_total(l) == want);
    }
}

enum { BINS = 512, COUNTERS = BINS + QL_OUTSIDE };

/* The counts of v[n]: below, bins, above. */
static void count_in_bins(double lo, double hi, const float *v, size_t n, uint64_t counts[COUNTERS])
{
    static uint32_t tables[QL_TABLES * COUNTERS];
    memset(tables, 0, sizeof tables);
    memset(counts, 0, COUNTERS * sizeof *counts);
    ql_kernels_active()->histogram(&(ql_binning) { .lo = lo, .hi = hi, .bins = BINS }, v, n, tables);
    for (int i = 0; i < QL_TABLES * COUNTERS; i++)
        counts[i % COUNTERS] += tables[i];
}

/* The bin of one value, -1: below, BINS: above. */
static int bin_of(double lo, double hi, float v)
{
    uint64_t counts[COUNTERS], total = 0;
    int found = COUNTERS;
    count_in_bins(lo, hi, &v, 1, counts);
    for (int i = 0; i < COUNTERS; i++) {
        total += counts[i];
        found = counts[i] ? i - 1 : found;
    }
    assert_int_equal(total, 1);
    return found;
}

static void a_value_on_an_edge_is_in_the_bin_above_it_and_hi_in_the_last(void **state)
{
    (void)state;
    for (int i = 0; i < BINS; i++) {
        assert_int_equal(bin_of(0, BINS, (float)i), i);
        assert_int_equal(bin_of(0, BINS, nextafterf((float)(i + 1), 0)), i);
        assert_int_equal(bin_of(-1, 1, (float)(-1 + i / 256.0)), i);
    }
    assert_int_equal(bin_of(0, BINS, BINS), BINS - 1);
    assert_int_equal(bin_of(-3, -1, -1), BINS - 1);
    assert_int_equal(bin_of(-3, -1, -3), 0);
}

static void what_lies_outside_is_counted_below_and_above(void **state)
{
    (void)state;
    assert_int_equal(bin_of(-1, 1, nextafterf(-1, -2)), -1);
    assert_int_equal(bin_of(-1, 1, nextafterf(1, 2)), BINS);
    assert_int_equal(bin_of(-1, 1, -INFINITY), -1);
    assert_int_equal(bin_of(-1, 1, INFINITY), BINS);
}

static void an_axis_without_width_has_all_in_its_first_bin(void **state)
{
    (void)state;
    assert_int_equal(bin_of(2, 2, 2), 0);
    assert_int_equal(bin_of(0, 0, -0.0f), 0);
    assert_int_equal(bin_of(2, 2, nextafterf(2, 3)), BINS);
    assert_int_equal(bin_of(2, 2, nextafterf(2, 1)), -1);
}

static void the_whole_float_range_and_denormals_are_axes_too(void **state)
{
    (void)state;
    assert_int_equal(bin_of(-FLT_MAX, FLT_MAX, 0), BINS / 2);
    assert_int_equal(bin_of(-FLT_MAX, FLT_MAX, FLT_MAX), BINS - 1);
    assert_int_equal(bin_of(0, 0x1p-148, 0x1p-148f), BINS - 1);
    assert_int_equal(bin_of(0, 0x1p-148, 0x1p-149f), BINS / 2);
}

static void many_values_are_counted_as_one_by_one(void **state)
{
    (void)state;
    enum { N = 3000 };
    float v[N];
    for (int i = 0; i < N; i++)
        v[i] = (float)random_normal(&seed);
    const double lo = -1.5, hi = 2.25;
    uint64_t all[COUNTERS], sum[COUNTERS] = { 0 };
    count_in_bins(lo, hi, v, N, all);
    for (int i = 0; i < N; i++) {
        const double at = v[i], place = floor((at - lo) * BINS / (hi - lo));
        sum[at < lo ? 0 : at > hi ? BINS + 1 : place == BINS ? BINS : 1 + (int)place]++;
    }
    assert_memory_equal(all, sum, sizeof all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ties_go_to_the_even_code),
        cmocka_unit_test(random_floats_of_all_magnitudes_are_coded_as_defined),
        cmocka_unit_test(huge_quotients_and_extreme_zeros_are_clamped_to_the_right_end),
        cmocka_unit_test(every_count_and_alignment_gives_the_same_codes),
        cmocka_unit_test(a_step_for_each_element_is_taken_element_by_element),
        cmocka_unit_test(range_finds_the_least_and_the_greatest_wherever_they_are),
        cmocka_unit_test(errors_are_added_in_sixteen_lanes),
        cmocka_unit_test(a_chunk_cut_at_sixteens_has_the_sums_of_the_whole),
        cmocka_unit_test(lanes_are_added_in_the_fixed_tree),
        cmocka_unit_test(a_value_on_an_edge_is_in_the_bin_above_it_and_hi_in_the_last),
        cmocka_unit_test(what_lies_outside_is_counted_below_and_above),
        cmocka_unit_test(an_axis_without_width_has_all_in_its_first_bin),
        cmocka_unit_test(the_whole_float_range_and_denormals_are_axes_too),
        cmocka_unit_test(many_values_are_counted_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
