/* Starts and ends the terminal interface. */
#include "tui/tui.h"

#include <errno.h>
#include <locale.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/memory.h"
#include "text/plain.h"
#include "tui/config.h"
#include "tui/file.h"
#include "tui/record.h"
#include "tui/screenshot.h"
#include "tui/signals.h"
#include "tui/terminal.h"

enum { EXIT_WRONG = 2, MOST_CELLS = 1000 };

static int complain(const char *message)
{
    fprintf(stderr, "qloupe: %s\n", message);
    return EXIT_WRONG;
}

/* "120x36". */
static ql_status parse_size(const char *text, int *rows, int *cols, ql_error *error)
{
    char rest;
    if (sscanf(text, "%4dx%4d%c", cols, rows, &rest) == 2 && *cols >= 1 && *cols <= MOST_CELLS && *rows >= 1 &&
        *rows <= MOST_CELLS)
        return QL_OK;
    snprintf(error->message, sizeof error->message, "--size: a size is COLUMNSxROWS, such as 120x36, each 1 to %d",
             MOST_CELLS);
    return error->status = QL_BAD_USAGE;
}

/* What named the activations goes before the message. */
static ql_status fail_inputs(const tui_options *options, const ql_error *reason, ql_error *error)
{
    const char *named_by = options->x ? "--x" : "setting x";
    snprintf(error->message, sizeof error->message, "%s: %.*s", named_by, (int)sizeof error->message - 16, reason->message);
    return error->status = reason->status;
}

/* The activations that an option names, or else a setting, or else those of the demo model. *out stays NULL for synthetic
   ones. */
static ql_status open_inputs(const tui_app *app, tui_inputs **out, ql_error *error)
{
    const tui_options *options = app->options;
    const bool is_set = strcmp(app->first_x, TUI_INPUTS_USUAL) != 0;
    const char *x = options->x ? options->x : is_set ? app->first_x : options->usual_x;
    ql_error reason;
    return !x || tui_inputs_open(x, out, &reason) == QL_OK ? QL_OK : fail_inputs(options, &reason, error);
}

/* Gives back a folder of activations without a file for any tensor of the model. */
static ql_status check_inputs(tui_inputs **inputs, const ql_model *model, const tui_options *options, ql_error *error)
{
    ql_error reason;
    if (!*inputs || ql_activations_check((*inputs)->activations, model, &reason) == QL_OK)
        return QL_OK;
    tui_inputs_release(inputs);
    return fail_inputs(options, &reason, error);
}

/* Everything that can fail without a terminal, so that errors are plain lines. */
static ql_status prepare(tui_app *app, tui_terminal_options *terminal, ql_error *error)
{
    const tui_options *options = app->options;
    tui_source source = { options->path, options->raw, options->layout, options->tensor, options->tensor != NULL };
    tui_file file;
    ql_error damage = { 0 }, nonsense = { 0 };
    const char *spec = options->spec, *keys_option = options->bench ? "--bench-ui" : "--keys";
    terminal->headless = app->headless = !options->bench && (options->size || options->screenshot);
    terminal->color = options->color;
    terminal->rows = 36;
    terminal->cols = 120;
    if (options->screenshot && tui_screenshot_check(options->screenshot, error) != QL_OK)
        return error->status;
    /* A script does the same whatever was done before it. */
    if (!app->headless && !options->no_state && !options->keys) {
        tui_state_load(&app->state, &damage);
        tui_theme_use(app->state.theme);
        tui_config_load(app, &nonsense);
        app->state.is_used &= !app->forgets;
    }
    app->threads = options->threads ? options->threads : app->threads;
    const tui_known *known = options->raw ? NULL : tui_state_find(&app->state, options->path);
    if (known && !source.tensor)
        source.tensor = known->tensor;
    if (!spec)
        spec = known ? known->spec : app->first_spec;
    tui_inputs *inputs = NULL;
    if ((options->size && parse_size(options->size, &terminal->rows, &terminal->cols, error) != QL_OK) ||
        (options->keys && tui_script_read(keys_option, options->keys, &app->script, error) != QL_OK) ||
        (options->record && tui_record_open(options->record, &app->record, error) != QL_OK) ||
        (options->bench &&
         tui_latency_start(terminal->rows, terminal->cols, app->script.count, &app->latency, error) != QL_OK) ||
        (open_inputs(app, &inputs, options->x ? error : &nonsense) != QL_OK && options->x))
        return error->status;
    ql_status status = tui_file_read(&source, &file, error);
    if (status == QL_OK && check_inputs(&inputs, file.model, options, options->x ? error : &nonsense) != QL_OK &&
        options->x) {
        status = error->status;
        tui_file_free(&file);
    }
    if (status != QL_OK) {
        tui_inputs_release(&inputs);
        return status;
    }
    terminal->on_fd = options->bench;
    terminal->no_mouse = app->no_mouse;
    terminal->fd = options->bench ? tui_latency_terminal(app->latency) : -1;
    status = tui_file_show(app, &file, spec, error);
    if (status == QL_OK && !options->spec)
        tui_file_recall(app, known);
    if (status == QL_OK && inputs)
        tui_document_use_inputs(&app->document, inputs);
    tui_inputs_release(&inputs);
    if (status == QL_OK && (damage.status != QL_OK || nonsense.status != QL_OK))
        tui_document_say(&app->document, true, "%s", damage.status != QL_OK ? damage.message : nonsense.message);
    return status;
}

