/* 8-bit activations, requantization, integer-only layers, LLM.int8(): what the golden vectors do not say. */
#include "tensors.h"

#include <float.h>

#include "matmul/activations.h"
#include "matmul/intlinear.h"
#include "matmul/llmint8.h"

static uint64_t seed = 9;

static void fill(float *x, size_t n, double scale)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(random_normal(&seed) * scale);
}

/* ---- Activations ---- */

static void observing_batches_is_observing_all_values(void **state)
{
    (void)state;
    float x[1000];
    ql_error error;
    ql_observed pieces = { 0 }, whole = { 0 };
    fill(x, 1000, 3);
    must(ql_observe_minmax(&whole, x, 1000, &error), &error);
    for (size_t begin = 0, n = 1; begin < 1000; begin += n, n = begin + 2 * n < 1000 ? 2 * n : 1000 - begin)
        must(ql_observe_minmax(&pieces, x + begin, n, &error), &error);
    assert_true(pieces.lo == whole.lo && pieces.hi == whole.hi && pieces.batch_count > 1);
    const ql_affine a = ql_affine_of(&pieces), b = ql_affine_of(&whole);
    assert_true(a.step == b.step && a.zero == b.zero);
}

static void a_moving_average_starts_at_the_first_batch_and_moves_by_its_rate(void **state)
{
    (void)state;
    ql_error error;
    ql_observed range = { 0 };
    must(ql_observe_average(&range, 0.25f, (float[]) { -1, 3 }, 2, &error), &error);
    assert_true(range.lo == -1 && range.hi == 3);
    must(ql_observe_average(&range, 0.25f, (float[]) { -5, 2 }, 2, &error), &error);
    assert_true(range.lo == -2 && range.hi == 2.75f && range.batch_count == 2);
}

static void values_without_codes_are_refused_and_change_nothing(void **state)
{
    (void)state;
    ql_error error;
    ql_affine codes = { 7, 7 };
    float step[2];
    int8_t q[4];
    const float bad[4] = { 1, 2, NAN, 3 }, worse[2] = { 1, -INFINITY };
    ql_observed range = { -1, 1, 1 };
    assert_int_equal(ql_observe_minmax(&range, bad, 4, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "value 2 is nan: only finite values have codes");
    assert_int_equal(ql_observe_average(&range, 0.5f, worse, 2, &error), QL_UNUSABLE);
    assert_int_equal(ql_observe_minmax(&range, bad, 0, &error), QL_UNUSABLE);
    assert_true(range.lo == -1 && range.hi == 1 && range.batch_count == 1);
    assert_int_equal(ql_affine_dynamic(bad, 4, &codes, &error), QL_UNUSABLE);
    assert_true(codes.step == 7 && codes.zero == 7);
    assert_int_equal(ql_rows_encode(bad, 2, 2, step, q, &error), QL_UNUSABLE);
    assert_int_equal(ql_cols_encode(bad, 2, 2, step, q, &error), QL_UNUSABLE);
    assert_int_equal(ql_cols_encode(bad, 2, 0, step, q, &error), QL_UNUSABLE);
}

static void zero_is_exact_and_a_constant_survives(void **state)
{
    (void)state;
    static const float constants[] = { 0, 3, -3, FLT_MAX, -FLT_TRUE_MIN };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        ql_error error;
        ql_affine codes;
        int8_t q[2];
        must(ql_affine_dynamic(&constants[i], 1, &codes, &error), &error);
        assert_int_equal(ql_affine_encode(codes, (float[]) { 0, constants[i] }, 2, q), 0);
        assert_int_equal(q[0], codes.zero);
        assert_close((q[1] - codes.zero) * (double)codes.step, constants[i], 1e-7, 0);
    }
}

static void frozen_ranges_clip_what_lies_outside(void **state)
{
    (void)state;
    const ql_observed range = { -1.28f, 1.27f, 1 };
    const ql_affine codes = ql_affine_of(&range);
    int8_t q[4];
    assert_int_equal(codes.zero, 0);
    assert_int_equal(ql_affine_encode(codes, (float[]) { -2, -1.28f, 1.27f, 1e30f }, 4, q), 2);
    assert_memory_equal(q, ((int8_t[]) { -128, -128, 127, 127 }), 4);
}

