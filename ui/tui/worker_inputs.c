/* Activations that a person named are read. */
#include "tui/worker.h"

#include <stdlib.h>

void tui_work_inputs(tui_jobs *jobs)
{
    char *text = jobs->inputs;
    jobs->inputs = NULL;
    tui_event event = { .kind = TUI_READ, .ticket = jobs->inputs_ticket };
    pthread_mutex_unlock(&jobs->lock);
    tui_worker_begin(jobs, "reading activations");
    event.error.status = tui_inputs_open(text, &event.inputs, &event.error);
    tui_events_post(&jobs->events, &event);
    free(text);
    pthread_mutex_lock(&jobs->lock);
}
