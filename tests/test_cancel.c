/* Cancels and failures in the middle: at every tick of every stage, the call ends in words, leaks nothing (the sanitizer build says so),
   and the next call on the same engine gives the same numbers. */
#include "tensors.h"

#include <stdlib.h>
#include <unistd.h>

static ql_engine *engine;
static uint64_t seed = 37;

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

typedef struct countdown {
    int left;        /* ticks until the answer is no */
    int ticks;
    int asked_again; /* after that */
    uint64_t last;
    bool fell;
} countdown;

static bool count_down(void *context, uint64_t done, uint64_t total)
{
    countdown *c = context;
    (void)total;
    c->fell |= done < c->last;
    c->last = done;
    c->ticks++;
    c->asked_again += c->left < 0;
    return c->left-- > 0;
}

enum { FOREVER = 1 << 30 };

/* Calls make() with a monitor that stops it at tick 0, 1, 2, ... until it comes through; returns how many ticks that takes. */
static int at_every_tick(ql_status (*make)(void *context, const ql_monitor *monitor, ql_error *error), void *context)
{
    countdown all = { .left = FOREVER };
    ql_monitor monitor = { count_down, &all };
    ql_error error = { 0 };
    must(make(context, &monitor, &error), &error);
    assert_false(all.fell);
    for (int tick = 0; tick < all.ticks; tick++) {
        countdown c = { .left = tick };
        monitor.context = &c;
        error = (ql_error) { 0 };
        assert_int_equal(make(context, &monitor, &error), QL_CANCELLED);
        assert_int_equal(error.status, QL_CANCELLED);
        assert_true(error.message[0] != 0);
        assert_int_equal(c.ticks, tick + 1);
        assert_int_equal(c.asked_again, 0);
    }
    countdown more = { .left = FOREVER };
    monitor.context = &more;
    must(make(context, &monitor, &error), &error);
    assert_int_equal(more.ticks, all.ticks);
    return all.ticks;
}

typedef struct job {
    memory_tensor tensor;
    ql_profile *profile;
    ql_spec spec;
    double sqnr; /* of the first report; each must be the same */
} job;

static ql_status make_profile(void *context, const ql_monitor *monitor, ql_error *error)
{
    job *j = context;
    ql_profile *p = NULL;
    ql_status status = ql_profile_make(engine, NULL, &j->tensor.tensor, monitor, &p, error);
    assert_int_equal(status == QL_OK, p != NULL);
    if (p)
        assert_memory_equal(&p->stats, &j->profile->stats, sizeof p->stats);
    ql_profile_free(&p);
    return status;
}

static ql_status make_report(void *context, const ql_monitor *monitor, ql_error *error)
{
    job *j = context;
    ql_report *r = NULL;
    ql_profile *fresh = NULL; /* one that keeps nothing of the report before */
    must(ql_profile_make(engine, NULL, &j->tensor.tensor, NULL, &fresh, error), error);
    ql_status status = ql_report_make(engine, fresh, &j->spec, monitor, &r, error);
    assert_int_equal(status == QL_OK, r != NULL);
    if (r) {
        assert_true(isnan(j->sqnr) || j->sqnr == r->metrics[QL_SQNR_DB]);
        j->sqnr = r->metrics[QL_SQNR_DB];
    }
    ql_report_free(&r);
    ql_profile_free(&fresh);
    return status;
}

static ql_status make_excerpt(void *context, const ql_monitor *monitor, ql_error *error)
{
    job *j = context;
    ql_excerpt *e = NULL;
    ql_status status = ql_excerpt_make(engine, &j->tensor.tensor, &j->spec, monitor, &e, error);
    assert_int_equal(status == QL_OK, e != NULL);
    ql_excerpt_free(&e);
    return status;
}

