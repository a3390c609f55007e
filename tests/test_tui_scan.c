/* The scan in the background: it makes way, it can be replaced and stopped; and the cache that it fills. */
#include "testing.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "tui/jobs.h"

enum { TENSORS_MOST = 64, PATIENCE_MS = 20000 };

static ql_model *model;
static size_t all[TENSORS_MOST], tensor_count;
static tui_jobs *jobs;

static int start(void **state)
{
    (void)state;
    ql_error error;
    assert_int_equal(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), QL_OK);
    tensor_count = ql_model_tensor_count(model);
    assert_true(tensor_count <= TENSORS_MOST);
    for (size_t i = 0; i < tensor_count; i++)
        all[i] = i;
    assert_int_equal(tui_jobs_start(model, 2, &jobs, &error), QL_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    tui_jobs_stop(&jobs);
    ql_model_free(&model);
    return 0;
}

static ql_spec parse(const char *text)
{
    ql_spec spec;
    ql_error error;
    assert_int_equal(ql_spec_parse(text, &spec, &error), QL_OK);
    return spec;
}

/* The next event, within `patience_ms`; false when there is none. Its measure is let go. */
static bool next_event(tui_event *event, int patience_ms)
{
    const int step_ms = 20; /* a scan's events wake nobody */
    struct pollfd fd = { .fd = tui_jobs_fd(jobs), .events = POLLIN };
    for (int waited = 0; !tui_jobs_event(jobs, event); waited += step_ms) {
        if (waited >= patience_ms)
            return false;
        poll(&fd, 1, step_ms);
    }
    tui_measure_release(&event->measure);
    return true;
}

static void a_scan_makes_way_and_goes_on(void **state)
{
    (void)state;
    const ql_spec spec = parse("absmax:clip=kl"); /* slow enough */
    const uint64_t scan = tui_jobs_scan(jobs, all, tensor_count, &spec);
    const uint64_t request = tui_jobs_measure(jobs, tensor_count - 1, &spec, NULL);
    bool seen[TENSORS_MOST] = { false }, is_answered = false;
    size_t count = 0;
    tui_event event;
    while (next_event(&event, PATIENCE_MS) && event.kind != TUI_SCAN_DONE) {
        if (event.kind == TUI_REPORTED && event.ticket == request) {
            is_answered = true;
            assert_true(count < tensor_count / 2);
        }
        if (event.kind != TUI_SCANNED)
            continue;
        assert_int_equal(event.ticket, scan);
        assert_false(seen[event.tensor]); /* one that was begun twice is told once */
        assert_false(event.finding.has_failed);
        seen[event.tensor] = true;
        count++;
    }
    assert_int_equal(event.kind, TUI_SCAN_DONE);
    assert_true(is_answered);
    assert_int_equal(count, tensor_count);
    const tui_scan_progress progress = tui_jobs_scan_progress(jobs);
    assert_int_equal(progress.done, tensor_count);
    assert_close(progress.share, 1, 1e-12, 0);
}

static void another_scan_takes_the_place_of_the_first(void **state)
{
    (void)state;
    const ql_spec slow = parse("absmax:clip=kl"), fast = parse("absmax:bits=3");
    const size_t three[] = { 7, 3, 9 };
    tui_jobs_scan(jobs, all, tensor_count, &slow);
    const uint64_t scan = tui_jobs_scan(jobs, three, 3, &fast);
    size_t count = 0;
    tui_event event;
    while (next_event(&event, PATIENCE_MS) && event.kind != TUI_SCAN_DONE)
        if (event.kind == TUI_SCANNED && event.ticket == scan)
            assert_int_equal(event.tensor, three[count++]);
    assert_int_equal(event.kind, TUI_SCAN_DONE);
    assert_int_equal(event.ticket, scan);
    assert_int_equal(count, 3);
}

static void a_scan_that_is_stopped_is_silent(void **state)
{
    (void)state;
    const ql_spec slow = parse("absmax:clip=kl");
    tui_jobs_scan(jobs, all, tensor_count, &slow);
    tui_jobs_stop_scan(jobs);
    tui_event event;
    for (int i = 0; i < 2 && next_event(&event, 300); i++) { /* at most what was under way */
        assert_int_equal(event.kind, TUI_SCANNED);
        assert_int_equal(i, 0);
    }
    assert_int_equal(tui_jobs_scan_progress(jobs).count, 0);
}

static void the_cache_takes_offers_as_long_as_it_has_room(void **state)
{
    (void)state;
    static ql_profile *profile;
    ql_engine *engine;
    ql_error error;
    tui_cache cache = { .count = 0 };
    const ql_spec spec = parse("absmax");
    assert_int_equal(ql_engine_new(1, &engine, &error), QL_OK);
    assert_int_equal(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), QL_OK);
    for (size_t i = 0; i < TUI_CACHE_SIZE + 2; i++) {
        ql_report *report;
        assert_int_equal(ql_report_make(engine, profile, &spec, NULL, &report, &error), QL_OK);
        tui_measure *measure = tui_measure_new(i, &report);
        if (i == 1)
            tui_cache_add(&cache, measure); /* what was used stays first */
        else
            tui_cache_offer(&cache, measure);
        tui_measure_release(&measure);
    }
    assert_int_equal(cache.count, TUI_CACHE_SIZE);
    assert_int_equal(cache.entries[0]->tensor, 1);
    assert_non_null(tui_cache_find(&cache, 0, "absmax"));
    assert_null(tui_cache_find(&cache, TUI_CACHE_SIZE + 1, "absmax"));
    tui_cache_free(&cache);
    ql_profile_free(&profile);
    ql_engine_free(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_scan_makes_way_and_goes_on, start, stop),
        cmocka_unit_test_setup_teardown(another_scan_takes_the_place_of_the_first, start, stop),
        cmocka_unit_test_setup_teardown(a_scan_that_is_stopped_is_silent, start, stop),
        cmocka_unit_test_setup_teardown(the_cache_takes_offers_as_long_as_it_has_room, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
