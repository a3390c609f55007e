/* How often a tensor is read: a sample tells where to look, and when it deceives, the answer is exact all the same. */
#include "schemes.h"

#include "quant/sample.h"

static ql_engine *engine;
static uint64_t seed = 53;

static int start(void **state)
{
    (void)state;
    print_message("seed %d\n", (int)seed);
    return ql_engine_new(2, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

/* ---- A tensor in a file, and what was read of it */

typedef struct work {
    ql_model *model;
    const ql_tensor *tensor;
    ql_profile *profile;
    uint64_t before; /* bytes read when looked at last */
} work;

static uint64_t bytes_since(work *w)
{
    const uint64_t before = w->before;
    w->before = ql_model_bytes_read(w->model);
    return w->before - before;
}

static void open_values(work *w, const float *x, ql_layout layout, unsigned rank, const uint64_t *shape)
{
    ql_error error;
    char path[300];
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "w.npy"));
    assert_true(npy_write(path, "f4", rank, shape, x));
    *w = (work) { 0 };
    must(ql_model_open(path, layout, &w->model, &error), &error);
    w->tensor = ql_model_tensor(w->model, 0);
    bytes_since(w);
    must(ql_profile_make(engine, w->model, w->tensor, NULL, &w->profile, &error), &error);
}

static void close_values(work *w)
{
    ql_profile_free(&w->profile);
    ql_model_free(&w->model);
}

static ql_report *report_of(work *w, const char *text)
{
    ql_spec spec;
    ql_report *report = NULL;
    ql_error error;
    must(ql_spec_parse(text, &spec, &error), &error);
    must(ql_report_make(engine, w->profile, &spec, NULL, &report, &error), &error);
    return report;
}

/* ---- Natural values */

enum { N = 1000003 /* a prime */ };

/* At most; once where nothing but the measuring itself is needed. What one report finds, the profile may keep for the next.
 */
static const struct turn {
    const char *spec;
    int most;
} turns[] = {
    { "absmax", 1 },
    { "absmax:bits=2", 1 },
    { "absmax:bits=3", 1 },
    { "absmax:bits=4", 1 },
    { "absmax:bits=5", 1 },
    { "absmax:bits=6", 1 },
    { "absmax:bits=7", 1 },
    { "absmax:range=full", 1 },
    { "absmax:round=stochastic", 1 },
    { "zeropoint", 1 },
    { "zeropoint:bits=4,zero=raw", 1 },
    { "absmax:clip=manual,abs=2", 1 },
    { "absmax:per=row", 2 },
    { "absmax:per=col", 2 },
    { "absmax:per=block,block=64", 2 },
    { "absmax:per=flat,block=100", 2 },
    { "absmax:per=tile,block=16x16", 2 },
    { "zeropoint:bits=4,per=row", 2 },
    { "zeropoint:bits=4,per=col", 2 },
    { "zeropoint:bits=4,per=block,block=32", 2 },
    { "nf4", 2 },
    { "fp4", 2 },
    { "mxfp4", 2 },
    { "nvfp4", 2 },
    { "int4g", 2 },
    { "q4_0", 2 },
    { "ternary", 2 },
    { "absmax:clip=percentile", 2 },
    { "zeropoint:clip=percentile,bits=4", 2 },
    { "absmax:clip=percentile,p=99,bits=4", 2 },
    { "absmax:clip=percentile,per=row", 2 },
    { "absmax:clip=kl", 2 },
    { "absmax:clip=kl,bits=4", 2 },
    { "absmax:clip=aciq,bits=4", 3 },
    { "absmax:clip=mse", 3 },
    { "absmax:clip=mse,bits=4", 3 },
    { "zeropoint:clip=mse,bits=3", 3 },
};

typedef enum nature { NATURAL, QUANTIZED, HALF_ZEROS, NATURES } nature;

static float *natural_values(nature what)
{
    float *x = malloc(N * sizeof *x);
    for (int i = 0; i < N; i++) {
        const double v = 0.02 * random_normal(&seed) * (i % 5003 == 17 ? 8 : 1); /* a few outliers */
        x[i] = what == QUANTIZED                              ? 0.01f * (float)rint(v / 0.01)
               : what == HALF_ZEROS && random_below(&seed, 2) ? 0
                                                              : (float)v;
    }
    return x;
}

