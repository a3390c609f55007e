/* What is looked at beside the report. */
#include "tui/worker.h"

void tui_work_look(tui_jobs *jobs, tui_look_kind kind)
{
    const tui_look_job job = jobs->looks[kind];
    tui_wish wish = { 0 };
    const uint64_t newest = atomic_load(&jobs->newest);
    tui_measure *measure = tui_measure_retain(job.measure);
    tui_wish_keep(&wish, &job.wish);
    pthread_mutex_unlock(&jobs->lock);

    tui_watcher watch = { jobs, newest, &jobs->newest_look[kind], job.ticket };
    const ql_monitor monitor = { tui_watcher_tick, &watch };
    tui_event event = { .kind = TUI_LOOKED, .look = kind, .ticket = job.ticket, .tensor = measure->tensor };
    ql_status status = tui_need_profile(jobs, measure->tensor, &monitor, &event.error);
    if (status == QL_OK) {
        const tui_look_work work = { jobs->engine, jobs->profiles[measure->tensor], measure->report, &monitor, wish };
        tui_worker_begin(jobs, tui_look_doing(kind));
        status = tui_look_make(kind, &work, &event.made, &event.error);
    }
    event.error.status = status;
    tui_measure_release(&measure);
    tui_wish_keep(&wish, NULL);
    if (status != QL_CANCELLED)
        tui_events_post(&jobs->events, &event);
    pthread_mutex_lock(&jobs->lock);
    if (status != QL_CANCELLED && jobs->looks[kind].ticket == job.ticket)
        tui_measure_release(&jobs->looks[kind].measure);
}
