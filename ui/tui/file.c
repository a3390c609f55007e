/* Opening a file: at the start, and in the place of another. */
#include "tui/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/near.h"
#include "tui/signals.h"
#include "tui/sub.h"

static ql_text name_at(const void *context, size_t index)
{
    return ql_model_tensor(context, index)->name;
}

/* The first that the pattern matches, else the first matrix in natural order, else the first tensor. */
static ql_status choose_tensor(tui_file *file, const tui_source *source, ql_error *error)
{
    char shown[200];
    const ql_model *model = file->model;
    const size_t count = ql_model_tensor_count(model);
    file->tensor = count > 0 ? file->list.order[0] : 0;
    for (size_t i = count; i-- > 0;) {
        const ql_tensor *tensor = ql_model_tensor(model, file->list.order[i]);
        if (tensor->rows > 1 && tensor->cols > 1)
            file->tensor = file->list.order[i];
    }
    if (count == 0) {
        ql_text_print(shown, sizeof shown, ql_text_from(ql_model_path(model)), 150);
        snprintf(error->message, sizeof error->message, "%s: no tensors in this file: nothing to show", shown);
        return error->status = QL_BAD_FILE;
    }
    if (!source->tensor || ql_model_match(model, source->tensor, &file->tensor, 1) > 0 || !source->must_match)
        return QL_OK;
    ql_text_print(shown, sizeof shown, ql_text_from(source->tensor), 100);
    size_t near;
    if (text_near(source->tensor, name_at, model, count, &near, 1) > 0) {
        char meant[200];
        ql_text_print(meant, sizeof meant, ql_model_tensor(model, near)->name, 100);
        snprintf(error->message, sizeof error->message, "no tensor matches '%s'; did you mean '%s'?", shown, meant);
    } else {
        snprintf(error->message, sizeof error->message, "no tensor matches '%s'; `qloupe ls` lists the names", shown);
    }
    return error->status = QL_BAD_USAGE;
}

ql_status tui_file_read(const tui_source *source, tui_file *out, ql_error *error)
{
    *out = (tui_file) { 0 };
    ql_status status = source->raw ? ql_model_open_raw(source->path, source->raw, source->layout, &out->model, error)
                                   : ql_model_open(source->path, source->layout, &out->model, error);
    if (status == QL_OK)
        status = tui_list_start(&out->list, out->model, error);
    if (status == QL_OK)
        status = choose_tensor(out, source, error);
    if (status != QL_OK)
        tui_file_free(out);
    return status;
}

void tui_file_free(tui_file *file)
{
    tui_list_free(&file->list);
    ql_model_free(&file->model);
}

ql_status tui_file_show(tui_app *app, tui_file *file, const char *spec, ql_error *error)
{
    tui_jobs *jobs = NULL;
    tui_document document = { 0 };
    ql_status status = tui_jobs_start(file->model, app->threads, &jobs, error);
    if (status == QL_OK)
        status = tui_document_start(&document, file->model, jobs, file->tensor, spec, error);
    if (status != QL_OK) {
        tui_jobs_stop(&jobs);
        tui_document_free(&document);
        tui_file_free(file);
        return status;
    }
    const int sort = app->model ? app->list.column : app->first_sort;
    ql_error misfit; /* those of the file before, but for a folder with the layers of another model */
    if (app->document.inputs && ql_activations_check(app->document.inputs->activations, file->model, &misfit) == QL_OK)
        tui_document_use_inputs(&document, app->document.inputs);
    if (app->view->close)
        app->view->close(app);
    tui_jobs_stop(&app->jobs);
    tui_document_free(&app->document);
    tui_list_free(&app->list);
    ql_model_free(&app->model);
    app->model = file->model;
    app->list = file->list;
    app->jobs = jobs;
    app->document = document;
    tui_window_reset(app);
    tui_sub_forget(app);
    if (sort != TUI_COLUMN_NAME)
        tui_list_sort(&app->list, &app->document.findings, sort, false);
    if (app->view->open)
        app->view->open(app);
    if (app->context & TUI_TYPING) /* what Esc would go back to is gone */
        app->context = app->home;
    *file = (tui_file) { 0 };
    return QL_OK;
}

