/* Estimates before slow numbers: when the worker sends them, how the screen marks them, and what is not done with them. */
#include "tensors.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"
#include "text/ramp.h"
#include "tui/actions.h"
#include "tui/copy.h"
#include "tui/document_parts.h"
#include "tui/file.h"
#include "tui/worker.h"

enum { SIDE = 1024, PATIENCE_MS = 60000 };
#define SLOW "absmax:clip=kl,per=row" /* so slow that an estimate comes before the tensor is read, too */

static tui_options options = { 0 };
static tui_app app;
static const char *path;

/* A matrix of a million weights. */
static const char *matrix(void)
{
    static char made[256];
    uint64_t seed = 3;
    float *x = malloc(SIDE * SIDE * sizeof *x);
    for (int i = 0; i < SIDE * SIDE; i++)
        x[i] = (float)(random_normal(&seed) * (1 + i / SIDE % 4));
    snprintf(made, sizeof made, "%s", testing_path(testing_folder(), "w.npy"));
    assert_true(npy_write(made, "f4", 2, (uint64_t[]) { SIDE, SIDE }, x));
    free(x);
    return made;
}

/* The file is shown, and nothing is asked for yet. */
static int begin(void **state)
{
    (void)state;
    ql_error error;
    tui_file file;
    path = path ? path : matrix();
    app = (tui_app) { .options = &options, .threads = 2, .context = TUI_IN_VIEW, .home = TUI_IN_VIEW, .knob = TUI_KNOB_SCHEME,
                      .view = tui_view_at(0), .cursor_y = -1, .headless = true };
    app.pane = app.view->first_pane;
    must(tui_file_read(&(tui_source) { .path = path }, &file, &error), &error);
    must(tui_file_show(&app, &file, SLOW, &error), &error);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tui_jobs_stop(&app.jobs);
    tui_document_free(&app.document);
    tui_list_free(&app.list);
    tui_canvas_free(&app.canvas);
    ql_model_free(&app.model);
    return 0;
}

static ql_spec spec_of(const char *text)
{
    ql_spec spec;
    ql_error error;
    must(ql_spec_parse(text, &spec, &error), &error);
    return spec;
}

static void next_event(tui_event *event)
{
    struct pollfd fd = { .fd = tui_jobs_fd(app.jobs), .events = POLLIN };
    while (!tui_jobs_event(app.jobs, event))
        assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
}

/* What comes of a request up to its exact report, as letters: s an estimate, p the profile, r the report. */
static const char *events_of(uint64_t ticket)
{
    static char letters[16];
    size_t count = 0;
    for (tui_event event;;) {
        next_event(&event);
        if (event.ticket == ticket && count + 1 < sizeof letters) {
            letters[count++] = event.kind == TUI_SAMPLED ? 's' : event.kind == TUI_PROFILED ? 'p' : event.kind == TUI_REPORTED ? 'r' : '?';
            if (event.kind == TUI_SAMPLED || event.kind == TUI_REPORTED)
                assert_int_equal(event.measure->is_sampled, event.kind == TUI_SAMPLED);
        }
        tui_measure_release(&event.measure);
        if (event.ticket == ticket && (event.kind == TUI_REPORTED || event.kind == TUI_FAILED))
            break;
    }
    letters[count] = 0;
    return letters;
}

static void an_estimate_comes_before_what_takes_long_and_only_then(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *events;
    } rows[] = {
        { SLOW, "spsr" },           /* the tensor was not read before */
        { "kmeans:per=row", "psr" }, { "absmax:per=row", "pr" }, { "absmax:clip=kl,per=row,bits=4", "psr" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ql_spec spec = spec_of(rows[i].spec);
        assert_string_equal(events_of(tui_jobs_measure(app.jobs, 0, &spec, NULL)), rows[i].events);
    }
}

static void a_newer_request_ends_the_estimates_of_the_older_one(void **state)
{
    (void)state;
    const ql_spec slow = spec_of(SLOW), quick = spec_of("absmax:bits=4");
    const uint64_t old = tui_jobs_measure(app.jobs, 0, &slow, NULL);
    tui_event event;
    do {
        next_event(&event);
        tui_measure_release(&event.measure);
    } while (event.kind != TUI_SAMPLED);
    const uint64_t new = tui_jobs_measure(app.jobs, 0, &quick, NULL);
    bool has_new = false;
    while (event.kind != TUI_REPORTED) {
        next_event(&event);
        has_new |= event.ticket == new;
        if (has_new)
            assert_true(event.ticket != old);
        tui_measure_release(&event.measure);
    }
    assert_true(has_new && event.ticket == new);
}