static void columns_are_the_rows_of_the_transpose(void **state)
{
    (void)state;
    enum { ROWS = 3, COLS = 600 }; /* more than a tile */
    static float x[ROWS * COLS], turned[ROWS * COLS], steps[COLS], turned_steps[COLS];
    static int8_t q[ROWS * COLS], turned_q[ROWS * COLS];
    ql_error error;
    fill(x, ROWS * COLS, 0.1);
    for (size_t i = 0; i < ROWS; i++)
        x[i * COLS + 5] = 0; /* a column of zeros */
    for (size_t i = 0; i < ROWS * COLS; i++)
        turned[i % COLS * ROWS + i / COLS] = x[i];
    must(ql_cols_encode(x, ROWS, COLS, steps, q, &error), &error);
    must(ql_rows_encode(turned, COLS, ROWS, turned_steps, turned_q, &error), &error);
    assert_memory_equal(steps, turned_steps, sizeof steps);
    assert_true(steps[5] == 1);
    for (size_t i = 0; i < ROWS * COLS; i++) {
        assert_int_equal(q[i], turned_q[i % COLS * ROWS + i / COLS]);
        assert_int_not_equal(q[i], -128);
        assert_true(fabs(x[i] - q[i] * (double)steps[i % COLS]) <= 0.500001 * (double)steps[i % COLS]);
    }
}

/* ---- Requantization ---- */

static void multipliers_are_normal_or_zero(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        const double real = exp2((double)random_below(&seed, 60) - 31 + random_unit(&seed));
        const ql_multiplier m = ql_multiplier_of(real);
        assert_true(m.m0 >= 1 << 30 && m.shift >= -31 && m.shift <= 30);
        assert_close(ldexp(m.m0, m.shift - 31), real, 0x1p-31, 0);
    }
    assert_true(ql_multiplier_of(0).m0 == 0 && ql_multiplier_of(0x1p-33).m0 == 0 && ql_multiplier_of(FLT_TRUE_MIN).m0 == 0);
    assert_true(ql_multiplier_of(0x1p-32).m0 == 1 << 30 && ql_multiplier_of(0x1p-32).shift == -31);
    const ql_multiplier nearly_one = ql_multiplier_of(1 - 0x1p-40); /* rounds up */
    assert_true(nearly_one.m0 == 1 << 30 && nearly_one.shift == 1);
    assert_true(ql_multiplier_of(1e30).m0 == INT32_MAX && ql_multiplier_of(1e30).shift == 30);
}

static void the_high_half_rounds_ties_up_and_the_shift_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        double m;
        int32_t a, y;
    } known[] = { { 0.5, 1, 1 },
                  { 0.5, -1, 0 },
                  { 0.5, 3, 2 },
                  { 0.5, -3, -1 },
                  { 0.25, 2, 1 },
                  { 0.25, -2, -1 },
                  { 0.25, 6, 2 },
                  { 0.25, -6, -2 },
                  { 1, 7, 7 },
                  { 2, -7, -14 },
                  { 0, 99, 0 },
                  { 0x1p-32, INT32_MIN, -1 },
                  { 0x1p-32, INT32_MAX, 1 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int32_t y;
        assert_true(ql_requantize(known[i].a, ql_multiplier_of(known[i].m), &y));
        assert_int_equal(y, known[i].y);
    }
}

static void two_roundings_are_within_one_of_a_single_one(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        const double real = exp2(-20 * random_unit(&seed));
        const int32_t a = (int32_t)random_bits(&seed) >> random_below(&seed, 31);
        int32_t y;
        assert_true(ql_requantize(a, ql_multiplier_of(real), &y));
        const double once = rint(a * ldexp(ql_multiplier_of(real).m0, ql_multiplier_of(real).shift - 31));
        assert_true(fabs(y - once) <= 1);
    }
}

static void a_shift_that_does_not_fit_is_told_and_saturates(void **state)
{
    (void)state;
    int32_t y;
    assert_true(ql_requantize((1 << 29) - 1, ql_multiplier_of(2), &y) && y == 2 * ((1 << 29) - 1)); /* shift 2 */
    assert_true(!ql_requantize(1 << 29, ql_multiplier_of(2), &y) && y == INT32_MAX);
    assert_true(!ql_requantize(INT32_MIN, ql_multiplier_of(2), &y) && y == INT32_MIN);
    assert_true(!ql_requantize(INT32_MAX, ql_multiplier_of(1e300), &y) && y == INT32_MAX);
}

/* ---- Integer-only layer ---- */

