/* The worker thread: what it does next, and the stages of a request. */
#include "tui/worker.h"

#include <stdio.h>
#include <time.h>

bool tui_watcher_tick(void *context, uint64_t done, uint64_t total)
{
    const tui_watcher *watch = context;
    tui_jobs *jobs = watch->jobs;
    atomic_store(&jobs->done, done);
    atomic_store(&jobs->total, total);
    if (atomic_load(&jobs->quit))
        return false;
    if (watch->newest && atomic_load(watch->newest) != watch->own)
        return false;
    return watch->ticket == 0 ? !atomic_load(&jobs->stop_export) : atomic_load(&jobs->newest) == watch->ticket;
}

double tui_worker_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void tui_worker_begin(tui_jobs *jobs, const char *what)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->doing = what;
    jobs->began = tui_worker_now();
    pthread_mutex_unlock(&jobs->lock);
    atomic_store(&jobs->done, 0);
    atomic_store(&jobs->total, 0);
}

ql_status tui_need_engine(tui_jobs *jobs, ql_error *error)
{
    return jobs->engine ? QL_OK : ql_engine_new(jobs->threads, &jobs->engine, error);
}

ql_status tui_need_profile(tui_jobs *jobs, size_t tensor, const ql_monitor *monitor, ql_error *error)
{
    if (tui_need_engine(jobs, error) != QL_OK)
        return error->status;
    if (jobs->profiles[tensor])
        return QL_OK;
    tui_worker_begin(jobs, "reading the tensor");
    return ql_profile_make(jobs->engine, jobs->model, ql_model_tensor(jobs->model, tensor), monitor, &jobs->profiles[tensor],
                           error);
}

ql_status tui_need_measure(tui_jobs *jobs, tui_request *job, const ql_monitor *monitor, ql_error *error)
{
    if (job->measure)
        return QL_OK;
    tui_worker_begin(jobs, "measuring");
    ql_report *report = NULL;
    ql_status status = ql_report_make(jobs->engine, jobs->profiles[job->tensor], &job->spec, monitor, &report, error);
    if (status != QL_OK)
        return status;
    job->measure = tui_measure_new(job->tensor, &report);
    if (job->measure)
        return QL_OK;
    snprintf(error->message, sizeof error->message, "out of memory for a report");
    return error->status = QL_NO_MEMORY;
}

/* Does one stage of the job and says so in `event`. */
static ql_status run_stage(tui_jobs *jobs, tui_request *job, tui_event *event)
{
    tui_watcher watch = { jobs, job->ticket, NULL, 0 };
    ql_monitor monitor = { tui_watcher_tick, &watch };
    ql_status status = QL_OK;
    switch (job->stage) {
    case TUI_STAGE_GLANCE:
    case TUI_STAGE_SAMPLE:
        event->kind = TUI_SAMPLED;
        if (!job->measure && (job->stage == TUI_STAGE_SAMPLE || !jobs->profiles[job->tensor]))
            status = tui_make_sample(jobs, job->tensor, &job->spec, &monitor, &event->measure);
        return status;
    case TUI_STAGE_PROFILE:
        event->kind = TUI_PROFILED;
        status = tui_need_profile(jobs, job->tensor, &monitor, &event->error);
        event->profile = jobs->profiles[job->tensor];
        break;
    case TUI_STAGE_REPORT:
        event->kind = TUI_REPORTED;
        status = tui_need_measure(jobs, job, &monitor, &event->error);
        break;
    case TUI_STAGE_WHY:
        event->kind = TUI_EXPLAINED;
        tui_worker_begin(jobs, "looking for a remedy");
        status = ql_why_make(jobs->engine, jobs->profiles[job->tensor], job->measure->report, &monitor, &event->why,
                             &event->error);
        break;
    case TUI_STAGE_DONE:
        break;
    }
    event->measure = tui_measure_retain(job->measure);
    return status;
}

/* The next stage of what is wanted. Called and returns with the lock held. */
static void work_on_request(tui_jobs *jobs)
{
    tui_request job = jobs->wanted;
    tui_measure_retain(job.measure);
    pthread_mutex_unlock(&jobs->lock);

    tui_event event = { .ticket = job.ticket, .tensor = job.tensor };
    ql_status status = run_stage(jobs, &job, &event);
    const bool is_silent = event.kind == TUI_SAMPLED && !event.measure;
    if (status == QL_CANCELLED) {
        tui_measure_release(&event.measure);
    } else if (!is_silent) {
        if (status != QL_OK) {
            event.kind = TUI_FAILED;
            event.error.status = status;
        }
        tui_events_post(&jobs->events, &event);
    }
    bool finished = status == QL_OK && job.stage == TUI_STAGE_WHY;
    if (finished)
        tui_events_post(&jobs->events, &(tui_event) { .kind = TUI_FINISHED, .ticket = job.ticket, .tensor = job.tensor });

    pthread_mutex_lock(&jobs->lock);
    if (jobs->wanted.ticket == job.ticket && jobs->wanted.stage != TUI_STAGE_DONE) {
        jobs->wanted.stage = status == QL_OK ? job.stage + 1 : TUI_STAGE_DONE;
        if (!jobs->wanted.measure)
            jobs->wanted.measure = tui_measure_retain(job.measure);
    }
    tui_measure_release(&job.measure);
}

/* TUI_LOOK_COUNT: none is wanted. */
static tui_look_kind next_look(const tui_jobs *jobs)
{
    int kind = 0;
    while (kind < TUI_LOOK_COUNT && !jobs->looks[kind].measure)
        kind++;
    return (tui_look_kind)kind;
}

void *tui_worker_run(void *context)
{
    tui_jobs *jobs = context;
    pthread_mutex_lock(&jobs->lock);
    while (!atomic_load(&jobs->quit)) {
        bool has_request = jobs->wanted.stage != TUI_STAGE_DONE;
        if (jobs->export && (!has_request || jobs->wanted.stage == TUI_STAGE_WHY)) {
            tui_work_export(jobs);
        } else if (jobs->inputs) {
            tui_work_inputs(jobs);
        } else if (jobs->queue.sampled < jobs->queue.count && (!has_request || jobs->wanted.stage >= TUI_STAGE_REPORT)) {
            tui_work_queue_sample(jobs);
        } else if (next_look(jobs) < TUI_LOOK_COUNT && (!has_request || jobs->wanted.stage == TUI_STAGE_WHY)) {
            tui_work_look(jobs, next_look(jobs));
        } else if (jobs->queue.next < jobs->queue.count && (!has_request || jobs->wanted.stage == TUI_STAGE_WHY)) {
            tui_work_queue(jobs);
        } else if (has_request) {
            work_on_request(jobs);
        } else if (tui_scan_is_left(&jobs->scan)) {
            tui_work_scan(jobs);
        } else {
            jobs->doing = NULL;
            pthread_cond_wait(&jobs->changed, &jobs->lock);
        }
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}
