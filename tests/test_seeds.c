/*
 * The tutorials' examples: worked numbers that introductions to quantization print for absmax, zero point and per-channel
 * scales. Where a print is wrong the test holds the right value and says what was printed.
 *
 * Everything goes the way of the program: a file, a profile, a report, and the arrays that `quant -o` writes.
 */
#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"
#include "qloupe.h"

/* One tensor under one spec. */
typedef struct example {
    ql_model *model;
    ql_profile *profile;
    ql_report *report;
    npy codes, values; /* values: dequantized */
} example;

static ql_engine *engine;

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

static void must(ql_status status, const ql_error *error)
{
    if (status != QL_OK)
        fail_msg("%s", error->message);
}

/* rows = 0: a vector of cols elements. */
static example work_out(const char *spec_text, unsigned rows, unsigned cols, const float *x)
{
    example e = { 0 };
    ql_error error;
    ql_spec spec;
    const char *folder = testing_folder();
    const uint64_t shape[2] = { rows ? rows : cols, cols };
    assert_true(npy_write(testing_path(folder, "x.npy"), "f4", rows ? 2 : 1, shape, x));
    must(ql_spec_parse(spec_text, &spec, &error), &error);
    must(ql_model_open(testing_path(folder, "x.npy"), QL_LAYOUT_AUTO, &e.model, &error), &error);
    must(ql_profile_make(engine, e.model, ql_model_tensor(e.model, 0), NULL, &e.profile, &error), &error);
    must(ql_report_make(engine, e.profile, &spec, NULL, &e.report, &error), &error);
    must(ql_report_write_npy(engine, e.profile, e.report, NULL, testing_path(folder, "out"), &error), &error);
    assert_true(npy_read(testing_path(folder, "out/codes.npy"), &e.codes));
    assert_true(npy_read(testing_path(folder, "out/dequant.npy"), &e.values));
    assert_int_equal(e.codes.count, e.values.count);
    return e;
}

static void forget(example *e)
{
    npy_free(&e->codes);
    npy_free(&e->values);
    ql_report_free(&e->report);
    ql_profile_free(&e->profile);
    ql_model_free(&e->model);
}