static void integer_layers_are_within_a_step_of_the_real_one(void **state)
{
    (void)state;
    enum { M = 7, K = 50, N = 9 };
    float x[M * K], w[N * K], b[N], y[M * N];
    int8_t xq[M * K], yq[M * N];
    int32_t sums[M * N];
    ql_error error;
    ql_affine xc, yc;
    ql_int_linear *layer;
    fill(x, M * K, 1);
    fill(w, N * K, 0.2);
    fill(b, N, 1);
    must(ql_affine_dynamic(x, M * K, &xc, &error), &error);
    ql_affine_encode(xc, x, M * K, xq);
    for (int i = 0; i < M * N; i++) {
        double sum = b[i % N];
        for (int l = 0; l < K; l++)
            sum += (double)x[i / N * K + l] * w[i % N * K + l];
        y[i] = (float)sum;
    }
    must(ql_affine_dynamic(y, M * N, &yc, &error), &error);
    must(ql_int_linear_make(w, b, N, K, xc, yc, &layer, &error), &error);
    ql_int_linear_run(layer, xq, M, sums, yq);
    for (int i = 0; i < M * N; i++) {
        int64_t sum = layer->bias[i % N];
        for (int l = 0; l < K; l++)
            sum += (int64_t)(xq[i / N * K + l] - xc.zero) * layer->weights[i % N * K + l];
        assert_int_equal(sums[i], sum);
        assert_true(fabs((double)sum * layer->scale[i % N] + yc.zero - yq[i]) <= 1.001 || yq[i] == -128 || yq[i] == 127);
        assert_true(fabs((yq[i] - yc.zero) * (double)yc.step - y[i]) < 4 * (double)yc.step);
    }
    ql_int_linear_free(&layer);
    assert_null(layer);
    ql_int_linear_free(&layer);
}

