/*
 * Files of a sharded model that others replace, rewrite or cut after it was opened: an error that names the file, whether
 * files are mapped or read; other files of the model are as good as before. The handler for SIGBUS is the program's own.
 */
#include "text/maps.c"

#include "shards.h"
#include "tensors.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ELEMENTS = 1 << 20 /* 4 MiB, 16 chunks */ };

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

static int without_maps(void **state)
{
    (void)state;
    ql_map_files(false);
    return 0;
}

/* ---- What happens to a file ------------------------------------------------------------------------------------- */

static void replace(const char *folder)
{
    write_shard(folder, "new", "x", ELEMENTS, 50);
    assert_int_equal(rename(testing_path(folder, "new"), testing_path(folder, "b.safetensors")), 0);
}

static void take_away(const char *folder)
{
    assert_int_equal(unlink(testing_path(folder, "b.safetensors")), 0);
}

static void cut(const char *folder)
{
    assert_int_equal(truncate(testing_path(folder, "b.safetensors"), ELEMENTS * 2), 0);
}

static void empty(const char *folder)
{
    assert_int_equal(truncate(testing_path(folder, "b.safetensors"), 0), 0);
}

static void rewrite(const char *folder)
{
    const int fd = open(testing_path(folder, "b.safetensors"), O_WRONLY);
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 1000000000, 1 } };
    assert_int_equal(pwrite(fd, "\xff\xff\xff\x7f", 4, ELEMENTS * 2), 4);
    assert_int_equal(futimens(fd, times), 0); /* the clock of a file system may be too slow to tell */
    assert_int_equal(close(fd), 0);
}

static void (*const events[])(const char *folder) = { replace, take_away, cut, empty, rewrite };

enum { EVENTS = sizeof events / sizeof *events };

/* ---- Work ------------------------------------------------------------------------------------------------------ */

typedef struct disturbance {
    const char *folder;
    void (*event)(const char *folder);
    int left, ticks; /* until it comes, so far */
} disturbance;

static bool tick(void *context, uint64_t done, uint64_t total)
{
    (void)done, (void)total;
    disturbance *d = context;
    d->ticks++;
    if (d->left-- == 0)
        d->event(d->folder);
    return true;
}

/* A folder with w in a.safetensors and x in b.safetensors. */
static const char *write_model(const char *folder)
{
    write_shard(folder, "a.safetensors", "w", ELEMENTS, 1);
    write_shard(folder, "b.safetensors", "x", ELEMENTS, 2);
    return write_index(folder, "{\"weight_map\":{\"w\":\"a.safetensors\",\"x\":\"b.safetensors\"}}");
}

static ql_model *open_model(const char *path, bool mapped)
{
    ql_model *model = NULL;
    ql_error error;
    if (mapped)
        text_map_files();
    must(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), &error);
    ql_map_files(false);
    return model;
}

static void assert_noticed(const char *folder, size_t event, bool mapped, ql_status status, const ql_error *error)
{
    const char *path = testing_path(folder, "b.safetensors");
    if (status != QL_BAD_FILE || strncmp(error->message, path, strlen(path)) != 0 || strchr(error->message, '\n'))
        fail_msg("event %zu, %s: status %d, '%s'", event, mapped ? "mapped" : "read", (int)status, error->message);
}

static void assert_good(const ql_model *model, size_t index)
{
    ql_profile *profile = NULL;
    ql_error error;
    must(ql_profile_make(engine, model, ql_model_tensor(model, index), NULL, &profile, &error), &error);
    assert_true(profile->stats.min == (double)(index + 1) && profile->stats.max == profile->stats.min);
    ql_profile_free(&profile);
}

static void a_file_that_changes_before_it_is_read_is_noticed(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    for (size_t i = 0; i < 2 * EVENTS; i++) {
        const bool mapped = i % 2;
        ql_model *model = open_model(write_model(folder), mapped);
        events[i / 2](folder);
        ql_profile *profile = NULL;
        ql_error error = { 0 };
        assert_noticed(folder, i / 2, mapped,
                       ql_profile_make(engine, model, ql_model_tensor(model, 1), NULL, &profile, &error), &error);
        assert_null(profile);
        assert_good(model, 0);
        ql_model_free(&model);
    }
}

static void a_file_that_changes_while_it_is_read_is_noticed(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    ql_error error;
    ql_spec spec;
    must(ql_spec_parse("absmax", &spec, &error), &error);
    for (size_t i = 0; i < 4 * EVENTS; i++) {
        const bool mapped = i % 2, report_it = i / 2 % 2;
        ql_model *model = open_model(write_model(folder), mapped);
        disturbance d = { .folder = folder, .event = events[i / 4], .left = 5 };
        const ql_monitor monitor = { tick, &d };
        ql_profile *profile = NULL;
        ql_report *report = NULL;
        error = (ql_error) { 0 };
        ql_status status =
            ql_profile_make(engine, model, ql_model_tensor(model, 1), report_it ? NULL : &monitor, &profile, &error);
        if (report_it) {
            must(status, &error);
            status = ql_report_make(engine, profile, &spec, &monitor, &report, &error);
        }
        assert_true(d.ticks > 5);
        assert_noticed(folder, i / 4, mapped, status, &error);
        assert_null(report);
        assert_good(model, 0);
        ql_profile_free(&profile);
        ql_model_free(&model);
    }
}

/* What happens between the look at the file and its reading: nothing but another file's bytes could tell. */
static void a_file_is_not_read_under_the_name_of_another(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    ql_model *model = open_model(write_model(folder), false);
    const ql_tensor *tensor = ql_model_tensor(model, 1);
    float values[8];
    char scratch[256];
    ql_error error = { 0 };
    must(ql_tensor_read_f32(tensor, 0, 8, values, scratch, &error), &error);
    replace(folder);
    assert_int_equal(ql_tensor_read_f32(tensor, 0, 8, values, scratch, &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, "b.safetensors: the file was changed since it was opened"));
    ql_model_free(&model);
}

static void the_index_counts_no_more_once_it_was_read(void **state)
{
    (void)state;
    const char *folder = testing_folder(), *path = write_model(folder);
    ql_model *model = open_model(path, false);
    testing_write(path, "{}", 2);
    assert_good(model, 0);
    assert_good(model, 1);
    ql_model_free(&model);
}

int main(void)
{
    setlocale(LC_CTYPE, "C");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_file_that_changes_before_it_is_read_is_noticed, without_maps),
        cmocka_unit_test_teardown(a_file_that_changes_while_it_is_read_is_noticed, without_maps),
        cmocka_unit_test(a_file_is_not_read_under_the_name_of_another),
        cmocka_unit_test(the_index_counts_no_more_once_it_was_read),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