static void check_turns(nature what, ql_layout layout, unsigned rank, const uint64_t *shape)
{
    float *x = natural_values(what);
    work w;
    open_values(&w, x, layout, rank, shape);
    const double size = (double)w.tensor->byte_count;
    const double profile = (double)bytes_since(&w) / size;
    if (profile != 2)
        fail_msg("%s, rank %u: a profile reads %.3f times", ql_layout_name(layout), rank, profile);
    for (size_t i = 0; i < COUNT(turns); i++) {
        if (rank == 1 && strstr(turns[i].spec, "per=col"))
            continue; /* groups of one value: there is nothing to guess from */
        ql_report *report = report_of(&w, turns[i].spec);
        const double times = (double)bytes_since(&w) / size;
        if (times < 1 || times > turns[i].most)
            fail_msg("%s, %s, rank %u: read %.3f times, not up to %d", turns[i].spec, ql_layout_name(layout), rank, times,
                     turns[i].most);
        ql_report_free(&report);
    }
    close_values(&w);
    free(x);
}

static void a_profile_reads_twice_and_a_turn_of_a_knob_once_or_twice(void **state)
{
    (void)state;
    check_turns(NATURAL, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 991, 1009 });
}

static void so_it_is_where_no_size_is_a_multiple_of_anything(void **state)
{
    (void)state;
    check_turns(NATURAL, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N });
}

static void so_it_is_of_a_tensor_that_is_stored_column_by_column(void **state)
{
    (void)state;
    check_turns(NATURAL, QL_LAYOUT_IN_OUT, 2, (uint64_t[]) { 991, 1009 });
}

static void so_it_is_where_many_values_are_alike(void **state)
{
    (void)state;
    check_turns(QUANTIZED, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 991, 1009 });
    check_turns(HALF_ZEROS, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 991, 1009 });
}

static void a_tensor_that_float32_does_not_hold_is_profiled_in_up_to_seven(void **state)
{
    (void)state;
    enum { WIDE = 300007 };
    double *x = malloc(WIDE * sizeof *x);
    for (int i = 0; i < WIDE; i++)
        x[i] = random_normal(&seed);
    work w;
    ql_error error;
    char path[300];
    snprintf(path, sizeof path, "%s", testing_path(testing_folder(), "w.npy"));
    assert_true(npy_write(path, "f8", 1, (uint64_t[]) { WIDE }, x));
    must(ql_model_open(path, QL_LAYOUT_OUT_IN, &w.model, &error), &error);
    w.before = ql_model_bytes_read(w.model);
    must(ql_profile_make(engine, w.model, ql_model_tensor(w.model, 0), NULL, &w.profile, &error), &error);
    const double times = (double)bytes_since(&w) / (8.0 * WIDE);
    assert_true(times >= 3 && times <= 7);
    close_values(&w);
    free(x);
}

/* ---- Samples that deceive */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* numpy.percentile(|x - y|, 99) of a tensor with one step, computed plainly. */
static double plain_p99(const float *x, float step, int top)
{
    double *e = malloc(N * sizeof *e);
    for (int i = 0; i < N; i++) {
        const double code = fmin(fmax(nearbyint((double)x[i] / (double)step), -top), top);
        e[i] = fabs((double)x[i] - (double)(float)(code * (double)step));
    }
    qsort(e, N, sizeof *e, compare);
    const double h = 0.99 * (N - 1), k = floor(h), low = e[(int)k], high = e[(int)k + 1];
    free(e);
    return low + (h - k) * (high - low);
}

/* Whether element i is one that the sample has. */
static bool is_sampled(const ql_sample *sample, uint64_t i)
{
    const uint64_t begin = i / QL_SAMPLE_PIECE * QL_SAMPLE_PIECE;
    const size_t at = ql_sample_piece_from(sample, begin) * QL_SAMPLE_PIECE;
    return at < sample->count && ql_sample_position(sample, at) == begin;
}

typedef enum deceit {
    EXACT_THERE,
    EXACT_ELSEWHERE,
    SMALL_THERE,
    LARGE_THERE,
    ALIKE_THERE,
    MANY_ALIKE_ELSEWHERE,
    DECEITS
} deceit;

