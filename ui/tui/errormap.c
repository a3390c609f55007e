/* The map of the error: asked for once for each measure. */
#include "tui/errormap.h"

#include "tui/document.h"

void tui_errormap_measure(tui_document *document)
{
    tui_errormap *map = &document->errormap;
    tui_measure *shown = document->shown;
    if (!map->is_wanted || document->pins.open || !tui_document_is_exact(document) || document->problem.status != QL_OK ||
        shown->map || map->asked == shown)
        return;
    tui_measure_release(&map->asked);
    map->asked = tui_measure_retain(shown);
    map->ticket = tui_jobs_map(document->jobs, shown);
    map->busy = true;
}

void tui_errormap_want(tui_document *document, bool is_wanted)
{
    document->errormap.is_wanted = is_wanted;
    if (!is_wanted)
        tui_errormap_stop(document);
    tui_errormap_forget(document);
    tui_errormap_measure(document);
}

void tui_errormap_take(tui_document *document, tui_event *event)
{
    tui_errormap *map = &document->errormap;
    if (event->kind == TUI_MAPPED && event->ticket == map->ticket) {
        map->busy = false;
        if (event->map && !map->asked->map) {
            map->asked->map = event->map;
            event->map = NULL;
        }
    }
    ql_error_map_free(&event->map);
}

void tui_errormap_stop(tui_document *document)
{
    if (document->errormap.busy)
        document->errormap.ticket = tui_jobs_map(document->jobs, NULL); /* what still comes is of an older one */
    document->errormap.busy = false;
}

void tui_errormap_forget(tui_document *document)
{
    if (!document->errormap.busy)
        tui_measure_release(&document->errormap.asked);
}
