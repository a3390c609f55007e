/* What explanations stand on: tensors from numbers, the working of a report element by element, a float taken apart. */
#include "testing.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qloupe.h"

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

/* ---- Tensors from numbers ---- */

static void a_tensor_of_numbers_has_their_shape_and_values(void **state)
{
    (void)state;
    const float x[] = { 1, -2, 3, 4, 5, -60 };
    const uint64_t shape[] = { 2, 3, 1 };
    ql_model *model;
    ql_profile *profile;
    ql_error error;
    must(ql_model_from_values("mine", 3, shape, x, &model, &error), &error);
    assert_string_equal(ql_model_path(model), "mine");
    assert_int_equal(ql_model_tensor_count(model), 1);
    const ql_tensor *tensor = ql_model_tensor(model, 0);
    assert_int_equal(tensor->element_count, 6);
    assert_int_equal(tensor->rows, 2);
    assert_int_equal(tensor->cols, 3);
    assert_int_equal(tensor->dtype, QL_F32);
    must(ql_profile_make(engine, model, tensor, NULL, &profile, &error), &error);
    assert_true(profile->stats.min == -60 && profile->stats.max == 5 && profile->stats.sum == -49);
    ql_profile_free(&profile);
    ql_model_free(&model);
}

static void a_scalar_and_nothing_are_tensors_too(void **state)
{
    (void)state;
    const float x = 7;
    ql_model *model;
    ql_profile *profile = NULL;
    ql_error error;
    must(ql_model_from_values("x", 0, NULL, &x, &model, &error), &error);
    assert_int_equal(ql_model_tensor(model, 0)->element_count, 1);
    ql_model_free(&model);
    must(ql_model_from_values("x", 1, (uint64_t[]) { 0 }, NULL, &model, &error), &error);
    assert_int_equal(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), QL_UNUSABLE);
    ql_model_free(&model);
}

static void shapes_beyond_memory_are_refused(void **state)
{
    (void)state;
    ql_model *model = NULL;
    ql_error error;
    const uint64_t huge[] = { UINT64_C(1) << 40, UINT64_C(1) << 40 }, wide[] = { UINT64_MAX };
    assert_int_equal(ql_model_from_values("x", 2, huge, NULL, &model, &error), QL_BAD_USAGE);
    assert_int_equal(ql_model_from_values("x", 1, wide, NULL, &model, &error), QL_BAD_USAGE);
    assert_null(model);
}

/* ---- Working ---- */

static const char *const SPECS[] = {
    "absmax",
    "absmax:bits=3,per=row",
    "absmax:bits=4,per=col,clip=percentile,p=90",
    "absmax:per=tile,block=3x4,range=full",
    "absmax:bits=4,outliers=7%,per=flat,block=11",
    "absmax:clip=kl,bits=4",
    "absmax:clip=mse,bits=4,range=torchobs",
    "absmax:clip=aciq,bits=4",
    "absmax:round=stochastic,seed=5",
    "zeropoint",
    "zeropoint:bits=4,per=row,zero=raw",
    "zeropoint:clip=manual,lo=-0.25,hi=0.5",
    "int4g:block=8",
    "nf4:block=16",
    "nf4:block=4,double=1",
    "nf4:outliers=3%",
    "bnbfp4",
    "fp4",
    "mxfp4",
    "nvfp4",
    "fp8_e4m3",
    "fp8_e5m2:scale=0",
    "fp16",
    "bf16",
    "kmeans:bits=3",
    "quantile:bits=3,per=row",
    "ternary",
    "binary:per=row",
    "q8_0",
    "q4_0",
    "q4_1",
    "q5_0",
    "q5_1",
    "none",
};

