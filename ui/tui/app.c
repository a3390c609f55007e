/* The event loop: draws, then sleeps until a key, a signal or the worker has something. */
#include "tui/app.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "tui/actions.h"
#include "tui/bars.h"
#include "tui/export.h"
#include "tui/file.h"
#include "tui/help.h"
#include "tui/keys.h"
#include "tui/knobs.h"
#include "tui/record.h"
#include "tui/signals.h"
#include "tui/sub.h"
#include "tui/terminal.h"

enum { LEAST_COLS = 60, LEAST_ROWS = 16, NARROW_COLS = 100, SHORT_ROWS = 20, TICK_MS = 100 };

static void draw_too_small(tui_app *app)
{
    tui_canvas_format(&app->canvas, 0, 0, app->canvas.cols, TUI_TEXT, "qloupe needs %dx%d cells, has %dx%d", LEAST_COLS,
                      LEAST_ROWS, app->canvas.cols, app->canvas.rows);
}

void tui_app_draw(tui_app *app)
{
    tui_canvas *canvas = &app->canvas;
    int rows = canvas->rows, cols = canvas->cols;
    app->frame++;
    app->cursor_y = -1;
    app->hits.count = app->hits.outside = 0;
    canvas->faded = false;
    tui_canvas_clear(canvas, (tui_rect) { 0, 0, rows, cols }, TUI_TEXT);
    tui_looks_begin(&app->document);
    tui_seek_worst(app);
    tui_list_refresh(&app->list, &app->document.findings);
    tui_window_follow_tensor(app);
    if (rows < LEAST_ROWS || cols < LEAST_COLS) {
        draw_too_small(app);
        return;
    }
    int why_rows = rows < SHORT_ROWS ? 1 : cols < NARROW_COLS ? 3 : 2;
    tui_rect area = { 3, 0, rows - 5 - why_rows, cols };
    int knobs = app->home == TUI_IN_KNOBS ? tui_knobs_cols(cols) : 0;
    tui_bar_title(app, 0);
    tui_bar_spec(app, 1);
    tui_bar_formula(app, 2);
    app->view->draw(app, (tui_rect) { area.y, knobs, area.rows, cols - knobs });
    if (knobs > 0)
        tui_knobs_draw(app, (tui_rect) { area.y, 0, area.rows, knobs });
    tui_bar_why(app, (tui_rect) { area.y + area.rows, 0, why_rows, cols });
    app->hits.outside = app->hits.count;
    tui_bar_status(app, rows - 2);
    tui_keys_footer(app, rows - 1, cols);
    if (app->context == TUI_IN_HELP)
        tui_help_draw(app, area);
    else if (app->context == TUI_IN_EXPORT)
        tui_export_draw(app, area);
}

/* Nothing is under way. */
static bool is_settled(const tui_app *app)
{
    return !app->opener && tui_document_is_settled(&app->document);
}

static void paint(tui_app *app)
{
    int rows, cols;
    tui_terminal_size(&rows, &cols);
    if ((rows != app->canvas.rows || cols != app->canvas.cols) && !tui_canvas_resize(&app->canvas, rows, cols))
        return;
    if (app->redraw)
        tui_terminal_forget();
    app->redraw = false;
    tui_app_draw(app);
    tui_looks_ask(&app->document);
    app->quiet = is_settled(app);
    const bool sent = tui_terminal_show(&app->canvas, app->cursor_y, app->cursor_x);
    const bool is_here = !app->opener;
    tui_latency_painted(app->latency, sent, is_here && tui_document_is_current(&app->document),
                        is_here && tui_document_is_exact(&app->document));
}

/* The file that was being opened takes the place of this one, or the message says why not. */
static void take_opened(tui_app *app)
{
    struct pollfd fd = { .fd = tui_opener_fd(app->opener), .events = POLLIN };
    tui_file file;
    ql_error error = { 0 };
    char spec[QL_SPEC_TEXT];
    const tui_known *known = NULL;
    if (!app->opener || poll(&fd, 1, 0) != 1)
        return;
    snprintf(spec, sizeof spec, "%s", app->document.spec_text);
    tui_file_remember(app);
    if (tui_opener_take(&app->opener, &file, &error) == QL_OK &&
        (known = tui_state_find(&app->state, ql_model_path(file.model))) != NULL)
        snprintf(spec, sizeof spec, "%s", known->spec);
    if (error.status != QL_OK || tui_file_show(app, &file, spec, &error) != QL_OK) {
        tui_document_say(&app->document, true, "%s", error.message);
        return;
    }
    app->raw = NULL;
    app->layout = QL_LAYOUT_AUTO;
    tui_file_recall(app, known);
    tui_document_measure(&app->document);
}