static void check_codes(const example *e, size_t count, const int *want)
{
    assert_int_equal(e->codes.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal((int)e->codes.values[i], want[i]);
}

#define CODES(e, ...)     check_codes(e, sizeof((int[]) { __VA_ARGS__ }) / sizeof(int), (int[]) { __VA_ARGS__ })
#define VECTOR(spec, ...) work_out(spec, 0, sizeof((float[]) { __VA_ARGS__ }) / sizeof(float), (float[]) { __VA_ARGS__ })

/* Codes per unit, which is what these texts call the scale. */
static double codes_per_unit(const example *e)
{
    return 1 / (double)e->report->scales[0];
}

/* ---- absmax ---- */

static void absmax_of_3_2_maps_a_tenth_to_4(void **state)
{
    (void)state;
    example e = VECTOR("absmax", 3.2f, -3.0f, 0.1f);
    assert_close(codes_per_unit(&e), 127 / 3.2, 1e-6, 0);
    CODES(&e, 127, -119, 4);
    forget(&e);
}

static void absmax_of_4_has_31_75_codes_per_unit(void **state)
{
    (void)state;
    example e = VECTOR("absmax", 4.0f, -1.0f, 2.5f, 0.3f, -3.7f);
    assert_close(codes_per_unit(&e), 31.75, 1e-6, 0);
    CODES(&e, 127, -32, 79, 10, -117);
    forget(&e);
}

static void absmax_leaves_half_of_the_codes_idle_on_positive_values(void **state)
{
    (void)state;
    example e = VECTOR("absmax", 0.0f, 1.0f, 2.0f, 3.0f, 4.0f);
    CODES(&e, 0, 32, 64, 95, 127); /* 2 * 31.75 = 63.5 goes to the even 64 */
    for (int code = -127; code < 0; code++)
        assert_int_equal(e.report->code_counts[code - e.report->code_lo], 0);
    forget(&e);
}

static void absmax_of_10_8_has_11_76_codes_per_unit(void **state)
{
    (void)state;
    example e = VECTOR("absmax", 10.8f, -10.8f, 0.0f);
    assert_close(codes_per_unit(&e), 11.7593, 1e-5, 0);
    CODES(&e, 127, -127, 0);
    forget(&e);
}

static void one_outlier_of_256_sends_small_values_to_zero(void **state)
{
    (void)state;
    example e = VECTOR("absmax", 256.0f, 0.5f, -1.2f, 2.4f, -3.3f, 4.1f, -4.9f, 0.05f);
    assert_close(e.report->scales[0], 2.0157, 1e-4, 0);
    CODES(&e, 127, 0, -1, 1, -2, 2, -2, 0);
    forget(&e);
}

static void clipping_at_5_maps_what_is_beyond_to_127_both_ways(void **state)
{
    (void)state;
    example e = VECTOR("absmax:clip=manual,abs=5", 256.0f, -256.0f, 5.0f, -5.0f, 2.5f);
    CODES(&e, 127, -127, 127, -127, 64); /* 63.5 goes to the even 64 */
    assert_close(e.report->metrics[QL_FRAC_CLIPPED], 2.0 / 5, 0, 1e-15);
    forget(&e);
}

static void percentile_70_with_the_full_range_reaches_minus_128(void **state)
{
    (void)state;
    example e = VECTOR("absmax:clip=percentile,p=70,range=full", 4.0f, -1.0f, 2.5f, 0.3f, -3.7f);
    assert_close(e.report->scales[0], 0.0272, 0, 5e-5);
    CODES(&e, 127, -37, 92, 11, -128);
    forget(&e);
}

static void over_minus_1_to_1_a_quarter_is_code_32(void **state)
{
    (void)state;
    example e = VECTOR("absmax:clip=manual,abs=1", 0.25f, 0.12f);
    CODES(&e, 32, 15);
    assert_close(e.values.values[0], 0.251969, 0, 5e-7);
    assert_close(e.values.values[1], 0.118110, 0, 5e-7);
    forget(&e);
}

/* The listing divides by zero: 127 / 0 = inf, inf * 0 = NaN. */
static void absmax_of_zeros_is_zeros(void **state)
{
    (void)state;
    example e = VECTOR("absmax", 0.0f, 0.0f, 0.0f);
    CODES(&e, 0, 0, 0);
    assert_close(e.report->scales[0], 1, 0, 0);
    assert_close(e.values.values[0], 0, 0, 0);
    forget(&e);
}

/* ---- Zero point ---- */

static void zeropoint_of_3_2_and_minus_3_has_zero_at_minus_5(void **state)
{
    (void)state;
    example e = VECTOR("zeropoint", 3.2f, -3.0f, 0.1f);
    assert_close(codes_per_unit(&e), 255 / 6.2, 1e-6, 0); /* 41.13 */
    assert_int_equal(e.report->zeros[0], -5);
    CODES(&e, 127, -128, -1);
    forget(&e);
}

static void zeropoint_of_a_two_by_two_matrix(void **state)
{
    (void)state;
    example e = work_out("zeropoint", 2, 2, (float[]) { -2.58963f, -0.6127f, 0.7035f, 1.1729f });
    assert_close(e.report->scales[0], 0.014755019019631778, 1e-7, 0);
    assert_int_equal(e.report->zeros[0], 48);
    CODES(&e, -128, 6, 96, 127);
    const double want[] = { -2.5969, -0.6197, 0.7082, 1.1656 };
    for (int i = 0; i < 4; i++)
        assert_close(e.values.values[i], want[i], 0, 5e-5);
    forget(&e);
}

static void zeropoint_uses_every_code_on_positive_values(void **state)
{
    (void)state;
    example e = VECTOR("zeropoint", 0.0f, 1.0f, 2.0f, 3.0f, 4.0f);
    assert_int_equal(e.report->zeros[0], -128);
    CODES(&e, -128, -64, -1, 63, 127);
    forget(&e);
}

/* Printed: 10.8 - (-7.59) = 17.39 and 13.86 codes per unit. The sum is 18.39, so 13.87. */
static void zeropoint_of_10_8_and_minus_7_59_has_zero_at_minus_23(void **state)
{
    (void)state;
    example e = VECTOR("zeropoint", 10.8f, -7.59f, 0.0f, 3.08f, 5.47f, -0.59f, 1.62f, -4.57f);
    assert_close(codes_per_unit(&e), 13.8662, 1e-5, 0);
    assert_int_equal(e.report->zeros[0], -23);
    CODES(&e, 127, -128, -23, 20, 53, -31, -1, -86);
    forget(&e);
}

/* The listing takes a range of 1 here and gets the zero point -204, outside int8, and 0.2980. */
static void zeropoint_keeps_a_constant(void **state)
{
    (void)state;
    example e = VECTOR("zeropoint", 0.3f, 0.3f, 0.3f);
    assert_in_range(e.report->zeros[0] + 128, 0, 255);
    for (int i = 0; i < 3; i++)
        assert_close(e.values.values[i], 0.3f, 1.2e-7, 0);
    forget(&e);
}

/* ---- Per channel ---- */

static const float two_channels[] = { 0.1f, -0.2f, 0.15f, 2.5f, -3.0f, 2.8f };

static double mean_error_of_channel_0(const example *e)
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += fabs((double)two_channels[i] - e->values.values[i]);
    return sum / 3;
}

