/* What is left of a scan, how far it is, and one tensor of it. */
#include "tui/scan.h"

#include <stdlib.h>
#include <string.h>

bool tui_scan_set(tui_scan *scan, const ql_model *model, const size_t *tensors, size_t count, const ql_spec *spec)
{
    const uint64_t ticket = scan->ticket + 1;
    free(scan->tensors);
    *scan = (tui_scan) { .ticket = ticket, .spec = *spec };
    if (count == 0)
        return true;
    scan->tensors = malloc(count * sizeof *scan->tensors);
    if (!scan->tensors)
        return false;
    memcpy(scan->tensors, tensors, count * sizeof *tensors);
    scan->count = count;
    for (size_t i = 0; i < count; i++)
        scan->bytes += ql_model_tensor(model, tensors[i])->byte_count;
    return true;
}

bool tui_scan_is_left(const tui_scan *scan)
{
    return scan->next < scan->count;
}

void tui_scan_begin(tui_scan *scan, double now)
{
    scan->began = now;
}

void tui_scan_end(tui_scan *scan, const ql_model *model, bool done, double now)
{
    scan->seconds += now - scan->began;
    scan->began = 0;
    if (done)
        scan->bytes_done += ql_model_tensor(model, scan->tensors[scan->next++])->byte_count;
}

tui_scan_progress tui_scan_progress_of(const tui_scan *scan, const ql_model *model, double share, double now)
{
    const double least_seconds = 0.5; /* before a speed is told */
    tui_scan_progress out = { .done = scan->next, .count = scan->count };
    double bytes = (double)scan->bytes_done, seconds = scan->seconds;
    if (scan->began > 0 && tui_scan_is_left(scan)) {
        bytes += share * (double)ql_model_tensor(model, scan->tensors[scan->next])->byte_count;
        seconds += now - scan->began;
    }
    out.share = scan->bytes > 0 ? bytes / (double)scan->bytes : 0;
    if (seconds >= least_seconds && bytes > 0) {
        out.bytes_per_second = bytes / seconds;
        out.seconds_left = ((double)scan->bytes - bytes) / out.bytes_per_second;
    }
    return out;
}

typedef struct watcher {
    const tui_scan_work *work;
    unsigned stage; /* 0: the profile, 1: the report; each counts half */
} watcher;

static bool tick(void *context, uint64_t done, uint64_t total)
{
    const watcher *watch = context;
    const double share = total > 0 ? (double)done / (double)total : 1;
    return watch->work->tick(watch->work->context, (watch->stage + share) / 2);
}

ql_status tui_scan_tensor(const tui_scan_work *work, tui_event *event)
{
    watcher watch = { work, 0 };
    const ql_monitor monitor = { tick, &watch };
    ql_profile *made = NULL, **profile = work->profile ? work->profile : &made;
    ql_report *report = NULL;
    ql_status status = QL_OK;
    event->finding.has_failed = true;
    if (!*profile)
        status = ql_profile_make(work->engine, work->model, ql_model_tensor(work->model, event->tensor), &monitor, profile,
                                 &event->error);
    if (status == QL_OK) {
        tui_finding_take_stats(&event->finding, &(*profile)->stats);
        event->profile = work->profile ? *work->profile : NULL;
        watch.stage = 1;
        status = ql_report_make(work->engine, *profile, work->spec, &monitor, &report, &event->error);
    }
    if (status == QL_OK)
        tui_finding_take_report(&event->finding, report);
    if (status == QL_OK && work->sends_measure)
        event->measure = tui_measure_new(event->tensor, &report);
    ql_report_free(&report);
    ql_profile_free(&made);
    return status == QL_CANCELLED ? status : QL_OK;
}
