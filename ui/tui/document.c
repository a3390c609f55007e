/* The document: what is selected, what is asked for, how it begins and ends. */
#include "tui/document_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_TICKET = 0 }; /* of no request: events of older ones find nobody */

const ql_tensor *tui_document_tensor(const tui_document *document)
{
    return ql_model_tensor(document->model, document->tensor);
}

const ql_profile *tui_document_profile(const tui_document *document)
{
    return document->profiles[document->tensor];
}

bool tui_document_is_exact(const tui_document *document)
{
    return tui_measure_is(document->shown, document->tensor, document->spec_text);
}

bool tui_document_is_current(const tui_document *document)
{
    return tui_measure_is_about(document->shown, document->tensor, document->spec_text) && document->problem.status == QL_OK;
}

bool tui_document_is_settled(const tui_document *document)
{
    return !document->busy && !document->exporting && !document->pins.busy && !tui_looks_are_busy(&document->looks) &&
           !document->scanning && document->reading == 0 && document->pending_count == 0;
}

void tui_document_say(tui_document *document, bool is_error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(document->message, sizeof document->message, format, arguments);
    va_end(arguments);
    document->is_error = is_error;
}

void tui_document_show(tui_document *document, tui_measure *measure)
{
    tui_measure *kept = tui_measure_retain(measure);
    tui_measure_release(&document->shown);
    document->shown = kept;
}

void tui_document_measure(tui_document *document)
{
    tui_measure *known = tui_cache_find(&document->cache, document->tensor, document->spec_text);
    document->problem = (ql_error) { 0 };
    document->stopped = false;
    tui_pins_measure(document);
    tui_looks_retry(document);
    if (known)
        tui_document_show(document, known);
    if (known && known->has_why) {
        tui_jobs_cancel(document->jobs, false);
        document->ticket = NO_TICKET;
        document->busy = false;
        tui_scope_place(document);
        return;
    }
    document->ticket = tui_jobs_measure(document->jobs, document->tensor, &document->spec, known);
    document->busy = true;
}

void tui_document_start_scan(tui_document *document)
{
    const bool is_known = document->pins.open && document->pins.pins[document->pins.at].whole.is_known;
    if (is_known && document->scanning && document->scans_other)
        return; /* of another column, which still lacks it */
    document->scans_other = false;
    if (is_known) {
        tui_jobs_stop_scan(document->jobs);
        document->scanning = false;
        tui_wholes_scan(document);
        return;
    }
    size_t left = 0, *tensors = calloc(document->scan_count + 1, sizeof *tensors);
    for (size_t i = 0; i < document->scan_count && tensors; i++)
        if (!tui_findings_is_tried(&document->findings, document->scan_set[i]))
            tensors[left++] = document->scan_set[i];
    document->scan_ticket = tensors ? tui_jobs_scan(document->jobs, tensors, left, &document->spec) : 0;
    document->scanning = left > 0 && document->scan_ticket != 0;
    free(tensors);
    if (left == 0) {
        tui_wholes_take(document);
        tui_wholes_scan(document);
    }
}

void tui_document_scan(tui_document *document, const size_t *tensors, size_t count)
{
    free(document->scan_set);
    document->scan_set = malloc((count + 1) * sizeof *document->scan_set);
    document->scan_count = document->scan_set ? count : 0;
    if (!document->scan_set) {
        tui_document_say(document, true, "out of memory");
        return;
    }
    memcpy(document->scan_set, tensors, count * sizeof *tensors);
    tui_wholes_forget(document);
    tui_document_start_scan(document);
    if (!document->scanning)
        tui_document_say(document, false, "all of them are measured already, and will be under the next spec; ^C ends that");
}

static void stop_scan(tui_document *document)
{
    tui_jobs_stop_scan(document->jobs);
    free(document->scan_set);
    document->scan_set = NULL;
    document->scan_count = 0;
    document->scanning = document->scans_other = false;
}

void tui_document_stop(tui_document *document)
{
    bool was_busy = !tui_document_is_settled(document), was_scan = document->scan_set != NULL;
    tui_jobs_cancel(document->jobs, true);
    document->pins.ticket = tui_jobs_queue(document->jobs, 0, NULL, 0);
    stop_scan(document);
    document->stopped = document->busy;
    document->busy = document->pins.busy = false;
    tui_looks_stop(document);
    document->pending_count = 0;
    document->ticket = NO_TICKET;
    document->unwritten = document->exporting;
    document->exporting = document->exists = false;
    document->reading = 0;
    if (was_scan)
        tui_document_say(document, false, "stopped; m measures the rest, q quits");
    else if (was_busy)
        tui_document_say(document, false, "stopped; r measures again, q quits");
    else
        tui_document_say(document, false, "nothing to stop; q quits");
}

void tui_document_export(tui_document *document, tui_export *wish)
{
    tui_jobs_export(document->jobs, wish);
    document->exporting = true;
    tui_document_say(document, false, "writing");
}

tui_measure *tui_document_find(tui_document *document, const char *spec_text)
{
    return tui_cache_find(&document->cache, document->tensor, spec_text);
}

void tui_document_read_inputs(tui_document *document, const char *text)
{
    document->reading = tui_jobs_read(document->jobs, text);
    if (document->reading == 0)
        tui_document_say(document, true, "out of memory");
}

void tui_document_use_inputs(tui_document *document, tui_inputs *inputs)
{
    tui_inputs_retain(inputs);
    tui_inputs_release(&document->inputs);
    document->inputs = inputs;
    tui_pins_measure(document);
}

void tui_document_select(tui_document *document, size_t tensor)
{
    if (tensor == document->tensor)
        return;
    document->tensor = tensor;
    document->run = 0;
    tui_document_measure(document);
}

ql_status tui_document_start(tui_document *document, const ql_model *model, tui_jobs *jobs, size_t tensor, const char *spec,
                             ql_error *error)
{
    *document = (tui_document) { .model = model, .jobs = jobs, .tensor = tensor };
    ql_spec first;
    ql_status status = ql_spec_parse(spec ? spec : TUI_FIRST_SPEC, &first, error);
    if (status != QL_OK)
        return status;
    document->profiles = calloc(ql_model_tensor_count(model) + 1, sizeof(ql_profile *));
    if (!document->profiles) {
        snprintf(error->message, sizeof error->message, "out of memory");
        return error->status = QL_NO_MEMORY;
    }
    status = tui_findings_start(&document->findings, ql_model_tensor_count(model), error);
    if (status == QL_OK)
        status = tui_inputs_open(TUI_INPUTS_USUAL, &document->inputs, error);
    if (status != QL_OK)
        return status;
    document->spec = first;
    ql_spec_format(&first, document->spec_text);
    tui_pins_start(document);
    tui_document_use(document, &first);
    return QL_OK;
}

void tui_document_free(tui_document *document)
{
    tui_measure_release(&document->shown);
    tui_inputs_release(&document->inputs);
    tui_pins_free(&document->pins);
    tui_looks_free(&document->looks);
    tui_cache_free(&document->cache);
    tui_findings_free(&document->findings);
    free(document->scan_set);
    free(document->profiles);
    *document = (tui_document) { 0 };
}