static ql_status make_estimate(void *context, const ql_monitor *monitor, ql_error *error)
{
    job *j = context;
    ql_excerpt *e;
    ql_report *r = NULL;
    must(ql_excerpt_make(engine, &j->tensor.tensor, &j->spec, NULL, &e, error), error);
    ql_excerpt_learn(e, j->profile);
    ql_status status = ql_excerpt_report(engine, e, &j->spec, monitor, &r, error);
    assert_int_equal(status == QL_OK, r != NULL);
    ql_report_free(&r);
    ql_excerpt_free(&e);
    return status;
}

static void begin(job *j, const float *x, uint64_t rows, uint64_t cols, ql_layout layout)
{
    ql_error error = { 0 };
    memory_tensor_make(&j->tensor, QL_F32, x, layout, 2, (uint64_t[]) { rows, cols });
    must(ql_profile_make(engine, NULL, &j->tensor.tensor, NULL, &j->profile, &error), &error);
}

static void end(job *j)
{
    ql_profile_free(&j->profile);
    memory_tensor_free(&j->tensor);
}

enum { ROWS = 200, COLS = 1000 }; /* four chunks */

static void a_profile_can_be_cancelled_at_every_tick(void **state)
{
    (void)state;
    float *x = malloc(ROWS * COLS * sizeof *x);
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = (float)random_normal(&seed);
    job j;
    begin(&j, x, ROWS, COLS, QL_LAYOUT_OUT_IN);
    assert_int_equal(at_every_tick(make_profile, &j), 2 * 4);
    end(&j);
    free(x);
}

static void a_report_can_be_cancelled_at_every_tick_of_every_stage(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "absmax",                                                 /* the main pass alone */
        "zeropoint:per=row",                                      /* ranges of groups first */
        "absmax:per=col",
        "zeropoint:per=block,block=64,clip=percentile",           /* percentiles of groups */
        "absmax:clip=percentile,p=99",                            /* scans of the whole tensor */
        "absmax:clip=manual,abs=1",                               /* nothing first */
    };
    float *x = malloc(ROWS * COLS * sizeof *x);
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = (float)random_normal(&seed);
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        job j = { .sqnr = NAN };
        ql_error error;
        must(ql_spec_parse(specs[s], &j.spec, &error), &error);
        begin(&j, x, ROWS, COLS, s % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN);
        assert_true(at_every_tick(make_report, &j) >= 4);
        end(&j);
    }
    free(x);
}

static void an_excerpt_and_its_report_can_be_cancelled_at_every_tick(void **state)
{
    (void)state;
    static const char *const specs[] = { "kmeans:per=row,iterations=3", "absmax:per=block,block=8,clip=mse" };
    float *x = malloc(ROWS * COLS * sizeof *x);
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = (float)random_normal(&seed);
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        job j = { .sqnr = NAN };
        ql_error error;
        must(ql_spec_parse(specs[s], &j.spec, &error), &error);
        begin(&j, x, ROWS, COLS, s % 2 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN);
        assert_true(at_every_tick(make_excerpt, &j) >= 3); /* strips, and two passes of the profile */
        assert_true(at_every_tick(make_estimate, &j) >= 2);
        end(&j);
    }
    free(x);
}

static ql_status make_why(void *context, const ql_monitor *monitor, ql_error *error)
{
    job *j = context;
    ql_report *r;
    ql_why why;
    must(ql_report_make(engine, j->profile, &j->spec, NULL, &r, error), error);
    ql_status status = ql_why_make(engine, j->profile, r, monitor, &why, error);
    ql_report_free(&r);
    return status;
}

static void the_trials_of_remedies_can_be_cancelled(void **state)
{
    (void)state;
    float *x = malloc(ROWS * COLS * sizeof *x);
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = (float)random_normal(&seed);
    x[777] = 100;
    job j = { .sqnr = NAN };
    ql_error error;
    must(ql_spec_parse("absmax:bits=4", &j.spec, &error), &error);
    begin(&j, x, ROWS, COLS, QL_LAYOUT_OUT_IN);
    for (int tick = 0; tick < 20; tick += 5) {
        countdown c = { .left = tick };
        const ql_monitor monitor = { count_down, &c };
        assert_int_equal(make_why(&j, &monitor, &error), QL_CANCELLED);
        assert_int_equal(c.ticks, tick + 1);
    }
    must(make_why(&j, NULL, &error), &error);
    end(&j);
    free(x);
}

