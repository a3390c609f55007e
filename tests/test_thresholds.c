/* Where values begin to take the next level, against what every value takes. */
#include "tensors.h"

#include <stdlib.h>

enum { ROWS = 50, COLS = 1200, COUNT = ROWS * COLS }; /* as many as a working takes */

static ql_engine *engine;

/* What lies between two thresholds takes the level between them; so near to one that rounding decides, either. */
static void check(const ql_working *w, const ql_report *report, const char *spec)
{
    double edges[QL_MAX_GRID];
    const unsigned count = ql_report_thresholds(report, edges);
    assert_true(report->grid_count > 1);
    assert_int_equal(count, report->grid_count - 1);
    for (uint64_t i = 0; i < w->count; i++) {
        unsigned level = 0;
        while (level < count && edges[level] <= (double)w->x[i])
            level++;
        const double below = level > 0 ? (double)w->x[i] - edges[level - 1] : INFINITY;
        const double above = level < count ? edges[level] - (double)w->x[i] : INFINITY;
        const double hair = 1e-5 * fabs((double)w->x[i]);
        if ((double)w->y[i] != report->grid[level] && below > hair && above > hair)
            fail_msg("%s: %.9g becomes %.9g, not %.9g", spec, (double)w->x[i], (double)w->y[i], report->grid[level]);
    }
}

static void values_take_the_level_between_their_thresholds(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "absmax:bits=4", "absmax:bits=2", "absmax", "zeropoint:bits=3", "zeropoint:bits=4,clip=percentile,p=95",
        "absmax:bits=4,clip=manual,abs=0.1", "absmax:bits=4,round=away", "ternary", "binary", "kmeans:bits=3",
        "quantile:bits=3", "quantile:bits=4",
    };
    ql_error error;
    uint64_t seed = 23;
    float *x = malloc(COUNT * sizeof *x);
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)(0.06 * random_normal(&seed) + 0.01);
    memory_tensor tensor;
    ql_profile *profile;
    memory_tensor_make(&tensor, QL_F32, x, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { ROWS, COLS });
    must(ql_profile_make(engine, NULL, &tensor.tensor, NULL, &profile, &error), &error);
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        ql_spec spec;
        ql_report *report;
        ql_working *working;
        must(ql_spec_parse(specs[i], &spec, &error), &error);
        must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
        must(ql_working_make(engine, profile, report, &working, &error), &error);
        check(working, report, specs[i]);
        ql_working_free(&working);
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
    memory_tensor_free(&tensor);
    free(x);
}

static void there_are_none_where_chance_or_groups_decide(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=4,round=stochastic", "absmax:bits=4,per=row", "none" };
    ql_error error;
    const float x[] = { -1, -0.5f, 0.25f, 1 };
    memory_tensor tensor;
    ql_profile *profile;
    memory_tensor_make(&tensor, QL_F32, x, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 2, 2 });
    must(ql_profile_make(engine, NULL, &tensor.tensor, NULL, &profile, &error), &error);
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        ql_spec spec;
        ql_report *report;
        double edges[QL_MAX_GRID];
        must(ql_spec_parse(specs[i], &spec, &error), &error);
        must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
        assert_int_equal(ql_report_thresholds(report, edges), 0);
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
    memory_tensor_free(&tensor);
}

int main(void)
{
    ql_error error;
    if (ql_engine_new(2, &engine, &error) != QL_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_take_the_level_between_their_thresholds),
        cmocka_unit_test(there_are_none_where_chance_or_groups_decide),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ql_engine_free(&engine);
    return failed;
}
