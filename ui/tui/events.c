/* A list under a lock, and a pipe that wakes whoever polls. */
#include "tui/events.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { UNHEARD_MOST = 512 };

typedef struct tui_event_node {
    struct tui_event_node *next;
    tui_event event;
} node;

/* What an event holds that nobody takes. */
static void drop(tui_event *event)
{
    tui_measure_release(&event->measure);
    tui_inputs_release(&event->inputs);
    tui_look_free(event->look, &event->made);
}

bool tui_events_start(tui_events *events)
{
    *events = (tui_events) { .first = NULL };
    if (pipe2(events->wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    pthread_mutex_init(&events->lock, NULL);
    return true;
}

void tui_events_stop(tui_events *events)
{
    for (tui_event event; tui_events_take(events, &event);)
        drop(&event);
    close(events->wake[0]);
    close(events->wake[1]);
    pthread_mutex_destroy(&events->lock);
}

void tui_events_post(tui_events *events, const tui_event *event)
{
    node *made = malloc(sizeof *made);
    if (!made) {
        tui_event lost = *event; /* the screen keeps its older numbers */
        drop(&lost);
        return;
    }
    *made = (node) { NULL, *event };
    pthread_mutex_lock(&events->lock);
    if (events->last)
        events->last->next = made;
    else
        events->first = made;
    events->last = made;
    events->unheard += event->kind == TUI_SCANNED;
    const bool is_heard = event->kind != TUI_SCANNED || events->unheard >= UNHEARD_MOST;
    events->unheard = is_heard ? 0 : events->unheard;
    pthread_mutex_unlock(&events->lock);
    if (is_heard && write(events->wake[1], "", 1) < 0) { /* full: it is readable anyway */
    }
}

bool tui_events_take(tui_events *events, tui_event *out)
{
    char bytes[64];
    while (read(events->wake[0], bytes, sizeof bytes) > 0)
        ;
    pthread_mutex_lock(&events->lock);
    node *taken = events->first;
    if (taken) {
        events->first = taken->next;
        if (!events->first)
            events->last = NULL;
    }
    pthread_mutex_unlock(&events->lock);
    if (!taken)
        return false;
    *out = taken->event;
    free(taken);
    return true;
}
