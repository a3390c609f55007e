/* The queue of what the worker tells the screen. */
#ifndef TUI_EVENTS_H
#define TUI_EVENTS_H

#include <pthread.h>

#include "tui/jobs.h"

typedef struct tui_events {
    pthread_mutex_t lock;
    struct tui_event_node *first, *last; /* owned */
    size_t unheard;                      /* events of a scan that woke nobody */
    int wake[2];                         /* a pipe: wake[0] is readable when there are events to take */
} tui_events;

/* False when the system has no pipe to give. */
bool tui_events_start(tui_events *events);

/* Lets go what nobody took. */
void tui_events_stop(tui_events *events);

/* Takes the event over, with its reference. When memory is short it is dropped: the screen keeps its older numbers. Events of
   a scan wake the screen only when there are many: it looks for them in its own time. */
void tui_events_post(tui_events *events, const tui_event *event);

/* The oldest; false when there is none. */
bool tui_events_take(tui_events *events, tui_event *out);

#endif
