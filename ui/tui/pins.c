/* The columns of the Compare view. */
#include "tui/pins.h"

#include <stdio.h>
#include <string.h>

#include "tui/document_parts.h"

/* What a first comparison shows beside the current spec: the same bits without and with blocks, and 4 bits made for normal
 * weights. */
static const char *const offers[] = { "absmax:bits=4", "absmax:bits=4,per=block,block=64", "nf4" };
enum { OFFER_COUNT = sizeof offers / sizeof offers[0] };

static void set_pin(tui_pin *pin, const ql_spec *spec)
{
    pin->spec = *spec;
    ql_spec_format(spec, pin->spec_text);
    pin->problem = (ql_error) { 0 };
    pin->whole = (tui_whole) { 0 };
}

static void remove_pin(tui_pins *pins, size_t column)
{
    tui_measure_release(&pins->pins[column].shown);
    tui_history_free(&pins->pins[column].history);
    memmove(pins->pins + column, pins->pins + column + 1, (pins->count - column - 1) * sizeof pins->pins[0]);
    pins->count--;
    pins->pins[pins->count] = (tui_pin) { 0 }; /* what it owned has moved */
    if (pins->at > column || pins->at == pins->count)
        pins->at--;
    if (pins->baseline > column)
        pins->baseline--;
    else if (pins->baseline == column)
        pins->baseline = 0;
}

/* At the end; false when there is no room. */
static bool append(tui_pins *pins, const ql_spec *spec, bool is_offered)
{
    if (pins->count == TUI_PINS_MOST)
        return false;
    tui_pin *pin = &pins->pins[pins->count++];
    *pin = (tui_pin) { .is_offered = is_offered };
    set_pin(pin, spec);
    return true;
}

static bool has_column(const tui_pins *pins, const char *spec_text)
{
    for (size_t i = 0; i < pins->count; i++)
        if (strcmp(pins->pins[i].spec_text, spec_text) == 0)
            return true;
    return false;
}

void tui_pins_start(tui_document *document)
{
    tui_pins *pins = &document->pins;
    *pins = (tui_pins) { 0 };
    tui_trials_start(&pins->trials);
    append(pins, &document->spec, false);
    tui_history_begin(&pins->pins[0].history, &document->spec);
}

void tui_pins_free(tui_pins *pins)
{
    for (size_t i = 0; i < pins->count; i++) {
        tui_measure_release(&pins->pins[i].shown);
        tui_history_free(&pins->pins[i].history);
    }
    *pins = (tui_pins) { 0 };
}

/* All columns have the same spec: one of them, and what is offered beside it. */
static void offer_columns(tui_pins *pins)
{
    for (size_t i = 1; i < pins->count; i++)
        if (strcmp(pins->pins[i].spec_text, pins->pins[0].spec_text) != 0)
            return;
    while (pins->count > 1)
        remove_pin(pins, pins->count - 1);
    for (size_t i = 0; i < OFFER_COUNT; i++) {
        ql_spec spec;
        ql_error error;
        char text[QL_SPEC_TEXT];
        if (ql_spec_parse(offers[i], &spec, &error) != QL_OK)
            continue;
        ql_spec_format(&spec, text);
        if (!has_column(pins, text) && append(pins, &spec, true))
            tui_history_begin(&pins->pins[pins->count - 1].history, &spec);
    }
}

void tui_pins_open(tui_document *document)
{
    offer_columns(&document->pins);
    document->pins.open = true;
    tui_pins_measure(document);
    tui_scope_place(document);
    tui_wholes_scan(document);
}

void tui_pins_close(tui_document *document)
{
    document->pins.open = document->pins.busy = false;
    document->pins.ticket = tui_jobs_queue(document->jobs, 0, NULL, 0);
    if (document->scan_set)
        tui_document_start_scan(document); /* what the list lacks */
}

static bool add_copy(tui_document *document)
{
    tui_pins *pins = &document->pins;
    if (!append(pins, &document->spec, false)) {
        tui_document_say(document, false, "six columns are all that fit: d in Compare drops one");
        return false;
    }
    pins->pins[pins->count - 1].shown = tui_measure_retain(pins->pins[pins->at].shown);
    tui_history_copy(&pins->pins[pins->count - 1].history, &pins->pins[pins->at].history);
    pins->pins[pins->count - 1].whole = pins->pins[pins->at].whole;
    pins->pins[pins->at].is_offered = false;
    pins->at = pins->count - 1;
    return true;
}

void tui_pins_keep(tui_document *document)
{
    tui_pins *pins = &document->pins;
    for (size_t i = pins->count; i-- > 0;)
        if (pins->pins[i].is_offered && i != pins->at)
            remove_pin(pins, i);
    const char letter = (char)('A' + pins->at);
    if (add_copy(document))
        tui_document_say(document, false, "pinned as %c; what you turn now is %c, and 2 compares them", letter,
                         (char)('A' + pins->at));
}

void tui_pins_add(tui_document *document)
{
    if (add_copy(document))
        tui_document_say(document, false, "%c is a copy to change: s g b c turn it, e types a spec",
                         (char)('A' + document->pins.at));
}

/* The current spec is that of the selected column. */
static void load_selected(tui_document *document)
{
    const ql_spec spec = document->pins.pins[document->pins.at].spec;
    document->pending_count = 0;
    tui_document_load(document, &spec);
}