static void press(tui_app *app, tui_key key)
{
    tui_latency_pressed(app->latency);
    if (!tui_hits_take(app, key))
        return;
    tui_record_key(app->record, app, key, is_settled(app));
    tui_keys_dispatch(app, key);
    tui_record_after(app->record, is_settled(app));
}

/* Hands over the next key of the script; false when there is none now: it waits for an answer, or is at its end. */
static bool play(tui_app *app)
{
    tui_script *script = &app->script;
    if (script->next == script->count || app->latency)
        return false;
    tui_key key = script->keys[script->next];
    /* A turn or a view that needs numbers is made, a file opened, the microscope in its place, and what has a cursor of its
       own there before the next key, so that a script always does the same. */
    const tui_document *document = &app->document;
    const bool settled = is_settled(app);
    if (key == TUI_KEY_SETTLE
            ? !settled || !app->quiet /* the frame may wish something else */
            : app->opener || document->pending_count > 0 || app->dialog.waits || (app->window.is_due && !settled) ||
                  (document->pins.open && !settled && !tui_scope_is_placed(document)) ||
                  (tui_sub_context(app) && !(settled && app->quiet)))
        return false;
    script->next++;
    if (key != TUI_KEY_SETTLE)
        press(app, key);
    return true;
}

/* Types the next key of a script that is timed, once the one before has had its whole answer. True when the terminal cannot
   and the key has been acted on. */
static bool play_timed(tui_app *app)
{
    tui_script *script = &app->script;
    if (!app->latency || tui_latency_is_waiting(app->latency) || !is_settled(app))
        return false;
    while (script->next < script->count && script->keys[script->next] == TUI_KEY_SETTLE)
        script->next++;
    if (script->next == script->count)
        return true; /* the end was only waited for */
    const tui_key key = script->keys[script->next++];
    if (tui_latency_type(app->latency, key))
        return false;
    press(app, key);
    return true;
}

/* All has been played and every number is exact: without a person at a terminal that is the end. */
static bool is_over(const tui_app *app)
{
    const bool is_alone = app->headless || (app->latency && !tui_latency_is_waiting(app->latency));
    return app->quit || app->signal || (is_alone && app->script.next == app->script.count && is_settled(app));
}

static void take_signals(tui_app *app)
{
    tui_notices notices = tui_signals_take();
    app->signal = notices.ended;
    app->suspend |= notices.suspend;
    app->redraw |= notices.continued;
}

/* Sleeps until something happens, or until what moves on the screen should move. */
static ql_status wait_for_news(tui_app *app, ql_error *error)
{
    struct pollfd fds[] = {
        { .fd = tui_signals_fd(), .events = POLLIN },
        { .fd = tui_jobs_fd(app->jobs), .events = POLLIN },
        { .fd = tui_terminal_fd(), .events = POLLIN },
        { .fd = tui_opener_fd(app->opener), .events = POLLIN },
    };
    int ready = poll(fds, sizeof fds / sizeof fds[0], tui_document_is_settled(&app->document) ? -1 : TICK_MS);
    if (ready < 0 && errno != EINTR) {
        snprintf(error->message, sizeof error->message, "waiting for keys failed");
        return error->status = QL_BAD_FILE;
    }
    if (ready > 0 && fds[2].revents & (POLLHUP | POLLERR | POLLNVAL)) {
        snprintf(error->message, sizeof error->message, "the terminal is gone");
        return error->status = QL_BAD_FILE;
    }
    return QL_OK;
}

ql_status tui_app_run(tui_app *app, ql_error *error)
{
    paint(app); /* the frame first, numbers as they come */
    tui_document_measure(&app->document);
    for (;;) {
        tui_document_collect(&app->document);
        tui_export_follow(app);
        take_opened(app);
        take_signals(app);
        for (tui_key key; !app->headless && !app->quit && (key = tui_terminal_key()) != TUI_KEY_NONE;)
            press(app, key);
        bool played = play(app);
        if (app->suspend) {
            app->suspend = false;
            tui_terminal_suspend();
        }
        const bool was_quiet = app->quiet;
        paint(app);
        if (is_over(app))
            return QL_OK;
        if (!played && (was_quiet || !app->quiet) && !play_timed(app) && wait_for_news(app, error) != QL_OK)
            return error->status;
    }
}
