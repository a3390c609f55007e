/* The zoom against a plain count of every element, and against the histograms of the report. */
#include "tensors.h"

#include <stdlib.h>

enum { FEW = 250, MANY = 1000, COLS = 260 }; /* rows: of a working, which takes one chunk; of four chunks */

static ql_engine *engine;
static uint64_t seed = 11;

typedef struct scene {
    memory_tensor tensor;
    float *x; /* owned [rows * COLS] */
    ql_profile *profile;
    ql_report *report;
} scene;

static void begin(scene *s, const char *text, ql_layout layout, uint64_t rows)
{
    ql_error error;
    ql_spec spec;
    s->x = malloc(rows * COLS * sizeof *s->x);
    for (uint64_t i = 0; i < rows * COLS; i++)
        s->x[i] = (float)(0.05 * random_normal(&seed));
    s->x[rows * COLS / 2] = 1.25f;
    memory_tensor_make(&s->tensor, QL_F32, s->x, layout, 2, (uint64_t[]) { rows, COLS });
    must(ql_profile_make(engine, NULL, &s->tensor.tensor, NULL, &s->profile, &error), &error);
    must(ql_spec_parse(text, &spec, &error), &error);
    must(ql_report_make(engine, s->profile, &spec, NULL, &s->report, &error), &error);
}

static void end(scene *s)
{
    ql_report_free(&s->report);
    ql_profile_free(&s->profile);
    memory_tensor_free(&s->tensor);
    free(s->x);
}

/* By the definition of a histogram. */
static void count_plainly(ql_histogram *h, double lo, double hi, const float *values, uint64_t count)
{
    *h = (ql_histogram) { .lo = lo, .hi = hi };
    for (uint64_t i = 0; i < count; i++) {
        const double v = (double)values[i];
        if (v < lo)
            h->below++;
        else if (v > hi)
            h->above++;
        else
            h->bins[v == hi ? QL_BINS - 1 : (int)fmin(floor((v - lo) * QL_BINS / (hi - lo)), QL_BINS - 1)]++;
    }
}

static void a_part_is_counted_as_every_element_says(void **state)
{
    (void)state;
    static const char *const specs[] = { "absmax:bits=4", "zeropoint:per=row,clip=percentile,p=99",
                                         "zeropoint:clip=percentile,p=90", "absmax:outliers=1%", "none" };
    static const double parts[][2] = { { -0.1, 0.1 }, { -0.001, 0.002 }, { 0, 1.25 }, { 1, 2 }, { -7, 7 }, { 3, 4 } };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        scene s;
        ql_error error;
        ql_working *w;
        begin(&s, specs[i], i % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN, FEW);
        must(ql_working_make(engine, s.profile, s.report, &w, &error), &error);
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
            ql_zoom *zoom, expected;
            must(ql_zoom_make(engine, s.profile, s.report, parts[k][0], parts[k][1], NULL, &zoom, &error), &error);
            count_plainly(&expected.original, parts[k][0], parts[k][1], w->x, w->count);
            count_plainly(&expected.dequantized, parts[k][0], parts[k][1], w->y, w->count);
            if (memcmp(zoom, &expected, sizeof expected) != 0)
                fail_msg("%s, part %zu differs", specs[i], k);
            ql_histogram levels;
            assert_int_equal(ql_zoom_levels(s.report, parts[k][0], parts[k][1], &levels), i == 0 || i == 2);
            if ((i == 0 || i == 2) && memcmp(&zoom->dequantized, &levels, sizeof levels) != 0)
                fail_msg("%s, part %zu: the levels differ", specs[i], k);
            ql_zoom_free(&zoom);
            assert_null(zoom);
        }
        ql_working_free(&w);
        end(&s);
    }
}

static void the_whole_is_what_the_report_says(void **state)
{
    (void)state;
    scene s;
    ql_error error;
    ql_zoom *zoom;
    begin(&s, "absmax:bits=5,per=block,block=64", QL_LAYOUT_OUT_IN, MANY);
    must(ql_zoom_make(engine, s.profile, s.report, s.report->original.lo, s.report->original.hi, NULL, &zoom, &error),
         &error);
    assert_memory_equal(&zoom->original, &s.report->original, sizeof zoom->original);
    assert_memory_equal(&zoom->dequantized, &s.report->dequantized, sizeof zoom->dequantized);
    ql_zoom_free(&zoom);
    end(&s);
}

static void any_number_of_threads_counts_the_same(void **state)
{
    (void)state;
    scene s;
    ql_error error;
    ql_zoom *zoom, *again;
    begin(&s, "absmax:bits=3", QL_LAYOUT_OUT_IN, MANY);
    must(ql_zoom_make(engine, s.profile, s.report, -0.05, 0.02, NULL, &zoom, &error), &error);
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        ql_engine *several;
        must(ql_engine_new(threads, &several, &error), &error);
        must(ql_zoom_make(several, s.profile, s.report, -0.05, 0.02, NULL, &again, &error), &error);
        assert_memory_equal(zoom, again, sizeof *zoom);
        ql_zoom_free(&again);
        ql_engine_free(&several);
    }
    ql_zoom_free(&zoom);
    end(&s);
}

static bool refuse(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    (void)done;
    (void)total;
    return false;
}

static void what_is_no_part_is_refused_and_a_cancel_leaves_nothing(void **state)
{
    (void)state;
    static const double parts[][2] = { { 0, 0 }, { 1, -1 }, { NAN, 1 }, { 0, INFINITY }, { -1e308, 1e308 } };
    scene s;
    ql_error error;
    ql_zoom *zoom = NULL;
    begin(&s, "absmax", QL_LAYOUT_OUT_IN, FEW);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_int_equal(ql_zoom_make(engine, s.profile, s.report, parts[i][0], parts[i][1], NULL, &zoom, &error),
                         QL_BAD_USAGE);
    const ql_monitor monitor = { refuse, NULL };
    assert_int_equal(ql_zoom_make(engine, s.profile, s.report, 0, 1, &monitor, &zoom, &error), QL_CANCELLED);
    assert_null(zoom);
    end(&s);
}

int main(void)
{
    ql_error error;
    if (ql_engine_new(2, &engine, &error) != QL_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_counted_as_every_element_says),
        cmocka_unit_test(the_whole_is_what_the_report_says),
        cmocka_unit_test(any_number_of_threads_counts_the_same),
        cmocka_unit_test(what_is_no_part_is_refused_and_a_cancel_leaves_nothing),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ql_engine_free(&engine);
    return failed;
}
