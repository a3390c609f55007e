/* Many tensors in the background. */
#include "tui/worker.h"

enum {
    SCAN_PROFILES = TUI_CACHE_SIZE, /* kept for the next spec: a quarter of a megabyte each */
    SCAN_MEASURES = TUI_CACHE_SIZE, /* sent whole, for the cache */
};

static bool scan_tick(void *context, double share)
{
    tui_jobs *jobs = context;
    atomic_store(&jobs->scan_share, (unsigned)(share * TUI_SHARE_FULL));
    return !atomic_load(&jobs->quit) && !atomic_load(&jobs->hurry);
}

static ql_status scan_tensor(tui_jobs *jobs, const ql_spec *spec, bool sends_measure, tui_event *event)
{
    ql_profile **profile = &jobs->profiles[event->tensor];
    const bool is_known = *profile != NULL;
    if (tui_need_engine(jobs, &event->error) != QL_OK) {
        event->finding.has_failed = true;
        return QL_OK;
    }
    const tui_scan_work work = {
        .engine = jobs->engine,
        .model = jobs->model,
        .spec = spec,
        .profile = is_known || jobs->scan_profiles < SCAN_PROFILES ? profile : NULL,
        .sends_measure = sends_measure,
        .tick = scan_tick,
        .context = jobs,
    };
    const ql_status status = tui_scan_tensor(&work, event);
    jobs->scan_profiles += !is_known && *profile;
    return status;
}

/* Called and returns with the lock held. */
void tui_work_scan(tui_jobs *jobs)
{
    tui_scan *scan = &jobs->scan;
    tui_event event = { .kind = TUI_SCANNED, .ticket = scan->ticket, .tensor = scan->tensors[scan->next] };
    const ql_spec spec = scan->spec;
    const bool sends_measure = scan->measures_sent < SCAN_MEASURES;
    jobs->doing = NULL;
    atomic_store(&jobs->hurry, false);
    atomic_store(&jobs->scan_share, 0);
    tui_scan_begin(scan, tui_worker_now());
    pthread_mutex_unlock(&jobs->lock);

    const bool done = scan_tensor(jobs, &spec, sends_measure, &event) == QL_OK;
    if (done)
        tui_events_post(&jobs->events, &event);

    pthread_mutex_lock(&jobs->lock);
    if (scan->ticket != event.ticket)
        return;
    tui_scan_end(scan, jobs->model, done, tui_worker_now());
    scan->measures_sent += done && event.measure;
    if (!tui_scan_is_left(scan)) {
        pthread_mutex_unlock(&jobs->lock);
        tui_events_post(&jobs->events, &(tui_event) { .kind = TUI_SCAN_DONE, .ticket = event.ticket });
        pthread_mutex_lock(&jobs->lock);
    }
}