/* A value with a small error or a large one; with a step of 1. */
static float deceiving(deceit what, bool sampled)
{
    const double whole = (double)random_below(&seed, 200) - 100, unit = random_unit(&seed);
    switch (what) {
    case EXACT_THERE:
        return (float)(sampled ? whole : whole + unit - 0.5);
    case EXACT_ELSEWHERE:
        return (float)(sampled ? whole + unit - 0.5 : whole);
    case SMALL_THERE:
        return (float)(whole + (sampled ? 0.01 : 0.49) * unit);
    case LARGE_THERE:
        return (float)(whole + (sampled ? 0.4 + 0.09 * unit : 0.3 * unit));
    case ALIKE_THERE:
        return (float)(whole + (sampled ? 0.25 : 0.3 * unit));
    case MANY_ALIKE_ELSEWHERE: /* as many as there is no room for, about the percentile */
        return (float)(whole + (sampled || unit < 0.5 ? 0.49 * unit : 0.485));
    case DECEITS:
        break;
    }
    return 0;
}

static void a_percentile_that_the_sample_hides_is_exact_all_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        int top;
    } specs[] = { { "absmax", 127 }, { "absmax:bits=4,clip=manual,abs=7", 7 } };
    const ql_sample sample = { .elements = N, .count = QL_SAMPLE_MOST };
    float *x = malloc(N * sizeof *x);
    double most = 0;
    for (int what = 0; what < DECEITS; what++) {
        size_t sampled = 0;
        for (int i = 0; i < N; i++) {
            const bool there = is_sampled(&sample, (uint64_t)i);
            sampled += there;
            x[i] = deceiving(what, there);
        }
        x[N - 1] = 127; /* the step of absmax is 1 */
        assert_int_equal(sampled, QL_SAMPLE_MOST);
        work w;
        open_values(&w, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N });
        bytes_since(&w);
        for (int i = 0; i < 1000; i++) /* it is the sample that the profile has */
            assert_true(w.profile->sample->values[i] ==
                        x[ql_sample_position(&sample, (size_t)i / QL_SAMPLE_PIECE * QL_SAMPLE_PIECE) +
                          (uint64_t)i % QL_SAMPLE_PIECE]);
        for (size_t s = 0; s < COUNT(specs); s++) {
            ql_report *report = report_of(&w, specs[s].spec);
            const double times = (double)bytes_since(&w) / (4.0 * N), want = plain_p99(x, report->scales[0], specs[s].top);
            if (report->metrics[QL_P99_ABS] != want || times > 2 + 6)
                fail_msg("deceit %d, %s: %.17g, by a sort %.17g; read %.3f times", what, specs[s].spec,
                         report->metrics[QL_P99_ABS], want, times);
            most = fmax(most, times);
            ql_report_free(&report);
        }
        close_values(&w);
    }
    assert_true(most > 2); /* some did deceive */
    free(x);
}

/* The same of a percentile of the values themselves. */
static void a_clipping_range_that_the_sample_hides_is_exact_all_the_same(void **state)
{
    (void)state;
    const ql_sample sample = { .elements = N, .count = QL_SAMPLE_MOST };
    float *x = malloc(N * sizeof *x);
    double *sorted = malloc(N * sizeof *sorted);
    for (int i = 0; i < N; i++)
        x[i] = (float)random_normal(&seed) * (is_sampled(&sample, (uint64_t)i) ? 0.01f : 1);
    for (int i = 0; i < N; i++)
        sorted[i] = fabsf(x[i]);
    qsort(sorted, N, sizeof *sorted, compare);
    work w;
    open_values(&w, x, QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N });
    bytes_since(&w);
    ql_report *report = report_of(&w, "absmax:clip=percentile,p=97.5");
    const double times = (double)bytes_since(&w) / (4.0 * N), h = 0.975 * (N - 1), k = floor(h), low = sorted[(int)k];
    assert_true(report->scales[0] == (float)((low + (h - k) * (sorted[(int)k + 1] - low)) / 127));
    assert_true(times >= 4 && times <= 2 + 6);
    ql_report_free(&report);
    close_values(&w);
    free(sorted);
    free(x);
}