void tui_pins_drop(tui_document *document)
{
    tui_pins *pins = &document->pins;
    if (pins->count <= 2) {
        tui_document_say(document, false, "a comparison needs two columns: a adds one");
        return;
    }
    remove_pin(pins, pins->at);
    load_selected(document);
}

void tui_pins_move(tui_document *document, int columns)
{
    tui_pins *pins = &document->pins;
    const long wanted = (long)pins->at + columns;
    if (wanted < 0 || wanted >= (long)pins->count)
        return;
    pins->at = (size_t)wanted;
    load_selected(document);
}

void tui_pins_next_trial(tui_document *document, int direction)
{
    tui_trials *trials = &document->pins.trials;
    trials->at = (trials->at + trials->count + (size_t)(direction > 0 ? 1 : trials->count - 1)) % trials->count;
}

void tui_pins_add_trial(tui_document *document)
{
    const tui_trials *trials = &document->pins.trials;
    if (!add_copy(document))
        return;
    tui_document_set_spec(document, &trials->trials[trials->at].spec);
}

void tui_pins_restore(tui_document *document, const char *const *specs, size_t count, size_t at, size_t baseline)
{
    tui_pins *pins = &document->pins;
    while (pins->count > 0)
        remove_pin(pins, pins->count - 1);
    for (size_t i = 0; i < count; i++) {
        ql_spec spec;
        ql_error error;
        append(pins, ql_spec_parse(specs[i], &spec, &error) == QL_OK ? &spec : &document->spec, false);
    }
    pins->at = at;
    pins->baseline = baseline;
}

void tui_pins_set_baseline(tui_document *document)
{
    document->pins.baseline = document->pins.at;
}

void tui_pins_follow(tui_document *document)
{
    tui_pin *pin = &document->pins.pins[document->pins.at];
    if (strcmp(pin->spec_text, document->spec_text) == 0)
        return;
    set_pin(pin, &document->spec);
    pin->is_offered = false;
}

bool tui_pin_is_exact(const tui_document *document, size_t column)
{
    const tui_pin *pin = &document->pins.pins[column];
    return tui_measure_is(pin->shown, document->tensor, pin->spec_text);
}

bool tui_pin_is_current(const tui_document *document, size_t column)
{
    const tui_pin *pin = &document->pins.pins[column];
    return tui_measure_is_about(pin->shown, document->tensor, pin->spec_text);
}

static void take_known(tui_document *document, size_t column)
{
    tui_pin *pin = &document->pins.pins[column];
    tui_measure *known = tui_cache_find(&document->cache, document->tensor, pin->spec_text);
    if (!known || tui_pin_is_exact(document, column))
        return;
    tui_measure_retain(known);
    tui_measure_release(&pin->shown);
    pin->shown = known;
}

/* An estimate stands in until the exact numbers are there. */
static void take_sample(tui_document *document, size_t column, tui_measure *measure)
{
    tui_pin *pin = &document->pins.pins[column];
    if (tui_pin_is_exact(document, column) || !tui_measure_is_about(measure, document->tensor, pin->spec_text))
        return;
    tui_measure_retain(measure);
    tui_measure_release(&pin->shown);
    pin->shown = measure;
}

bool tui_pins_have_product(const tui_document *document)
{
    ql_error misfit;
    return ql_activations_fit(document->inputs->activations, tui_document_tensor(document), &misfit) == QL_OK;
}

void tui_pins_measure(tui_document *document)
{
    tui_pins *pins = &document->pins;
    tui_task wanted[2 * TUI_PINS_MOST + TUI_TRIALS_MOST];
    size_t count = 0;
    if (!pins->open)
        return;
    for (size_t i = 0; i < pins->count; i++) {
        pins->pins[i].problem = (ql_error) { 0 };
        take_known(document, i);
        if (i != pins->at && !tui_pin_is_exact(document, i))
            wanted[count++] = (tui_task) { .spec = pins->pins[i].spec, .wants_sample = true };
    }
    for (size_t i = 0; i < pins->count && tui_pins_have_product(document); i++) {
        tui_measure *known = tui_pin_is_exact(document, i) ? pins->pins[i].shown : NULL;
        if (!known || known->inputs != document->inputs)
            wanted[count++] = (tui_task) { .spec = pins->pins[i].spec, .inputs = document->inputs, .known = known };
    }
    count += tui_trials_wanted(&pins->trials, document->tensor, wanted + count);
    pins->ticket = tui_jobs_queue(document->jobs, document->tensor, wanted, count);
    pins->busy = count > 0;
}

void tui_pins_take(tui_document *document, const tui_event *event)
{
    tui_pins *pins = &document->pins;
    if (event->measure)
        tui_trials_take(&pins->trials, event->measure);
    for (size_t i = 0; i < pins->count; i++) {
        take_known(document, i);
        if (event->kind == TUI_SAMPLED || event->kind == TUI_QUEUE_SAMPLED)
            take_sample(document, i, event->measure);
        tui_measure *shown = pins->pins[i].shown;
        if (event->kind == TUI_PRODUCED && tui_measure_is(shown, event->tensor, event->spec_text)) {
            tui_inputs_retain(event->inputs);
            tui_inputs_release(&shown->inputs);
            shown->inputs = event->inputs;
            shown->product = event->product;
        }
        if (event->kind == TUI_QUEUED && event->ticket == pins->ticket && event->error.status != QL_OK &&
            strcmp(pins->pins[i].spec_text, event->spec_text) == 0)
            pins->pins[i].problem = event->error;
    }
    if (event->kind == TUI_EMPTIED && event->ticket == pins->ticket)
        pins->busy = false;
}
