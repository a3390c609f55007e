/* Normal numbers from random bits, and the activations that are made of them. */
#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/normal.h"
#include "qloupe.h"

/* As normal.h says, in the wider type and with libm. */
static void plain_pair(uint64_t first, uint64_t second, long double out[2])
{
    const long double u = (long double)((first >> 11) + 1) / 0x1p53L, v = (long double)(second >> 11) / 0x1p53L;
    const long double radius = sqrtl(-2 * logl(u)), angle = 2 * 3.14159265358979323846264338L * v;
    out[0] = radius * cosl(angle);
    out[1] = radius * sinl(angle);
}

static void check_pair(uint64_t first, uint64_t second)
{
    double found[2];
    long double expected[2];
    ql_normal_pair(first, second, found);
    plain_pair(first, second, expected);
    const long double radius = sqrtl(expected[0] * expected[0] + expected[1] * expected[1]);
    for (int i = 0; i < 2; i++)
        if (!(fabsl((long double)found[i] - expected[i]) <= 1e-15L * radius))
            fail_msg("%llx %llx: [%d] is %.17g, not %.17Lg", (unsigned long long)first, (unsigned long long)second, i,
                     found[i], expected[i]);
}

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

static void a_pair_is_box_and_mullers(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 64; i++) /* powers of two and what is just below: all eighths of a turn, all exponents of u */
        for (int j = 0; j < 64; j++) {
            check_pair(1ull << i, 1ull << j);
            check_pair((1ull << i) - 1, (1ull << j) - 1);
            check_pair(UINT64_MAX - (1ull << i), 3ull << 61 | ((1ull << j) - 1));
            check_pair(0xB504F333F9DE6484u + (1ull << i), 7ull << 61 | 1ull << j); /* about 1 / sqrt 2 */
        }
    for (int i = 0; i < 20000; i++) {
        const uint64_t first = next(&random), second = next(&random);
        check_pair(first >> (i % 64), second);
        check_pair(UINT64_MAX - (first >> (i % 64)), second);
    }
    double largest[2], least[2];
    ql_normal_pair(0, 0, largest);
    ql_normal_pair(UINT64_MAX, 0, least);
    assert_true(largest[0] > 8.57 && largest[0] < 8.58 && largest[1] == 0); /* sqrt(106 ln 2) */
    assert_true(least[0] == 0 && least[1] == 0);
}