/* Of columns that wait, too: before the report of what is selected, if it has not begun. */
static void columns_that_wait_have_their_estimates_first(void **state)
{
    (void)state;
    const ql_spec slow = spec_of(SLOW);
    const tui_task tasks[] = { { .spec = spec_of("kmeans:per=row"), .wants_sample = true },
                               { .spec = spec_of("absmax:bits=4"), .wants_sample = true }, /* quick */
                               { .spec = spec_of("kmeans:bits=3,per=row") } };
    tui_jobs_measure(app.jobs, 0, &slow, NULL);
    const uint64_t queue = tui_jobs_queue(app.jobs, 0, tasks, sizeof tasks / sizeof tasks[0]);
    char letters[16];
    size_t count = 0;
    for (tui_event event = { 0 }; event.kind != TUI_EMPTIED || event.ticket != queue;) {
        next_event(&event);
        const char letter = event.kind == TUI_QUEUE_SAMPLED ? 's' : event.kind == TUI_QUEUED ? 'q' : event.kind == TUI_REPORTED ? 'r' : 0;
        if (letter && count + 1 < sizeof letters)
            letters[count++] = letter;
        if (event.kind == TUI_QUEUE_SAMPLED) {
            assert_true(event.measure->is_sampled);
            assert_string_equal(event.measure->report->spec_text, "kmeans:per=row");
        }
        tui_measure_release(&event.measure);
    }
    letters[count] = 0;
    if (strcmp(letters, "srqqq") != 0) /* the report had begun before they were asked for */
        assert_string_equal(letters, "rsqqq");
}

/* ---- On the screen ------------------------------------------------------------------------------------------------ */

/* An estimate under the current spec; one reference. */
static tui_measure *estimate(bool is_profiled)
{
    ql_engine *engine;
    ql_excerpt *excerpt;
    ql_profile *profile = NULL;
    ql_report *report;
    ql_error error;
    const ql_tensor *tensor = tui_document_tensor(&app.document);
    must(ql_engine_new(2, &engine, &error), &error);
    must(ql_excerpt_make(engine, tensor, &app.document.spec, NULL, &excerpt, &error), &error);
    if (is_profiled) {
        must(ql_profile_make(engine, app.model, tensor, NULL, &profile, &error), &error);
        ql_excerpt_learn(excerpt, profile);
    }
    must(ql_excerpt_report(engine, excerpt, &app.document.spec, NULL, &report, &error), &error);
    ql_excerpt_free(&excerpt);
    ql_profile_free(&profile);
    ql_engine_free(&engine);
    tui_measure *made = tui_measure_new(0, &report);
    assert_non_null(made);
    return made;
}

/* The screen as text, to be freed. */
static char *draw(int rows, int cols, bool ascii)
{
    app.canvas.ascii = ascii;
    assert_true(tui_canvas_resize(&app.canvas, rows, cols));
    tui_app_draw(&app);
    char *text = malloc((size_t)rows * ((size_t)cols * 4 + 1) + 1);
    size_t used = 0;
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < cols; x++) {
            char bytes[5];
            const uint32_t codepoint = app.canvas.cells[y * cols + x].codepoint;
            const size_t size = codepoint ? text_encode(codepoint, bytes) : 0;
            memcpy(text + used, bytes, size);
            used += size;
        }
        text[used++] = '\n';
    }
    text[used] = 0;
    return text;
}

static void assert_drawn(int rows, int cols, bool ascii, const char *const *texts)
{
    char *screen = draw(rows, cols, ascii);
    for (; *texts; texts++)
        if (!strstr(screen, *texts))
            fail_msg("'%s' is not on the screen:\n%s", *texts, screen);
    free(screen);
}

#define DRAWN(rows, cols, ascii, ...) assert_drawn(rows, cols, ascii, (const char *const[]) { __VA_ARGS__, NULL })