static void check_working(const ql_report *report, const ql_working *w)
{
    uint64_t *counts = calloc((size_t)(report->code_hi - report->code_lo) + 1, sizeof *counts), outliers = 0;
    double sum = 0;
    assert_non_null(counts);
    for (uint64_t i = 0; i < w->count; i++) {
        assert_in_range(w->codes[i] - report->code_lo, 0, report->code_hi - report->code_lo);
        assert_true(w->groups[i] < w->group_count);
        const bool minus_zero = w->y[i] == 0 && report->code_lo == 0 && report->levels % 2 == 1; /* counts as zero */
        counts[minus_zero ? 0 : w->codes[i] - report->code_lo]++;
        sum += fabs((double)w->x[i] - (double)w->y[i]);
        outliers += w->is_outlier[i];
        if (w->levels && !w->is_outlier[i])
            assert_true(w->levels[w->groups[i] * w->code_count + (unsigned)(w->codes[i] - w->code_lo)] == w->y[i]);
    }
    assert_int_equal(outliers, report->outlier_count);
    assert_close(sum / (double)w->count, report->metrics[QL_MAE], 1e-12, 0);
    for (int code = report->code_lo; code <= report->code_hi && outliers == 0; code++)
        assert_int_equal(counts[code - report->code_lo], report->code_counts[code - report->code_lo]);
    free(counts);
}