static void layers_whose_sums_may_leave_32_bits_are_refused(void **state)
{
    (void)state;
    enum { K = 66311 }; /* 255 * 127 * K is just below 2^31 */
    static float w[K + 1];
    static int8_t x[K + 1];
    const ql_affine codes = { 1, -128 };
    ql_int_linear *layer;
    ql_error error;
    int32_t sum;
    int8_t y;
    for (int i = 0; i <= K; i++) {
        w[i] = -1;
        x[i] = 127;
    }
    must(ql_int_linear_make(w, (float[]) { 0 }, 1, K, codes, codes, &layer, &error), &error);
    ql_int_linear_run(layer, x, 1, &sum, &y);
    assert_int_equal(sum, -255 * 127 * K);
    assert_int_equal(y, -128);
    ql_int_linear_free(&layer);
    assert_int_equal(ql_int_linear_make(w, (float[]) { 0 }, 1, K + 1, codes, codes, &layer, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "output 0: 66312 products and a bias of 0 steps may not fit 32 bits");
    assert_null(layer);
    assert_int_equal(ql_int_linear_make(w, (float[]) { 1e10f }, 1, 3, codes, codes, &layer, &error), QL_UNUSABLE);
    assert_int_equal(ql_int_linear_make(w, (float[]) { NAN }, 1, 3, codes, codes, &layer, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "bias 0 is nan: only finite values have codes");
    assert_int_equal(ql_int_linear_make((float[]) { INFINITY }, (float[]) { 0 }, 1, 1, codes, codes, &layer, &error),
                     QL_UNUSABLE);
    assert_int_equal(ql_int_linear_make(w, NULL, 0, 3, codes, codes, &layer, &error), QL_UNUSABLE);
}

/* ---- LLM.int8() ---- */

/* Values that are their own codes: row and column maxima are 127. */
static void integers_multiply_exactly_whatever_is_split(void **state)
{
    (void)state;
    enum { M = 4, K = 20, N = 5 };
    static const float thresholds[] = { 1e30f, 100, 50, 0.5f }; /* from no outlier to nearly all */
    float x[M * K], w[K * N];
    for (int i = 0; i < M * K; i++)
        x[i] = i % K < 2 ? 40 : (float)((int)random_below(&seed, 255) - 127);
    for (int i = 0; i < K * N; i++)
        w[i] = (float)((int)random_below(&seed, 255) - 127);
    for (int i = 0; i < M; i++)
        x[i * K + 2] = 127;
    for (int j = 0; j < N; j++)
        w[2 * N + j] = 127;
    for (int t = 0; t < 4; t++) {
        ql_error error;
        ql_llm_int8 *y;
        must(ql_llm_int8_make(x, w, M, K, N, thresholds[t], &y, &error), &error);
        const bool exact = t == 0 || y->outlier_count == K; /* else the maxima of the rest are others */
        for (int i = 0; i < M * N; i++) {
            double sum = 0;
            for (int l = 0; l < K; l++)
                sum += (double)x[i / N * K + l] * w[l * N + i % N];
            assert_close(y->y[i], sum, exact ? 0 : 0.02, exact ? 0 : 400);
        }
        size_t expected = 0;
        for (int l = 0; l < K; l++) {
            bool outlier = false;
            for (int i = 0; i < M; i++)
                outlier |= fabsf(x[i * K + l]) >= thresholds[t];
            if (outlier)
                assert_int_equal(y->outliers[expected++], l);
        }
        assert_int_equal(y->outlier_count, expected);
        ql_llm_int8_free(&y);
        assert_null(y);
    }
}

static void the_threshold_itself_is_an_outlier(void **state)
{
    (void)state;
    ql_error error;
    ql_llm_int8 *y;
    must(ql_llm_int8_make((float[]) { 5.9999f, -6 }, (float[]) { 1, 2 }, 1, 2, 1, 6, &y, &error), &error);
    assert_int_equal(y->outlier_count, 1);
    assert_int_equal(y->outliers[0], 1);
    assert_close(y->y[0], 5.9999 - 12, 1e-6, 0);
    ql_llm_int8_free(&y);
    must(ql_llm_int8_make((float[]) { 3, -6 }, (float[]) { 1, 2 }, 1, 2, 1, 1, &y, &error), &error); /* nothing regular */
    assert_true(y->outlier_count == 2 && y->x_steps[0] == 1 && y->w_steps[0] == 1 && y->sums[0] == 0 && y->y[0] == -9);
    ql_llm_int8_free(&y);
}

static void as_many_features_as_are_safe_and_no_more(void **state)
{
    (void)state;
    enum { MOST = QL_LLM_INT8_MAX_FEATURES };
    static float x[MOST + 1], w[MOST + 1];
    ql_error error;
    ql_llm_int8 *y;
    for (int i = 0; i <= MOST; i++)
        x[i] = w[i] = 1;
    must(ql_llm_int8_make(x, w, 1, MOST, 1, 6, &y, &error), &error);
    assert_int_equal(y->sums[0], 127 * 127 * MOST);
    assert_close(y->y[0], MOST, 1e-6, 0);
    ql_llm_int8_free(&y);
    assert_int_equal(ql_llm_int8_make(x, w, 1, MOST + 1, 1, 6, &y, &error), QL_UNUSABLE);
    assert_null(y);
    x[7] = 6; /* one of them is no longer regular */
    must(ql_llm_int8_make(x, w, 1, MOST + 1, 1, 6, &y, &error), &error);
    ql_llm_int8_free(&y);
}

static void products_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    const float x[2] = { 7, 1 }, w[2] = { 70000, 1 }, bad[2] = { 1, NAN };
    ql_error error;
    ql_llm_int8 *y;
    assert_int_equal(ql_llm_int8_make(x, w, 1, 2, 1, 6, &y, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "70000 in an outlier feature does not fit half precision; raise the threshold");
    assert_int_equal(ql_llm_int8_make(x, bad, 1, 2, 1, 6, &y, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "W[1][0] is nan: only finite values can be multiplied in 8 bits");
    assert_int_equal(ql_llm_int8_make(bad, w, 1, 2, 1, 6, &y, &error), QL_UNUSABLE);
    assert_int_equal(ql_llm_int8_make(x, w, 1, 2, 1, 0, &y, &error), QL_BAD_USAGE);
    assert_int_equal(ql_llm_int8_make(x, w, 1, 2, 1, NAN, &y, &error), QL_BAD_USAGE);
    assert_int_equal(ql_llm_int8_make(x, w, 0, 2, 1, 6, &y, &error), QL_UNUSABLE);
    assert_int_equal(ql_llm_int8_make(x, w, 1, 0, 1, 6, &y, &error), QL_UNUSABLE);
    assert_null(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observing_batches_is_observing_all_values),
        cmocka_unit_test(a_moving_average_starts_at_the_first_batch_and_moves_by_its_rate),
        cmocka_unit_test(values_without_codes_are_refused_and_change_nothing),
        cmocka_unit_test(zero_is_exact_and_a_constant_survives),
        cmocka_unit_test(frozen_ranges_clip_what_lies_outside),
        cmocka_unit_test(columns_are_the_rows_of_the_transpose),
        cmocka_unit_test(multipliers_are_normal_or_zero),
        cmocka_unit_test(the_high_half_rounds_ties_up_and_the_shift_away_from_zero),
        cmocka_unit_test(two_roundings_are_within_one_of_a_single_one),
        cmocka_unit_test(a_shift_that_does_not_fit_is_told_and_saturates),
        cmocka_unit_test(integer_layers_are_within_a_step_of_the_real_one),
        cmocka_unit_test(layers_whose_sums_may_leave_32_bits_are_refused),
        cmocka_unit_test(integers_multiply_exactly_whatever_is_split),
        cmocka_unit_test(the_threshold_itself_is_an_outlier),
        cmocka_unit_test(as_many_features_as_are_safe_and_no_more),
        cmocka_unit_test(products_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
