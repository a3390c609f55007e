/* The document: selection, knobs with undo, answers. */
#include "tui/document.h"

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

bool tui_document_is_settled(const tui_document *document)
{
    return !document->busy && !document->exporting && !document->pins.busy && !document->scope.busy &&
           !document->errormap.busy && !document->scanning && document->pending_count == 0;
}

void tui_document_say(tui_document *document, bool is_error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(document->message, sizeof document->message, format, arguments);
    va_end(arguments);
    document->is_error = is_error;
}

/* ---- Requests -------------------------------------------------------------------------------------------------- */

static void show(tui_document *document, tui_measure *measure)
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
    tui_scope_forget(document);
    tui_errormap_forget(document);
    if (known)
        show(document, known);
    if (known && known->has_why) {
        tui_jobs_cancel(document->jobs, false);
        document->ticket = NO_TICKET;
        document->busy = false;
        tui_scope_measure(document);
        tui_errormap_measure(document);
        return;
    }
    document->ticket = tui_jobs_measure(document->jobs, document->tensor, &document->spec, known);
    document->busy = true;
}

/* What of the set is not known yet under the spec. */
static void start_scan(tui_document *document)
{
    size_t left = 0, *tensors = malloc((document->scan_count + 1) * sizeof *tensors);
    for (size_t i = 0; i < document->scan_count && tensors; i++)
        if (!tui_findings_is_tried(&document->findings, document->scan_set[i]))
            tensors[left++] = document->scan_set[i];
    document->scan_ticket = tensors ? tui_jobs_scan(document->jobs, tensors, left, &document->spec) : 0;
    document->scanning = left > 0 && document->scan_ticket != 0;
    free(tensors);
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
    start_scan(document);
    if (!document->scanning)
        tui_document_say(document, false, "all of them are measured already, and will be under the next spec; ^C ends that");
}

static void stop_scan(tui_document *document)
{
    tui_jobs_stop_scan(document->jobs);
    free(document->scan_set);
    document->scan_set = NULL;
    document->scan_count = 0;
    document->scanning = false;
}

void tui_document_stop(tui_document *document)
{
    bool was_busy = !tui_document_is_settled(document), was_scan = document->scan_set != NULL;
    tui_jobs_cancel(document->jobs, true);
    document->pins.ticket = tui_jobs_queue(document->jobs, 0, NULL, 0);
    stop_scan(document);
    document->stopped = document->busy;
    document->busy = document->pins.busy = false;
    tui_errormap_stop(document);
    tui_scope_stop(document);
    document->pending_count = 0;
    document->ticket = NO_TICKET;
    document->exporting = false;
    if (was_scan)
        tui_document_say(document, false, "stopped; m measures the rest, q quits");
    else if (was_busy)
        tui_document_say(document, false, "stopped; r measures again, q quits");
    else
        tui_document_say(document, false, "nothing to stop; q quits");
}

void tui_document_export(tui_document *document, const char *path, const char *command)
{
    tui_export wish = { .tensor = document->tensor, .spec = document->spec };
    ql_text_print(wish.tensor_name, sizeof wish.tensor_name, tui_document_tensor(document)->name, TUI_EXPORT_CELLS);
    ql_text_print(wish.file_name, sizeof wish.file_name, ql_text_from(ql_model_path(document->model)), TUI_EXPORT_CELLS);
    snprintf(wish.path, sizeof wish.path, "%s", path);
    snprintf(wish.command, sizeof wish.command, "%s", command);
    if (!tui_jobs_export(document->jobs, &wish)) {
        tui_document_say(document, true, "out of memory");
        return;
    }
    document->exporting = true;
    tui_document_say(document, false, "writing the figure");
}

/* ---- Knobs ----------------------------------------------------------------------------------------------------- */