/* A session is not a failure for what could not be kept of it. */
static void save_state(tui_app *app)
{
    ql_error error;
    app->state.is_used &= !app->forgets;
    tui_file_remember(app);
    app->state.theme = tui_theme_index();
    if (tui_state_save(&app->state, &error) != QL_OK)
        complain(error.message);
}

/* What the keys took, on stdout. */
static ql_status report_latency(tui_app *app, ql_error *error)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const unsigned threads = app->threads ? app->threads : online > 0 ? (unsigned)online : 1;
    tui_latency_report(app->latency, threads, app->options->json, stdout);
    if (fflush(stdout) == 0)
        return QL_OK;
    snprintf(error->message, sizeof error->message, "standard output: %s", strerror(errno));
    return error->status = QL_BAD_WRITE;
}

static void clean_up(tui_app *app)
{
    tui_latency_free(&app->latency);
    tui_opener_abandon(&app->opener);
    tui_jobs_stop(&app->jobs);
    tui_document_free(&app->document);
    tui_list_free(&app->list);
    tui_canvas_free(&app->canvas);
    tui_script_free(&app->script);
    tui_state_free(&app->state);
    ql_model_free(&app->model);
}

/* A signal ends the program as it would have without us, after the terminal is back. SIGINT is an exit code. */
static int end_by_signal(int number)
{
    if (number == SIGINT)
        return 130;
    signal(number, SIG_DFL);
    raise(number);
    return 128 + number;
}

/* What one report frees the next one wants again; given back to the system, it would cost a page fault for every 4 KiB. */
static void keep_freed_memory(void)
{
#if defined(__GLIBC__)
    enum { KEPT = 256 << 20, LARGEST = 32 << 20 };
    mallopt(M_TRIM_THRESHOLD, KEPT);
    mallopt(M_MMAP_THRESHOLD, LARGEST);
#endif
}

int tui_main(const tui_options *options)
{
    keep_freed_memory();
    setlocale(LC_CTYPE, "");
    text_memory_on_end(tui_signals_leave);
    if (options->ascii)
        text_set_ascii(true);
    tui_app app = { .options = options,
                    .first_spec = TUI_FIRST_SPEC,
                    .first_x = TUI_INPUTS_USUAL,
                    .raw = options->raw,
                    .layout = options->layout,
                    .context = TUI_IN_VIEW,
                    .home = TUI_IN_VIEW,
                    .knob = TUI_KNOB_SCHEME,
                    .view = tui_view_at(0),
                    .cursor_y = -1 };
    app.pane = app.view->first_pane;
    app.canvas.ascii = text_ascii();
    tui_terminal_options terminal = { 0 };
    ql_error error = { 0 };
    ql_status status = prepare(&app, &terminal, &error);
    if (status == QL_OK)
        status = tui_terminal_start(&terminal, &error);
    if (status == QL_OK) {
        status = tui_app_run(&app, &error);
        if (status == QL_OK && options->screenshot && !app.signal)
            status = tui_screenshot_write(app.canvas.rows, app.canvas.cols, options->screenshot, &error);
        tui_terminal_stop();
        save_state(&app);
        if (status == QL_OK && options->bench && !app.signal)
            status = report_latency(&app, &error);
    }
    ql_error unwritten;
    if (tui_record_close(&app.record, &unwritten) != QL_OK && status == QL_OK) {
        error = unwritten;
        status = error.status;
    }
    int number = app.signal;
    clean_up(&app);
    if (status != QL_OK)
        return complain(error.message);
    return number ? end_by_signal(number) : 0;
}
