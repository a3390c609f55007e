/* What the worker has sent becomes part of the document. */
#include "tui/document_parts.h"

#include <stdio.h>

/* There is no report: why, in words that say what to do here. */
static void take_problem(tui_document *document, const ql_error *error)
{
    document->problem = *error;
    if (ql_spec_takes(&document->spec, QL_KEY_FILE) && !*document->spec.file)
        snprintf(document->problem.message, sizeof document->problem.message,
                 "%s needs a file of its levels: e opens the knobs, Enter on 'file' takes its name",
                 ql_mapping_describe(document->spec.mapping)->name);
}

static void take_scanned(tui_document *document, tui_event *event)
{
    if (event->profile)
        document->profiles[event->tensor] = event->profile;
    if (event->ticket != document->scan_ticket)
        return;
    if (document->scans_other) {
        tui_whole_add(&document->gathered, &event->finding, ql_model_tensor(document->model, event->tensor), event->tensor);
        return;
    }
    tui_findings_take(&document->findings, event->tensor, &event->finding);
    if (event->measure && !tui_cache_find(&document->cache, event->tensor, document->spec_text))
        tui_cache_offer(&document->cache, event->measure);
}

/* The products of all columns are to be found anew. */
static void take_inputs(tui_document *document, tui_event *event)
{
    if (event->ticket != document->reading)
        return;
    document->reading = 0;
    if (event->error.status != QL_OK) {
        tui_document_say(document, true, "%s", event->error.message);
        return;
    }
    char text[300];
    ql_error misfit;
    if (ql_activations_check(event->inputs->activations, document->model, &misfit) != QL_OK) {
        tui_document_say(document, true, "%s", misfit.message);
        return;
    }
    tui_document_use_inputs(document, event->inputs);
    ql_activations_describe(event->inputs->activations, tui_document_tensor(document), text, sizeof text);
    if (ql_activations_fit(event->inputs->activations, tui_document_tensor(document), &misfit) != QL_OK)
        tui_document_say(document, true, "%s", misfit.message);
    else
        tui_document_say(document, false, "X %s: the products of Compare (2) are with it", text);
}

static void take_event(tui_document *document, tui_event *event)
{
    bool is_newest = event->ticket == document->ticket;
    switch (event->kind) {
    case TUI_SAMPLED:
        if (is_newest && !tui_document_is_exact(document))
            tui_document_show(document, event->measure);
        break;
    case TUI_PROFILED:
        document->profiles[event->tensor] = event->profile;
        tui_findings_take_stats(&document->findings, event->tensor, &event->profile->stats);
        break;
    case TUI_REPORTED:
        if (tui_measure_is(event->measure, event->tensor, document->spec_text))
            tui_findings_take_report(&document->findings, event->tensor, event->measure->report);
        if (!tui_cache_find(&document->cache, event->tensor, event->measure->report->spec_text))
            tui_cache_add(&document->cache, event->measure);
        if (is_newest)
            tui_document_show(document, event->measure);
        break;
    case TUI_EXPLAINED:
        event->measure->why = event->why;
        event->measure->has_why = true;
        break;
    case TUI_FINISHED:
        document->busy = document->busy && !is_newest;
        break;
    case TUI_FAILED:
        if (!is_newest)
            break;
        document->busy = false;
        if (tui_document_is_exact(document)) {
            tui_document_say(document, true, "%s", event->error.message);
        } else {
            take_problem(document, &event->error);
            tui_findings_take_failure(&document->findings, event->tensor);
        }
        break;
    case TUI_SCANNED:
        take_scanned(document, event);
        break;
    case TUI_SCAN_DONE:
        if (event->ticket != document->scan_ticket || !document->scanning)
            break;
        document->scanning = false;
        tui_wholes_take(document);
        tui_wholes_scan(document);
        break;
    case TUI_EXPORTED:
        document->exporting = false;
        document->unwritten = event->error.status != QL_OK;
        document->exists = event->exists;
        if (event->error.status != QL_CANCELLED)
            tui_document_say(document, document->unwritten, "%s", document->unwritten ? event->error.message : event->told);
        break;
    case TUI_QUEUED:
        if (event->measure && !tui_cache_find(&document->cache, event->tensor, event->spec_text))
            tui_cache_add(&document->cache, event->measure);
        break;
    case TUI_READ:
        take_inputs(document, event);
        break;
    case TUI_QUEUE_SAMPLED:
    case TUI_PRODUCED:
    case TUI_EMPTIED:
    case TUI_LOOKED:
        break;
    }
    tui_pins_take(document, event);
    tui_scope_place(document);
    tui_looks_take(document, event);
    tui_measure_release(&event->measure);
    tui_inputs_release(&event->inputs);
}

bool tui_document_collect(tui_document *document)
{
    bool changed = false;
    for (tui_event event; tui_jobs_event(document->jobs, &event); changed = true)
        take_event(document, &event);
    tui_document_make_turns(document);
    return changed;
}