static void an_estimate_is_marked_wherever_it_stands(void **state)
{
    (void)state;
    tui_measure *measure = estimate(true);
    tui_document_show(&app.document, measure);
    DRAWN(36, 120, false, "≈ Distribution · w", "≈ Error", "SQNR  ≈ ", "─ ≈ w ─", " of 1,048,576 weights; the exact numbers are on their way");
    DRAWN(24, 80, false, "SQNR ≈ ", "≈ estimated from ");
    DRAWN(36, 120, true, "~ Distribution . w", "~ Error", "SQNR  ~ ", "~ estimated from ");
    char *screen = draw(36, 120, false);
    assert_null(strstr(screen, "still of"));
    free(screen);
    app.document.stopped = true;
    DRAWN(36, 120, false, "stopped before the exact numbers, r measures again");
    tui_measure_release(&measure);
}

static void a_column_of_compare_marks_what_is_estimated_and_no_more(void **state)
{
    (void)state;
    tui_measure *measure = estimate(true);
    tui_document_show(&app.document, measure);
    app.document.pins.pins[0].shown = tui_measure_retain(measure);
    app.view = tui_view_at(1);
    app.context = app.home = TUI_IN_COMPARE;
    app.pane = app.view->first_pane;
    DRAWN(36, 120, false, "≈ A absmax:per=row,clip=kl ─", " estimate ─");
    char *screen = draw(36, 120, false), *line = strstr(screen, "SQNR dB      ≈"), *bits = strstr(screen, "bits/weight");
    assert_non_null(line);
    assert_non_null(bits);
    bits[strcspn(bits, "\n")] = 0;
    assert_null(strstr(bits, "≈"));
    free(screen);
    DRAWN(24, 80, true, "SQNR dB      ~");
    tui_measure_release(&measure);
}

/* As if the worker had sent it. */
static void send(uint64_t ticket, tui_measure *measure)
{
    tui_events_post(&app.jobs->events, &(tui_event) { .kind = TUI_SAMPLED, .ticket = ticket, .measure = tui_measure_retain(measure) });
    assert_true(tui_document_collect(&app.document));
}

static void an_estimate_is_neither_kept_nor_copied_nor_a_finding(void **state)
{
    (void)state;
    tui_measure *measure = estimate(false);
    app.document.ticket = 7;
    send(6, measure);
    assert_null(app.document.shown); /* of an older request */
    send(7, measure);
    assert_ptr_equal(app.document.shown, measure);
    assert_ptr_equal(app.document.pins.pins[0].shown, measure);
    assert_true(tui_document_is_current(&app.document));
    assert_false(tui_document_is_exact(&app.document));
    assert_int_equal(app.document.cache.count, 0);
    assert_false(tui_findings_is_tried(&app.document.findings, 0));
    assert_false(tui_pin_is_exact(&app.document, 0));
    tui_copy_row(&app);
    assert_string_equal(app.document.message, "there are no numbers yet");
    tui_act_remedy(&app, 0);
    assert_string_equal(app.document.spec_text, "absmax:per=row,clip=kl");
    tui_measure_release(&measure);
}

static void exact_numbers_are_not_replaced_by_an_estimate(void **state)
{
    (void)state;
    const ql_spec quick = spec_of("absmax:bits=4");
    tui_document_use(&app.document, &quick);
    tui_measure *measure = estimate(false);
    tui_document_measure(&app.document);
    while (app.document.busy) {
        struct pollfd fd = { .fd = tui_jobs_fd(app.jobs), .events = POLLIN };
        assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
        tui_document_collect(&app.document);
    }
    assert_true(tui_document_is_exact(&app.document));
    send(app.document.ticket, measure);
    assert_true(tui_document_is_exact(&app.document));
    assert_false(app.document.shown->is_sampled);
    tui_measure_release(&measure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_estimate_comes_before_what_takes_long_and_only_then, begin, end),
        cmocka_unit_test_setup_teardown(a_newer_request_ends_the_estimates_of_the_older_one, begin, end),
        cmocka_unit_test_setup_teardown(columns_that_wait_have_their_estimates_first, begin, end),
        cmocka_unit_test_setup_teardown(an_estimate_is_marked_wherever_it_stands, begin, end),
        cmocka_unit_test_setup_teardown(a_column_of_compare_marks_what_is_estimated_and_no_more, begin, end),
        cmocka_unit_test_setup_teardown(an_estimate_is_neither_kept_nor_copied_nor_a_finding, begin, end),
        cmocka_unit_test_setup_teardown(exact_numbers_are_not_replaced_by_an_estimate, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