/* Printed: 118. 2.8 / (3 / 127) = 118.53. */
static void one_scale_for_two_channels_leaves_8_codes_to_the_small_one(void **state)
{
    (void)state;
    example e = work_out("absmax", 2, 3, two_channels);
    CODES(&e, 4, -8, 6, 106, -127, 119);
    forget(&e);
}

static void a_scale_per_channel_uses_all_codes_in_both(void **state)
{
    (void)state;
    example e = work_out("absmax:per=channel", 2, 3, two_channels);
    assert_int_equal(e.report->group_count, 2);
    assert_close(e.report->scales[0], 0.2 / 127, 1e-6, 0);
    assert_close(e.report->scales[1], 3.0 / 127, 1e-6, 0);
    CODES(&e, 64, -127, 95, 106, -127, 119);
    forget(&e);
}

/* Printed: 0.007563, 0.000493 and a factor of 15. */
static void a_scale_per_channel_makes_the_small_channel_21_times_better(void **state)
{
    (void)state;
    example tensor = work_out("absmax", 2, 3, two_channels), channel = work_out("absmax:per=row", 2, 3, two_channels);
    double before = mean_error_of_channel_0(&tensor), after = mean_error_of_channel_0(&channel);
    assert_close(before, 0.0082677, 0, 5e-8);
    assert_close(after, 0.0003937, 0, 5e-8);
    assert_close(before / after, 21.0, 1e-3, 0);
    forget(&tensor);
    forget(&channel);
}

/* ---- Memory and formats ---- */

static void a_million_weights_take_4_megabytes_and_1_in_int8(void **state)
{
    (void)state;
    float *x = calloc(1000 * 1000, sizeof *x);
    assert_non_null(x);
    x[1] = 1;
    example e = work_out("absmax", 1000, 1000, x);
    assert_int_equal(e.profile->tensor->byte_count, 4000000);
    assert_int_equal(e.report->byte_count, 1000004); /* with its one scale */
    forget(&e);
    free(x);
}

/* Printed: FP32 from -2147483648 to 2147483647 (that is INT32), FP16 from 4.88e-4 (half its epsilon). */
static void ranges_of_the_floating_point_formats(void **state)
{
    (void)state;
    const ql_dtype_info *f32 = ql_dtype_describe(QL_F32), *f16 = ql_dtype_describe(QL_F16),
                        *bf16 = ql_dtype_describe(QL_BF16);
    assert_close(f32->max_finite, 3.4028234663852886e38, 0, 0);
    assert_close(f16->max_finite, 65504, 0, 0);
    assert_close(f16->min_normal, 6.103515625e-5, 0, 0);
    assert_close(f16->epsilon, 2 * 4.8828125e-4, 0, 0);
    assert_close(bf16->max_finite, 3.3895313892515355e38, 0, 0);
    assert_int_equal(f32->exponent_bits * 100 + f32->mantissa_bits, 823);
    assert_int_equal(f16->exponent_bits * 100 + f16->mantissa_bits, 510);
    assert_int_equal(bf16->exponent_bits * 100 + bf16->mantissa_bits, 807);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absmax_of_3_2_maps_a_tenth_to_4),
        cmocka_unit_test(absmax_of_4_has_31_75_codes_per_unit),
        cmocka_unit_test(absmax_leaves_half_of_the_codes_idle_on_positive_values),
        cmocka_unit_test(absmax_of_10_8_has_11_76_codes_per_unit),
        cmocka_unit_test(one_outlier_of_256_sends_small_values_to_zero),
        cmocka_unit_test(clipping_at_5_maps_what_is_beyond_to_127_both_ways),
        cmocka_unit_test(percentile_70_with_the_full_range_reaches_minus_128),
        cmocka_unit_test(over_minus_1_to_1_a_quarter_is_code_32),
        cmocka_unit_test(absmax_of_zeros_is_zeros),
        cmocka_unit_test(zeropoint_of_3_2_and_minus_3_has_zero_at_minus_5),
        cmocka_unit_test(zeropoint_of_a_two_by_two_matrix),
        cmocka_unit_test(zeropoint_uses_every_code_on_positive_values),
        cmocka_unit_test(zeropoint_of_10_8_and_minus_7_59_has_zero_at_minus_23),
        cmocka_unit_test(zeropoint_keeps_a_constant),
        cmocka_unit_test(one_scale_for_two_channels_leaves_8_codes_to_the_small_one),
        cmocka_unit_test(a_scale_per_channel_uses_all_codes_in_both),
        cmocka_unit_test(a_scale_per_channel_makes_the_small_channel_21_times_better),
        cmocka_unit_test(a_million_weights_take_4_megabytes_and_1_in_int8),
        cmocka_unit_test(ranges_of_the_floating_point_formats),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