/* ---- What is kept between turns */

static void ranges_of_groups_that_were_seen_lately_are_not_read_again(void **state)
{
    (void)state;
    enum { ROWS = 250, COLS = 960 };
    /* again: how often the second one reads. A small block shares nothing with others but what does not depend on it. */
    static const struct {
        const char *first, *second;
        unsigned again;
    } turns_back[] = {
        { "absmax:per=row", "absmax:per=row,bits=4", 1 },
        { "absmax:per=row", "zeropoint:per=row", 1 }, /* the same ranges, taken otherwise */
        { "nf4", "bnbfp4", 1 },
        { "absmax:per=block,block=64", "zeropoint:per=block,block=32", 2 },
        { "zeropoint:per=block,block=32", "absmax:per=block,block=64", 1 }, /* two small ones are a large one */
        { "zeropoint:per=block,block=32", "absmax:per=row", 1 },
        { "nf4", "absmax:per=block,block=64", 1 }, /* 64 divide a row: the same blocks */
        { "nf4", "absmax:per=block,block=96", 2 },
        { "nf4:block=36", "absmax:per=row", 2 }, /* 36 do not */
        { "absmax:per=row", "absmax:per=col", 2 },
        { "absmax:per=block,block=64,clip=percentile", "absmax:per=row,clip=percentile", 2 },
        { "absmax:per=row,clip=percentile", "absmax:per=row,clip=percentile,bits=4", 1 },
        { "absmax:per=row,clip=percentile", "absmax:per=row,clip=percentile,p=99", 2 },
        { "absmax:per=row,clip=percentile", "zeropoint:per=row,clip=percentile", 2 }, /* of magnitudes, of values */
        { "absmax:clip=percentile", "absmax:clip=percentile,bits=5", 1 },
    };
    static const char *const others[] = { "nf4:block=16", "nf4:block=32", "nf4:block=96", "absmax:per=row", "absmax:per=col",
                                          "fp4:block=48", "fp4:block=24", "fp4:block=12", "fp4:block=160" };
    float *x = malloc(ROWS * COLS * sizeof *x);
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = (float)random_normal(&seed);
    for (size_t i = 0; i < COUNT(turns_back); i++) {
        work w, fresh;
        open_values(&w, x, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { ROWS, COLS });
        for (int round = 0; round < 2; round++) { /* and after a while, when it is no longer kept */
            ql_report *first = report_of(&w, turns_back[i].first);
            bytes_since(&w);
            ql_report *second = report_of(&w, turns_back[i].second);
            const double times = (double)bytes_since(&w) / (4.0 * ROWS * COLS);
            if (round == 0 && times != turns_back[i].again)
                fail_msg("%s after %s reads %.3f times", turns_back[i].second, turns_back[i].first, times);
            open_values(&fresh, x, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { ROWS, COLS });
            ql_report *plain = report_of(&fresh, turns_back[i].second);
            assert_memory_equal(plain->metrics, second->metrics, sizeof plain->metrics);
            assert_memory_equal(plain->scales, second->scales, plain->group_count * sizeof *plain->scales);
            assert_int_equal(plain->widest.group, second->widest.group);
            ql_report_free(&plain);
            close_values(&fresh);
            ql_report_free(&first);
            ql_report_free(&second);
            for (size_t k = 0; k < COUNT(others); k++) {
                ql_report *other = report_of(&w, others[k]);
                ql_report_free(&other);
            }
        }
        close_values(&w);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_reads_twice_and_a_turn_of_a_knob_once_or_twice),
        cmocka_unit_test(so_it_is_where_no_size_is_a_multiple_of_anything),
        cmocka_unit_test(so_it_is_of_a_tensor_that_is_stored_column_by_column),
        cmocka_unit_test(so_it_is_where_many_values_are_alike),
        cmocka_unit_test(a_tensor_that_float32_does_not_hold_is_profiled_in_up_to_seven),
        cmocka_unit_test(a_percentile_that_the_sample_hides_is_exact_all_the_same),
        cmocka_unit_test(a_clipping_range_that_the_sample_hides_is_exact_all_the_same),
        cmocka_unit_test(ranges_of_groups_that_were_seen_lately_are_not_read_again),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