/* What the cache still holds of the new spec is known at once. */
static void set_spec(tui_document *document, const ql_spec *spec)
{
    document->spec = *spec;
    ql_spec_format(spec, document->spec_text);
    tui_findings_change_spec(&document->findings);
    for (size_t i = 0; i < document->cache.count; i++) {
        const tui_measure *measure = document->cache.entries[i];
        if (tui_measure_is(measure, measure->tensor, document->spec_text))
            tui_findings_take_report(&document->findings, measure->tensor, measure->report);
    }
    if (document->scan_set)
        start_scan(document);
    tui_pins_follow(document);
}

void tui_document_load(tui_document *document, const ql_spec *spec)
{
    set_spec(document, spec);
    tui_document_measure(document);
}

void tui_document_set_spec(tui_document *document, const ql_spec *spec)
{
    if (document->history_at + 1 == TUI_UNDO_SIZE) {
        memmove(document->history, document->history + 1, (TUI_UNDO_SIZE - 1) * sizeof document->history[0]);
        document->history_at--;
    }
    set_spec(document, spec);
    document->history[++document->history_at] = *spec;
    document->history_count = document->history_at + 1;
    tui_document_measure(document);
}

void tui_document_undo(tui_document *document, int direction)
{
    if (direction < 0 && document->pending_count > 0) { /* a turn that was not made yet */
        document->pending_count--;
        return;
    }
    if (direction < 0 ? document->history_at == 0 : document->history_at + 1 == document->history_count) {
        tui_document_say(document, false, direction < 0 ? "nothing to undo" : "nothing to redo");
        return;
    }
    document->history_at = direction < 0 ? document->history_at - 1 : document->history_at + 1;
    set_spec(document, &document->history[document->history_at]);
    tui_document_measure(document);
}

/* A mapping that needs a file takes the one that it had last. */
static void change_mapping(const tui_document *document, ql_spec *spec, const ql_mapping *mapping)
{
    ql_spec_change_mapping(spec, mapping);
    for (size_t i = document->history_at + 1; i-- > 0 && ql_spec_takes(spec, QL_KEY_FILE) && !*spec->file;)
        snprintf(spec->file, sizeof spec->file, "%s", document->history[i].file);
}

static bool step_scheme(const tui_document *document, ql_spec *spec, int direction)
{
    size_t count = ql_mapping_count(), at = 0;
    while (at < count && ql_mapping_at(at) != spec->mapping)
        at++;
    change_mapping(document, spec, ql_mapping_at((at + count + (size_t)(direction > 0 ? 1 : count - 1)) % count));
    return count > 1;
}

/* Bits go round: the first key press on 8 bits should show something. */
static bool step_bits(ql_spec *spec, int direction)
{
    if (!ql_spec_takes(spec, QL_KEY_BITS))
        return false;
    if (ql_spec_step(spec, QL_KEY_BITS, -direction, NULL))
        return true;
    while (ql_spec_step(spec, QL_KEY_BITS, direction, NULL))
        ;
    return true;
}

static bool step_fine(ql_spec *spec, int direction, const ql_profile *profile)
{
    static const ql_key order[] = { QL_KEY_P, QL_KEY_ABS, QL_KEY_HI, QL_KEY_BLOCK };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!ql_spec_takes(spec, order[i]))
            continue;
        if (order[i] != QL_KEY_HI)
            return ql_spec_step(spec, order[i], direction, profile);
        ql_spec wider = *spec; /* both ends move, each measured from the same width */
        if (!ql_spec_step(&wider, QL_KEY_LO, -direction, profile) || !ql_spec_step(spec, QL_KEY_HI, direction, profile))
            return false;
        spec->lo = wider.lo;
        return spec->lo < spec->hi;
    }
    return false;
}

