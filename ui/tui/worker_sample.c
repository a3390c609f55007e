/* Estimates from excerpts, before what takes long. */
#include "tui/worker.h"

#include <string.h>

/* The excerpt that serves a spec comes first; the one that was not used for the longest time gives way to a new one. */
static ql_status need_excerpt(tui_jobs *jobs, const ql_tensor *tensor, const ql_spec *spec, const ql_monitor *monitor)
{
    size_t at = 0;
    while (at < TUI_EXCERPTS && !ql_excerpt_serves(jobs->excerpts[at], tensor, spec))
        at++;
    ql_excerpt *found = NULL;
    if (at < TUI_EXCERPTS) {
        found = jobs->excerpts[at];
    } else {
        ql_error error;
        const ql_status status = ql_excerpt_make(jobs->engine, tensor, spec, monitor, &found, &error);
        if (status != QL_OK)
            return status;
        at = TUI_EXCERPTS - 1;
        ql_excerpt_free(&jobs->excerpts[at]);
    }
    memmove(jobs->excerpts + 1, jobs->excerpts, at * sizeof jobs->excerpts[0]);
    jobs->excerpts[0] = found;
    return QL_OK;
}

ql_status tui_make_sample(tui_jobs *jobs, size_t tensor, const ql_spec *spec, const ql_monitor *monitor, tui_measure **out)
{
    const ql_tensor *info = ql_model_tensor(jobs->model, tensor);
    const ql_profile *profile = jobs->profiles[tensor];
    ql_report *report = NULL;
    ql_error error;
    *out = NULL;
    if ((profile && profile->unusable) || !ql_excerpt_is_worth(info, spec, profile != NULL) ||
        tui_need_engine(jobs, &error) != QL_OK)
        return QL_OK;
    tui_worker_begin(jobs, "estimating");
    ql_status status = need_excerpt(jobs, info, spec, monitor);
    if (status == QL_OK) {
        if (profile)
            ql_excerpt_learn(jobs->excerpts[0], profile);
        status = ql_excerpt_report(jobs->engine, jobs->excerpts[0], spec, monitor, &report, &error);
    }
    if (status == QL_OK)
        *out = tui_measure_new(tensor, &report);
    return status == QL_CANCELLED ? status : QL_OK;
}
