/* Exported arrays: what the report says, and all of them or none. */
#include "tensors.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "npy.h"

static ql_engine *engine;
static uint64_t seed = 31;

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

typedef struct work {
    memory_tensor tensor;
    ql_profile *profile;
    ql_report *report;
} work;

static void make(work *w, const char *spec_text, ql_layout layout, unsigned rank, const uint64_t *shape, const float *x)
{
    ql_spec spec;
    ql_error error = { 0 };
    must(ql_spec_parse(spec_text, &spec, &error), &error);
    memory_tensor_make(&w->tensor, QL_F32, x, layout, rank, shape);
    must(ql_profile_make(engine, NULL, &w->tensor.tensor, NULL, &w->profile, &error), &error);
    must(ql_report_make(engine, w->profile, &spec, NULL, &w->report, &error), &error);
}

static void drop(work *w)
{
    ql_report_free(&w->report);
    ql_profile_free(&w->profile);
    memory_tensor_free(&w->tensor);
}

static ql_status export(const work *w, const ql_monitor *monitor, const char *folder, ql_error *error)
{
    return ql_report_write_npy(engine, w->profile, w->report, monitor, folder, error);
}

/* How many names there are in a folder, hidden ones too; -1: no folder. */
static int entries(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    if (!dir)
        return -1;
    for (struct dirent *e; (e = readdir(dir));)
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static npy load(const char *folder, const char *name, const char *dtype, unsigned rank, const uint64_t *shape)
{
    npy array;
    assert_true(npy_read(testing_path(folder, name), &array));
    assert_string_equal(array.dtype, dtype);
    assert_int_equal(array.rank, rank);
    for (unsigned axis = 0; axis < rank; axis++)
        assert_int_equal(array.shape[axis], shape[axis]);
    return array;
}

static void check_export(const char *spec_text, ql_layout layout, unsigned rank, const uint64_t *shape)
{
    uint64_t n = 1;
    for (unsigned axis = 0; axis < rank; axis++)
        n *= shape[axis];
    float *x = malloc(n * sizeof *x);
    for (uint64_t i = 0; i < n; i++)
        x[i] = (float)random_normal(&seed);
    work w;
    ql_error error = { 0 };
    make(&w, spec_text, layout, rank, shape, x);
    const ql_report *r = w.report;
    const char *folder = testing_path(testing_folder(), "new");
    must(export(&w, NULL, folder, &error), &error);
    assert_int_equal(entries(folder), r->zeros ? 4 : 3);

    npy codes = load(folder, "codes.npy", "i1", rank, shape), values = load(folder, "dequant.npy", "f4", rank, shape);
    npy scales = load(folder, "scales.npy", "f4", 1, &r->group_count);
    uint64_t counts[256] = { 0 };
    double square = 0;
    for (uint64_t i = 0; i < n; i++) {
        counts[(int)codes.values[i] - r->code_lo]++;
        square += (x[i] - values.values[i]) * (x[i] - values.values[i]);
    }
    assert_memory_equal(counts, r->code_counts, r->levels * sizeof *counts);
    assert_close(square / (double)n, r->metrics[QL_MSE], 1e-12, 0);
    for (uint64_t g = 0; g < r->group_count; g++)
        assert_true(scales.values[g] == (double)r->scales[g]);
    if (r->zeros) {
        npy zeros = load(folder, "zeros.npy", "i4", 1, &r->group_count);
        for (uint64_t g = 0; g < r->group_count; g++)
            assert_true(zeros.values[g] == r->zeros[g]);
        npy_free(&zeros);
    }
    if (r->group_count == 1)
        for (uint64_t i = 0; i < n; i++)
            assert_true((float)((codes.values[i] - (r->zeros ? r->zeros[0] : 0)) * scales.values[0]) == (float)values.values[i]);
    npy_free(&codes);
    npy_free(&values);
    npy_free(&scales);
    drop(&w);
    free(x);
}

static void the_files_hold_what_the_report_says(void **state)
{
    (void)state;
    check_export("absmax", QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 30, 40 });
    check_export("zeropoint:bits=4,zero=raw", QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 30, 40 });
    check_export("zeropoint:bits=8,per=row", QL_LAYOUT_IN_OUT, 2, (uint64_t[]) { 33, 7 });
    check_export("absmax:bits=2,range=full,clip=percentile,p=80", QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 4096 * 3 + 1 });
    check_export("absmax:per=block,block=5", QL_LAYOUT_OUT_IN, 4, (uint64_t[]) { 3, 4, 5, 2 });
    check_export("zeropoint:per=flat,block=100", QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 300, 301 });
    check_export("absmax", QL_LAYOUT_OUT_IN, 0, NULL);
}

