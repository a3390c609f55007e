/* Passes that are timed: what they find is right and always the same. How long they take is nobody's business here. */
#include "tensors.h"

#include <stdlib.h>

static ql_error error;

static size_t pass_named(const char *name)
{
    for (size_t i = 0; ql_bench_at(i); i++)
        if (strcmp(ql_bench_at(i)->name, name) == 0)
            return i;
    fail_msg("there is no pass '%s'", name);
    return 0;
}

static ql_bench_run run(ql_bench *bench, size_t index)
{
    ql_bench_run result;
    must(ql_bench_time(bench, index, NULL, &result, &error), &error);
    assert_true(result.answer_count > 0 && result.answer_count <= QL_BENCH_ANSWERS);
    assert_true(result.seconds >= 0);
    return result;
}

static double answer(const ql_bench_run *result, const char *name)
{
    for (size_t i = 0; i < result->answer_count; i++)
        if (strcmp(result->answers[i].name, name) == 0)
            return result->answers[i].value;
    fail_msg("there is no answer '%s'", name);
    return 0;
}

static double find(ql_bench *bench, const char *pass, const char *name)
{
    const ql_bench_run result = run(bench, pass_named(pass));
    return answer(&result, name);
}

/* A matrix that is neither a whole number of chunks nor of tiles, with rows that are no whole number of lanes. */
enum { ROWS = 150, COLS = 1003 };

typedef struct fixture {
    ql_engine *engine;
    ql_bench *bench;
} fixture;

static fixture make(unsigned threads, uint64_t rows, uint64_t cols)
{
    fixture f;
    must(ql_engine_new(threads, &f.engine, &error), &error);
    must(ql_bench_new(f.engine, rows, cols, NULL, &f.bench, &error), &error);
    return f;
}

static void drop(fixture *f)
{
    ql_bench_free(&f->bench);
    ql_engine_free(&f->engine);
}

static void check_same(const ql_bench_run *a, const ql_bench_run *b, const char *pass)
{
    assert_int_equal(a->answer_count, b->answer_count);
    for (size_t i = 0; i < a->answer_count; i++) {
        assert_string_equal(a->answers[i].name, b->answers[i].name);
        if (memcmp(&a->answers[i].value, &b->answers[i].value, sizeof a->answers[i].value) != 0)
            fail_msg("%s: %s is %.17g and %.17g", pass, a->answers[i].name, a->answers[i].value, b->answers[i].value);
    }
}

static void every_pass_finds_the_same_with_any_threads_and_instructions(void **state)
{
    (void)state;
    fixture one = make(1, ROWS, COLS), three = make(3, ROWS, COLS);
    for (size_t pass = 0; ql_bench_at(pass); pass++) {
        must(ql_isa_use("scalar", &error), &error);
        const ql_bench_run first = run(one.bench, pass);
        ql_isa_info isa;
        for (size_t i = 0; ql_isa_at(i, &isa); i++) {
            if (!isa.runs_here)
                continue;
            must(ql_isa_use(isa.name, &error), &error);
            const ql_bench_run again = run(one.bench, pass), other = run(three.bench, pass);
            check_same(&first, &again, ql_bench_at(pass)->name);
            check_same(&first, &other, ql_bench_at(pass)->name);
        }
    }
    must(ql_isa_use(NULL, &error), &error);
    drop(&one);
    drop(&three);
}

static void passes_made_of_kernels_agree_with_reports(void **state)
{
    (void)state;
    static const struct {
        const char *pass, *spec;
    } pairs[] = {
        { "absmax", "absmax" },
        { "absmax-known", "absmax" },
        { "absmax-row", "absmax:per=row" },
        { "zeropoint", "zeropoint" },
        { "nf4", "nf4" },
        { "q8_0", "q8_0" },
        { "q4_0", "q4_0" },
    };
    fixture f = make(2, ROWS, COLS);
    ql_profile *profile;
    must(ql_profile_make(f.engine, NULL, ql_bench_tensor(f.bench), NULL, &profile, &error), &error);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        ql_spec spec;
        ql_report *report;
        must(ql_spec_parse(pairs[i].spec, &spec, &error), &error);
        must(ql_report_make(f.engine, profile, &spec, NULL, &report, &error), &error);
        assert_close(find(f.bench, pairs[i].pass, "mae"), report->metrics[QL_MAE], 1e-13, 0);
        assert_close(find(f.bench, pairs[i].pass, "mse"), report->metrics[QL_MSE], 1e-13, 0);
        assert_close(find(f.bench, pairs[i].pass, "max_abs"), report->metrics[QL_MAX_ABS], 0, 0);
        assert_close(find(f.bench, pairs[i].pass, "cosine"), report->metrics[QL_COSINE], 1e-13, 0);
        ql_report_free(&report);
    }
    double sum = 0;
    for (int i = 0; i < QL_QUANTILE_COUNT; i++)
        sum += profile->stats.quantiles[i];
    assert_close(find(f.bench, "quantiles", "sum"), sum, 0, 0);
    ql_profile_free(&profile);
    drop(&f);
}