static void the_working_is_the_report_element_by_element(void **state)
{
    (void)state;
    enum { ROWS = 7, COLS = 45, N = ROWS * COLS };
    float x[N];
    uint32_t random = 3;
    for (int i = 0; i < N; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (float)((double)(int32_t)random / 0x1p31);
    }
    ql_error error;
    ql_model *model;
    ql_profile *profile;
    must(ql_model_from_values("x", 2, (uint64_t[]) { ROWS, COLS }, x, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    for (size_t i = 0; i < sizeof SPECS / sizeof SPECS[0]; i++) {
        ql_spec spec;
        ql_report *report;
        ql_working *w;
        must(ql_spec_parse(SPECS[i], &spec, &error), &error);
        must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
        must(ql_working_make(engine, profile, report, &w, &error), &error);
        assert_int_equal(w->count, N);
        assert_int_equal(w->group_count, report->group_count);
        assert_memory_equal(w->x, x, sizeof x);
        check_working(report, w);
        ql_working_free(&w);
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
    ql_model_free(&model);
}

/* W[row][col ...] of the working, element by element. */
static void check_strip(const ql_strip *strip, const ql_working *w, const ql_tensor *tensor)
{
    assert_int_equal(strip->code_lo, w->code_lo);
    assert_int_equal(strip->code_count, w->code_count);
    for (size_t i = 0; i < strip->count; i++) {
        const uint64_t col = strip->col + i;
        const uint64_t at =
            tensor->layout == QL_LAYOUT_IN_OUT ? col * tensor->rows + strip->row : strip->row * tensor->cols + col;
        assert_memory_equal(&strip->x[i], &w->x[at], sizeof(float));
        assert_memory_equal(&strip->y[i], &w->y[at], sizeof(float));
        assert_int_equal(strip->codes[i], w->codes[at]);
        assert_int_equal(strip->is_outlier[i], w->is_outlier[at]);
        assert_true(strip->places[i] < strip->group_count);
        assert_int_equal(strip->groups[strip->places[i]], w->groups[at]);
        if (w->code_count > 0)
            assert_memory_equal(strip->levels + strip->places[i] * strip->code_count,
                                w->levels + w->groups[at] * w->code_count, w->code_count * sizeof(float));
    }
}

static void check_strips(const ql_model *model, const ql_tensor *tensor, const char *const *specs, size_t spec_count,
                         uint64_t row_step)
{
    ql_error error;
    ql_profile *profile;
    must(ql_profile_make(engine, model, tensor, NULL, &profile, &error), &error);
    for (size_t i = 0; i < spec_count; i++) {
        ql_spec spec;
        ql_report *report;
        ql_working *w;
        must(ql_spec_parse(specs[i], &spec, &error), &error);
        must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
        must(ql_working_make(engine, profile, report, &w, &error), &error);
        for (uint64_t row = 0; row < tensor->rows; row += row_step) {
            ql_strip *strip;
            const size_t count = tensor->cols < 20 ? (size_t)tensor->cols : 20;
            must(ql_strip_make(engine, profile, report, row, tensor->cols - count, count, NULL, &strip, &error), &error);
            check_strip(strip, w, tensor);
            ql_strip_free(&strip);
            assert_null(strip);
        }
        ql_working_free(&w);
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
}

static void a_strip_is_a_piece_of_the_working(void **state)
{
    (void)state;
    enum { ROWS = 7, COLS = 45, N = ROWS * COLS };
    static const char *const stored_across[] = { "absmax:per=row", "absmax:per=col", "nf4", "int4g", "kmeans" };
    float x[N];
    uint32_t random = 3;
    for (int i = 0; i < N; i++) {
        random = random * 1664525 + 1013904223;
        x[i] = (float)((double)(int32_t)random / 0x1p31);
    }
    ql_error error;
    ql_model *model;
    must(ql_model_from_values("x", 2, (uint64_t[]) { ROWS, COLS }, x, &model, &error), &error);
    check_strips(model, ql_model_tensor(model, 0), SPECS, sizeof SPECS / sizeof SPECS[0], 1);
    ql_model_free(&model);

    size_t index;
    must(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), &error);
    assert_int_equal(ql_model_match(model, "h.2.attn.c_proj.weight", &index, 1), 1);
    const ql_tensor *tensor = ql_model_tensor(model, index);
    assert_int_equal(tensor->layout, QL_LAYOUT_IN_OUT);
    check_strips(model, tensor, stored_across, sizeof stored_across / sizeof stored_across[0], 85);
    ql_model_free(&model);
}

static void a_strip_lies_inside_a_row(void **state)
{
    (void)state;
    static const struct {
        uint64_t row, col;
        size_t count;
    } outside[] = { { 0, 0, 0 }, { 2, 0, 1 }, { 0, 3, 1 }, { 0, 1, 3 }, { 0, UINT64_MAX, 2 }, { 0, 0, QL_STRIP_MOST + 1 } };
    const float x[] = { 1, 2, 3, 4, 5, 6 };
    ql_error error;
    ql_model *model;
    ql_profile *profile;
    ql_report *report;
    ql_spec spec;
    ql_strip *strip = NULL;
    must(ql_model_from_values("x", 2, (uint64_t[]) { 2, 3 }, x, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    must(ql_spec_parse("absmax", &spec, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_int_equal(ql_strip_make(engine, profile, report, outside[i].row, outside[i].col, outside[i].count, NULL,
                                       &strip, &error),
                         QL_BAD_USAGE);
        assert_null(strip);
    }
    ql_strip_free(&strip);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
}

static void ranges_are_those_that_the_parameters_come_from(void **state)
{
    (void)state;
    const float x[] = { 4, -1, 2.5f, 0.3f, -3.7f };
    static const struct {
        const char *spec;
        double lo, hi;
    } ranges[] = {
        { "absmax", -4, 4 },
        { "zeropoint", (double)-3.7f, 4 },
        { "absmax:clip=manual,abs=2", -2, 2 },
        { "zeropoint:clip=manual,lo=-1,hi=3", -1, 3 },
        { "absmax:outliers=20%", (double)-3.7f, (double)3.7f },
    };
    ql_error error;
    ql_model *model;
    ql_profile *profile;
    must(ql_model_from_values("x", 1, (uint64_t[]) { 5 }, x, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        ql_spec spec;
        ql_report *report;
        ql_working *w;
        must(ql_spec_parse(ranges[i].spec, &spec, &error), &error);
        must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
        must(ql_working_make(engine, profile, report, &w, &error), &error);
        assert_close(w->hi[0], ranges[i].hi, 0, 0);
        assert_close(w->lo[0], ranges[i].lo, 0, 0);
        ql_working_free(&w);
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
    ql_model_free(&model);
}

static void a_working_is_for_small_tensors(void **state)
{
    (void)state;
    float *x = calloc(QL_WORKING_MOST + 1, sizeof *x);
    assert_non_null(x);
    ql_error error;
    ql_model *model;
    ql_profile *profile;
    ql_report *report;
    ql_working *w = NULL;
    ql_spec spec;
    must(ql_model_from_values("x", 1, (uint64_t[]) { QL_WORKING_MOST + 1 }, x, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    must(ql_spec_parse("absmax", &spec, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    assert_int_equal(ql_working_make(engine, profile, report, &w, &error), QL_BAD_USAGE);
    assert_null(w);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
    free(x);
}

/* ---- Floats taken apart ---- */

static const ql_dtype FORMATS[] = { QL_F32, QL_F16, QL_BF16, QL_F8_E5M2, QL_F8_E4M3, QL_F4 };

static double value_of(const ql_float_parts *p)
{
    const ql_dtype_info *info = ql_dtype_describe(p->dtype);
    const double fraction = ldexp(p->mantissa, -(int)info->mantissa_bits);
    const double magnitude = p->exponent ? ldexp(1 + fraction, (int)p->exponent - p->bias) : ldexp(fraction, 1 - p->bias);
    return p->sign ? -magnitude : magnitude;
}

static void fields_give_the_stored_value(void **state)
{
    (void)state;
    static const double values[] = { 0.1, -0.1, 0, 1, -1.5, 3, 0.001, 5.9, 1e-7, -447.9, 60000, 1e-40 };
    for (size_t f = 0; f < sizeof FORMATS / sizeof FORMATS[0]; f++) {
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            ql_float_parts p;
            assert_true(ql_float_take_apart(FORMATS[f], values[i], &p));
            if (!isfinite(p.stored))
                continue;
            assert_true(value_of(&p) == p.stored);
            if (fabs(values[i]) <= ql_dtype_describe(FORMATS[f])->max_finite && isfinite(p.above) && isfinite(p.below)) {
                assert_true(p.below < p.stored && p.stored < p.above);
                assert_true(fabs(p.stored - values[i]) <= fabs(p.above - values[i]));
                assert_true(fabs(p.stored - values[i]) <= fabs(p.below - values[i]));
            }
        }
    }
}

/* Upwards from the lowest to the highest value: all of them, each once. */
static void neighbours_lead_through_a_whole_format(void **state)
{
    (void)state;
    static const unsigned expected[] = { 0, 2 * 31 * 1024 - 1, 2 * 255 * 128 - 1, 2 * 31 * 4 - 1, 2 * 127 - 1, 15 };
    for (size_t f = 1; f < sizeof FORMATS / sizeof FORMATS[0]; f++) {
        const double max = ql_dtype_describe(FORMATS[f])->max_finite;
        ql_float_parts p;
        assert_true(ql_float_take_apart(FORMATS[f], -max, &p));
        unsigned count = 1;
        while (isfinite(p.above)) {
            const double before = p.stored;
            assert_true(ql_float_take_apart(FORMATS[f], p.above, &p));
            assert_true(p.below == before && p.stored > before);
            count++;
        }
        assert_true(p.stored == max);
        assert_int_equal(count, expected[f]);
    }
}

static void beyond_the_range_each_format_does_what_it_does(void **state)
{
    (void)state;
    ql_float_parts p;
    ql_float_take_apart(QL_F16, 65519, &p);
    assert_true(p.stored == 65504 && isinf(p.above));
    ql_float_take_apart(QL_F16, 65520, &p);
    assert_true(isinf(p.stored));
    ql_float_take_apart(QL_F8_E4M3, 464, &p);
    assert_true(p.stored == 448 && isnan(p.above));
    ql_float_take_apart(QL_F8_E4M3, 465, &p);
    assert_true(isnan(p.stored));
    ql_float_take_apart(QL_F4, -100, &p);
    assert_true(p.stored == -6 && isnan(p.below) && p.above == -4);
    ql_float_take_apart(QL_F32, NAN, &p);
    assert_true(isnan(p.stored) && isnan(p.below));
    ql_float_take_apart(QL_F32, FLT_MAX, &p);
    assert_true(isinf(p.above));
    assert_false(ql_float_take_apart(QL_I8, 1, &p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tensor_of_numbers_has_their_shape_and_values),
        cmocka_unit_test(a_scalar_and_nothing_are_tensors_too),
        cmocka_unit_test(shapes_beyond_memory_are_refused),
        cmocka_unit_test(the_working_is_the_report_element_by_element),
        cmocka_unit_test(ranges_are_those_that_the_parameters_come_from),
        cmocka_unit_test(a_working_is_for_small_tensors),
        cmocka_unit_test(a_strip_is_a_piece_of_the_working),
        cmocka_unit_test(a_strip_lies_inside_a_row),
        cmocka_unit_test(fields_give_the_stored_value),
        cmocka_unit_test(neighbours_lead_through_a_whole_format),
        cmocka_unit_test(beyond_the_range_each_format_does_what_it_does),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