static void a_folder_that_is_there_is_used(void **state)
{
    (void)state;
    const float x[] = { 1, 2, 3 };
    work w;
    ql_error error = { 0 };
    make(&w, "absmax", QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 3 }, x);
    const char *folder = testing_folder();
    must(export(&w, NULL, folder, &error), &error);
    must(export(&w, NULL, folder, &error), &error); /* over its own files */
    assert_int_equal(entries(folder), 3);
    drop(&w);
}

static void a_missing_parent_or_a_file_in_the_way_leaves_nothing(void **state)
{
    (void)state;
    const float x[] = { 1, 2, 3 };
    work w;
    ql_error error = { 0 };
    const char *folder = testing_folder();
    make(&w, "absmax", QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { 3 }, x);
    assert_int_equal(export(&w, NULL, testing_path(folder, "no/folder"), &error), QL_BAD_WRITE);
    assert_non_null(strstr(error.message, "no/folder"));
    assert_int_equal(entries(folder), 0);
    testing_write(testing_path(folder, "file"), "", 0);
    assert_int_equal(export(&w, NULL, testing_path(folder, "file"), &error), QL_BAD_WRITE);
    assert_int_equal(entries(folder), 1);
    assert_int_equal(mkdir(testing_path(folder, "out"), 0700), 0);
    assert_int_equal(mkdir(testing_path(folder, "out/scales.npy"), 0700), 0);
    assert_int_equal(export(&w, NULL, testing_path(folder, "out"), &error), QL_BAD_WRITE);
    assert_int_equal(entries(testing_path(folder, "out")), 1);
    drop(&w);
}

/* A limit on the size of a file stands in for a full disk: codes.npy fits, dequant.npy does not. */
static void a_full_disk_leaves_nothing_not_even_the_files_that_fit(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1000, 60000, 300000 }; /* within one buffer, about one, many */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        float *x = calloc(sizes[i], sizeof *x);
        x[3] = 1;
        work w;
        ql_error error = { 0 };
        make(&w, "absmax", QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { sizes[i] }, x);
        const char *folder = testing_folder(), *made = testing_path(folder, "made");
        struct rlimit before, small;
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = before;
        small.rlim_cur = 2 * sizes[i];
        void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        ql_status in_old = export(&w, NULL, folder, &error);
        ql_status in_new = export(&w, NULL, made, NULL);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        signal(SIGXFSZ, handler);
        assert_int_equal(in_old, QL_BAD_WRITE);
        assert_int_equal(in_new, QL_BAD_WRITE);
        assert_non_null(strstr(error.message, "dequant.npy"));
        assert_int_equal(entries(folder), 0); /* nor the folder that was made for them */
        drop(&w);
        free(x);
    }
}

typedef struct countdown {
    int ticks;
} countdown;

static bool count_down(void *context, uint64_t done, uint64_t total)
{
    countdown *c = context;
    assert_true(done <= total);
    return c->ticks-- > 0;
}

static void a_cancel_leaves_nothing(void **state)
{
    (void)state;
    enum { N = 4096 * 5 };
    float *x = calloc(N, sizeof *x);
    work w;
    make(&w, "absmax", QL_LAYOUT_OUT_IN, 1, (uint64_t[]) { N }, x);
    for (int ticks = 0; ticks < 5; ticks++) {
        countdown c = { ticks };
        const ql_monitor monitor = { count_down, &c };
        ql_error error = { 0 };
        const char *folder = testing_folder();
        assert_int_equal(export(&w, &monitor, testing_path(folder, "out"), &error), QL_CANCELLED);
        assert_int_equal(error.status, QL_CANCELLED);
        assert_int_equal(entries(folder), 0);
    }
    drop(&w);
    free(x);
}

/* Codes of a report must not be mixed with values that came later. */
static void a_file_that_changed_since_the_report_is_refused(void **state)
{
    (void)state;
    const char *folder = testing_folder(), *path = testing_path(folder, "w.npy");
    const float x[] = { 1, 2, 3 };
    ql_model *model;
    ql_profile *p;
    ql_report *r;
    ql_spec spec;
    ql_error error = { 0 };
    assert_true(npy_write(path, "f4", 1, (uint64_t[]) { 3 }, x));
    must(ql_spec_parse("absmax", &spec, &error), &error);
    must(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), &error);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &p, &error), &error);
    must(ql_report_make(engine, p, &spec, NULL, &r, &error), &error);
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 1000000000, 1 } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(ql_report_write_npy(engine, p, r, NULL, testing_path(folder, "out"), &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, "changed"));
    assert_int_equal(entries(folder), 1);
    ql_report_free(&r);
    ql_profile_free(&p);
    ql_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_hold_what_the_report_says),
        cmocka_unit_test(a_folder_that_is_there_is_used),
        cmocka_unit_test(a_missing_parent_or_a_file_in_the_way_leaves_nothing),
        cmocka_unit_test(a_full_disk_leaves_nothing_not_even_the_files_that_fit),
        cmocka_unit_test(a_cancel_leaves_nothing),
        cmocka_unit_test(a_file_that_changed_since_the_report_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