/* The bits themselves, so that no compiler and no machine makes others: the truth, or the number next to it. */
static void the_bits_are_fixed(void **state)
{
    (void)state;
    static const struct {
        uint64_t first, second;
        double expected[2];
    } cases[] = {
        { 1, 2, { 0x1.124b2800eda48p+3, 0 } },
        { 0x9E3779B97F4A7C15u, 0xD1342543DE82EF95u, { 0x1.9baeaa54d23c7p-2, -0x1.ca2c6e48ca6cbp-1 } },
        { 0xFFFFFFFFFFFF0000u, 0x123456789ABCDEF0u, { 0x1.415b3180e1a91p-24, 0x1.33efab66e09bfp-25 } },
        { 0xBF58476D1CE4E5B9u, 0xA0761D6478BD642Fu, { -0x1.1118dbcb4ee0cp-1, -0x1.175a776a574f4p-1 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double found[2];
        ql_normal_pair(cases[i].first, cases[i].second, found);
        for (int j = 0; j < 2; j++)
            if (found[j] != cases[i].expected[j])
                fail_msg("case %zu: [%d] is %a", i, j, found[j]);
    }
}

/* ---- Activations ---- */

/* The share of normal numbers beyond `deviations` on either side. */
static double tail(double deviations)
{
    return erfc(deviations / sqrt(2));
}

static void activations_have_the_moments_and_tails_of_a_normal_distribution(void **state)
{
    (void)state;
    enum { ROWS = 1000, COLS = 1001, COUNT = ROWS * COLS }; /* odd: a row ends in half a pair */
    const ql_synthetic made = { .seed = 11, .rows = ROWS };
    float *x = malloc(COUNT * sizeof *x);
    ql_synthetic_make(&made, COLS, x);
    double sums[5] = { 0 }, beside = 0, below = 0, largest = 0;
    size_t beyond[6] = { 0 };
    for (size_t i = 0; i < COUNT; i++) {
        const double v = (double)x[i];
        double power = 1;
        for (int p = 0; p < 5; p++, power *= v)
            sums[p] += power;
        beside += i + 1 < COUNT ? v * (double)x[i + 1] : 0;
        below += i + COLS < COUNT ? v * (double)x[i + COLS] : 0;
        for (int d = 1; d < 6; d++)
            beyond[d] += fabs(v) > d;
        largest = fmax(largest, fabs(v));
    }
    free(x);
    /* Bounds: five standard errors of the mean of so many, from the variances 1, 2, 15, 96 of the powers. */
    const double unit = 5 / sqrt((double)COUNT);
    assert_true(fabs(sums[1] / COUNT) < unit);
    assert_true(fabs(sums[2] / COUNT - 1) < unit * sqrt(2));
    assert_true(fabs(sums[3] / COUNT) < unit * sqrt(15));
    assert_true(fabs(sums[4] / COUNT - 3) < unit * sqrt(96)); /* kurtosis */
    assert_true(fabs(beside / COUNT) < unit && fabs(below / COUNT) < unit);
    for (int d = 1; d < 6; d++) {
        const double expected = COUNT * tail(d);
        if (fabs((double)beyond[d] - expected) > 5 * sqrt(expected) + 1)
            fail_msg("%zu of %d beyond %d deviations, %.1f were to be expected", beyond[d], COUNT, d, expected);
    }
    assert_true(largest > 4 && largest < 6.5);
}

/* Seen in a few million: values beyond 6, which sums of twelve uniform numbers never reach, come up where u is small. */
static void activations_may_lie_beyond_six_deviations(void **state)
{
    (void)state;
    double pair[2];
    ql_normal_pair((uint64_t)(exp(-0.5 * 6.5 * 6.5) * 0x1p53) << 11, 0, pair);
    assert_true(pair[0] > 6.49 && pair[0] < 6.51);
}

static void a_value_depends_on_its_place_and_the_seed_alone(void **state)
{
    (void)state;
    enum { ROWS = 9, COLS = 38 };
    float few[4 * 13], many[ROWS * COLS], other[4 * 13];
    ql_synthetic_make(&(ql_synthetic) { .seed = 5, .rows = 4 }, 13, few);
    ql_synthetic_make(&(ql_synthetic) { .seed = 5, .rows = ROWS }, COLS, many);
    ql_synthetic_make(&(ql_synthetic) { .seed = 6, .rows = 4 }, 13, other);
    size_t same = 0;
    for (size_t row = 0; row < 4; row++) {
        assert_memory_equal(few + row * 13, many + row * COLS, 13 * sizeof *few);
        for (size_t col = 0; col < 13; col++)
            same += few[row * 13 + col] == other[row * 13 + col];
    }
    assert_int_equal(same, 0);
}

/* Pinned: the same on every machine. Found with 60 decimal digits from the words. The first channel is the loud one. */
static void made_up_activations_are_these(void **state)
{
    (void)state;
    static const double expected[2][5] = {
        { -2.2573065757751465, 1.587656021118164, 0.3987087607383728, -0.9139112234115601, 1.1435418128967285 },
        { -24.802434921264648, 1.9818350076675415, 1.4894583225250244, 1.3976614475250244, 0.9436331987380981 },
    };
    const ql_synthetic made = { .seed = 0, .rows = 2, .channels = 1, .strongest = 20 };
    float x[2 * 5];
    ql_synthetic_make(&made, 5, x);
    for (size_t i = 0; i < 10; i++)
        if ((double)x[i] != expected[i / 5][i % 5])
            fail_msg("value %zu is %.17g (%a)", i, (double)x[i], (double)x[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_box_and_mullers),
        cmocka_unit_test(the_bits_are_fixed),
        cmocka_unit_test(activations_have_the_moments_and_tails_of_a_normal_distribution),
        cmocka_unit_test(activations_may_lie_beyond_six_deviations),
        cmocka_unit_test(a_value_depends_on_its_place_and_the_seed_alone),
        cmocka_unit_test(made_up_activations_are_these),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