static void made_up_weights_are_normal_but_for_one_of_a_thousand(void **state)
{
    (void)state;
    fixture f = make(2, 1024, 1024);
    const ql_bench_run profile = run(f.bench, pass_named("profile"));
    /* variance 0.02^2 (0.999 + 0.001 20^2) */
    assert_close(answer(&profile, "std"), 0.02 * sqrt(0.999 + 0.4), 0.02, 0);
    assert_close(answer(&profile, "mean"), 0, 0, 1e-4);
    assert_true(answer(&profile, "max") > 0.8 && answer(&profile, "max") < 3);
    /* Not all outliers are larger than every other, so the percentile lies among the largest of the others. */
    assert_close(find(f.bench, "percentile", "threshold"), 0.02 * 3.4, 0.15, 0);
    drop(&f);
}

static void histograms_hold_every_value(void **state)
{
    (void)state;
    static const float values[] = { 0, 1, 2, 3, 4, 5, 6, 256 };
    const uint64_t shape[] = { 8 };
    memory_tensor m;
    ql_engine *engine;
    ql_bench *bench;
    memory_tensor_make(&m, QL_F32, values, QL_LAYOUT_OUT_IN, 1, shape);
    must(ql_engine_new(2, &engine, &error), &error);
    must(ql_bench_of(engine, &m.tensor, &bench, &error), &error);
    assert_int_equal(find(bench, "histogram-256", "largest_bin"), 1);
    assert_close(find(bench, "histogram-256", "mean_bin"), (0 + 1 + 2 + 3 + 4 + 5 + 6 + 255) / 8.0, 0, 0);
    assert_close(find(bench, "profile", "max"), 256, 0, 0);
    ql_bench_free(&bench);
    ql_engine_free(&engine);
    memory_tensor_free(&m);
}

static void odd_sizes_are_no_trouble(void **state)
{
    (void)state;
    static const uint64_t sizes[][2] = { { 1, 1 }, { 1, 2 }, { 3, 5 }, { 1, 70001 }, { 70001, 1 }, { 2, 65536 } };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fixture f = make(2, sizes[i][0], sizes[i][1]);
        for (size_t pass = 0; ql_bench_at(pass); pass++)
            run(f.bench, pass);
        drop(&f);
    }
}

static void tensors_without_usable_values_are_refused(void **state)
{
    (void)state;
    static const float broken[] = { 1, NAN, 2 };
    const uint64_t shape[] = { 3 }, none[] = { 0, 4 };
    memory_tensor m;
    ql_engine *engine;
    ql_bench *bench = NULL;
    must(ql_engine_new(1, &engine, &error), &error);
    memory_tensor_make(&m, QL_F32, broken, QL_LAYOUT_OUT_IN, 1, shape);
    assert_int_equal(ql_bench_of(engine, &m.tensor, &bench, &error), QL_UNUSABLE);
    assert_non_null(strstr(error.message, "1 NaN"));
    memory_tensor_free(&m);
    memory_tensor_make(&m, QL_F6_E2M3, broken, QL_LAYOUT_OUT_IN, 1, shape);
    assert_int_equal(ql_bench_of(engine, &m.tensor, &bench, &error), QL_UNUSABLE);
    memory_tensor_free(&m);
    memory_tensor_make(&m, QL_F32, broken, QL_LAYOUT_OUT_IN, 2, none);
    assert_int_equal(ql_bench_of(engine, &m.tensor, &bench, &error), QL_UNUSABLE);
    memory_tensor_free(&m);
    assert_int_equal(ql_bench_new(engine, UINT64_MAX / 2, 3, NULL, &bench, &error), QL_BAD_USAGE);
    assert_null(bench);
    ql_engine_free(&engine);
}

static bool stop(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    assert_true(done <= total);
    return false;
}

static void every_pass_can_be_stopped(void **state)
{
    (void)state;
    const ql_monitor monitor = { stop, NULL };
    fixture f = make(2, ROWS, COLS);
    for (size_t pass = 0; ql_bench_at(pass); pass++) {
        ql_bench_run result;
        assert_int_equal(ql_bench_time(f.bench, pass, &monitor, &result, &error), QL_CANCELLED);
    }
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pass_finds_the_same_with_any_threads_and_instructions),
        cmocka_unit_test(passes_made_of_kernels_agree_with_reports),
        cmocka_unit_test(made_up_weights_are_normal_but_for_one_of_a_thousand),
        cmocka_unit_test(histograms_hold_every_value),
        cmocka_unit_test(odd_sizes_are_no_trouble),
        cmocka_unit_test(tensors_without_usable_values_are_refused),
        cmocka_unit_test(every_pass_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
