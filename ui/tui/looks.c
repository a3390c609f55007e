/* What the screen looks at beside the report. */
#include "tui/looks.h"

#include "tui/document.h"

static void set_measure(tui_measure **held, tui_measure *measure)
{
    tui_measure_retain(measure);
    tui_measure_release(held);
    *held = measure;
}

void tui_looks_begin(tui_document *document)
{
    for (int kind = 0; kind < TUI_LOOK_COUNT; kind++)
        document->looks.of[kind].is_wished = false;
}

/* This was asked for, and it is known that nothing comes of it. */
static bool is_hopeless(const tui_document *document, const tui_look_slot *look, const tui_wish *wish)
{
    return look->problem.status != QL_OK && tui_wish_is(&look->asked_wish, wish) &&
           tui_measure_is(look->asked, document->tensor, document->spec_text);
}

tui_seen tui_looks_seen(const tui_document *document, tui_look_kind kind, const tui_wish *wish)
{
    const tui_look_slot *look = &document->looks.of[kind];
    if (!look->made || look->of->tensor != document->tensor || is_hopeless(document, look, wish))
        return (tui_seen) { .missing = look->problem.status != QL_OK ? look->problem.message
                                       : document->stopped           ? "stopped; r measures again"
                                                                     : tui_look_doing(kind) };
    return (tui_seen) { look->made, look->of, &look->wish,
                        tui_wish_is(&look->wish, wish) && tui_measure_is(look->of, document->tensor, document->spec_text),
                        NULL };
}

tui_seen tui_looks_wish(tui_document *document, tui_look_kind kind, const tui_wish *wish)
{
    tui_look_slot *look = &document->looks.of[kind];
    look->is_wished = true;
    look->wished = *wish;
    return tui_looks_seen(document, kind, wish);
}

/* There is, or will be, what is wished of what is shown. */
static bool is_served(const tui_look_slot *look, const tui_measure *shown)
{
    return (look->made && look->of == shown && tui_wish_is(&look->wish, &look->wished)) ||
           (look->asked == shown && tui_wish_is(&look->asked_wish, &look->wished));
}

static void give_up(tui_document *document, tui_look_kind kind)
{
    tui_look_slot *look = &document->looks.of[kind];
    if (look->busy)
        look->ticket = tui_jobs_look(document->jobs, kind, NULL, NULL); /* what still comes is of an older one */
    look->busy = false;
}

void tui_looks_ask(tui_document *document)
{
    const bool can = tui_document_is_exact(document) && document->problem.status == QL_OK;
    for (int i = 0; i < TUI_LOOK_COUNT; i++) {
        const tui_look_kind kind = (tui_look_kind)i;
        tui_look_slot *look = &document->looks.of[kind];
        if (!look->is_wished && look->busy) {
            give_up(document, kind);
            tui_measure_release(&look->asked);
        }
        if (!look->is_wished || !can || is_served(look, document->shown))
            continue;
        set_measure(&look->asked, document->shown);
        tui_wish_keep(&look->asked_wish, &look->wished);
        look->problem = (ql_error) { 0 };
        look->ticket = tui_jobs_look(document->jobs, kind, document->shown, &look->wished);
        look->busy = true;
    }
}

void tui_looks_take(tui_document *document, tui_event *event)
{
    if (event->kind != TUI_LOOKED)
        return;
    tui_look_slot *look = &document->looks.of[event->look];
    if (event->ticket == look->ticket && look->busy) {
        look->busy = false;
        look->problem = event->error;
        if (event->made) {
            tui_look_free(event->look, &look->made);
            look->made = event->made;
            event->made = NULL;
            tui_wish_keep(&look->wish, &look->asked_wish);
            set_measure(&look->of, look->asked);
        }
    }
    tui_look_free(event->look, &event->made);
}

void tui_looks_stop(tui_document *document)
{
    for (int kind = 0; kind < TUI_LOOK_COUNT; kind++)
        give_up(document, (tui_look_kind)kind);
}

void tui_looks_retry(tui_document *document)
{
    for (int kind = 0; kind < TUI_LOOK_COUNT; kind++) {
        tui_look_slot *look = &document->looks.of[kind];
        if (!look->busy)
            tui_measure_release(&look->asked);
    }
}

bool tui_looks_are_busy(const tui_looks *looks)
{
    for (int kind = 0; kind < TUI_LOOK_COUNT; kind++)
        if (looks->of[kind].busy)
            return true;
    return false;
}

void tui_looks_free(tui_looks *looks)
{
    for (int kind = 0; kind < TUI_LOOK_COUNT; kind++) {
        tui_look_slot *look = &looks->of[kind];
        tui_look_free((tui_look_kind)kind, &look->made);
        tui_measure_release(&look->of);
        tui_measure_release(&look->asked);
        tui_wish_keep(&look->wish, NULL);
        tui_wish_keep(&look->asked_wish, NULL);
    }
}