/* The file is cut after the profile: the report says so and nothing breaks. */
static void a_file_that_is_cut_in_between_is_an_error_of_every_stage(void **state)
{
    (void)state;
    enum { N = 200000 };
    static const char *const specs[] = { "absmax", "zeropoint:per=row", "absmax:per=col,clip=percentile", "absmax:clip=percentile" };
    float *x = calloc(N, sizeof *x);
    x[5] = 1;
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        const char *path = testing_path(testing_folder(), "w");
        testing_write(path, x, N * sizeof *x);
        ql_source *source;
        ql_profile *p = NULL;
        ql_report *r = NULL;
        ql_spec spec;
        ql_error error = { 0 };
        must(ql_source_open(path, &source, &error), &error);
        ql_storage storage = { .source = source };
        ql_tensor t = { .name = ql_text_from("w"), .dtype = QL_F32, .rank = 2, .shape = (uint64_t[]) { 400, 500 }, .element_count = N,
                        .byte_count = N * sizeof *x, .storage = &storage };
        ql_tensor_set_layout(&t, QL_LAYOUT_OUT_IN);
        must(ql_spec_parse(specs[s], &spec, &error), &error);
        must(ql_profile_make(engine, NULL, &t, NULL, &p, &error), &error);
        assert_int_equal(truncate(path, N * sizeof *x - 10), 0);
        assert_int_equal(ql_report_make(engine, p, &spec, NULL, &r, &error), QL_BAD_FILE);
        assert_null(r);
        assert_non_null(strstr(error.message, path));
        ql_profile_free(&p);
        assert_int_equal(ql_profile_make(engine, NULL, &t, NULL, &p, &error), QL_BAD_FILE);
        assert_null(p);
        ql_source_free(&source);
    }
    free(x);
}

/* Cut while it is read, at the k-th tick: what ql_source_check cannot see. */
typedef struct cutter {
    const char *path;
    int left;
} cutter;

static bool cut(void *context, uint64_t done, uint64_t total)
{
    (void)done, (void)total;
    cutter *c = context;
    if (c->left-- == 0)
        assert_int_equal(truncate(c->path, 100), 0);
    return true;
}

static void a_file_that_is_cut_while_it_is_read_is_an_error(void **state)
{
    (void)state;
    enum { N = 700000 };
    float *x = malloc(N * sizeof *x);
    for (int i = 0; i < N; i++)
        x[i] = (float)random_normal(&seed);
    for (int tick = 0; tick < 12; tick += 3) {
        const char *path = testing_path(testing_folder(), "w");
        testing_write(path, x, N * sizeof *x);
        ql_source *source;
        ql_profile *p = NULL;
        ql_error error = { 0 };
        cutter c = { path, tick };
        const ql_monitor monitor = { cut, &c };
        must(ql_source_open(path, &source, &error), &error);
        ql_storage storage = { .source = source };
        ql_tensor t = { .name = ql_text_from("w"), .dtype = QL_F32, .rank = 1, .shape = (uint64_t[]) { N }, .element_count = N,
                        .byte_count = N * sizeof *x, .storage = &storage };
        ql_tensor_set_layout(&t, QL_LAYOUT_OUT_IN);
        assert_int_equal(ql_profile_make(engine, NULL, &t, &monitor, &p, &error), QL_BAD_FILE);
        assert_null(p);
        assert_non_null(strstr(error.message, path));
        ql_source_free(&source);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_can_be_cancelled_at_every_tick),
        cmocka_unit_test(a_report_can_be_cancelled_at_every_tick_of_every_stage),
        cmocka_unit_test(an_excerpt_and_its_report_can_be_cancelled_at_every_tick),
        cmocka_unit_test(the_trials_of_remedies_can_be_cancelled),
        cmocka_unit_test(a_file_that_is_cut_in_between_is_an_error_of_every_stage),
        cmocka_unit_test(a_file_that_is_cut_while_it_is_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