/* Columns that nobody asked for are not kept. */
static void note_place(tui_app *app)
{
    const tui_document *document = &app->document;
    const tui_pins *pins = &document->pins;
    tui_place place = { .path = ql_model_path(app->model),
                        .spec = document->spec_text,
                        .tensor = tui_document_tensor(document)->name };
    for (size_t i = 0; i < pins->count; i++) {
        if (pins->pins[i].is_offered && i != pins->at)
            continue;
        place.pin_at = i == pins->at ? place.pin_count : place.pin_at;
        place.baseline = i == pins->baseline ? place.pin_count : place.baseline;
        place.pins[place.pin_count++] = pins->pins[i].spec_text;
    }
    if (place.pin_count < 2)
        place.pin_count = place.pin_at = place.baseline = 0;
    tui_state_note(&app->state, &place);
}

void tui_file_recall(tui_app *app, const tui_known *known)
{
    if (known && known->pin_count > 0)
        tui_pins_restore(&app->document, (const char *const *)known->pins, known->pin_count, known->pin_at, known->baseline);
}

void tui_file_remember(tui_app *app)
{
    if (!app->raw) /* what was said of the file is not kept */
        note_place(app);
}

/* ---- A thread that opens --------------------------------------------------------------------------------------- */

struct tui_opener {
    char *path, *tensor; /* owned */
    tui_source source;
    int wake[2]; /* its other end is closed when the thread has ended */
    pthread_t thread;
    pthread_mutex_t lock;
    bool ended, abandoned; /* under the lock: the last of both sides frees */
    tui_file file;
    ql_error error;
};

static void free_opener(tui_opener *opener)
{
    tui_file_free(&opener->file);
    close(opener->wake[0]);
    pthread_mutex_destroy(&opener->lock);
    free(opener->path);
    free(opener->tensor);
    free(opener);
}

static void *run(void *context)
{
    tui_opener *opener = context;
    opener->error.status = tui_file_read(&opener->source, &opener->file, &opener->error);
    pthread_mutex_lock(&opener->lock);
    opener->ended = true;
    const bool abandoned = opener->abandoned;
    close(opener->wake[1]);
    pthread_mutex_unlock(&opener->lock);
    if (abandoned)
        free_opener(opener);
    return NULL;
}

tui_opener *tui_opener_start(const tui_source *source)
{
    tui_opener *opener = calloc(1, sizeof *opener);
    if (!opener || pipe2(opener->wake, O_CLOEXEC) != 0) {
        free(opener);
        return NULL;
    }
    opener->path = strdup(source->path);
    opener->tensor = source->tensor ? strdup(source->tensor) : NULL;
    opener->source = *source;
    opener->source.path = opener->path;
    opener->source.tensor = opener->tensor;
    pthread_mutex_init(&opener->lock, NULL);
    if (opener->path && tui_signals_thread(&opener->thread, run, opener))
        return opener;
    close(opener->wake[1]);
    free_opener(opener);
    return NULL;
}

int tui_opener_fd(const tui_opener *opener)
{
    return opener ? opener->wake[0] : -1;
}

ql_status tui_opener_take(tui_opener **held, tui_file *out, ql_error *error)
{
    tui_opener *opener = *held;
    *held = NULL;
    pthread_join(opener->thread, NULL);
    *out = opener->file;
    *error = opener->error;
    opener->file = (tui_file) { 0 };
    free_opener(opener);
    return error->status;
}

void tui_opener_abandon(tui_opener **held)
{
    tui_opener *opener = *held;
    *held = NULL;
    if (!opener)
        return;
    pthread_detach(opener->thread);
    pthread_mutex_lock(&opener->lock);
    opener->abandoned = true;
    const bool ended = opener->ended;
    pthread_mutex_unlock(&opener->lock);
    if (ended)
        free_opener(opener);
}
