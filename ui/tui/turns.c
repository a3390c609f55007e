/* The knobs of the document: turns, what a person types, undo. */
#include "tui/document_parts.h"

#include <stdio.h>
#include <string.h>

void tui_document_use(tui_document *document, const ql_spec *spec)
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
        tui_document_start_scan(document);
    tui_pins_follow(document);
}

void tui_document_load(tui_document *document, const ql_spec *spec)
{
    tui_document_use(document, spec);
    document->run = 0;
    tui_document_measure(document);
}

static tui_history *history_of(tui_document *document)
{
    return &document->pins.pins[document->pins.at].history;
}

void tui_document_set_spec(tui_document *document, const ql_spec *spec)
{
    tui_document_use(document, spec);
    tui_history_add(history_of(document), spec);
    document->run = 0;
    tui_document_measure(document);
}

/* The same, but in the place of the turn before where that was of the same run. */
static void set_spec_in_run(tui_document *document, const ql_spec *spec, int run)
{
    if (document->run == run)
        tui_history_step(history_of(document), -1);
    tui_document_set_spec(document, spec);
    document->run = run;
    tui_document_say(document, false, "the range is by hand; u takes all of the move back");
}

void tui_document_end_run(tui_document *document)
{
    if (document->run)
        tui_document_say(document, false, "the range is by hand; u takes it back");
    document->run = 0;
}

void tui_document_undo(tui_document *document, int direction)
{
    if (direction < 0 && document->pending_count > 0) { /* a turn that was not made yet */
        document->pending_count--;
        return;
    }
    const ql_spec *spec = tui_history_step(history_of(document), direction);
    if (!spec) {
        char column[16] = "";
        if (document->pins.open)
            snprintf(column, sizeof column, " in %c", (char)('A' + document->pins.at));
        tui_document_say(document, false, "nothing to %s%s", direction < 0 ? "undo" : "redo", column);
        return;
    }
    tui_document_use(document, spec);
    document->run = 0;
    tui_document_measure(document);
}

/* A mapping that needs a file takes the one that it had last. */
static void change_mapping(const tui_document *document, ql_spec *spec, const ql_mapping *mapping)
{
    ql_spec_change_mapping(spec, mapping);
    const tui_history *history = &document->pins.pins[document->pins.at].history;
    for (size_t i = history->count ? history->at + 1 : 0; i-- > 0 && ql_spec_takes(spec, QL_KEY_FILE) && !*spec->file;)
        snprintf(spec->file, sizeof spec->file, "%s", history->specs[i].file);
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

static void say_why_not(tui_document *document, int knob)
{
    char why_not[160];
    tui_document_why_not(&document->spec, knob, why_not, sizeof why_not);
    tui_document_say(document, false, "%s", why_not);
}

/* ---- The clipping range by hand ---- */

static bool is_range(int knob)
{
    return knob == TUI_KNOB_RANGE || knob == TUI_KNOB_RANGE_LO || knob == TUI_KNOB_RANGE_HI;
}

static tui_end end_of(int knob)
{
    return knob == TUI_KNOB_RANGE_LO ? TUI_END_LO : knob == TUI_KNOB_RANGE_HI ? TUI_END_HI : TUI_END_BOTH;
}

static bool has_range(const tui_document *document, double *lo, double *hi)
{
    const ql_report *report = tui_document_is_exact(document) ? document->shown->report : NULL;
    return tui_document_profile(document) && tui_range_of(&document->spec, report, lo, hi);
}

static void move_range(tui_document *document, tui_turn turn)
{
    const ql_profile *profile = tui_document_profile(document);
    ql_spec spec = document->spec;
    double lo, hi;
    if (!tui_range_is_possible(&spec))
        say_why_not(document, turn.knob);
    else if (!has_range(document, &lo, &hi))
        tui_document_say(document, false, "there is no range yet to move the ends of");
    else if (tui_range_move(&spec, lo, hi, end_of(turn.knob), turn.direction, turn.share * (profile->x_max - profile->x_min),
                            profile))
        set_spec_in_run(document, &spec, turn.knob);
    else
        say_why_not(document, turn.knob);
}

void tui_document_set_range(tui_document *document, int knob, double value, double grain)
{
    ql_spec spec = document->spec;
    double lo, hi;
    if (document->pending_count == 0 && has_range(document, &lo, &hi) &&
        tui_range_set(&spec, lo, hi, end_of(knob), value, grain, tui_document_profile(document)))
        set_spec_in_run(document, &spec, knob);
}

static void make_turn(tui_document *document, tui_turn turn)
{
    if (is_range(turn.knob)) {
        move_range(document, turn);
        return;
    }
    const ql_profile *profile = tui_document_profile(document);
    ql_spec spec = document->spec;
    bool changed = turn.knob == TUI_KNOB_SCHEME  ? step_scheme(document, &spec, turn.direction)
                   : turn.knob == TUI_KNOB_FINE  ? step_fine(&spec, turn.direction, profile)
                   : turn.knob == TUI_KNOB_FEWER ? step_bits(&spec, turn.direction)
                                                 : ql_spec_step(&spec, (ql_key)turn.knob, turn.direction, profile);
    if (changed)
        tui_document_set_spec(document, &spec);
    else
        say_why_not(document, turn.knob);
}

/* A range by hand starts at the range of the tensor, and moves on from the one that there is; both may still come. */
static bool must_wait(const tui_document *document, int knob)
{
    double lo, hi;
    return document->busy && ((knob == QL_KEY_CLIP && !tui_document_profile(document)) ||
                              (is_range(knob) && tui_range_is_possible(&document->spec) && !has_range(document, &lo, &hi)));
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
    if (must_wait(document, knob)) {
        tui_document_say(document, false, "the tensor is still being read; Enter again in a moment");
        return false;
    }
    if (turn_to(&spec, (ql_key)knob, text, tui_document_profile(document)))
        return take_typed(document, &spec);
    write_spec(&spec, knob, text, whole, sizeof whole);
    return tui_document_type_spec(document, whole);
}

void tui_document_make_turns(tui_document *document)
{
    while (document->pending_count > 0 && !must_wait(document, document->pending[0].knob)) {
        const tui_turn turn = document->pending[0];
        document->pending_count--;
        memmove(document->pending, document->pending + 1, document->pending_count * sizeof document->pending[0]);
        make_turn(document, turn);
    }
}

static void turn_when_possible(tui_document *document, tui_turn turn)
{
    if (!must_wait(document, turn.knob) && document->pending_count == 0)
        make_turn(document, turn);
    else if (document->pending_count < TUI_PENDING_SIZE) /* turns that follow keep their order */
        document->pending[document->pending_count++] = turn;
}

void tui_document_turn(tui_document *document, int knob, int direction)
{
    turn_when_possible(document, (tui_turn) { .knob = knob, .direction = direction });
}

void tui_document_move_range(tui_document *document, int knob, int direction, double share)
{
    turn_when_possible(document, (tui_turn) { knob, direction, share });
}
