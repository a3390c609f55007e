/* Several tasks of a tensor, one after the other. */
#include "tui/worker.h"

#include <math.h>
#include <string.h>

/* Later tasks of the same spec need no second report. */
static void hand_on(tui_queue *of, tui_measure *measure, const char *spec_text)
{
    for (size_t i = of->next; i < of->count; i++) {
        char text[QL_SPEC_TEXT];
        ql_spec_format(&of->tasks[i].spec, text);
        if (!of->tasks[i].known && strcmp(text, spec_text) == 0)
            of->tasks[i].known = tui_measure_retain(measure);
    }
}

/* The next task of the queue. One that a newer request has cancelled is begun anew after it. Called and returns with the
 * lock held. */
void tui_work_queue(tui_jobs *jobs)
{
    const uint64_t ticket = jobs->queue.ticket;
    const tui_task task = jobs->queue.tasks[jobs->queue.next];
    tui_inputs *inputs = tui_inputs_retain(task.inputs);
    tui_request job = { .ticket = atomic_load(&jobs->newest), .tensor = jobs->queue.tensor, .spec = task.spec };
    char spec_text[QL_SPEC_TEXT];
    ql_spec_format(&job.spec, spec_text);
    if (task.known)
        job.measure = tui_measure_retain(task.known);
    else if (tui_measure_is(jobs->wanted.measure, job.tensor, spec_text))
        job.measure = tui_measure_retain(jobs->wanted.measure);
    pthread_mutex_unlock(&jobs->lock);

    tui_watcher watch = { jobs, job.ticket, &jobs->newest_queue, ticket };
    ql_monitor monitor = { tui_watcher_tick, &watch };
    tui_event event = { .kind = inputs ? TUI_PRODUCED : TUI_QUEUED, .ticket = ticket, .tensor = job.tensor, .product = NAN };
    memcpy(event.spec_text, spec_text, sizeof spec_text);
    ql_status status = tui_need_profile(jobs, job.tensor, &monitor, &event.error);
    if (status == QL_OK)
        status = tui_need_measure(jobs, &job, &monitor, &event.error);
    if (status == QL_OK && inputs) {
        tui_worker_begin(jobs, "multiplying");
        status = ql_product_error(jobs->engine, jobs->profiles[job.tensor], job.measure->report, inputs->activations,
                                  &monitor, &event.product, &event.error);
    }
    event.error.status = status;
    if (status == QL_CANCELLED) {
        tui_inputs_release(&inputs);
    } else {
        event.measure = tui_measure_retain(job.measure);
        event.inputs = inputs;
        tui_events_post(&jobs->events, &event);
    }

    pthread_mutex_lock(&jobs->lock);
    if (jobs->queue.ticket == ticket && job.measure)
        hand_on(&jobs->queue, job.measure, spec_text);
    tui_measure_release(&job.measure);
    if (status == QL_CANCELLED || jobs->queue.ticket != ticket || ++jobs->queue.next < jobs->queue.count)
        return;
    pthread_mutex_unlock(&jobs->lock);
    tui_events_post(&jobs->events, &(tui_event) { .kind = TUI_EMPTIED, .ticket = ticket, .tensor = job.tensor });
    pthread_mutex_lock(&jobs->lock);
}

/* The next estimate for the queue. Called and returns with the lock held. */
void tui_work_queue_sample(tui_jobs *jobs)
{
    const uint64_t ticket = jobs->queue.ticket, newest = atomic_load(&jobs->newest);
    const size_t tensor = jobs->queue.tensor;
    const tui_task *task = &jobs->queue.tasks[jobs->queue.sampled];
    const ql_spec spec = task->spec;
    const bool is_wanted = task->wants_sample && !task->known && jobs->queue.sampled >= jobs->queue.next;
    pthread_mutex_unlock(&jobs->lock);

    tui_watcher watch = { jobs, newest, &jobs->newest_queue, ticket };
    const ql_monitor monitor = { tui_watcher_tick, &watch };
    tui_event event = { .kind = TUI_QUEUE_SAMPLED, .ticket = ticket, .tensor = tensor };
    ql_spec_format(&spec, event.spec_text);
    const ql_status status = is_wanted ? tui_make_sample(jobs, tensor, &spec, &monitor, &event.measure) : QL_OK;
    if (event.measure)
        tui_events_post(&jobs->events, &event);

    pthread_mutex_lock(&jobs->lock);
    if (status == QL_OK && jobs->queue.ticket == ticket)
        jobs->queue.sampled++;
}
