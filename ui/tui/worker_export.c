/* What is written to a file. It is not cancelled by newer requests. */
#include "tui/worker.h"

#include <stdio.h>
#include <stdlib.h>

static ql_status write_figure(tui_jobs *jobs, const tui_export *export, tui_measure *known, ql_error *error)
{
    tui_watcher watch = { jobs, 0, NULL, 0 };
    ql_monitor monitor = { tui_watcher_tick, &watch };
    char spec_text[QL_SPEC_TEXT];
    ql_spec_format(&export->spec, spec_text);
    tui_request job = { .tensor = export->tensor, .spec = export->spec };
    if (tui_measure_is(known, export->tensor, spec_text))
        job.measure = tui_measure_retain(known);
    ql_status status = tui_need_profile(jobs, job.tensor, &monitor, error);
    if (status == QL_OK)
        status = tui_need_measure(jobs, &job, &monitor, error);
    if (status == QL_OK) {
        tui_worker_begin(jobs, "writing the figure");
        const ql_figure_options options = { ql_figure_kind_at(0)->name, export->command, export->tensor_name,
                                            export->file_name };
        status = ql_figure_write(job.measure->report, &options, export->path, error);
    }
    tui_measure_release(&job.measure);
    return status;
}

/* Called and returns with the lock held. */
void tui_work_export(tui_jobs *jobs)
{
    tui_export *export = jobs->export;
    jobs->export = NULL;
    tui_measure *known = tui_measure_retain(jobs->wanted.measure);
    pthread_mutex_unlock(&jobs->lock);
    tui_event event = { .kind = TUI_EXPORTED, .tensor = export->tensor };
    event.error.status = write_figure(jobs, export, known, &event.error);
    snprintf(event.path, sizeof event.path, "%s", export->path);
    tui_events_post(&jobs->events, &event);
    free(export);
    pthread_mutex_lock(&jobs->lock);
    tui_measure_release(&known);
}