static void make_turn(tui_document *document, tui_turn turn)
{
    const ql_profile *profile = tui_document_profile(document);
    ql_spec spec = document->spec;
    bool changed = turn.knob == TUI_KNOB_SCHEME  ? step_scheme(document, &spec, turn.direction)
                   : turn.knob == TUI_KNOB_FINE  ? step_fine(&spec, turn.direction, profile)
                   : turn.knob == TUI_KNOB_FEWER ? step_bits(&spec, turn.direction)
                                                 : ql_spec_step(&spec, (ql_key)turn.knob, turn.direction, profile);
    if (changed) {
        tui_document_set_spec(document, &spec);
    } else {
        char why_not[160];
        tui_document_why_not(&document->spec, turn.knob, why_not, sizeof why_not);
        tui_document_say(document, false, "%s", why_not);
    }
}

/* A range by hand starts at the range of the tensor, which may still come. */
static bool needs_profile(const tui_document *document, int knob)
{
    return knob == QL_KEY_CLIP && !tui_document_profile(document) && document->busy;
}

static bool take_typed(tui_document *document, const ql_spec *spec)
{
    char text[QL_SPEC_TEXT];
    ql_spec_format(spec, text);
    if (strcmp(text, document->spec_text) != 0)
        tui_document_set_spec(document, spec);
    return true;
}

bool tui_document_type_spec(tui_document *document, const char *text)
{
    ql_spec spec;
    ql_error error;
    if (ql_spec_parse(text, &spec, &error) == QL_OK)
        return take_typed(document, &spec);
    tui_document_say(document, true, "%s", error.message);
    return false;
}

/* The knob turned until it has that value, so that what it needs comes with it; false when it never has. */
static bool turn_to(ql_spec *spec, ql_key key, const char *value, const ql_profile *profile)
{
    enum { MOST_CHOICES = 8 };
    ql_spec turned = *spec;
    for (int i = 0; i < MOST_CHOICES; i++) {
        char now[64];
        ql_spec_value(&turned, key, now);
        if (strcmp(now, value) == 0) {
            *spec = turned;
            return true;
        }
        if (!ql_spec_step(&turned, key, 1, profile))
            return false;
    }
    return false;
}

/* The spec with one value replaced, as a person would write it. A path may hold commas and so comes last, as in the order of
 * the keys. */
static void write_spec(const ql_spec *spec, int knob, const char *text, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", ql_mapping_describe(spec->mapping)->name);
    char separator = ':';
    for (int key = 0; key < QL_KEY_COUNT; key++) {
        char value[64];
        ql_spec_value(spec, (ql_key)key, value);
        const char *shown = key == knob ? text : key == QL_KEY_FILE ? spec->file : value;
        if (!ql_spec_takes(spec, (ql_key)key) || (key == QL_KEY_FILE && !*shown) || used >= size)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%c%s=%s", separator, ql_key_describe((ql_key)key)->name, shown);
        separator = ',';
    }
}

bool tui_document_type_value(tui_document *document, int knob, const char *text)
{
    ql_spec spec = document->spec;
    char whole[QL_SPEC_TEXT + TUI_MESSAGE_SIZE];
    if (knob == TUI_KNOB_SCHEME) {
        for (size_t i = 0; i < ql_mapping_count(); i++)
            if (strcmp(ql_mapping_describe(ql_mapping_at(i))->name, text) == 0) {
                change_mapping(document, &spec, ql_mapping_at(i));
                return take_typed(document, &spec);
            }
        return tui_document_type_spec(document, text); /* a whole spec will do, too */
    }
    if (needs_profile(document, knob)) {
        tui_document_say(document, false, "the tensor is still being read; Enter again in a moment");
        return false;
    }
    if (turn_to(&spec, (ql_key)knob, text, tui_document_profile(document)))
        return take_typed(document, &spec);
    write_spec(&spec, knob, text, whole, sizeof whole);
    return tui_document_type_spec(document, whole);
}

/* Makes the turns that wait for the profile, if it is there or will not come. */
static void make_pending_turns(tui_document *document)
{
    if (!tui_document_profile(document) && document->busy)
        return;
    size_t count = document->pending_count;
    document->pending_count = 0;
    for (size_t i = 0; i < count; i++)
        make_turn(document, document->pending[i]);
}

