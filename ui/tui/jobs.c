/* What the screen asks of the worker. */
#include "tui/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/signals.h"
#include "tui/worker.h"

bool tui_jobs_event(tui_jobs *jobs, tui_event *out)
{
    return tui_events_take(&jobs->events, out);
}

ql_status tui_jobs_start(const ql_model *model, unsigned threads, tui_jobs **out, ql_error *error)
{
    tui_jobs *jobs = calloc(1, sizeof *jobs);
    ql_profile **profiles = calloc(ql_model_tensor_count(model) + 1, sizeof(ql_profile *));
    if (!jobs || !profiles || !tui_events_start(&jobs->events))
        goto failed;
    jobs->model = model;
    jobs->threads = threads;
    jobs->profiles = profiles;
    jobs->wanted.stage = TUI_STAGE_DONE;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->changed, NULL);
    if (tui_signals_thread(&jobs->thread, tui_worker_run, jobs)) {
        *out = jobs;
        return QL_OK;
    }
    tui_events_stop(&jobs->events);
failed:
    free(jobs);
    free(profiles);
    snprintf(error->message, sizeof error->message, "the system has no room for one more thread");
    return error->status = QL_NO_MEMORY;
}

static void clear_queue(tui_queue *old)
{
    for (size_t i = 0; i < old->count; i++) {
        tui_measure_release(&old->tasks[i].known);
        tui_inputs_release(&old->tasks[i].inputs);
    }
    old->count = old->next = old->sampled = 0;
}

void tui_jobs_stop(tui_jobs **held)
{
    tui_jobs *jobs = *held;
    *held = NULL;
    if (!jobs)
        return;
    pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->quit, true);
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    pthread_join(jobs->thread, NULL);

    for (size_t i = 0; i < TUI_EXCERPTS; i++)
        ql_excerpt_free(&jobs->excerpts[i]);
    for (size_t i = 0; i < ql_model_tensor_count(jobs->model); i++)
        ql_profile_free(&jobs->profiles[i]);
    tui_measure_release(&jobs->wanted.measure);
    for (int kind = 0; kind < TUI_LOOK_COUNT; kind++) {
        tui_measure_release(&jobs->looks[kind].measure);
        tui_wish_keep(&jobs->looks[kind].wish, NULL);
    }
    clear_queue(&jobs->queue);
    ql_engine_free(&jobs->engine);
    tui_events_stop(&jobs->events);
    pthread_mutex_destroy(&jobs->lock);
    pthread_cond_destroy(&jobs->changed);
    tui_export_free(&jobs->export);
    free(jobs->inputs);
    free(jobs->scan.tensors);
    free(jobs->profiles);
    free(jobs);
}

uint64_t tui_jobs_measure(tui_jobs *jobs, size_t tensor, const ql_spec *spec, tui_measure *known)
{
    pthread_mutex_lock(&jobs->lock);
    uint64_t ticket = atomic_fetch_add(&jobs->newest, 1) + 1;
    tui_measure_release(&jobs->wanted.measure);
    jobs->wanted = (tui_request) { ticket, tensor, *spec, tui_measure_retain(known), TUI_STAGE_GLANCE };
    atomic_store(&jobs->hurry, true);
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return ticket;
}

uint64_t tui_jobs_queue(tui_jobs *jobs, size_t tensor, const tui_task *tasks, size_t count)
{
    pthread_mutex_lock(&jobs->lock);
    const uint64_t ticket = atomic_fetch_add(&jobs->newest_queue, 1) + 1;
    tui_queue *made = &jobs->queue;
    clear_queue(made);
    made->ticket = ticket;
    made->tensor = tensor;
    made->count = count < TUI_QUEUE_MOST ? count : TUI_QUEUE_MOST;
    for (size_t i = 0; i < made->count; i++) {
        made->tasks[i] = tasks[i];
        tui_measure_retain(tasks[i].known);
        tui_inputs_retain(tasks[i].inputs);
    }
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return ticket;
}

uint64_t tui_jobs_look(tui_jobs *jobs, tui_look_kind kind, tui_measure *measure, const tui_wish *wish)
{
    pthread_mutex_lock(&jobs->lock);
    const uint64_t ticket = atomic_fetch_add(&jobs->newest_look[kind], 1) + 1;
    tui_measure_release(&jobs->looks[kind].measure);
    jobs->looks[kind].ticket = ticket;
    jobs->looks[kind].measure = tui_measure_retain(measure);
    tui_wish_keep(&jobs->looks[kind].wish, wish);
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return ticket;
}

uint64_t tui_jobs_read(tui_jobs *jobs, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return 0;
    pthread_mutex_lock(&jobs->lock);
    free(jobs->inputs);
    jobs->inputs = copy;
    const uint64_t ticket = ++jobs->inputs_ticket;
    atomic_store(&jobs->hurry, true);
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return ticket;
}

void tui_jobs_export(tui_jobs *jobs, tui_export *wish)
{
    pthread_mutex_lock(&jobs->lock);
    tui_export_free(&jobs->export);
    jobs->export = wish;
    atomic_store(&jobs->stop_export, false);
    atomic_store(&jobs->hurry, true);
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
}

void tui_jobs_cancel(tui_jobs *jobs, bool exports)
{
    pthread_mutex_lock(&jobs->lock);
    atomic_fetch_add(&jobs->newest, 1);
    jobs->wanted.stage = TUI_STAGE_DONE;
    if (exports) {
        atomic_store(&jobs->stop_export, true);
        tui_export_free(&jobs->export);
    }
    pthread_mutex_unlock(&jobs->lock);
}

uint64_t tui_jobs_scan(tui_jobs *jobs, const size_t *tensors, size_t count, const ql_spec *spec)
{
    pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->hurry, true);
    const bool is_set = tui_scan_set(&jobs->scan, jobs->model, tensors, count, spec);
    const uint64_t ticket = is_set ? jobs->scan.ticket : 0;
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return ticket;
}

void tui_jobs_stop_scan(tui_jobs *jobs)
{
    tui_jobs_scan(jobs, NULL, 0, &(ql_spec) { 0 });
}

tui_scan_progress tui_jobs_scan_progress(tui_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    const double share = (double)atomic_load(&jobs->scan_share) / TUI_SHARE_FULL;
    const tui_scan_progress progress = tui_scan_progress_of(&jobs->scan, jobs->model, share, tui_worker_now());
    pthread_mutex_unlock(&jobs->lock);
    return progress;
}

int tui_jobs_fd(const tui_jobs *jobs)
{
    return jobs->events.wake[0];
}

tui_progress tui_jobs_progress(tui_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    const char *doing = jobs->doing;
    double elapsed = tui_worker_now() - jobs->began;
    pthread_mutex_unlock(&jobs->lock);
    uint64_t done = atomic_load(&jobs->done), total = atomic_load(&jobs->total);
    return (tui_progress) { doing != NULL, doing ? doing : "", total > 0 ? (double)done / (double)total : 0, elapsed };
}