void tui_document_turn(tui_document *document, int knob, int direction)
{
    if (needs_profile(document, knob) || document->pending_count > 0) { /* turns that follow keep their order */
        if (document->pending_count < TUI_PENDING_SIZE)
            document->pending[document->pending_count++] = (tui_turn) { knob, direction };
        return;
    }
    make_turn(document, (tui_turn) { knob, direction });
}

void tui_document_select(tui_document *document, size_t tensor)
{
    if (tensor == document->tensor)
        return;
    document->tensor = tensor;
    tui_document_measure(document);
}

/* ---- Answers --------------------------------------------------------------------------------------------------- */

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
    tui_findings_take(&document->findings, event->tensor, &event->finding);
    if (event->measure && !tui_cache_find(&document->cache, event->tensor, document->spec_text))
        tui_cache_offer(&document->cache, event->measure);
}

static void take_event(tui_document *document, tui_event *event)
{
    bool is_newest = event->ticket == document->ticket;
    switch (event->kind) {
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
            show(document, event->measure);
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
        if (event->ticket == document->scan_ticket)
            document->scanning = false;
        break;
    case TUI_EXPORTED:
        document->exporting = false;
        if (event->error.status == QL_OK) {
            char shown[400];
            ql_text_print(shown, sizeof shown, ql_text_from(event->path), 100);
            tui_document_say(document, false, "wrote %s", shown);
        } else if (event->error.status != QL_CANCELLED) {
            tui_document_say(document, true, "%s", event->error.message);
        }
        break;
    case TUI_QUEUED:
        if (event->measure && !tui_cache_find(&document->cache, event->tensor, event->spec_text))
            tui_cache_add(&document->cache, event->measure);
        break;
    case TUI_PRODUCED:
    case TUI_EMPTIED:
    case TUI_STRIPPED:
    case TUI_MAPPED:
        break;
    }
    tui_pins_take(document, event);
    tui_scope_take(document, event);
    tui_scope_measure(document);
    tui_errormap_take(document, event);
    tui_errormap_measure(document);
    tui_measure_release(&event->measure);
}

bool tui_document_collect(tui_document *document)
{
    bool changed = false;
    for (tui_event event; tui_jobs_event(document->jobs, &event); changed = true)
        take_event(document, &event);
    make_pending_turns(document);
    return changed;
}

/* ---- Life ------------------------------------------------------------------------------------------------------ */

ql_status tui_document_start(tui_document *document, const ql_model *model, tui_jobs *jobs, size_t tensor, const char *spec,
                             ql_error *error)
{
    *document = (tui_document) { .model = model, .jobs = jobs, .tensor = tensor };
    ql_spec first;
    ql_status status = ql_spec_parse(spec ? spec : "absmax", &first, error);
    if (status != QL_OK)
        return status;
    document->profiles = calloc(ql_model_tensor_count(model) + 1, sizeof(ql_profile *));
    if (!document->profiles) {
        snprintf(error->message, sizeof error->message, "out of memory");
        return error->status = QL_NO_MEMORY;
    }
    status = tui_findings_start(&document->findings, ql_model_tensor_count(model), error);
    if (status != QL_OK)
        return status;
    document->spec = first;
    ql_spec_format(&first, document->spec_text);
    tui_pins_start(document);
    set_spec(document, &first);
    document->history[0] = first;
    document->history_count = 1;
    return QL_OK;
}

void tui_document_free(tui_document *document)
{
    tui_measure_release(&document->shown);
    tui_pins_free(&document->pins);
    tui_scope_free(&document->scope);
    tui_measure_release(&document->errormap.asked);
    tui_cache_free(&document->cache);
    tui_findings_free(&document->findings);
    free(document->scan_set);
    free(document->profiles);
    *document = (tui_document) { 0 };
}
