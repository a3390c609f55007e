/* The worker thread and its requests. */
#include "tui/jobs.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/events.h"
#include "tui/scan.h"

/* What a request has reached; each stage needs the one before. */
typedef enum stage { STAGE_PROFILE, STAGE_REPORT, STAGE_WHY, STAGE_DONE } stage;

typedef struct request {
    uint64_t ticket;
    size_t tensor;
    ql_spec spec;
    tui_measure *measure; /* one reference, NULL before STAGE_WHY */
    stage stage;
} request;

const ql_synthetic tui_synthetic = { .seed = 7, .rows = 32, .channels = 5, .strongest = 20 };

/* What to do when nothing newer is wanted. */
typedef struct queue {
    uint64_t ticket;
    size_t tensor, count, next;     /* next == count: nothing is left */
    tui_task tasks[TUI_QUEUE_MOST]; /* one reference each, where known */
} queue;

/* A few weights to look at, or the map of all. */
typedef struct look {
    uint64_t ticket;
    tui_measure *measure; /* one reference; NULL: none is wanted */
    uint64_t row, col;
    size_t count;
    bool is_map;
} look;

enum {
    SHARE_FULL = 1000000,
    SCAN_PROFILES = TUI_CACHE_SIZE, /* kept for the next spec: a quarter of a megabyte each */
    SCAN_MEASURES = TUI_CACHE_SIZE, /* sent whole, for the cache */
};

struct tui_jobs {
    const ql_model *model;
    unsigned threads;
    pthread_t thread;
    tui_events events; /* has a lock of its own */
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* under the lock */
    request wanted; /* stage STAGE_DONE: nothing wanted */
    queue queue;
    look look;
    tui_export *export; /* owned, NULL: none */
    tui_scan scan;
    const char *doing; /* NULL: idle */
    double began;      /* seconds of the clock below */

    /* the worker's own */
    ql_engine *engine;     /* made with the first request */
    ql_profile **profiles; /* [tensor count], NULL where not made yet; only the worker writes */
    size_t scan_profiles;  /* how many of them the scan has made */

    atomic_bool quit, stop_export;
    atomic_bool hurry;    /* the scan must make way */
    atomic_ullong newest; /* ticket */
    atomic_ullong newest_queue, newest_look;
    atomic_ullong done, total;
    atomic_uint scan_share; /* of the tensor that is being scanned, 0..SHARE_FULL */
};

bool tui_jobs_event(tui_jobs *jobs, tui_event *out)
{
    return tui_events_take(&jobs->events, out);
}

/* ---- Work ------------------------------------------------------------------------------------------------------ */

typedef struct watcher {
    tui_jobs *jobs;
    uint64_t ticket;             /* 0: an export */
    const atomic_ullong *newest; /* of what waits for every newer request, the queue or a look; NULL: not that */
    uint64_t own;                /* what *newest is while it is wanted */
} watcher;

static bool tick(void *context, uint64_t done, uint64_t total)
{
    const watcher *watch = context;
    tui_jobs *jobs = watch->jobs;
    atomic_store(&jobs->done, done);
    atomic_store(&jobs->total, total);
    if (atomic_load(&jobs->quit))
        return false;
    if (watch->newest && atomic_load(watch->newest) != watch->own)
        return false;
    return watch->ticket == 0 ? !atomic_load(&jobs->stop_export) : atomic_load(&jobs->newest) == watch->ticket;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void begin(tui_jobs *jobs, const char *what)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->doing = what;
    jobs->began = now();
    pthread_mutex_unlock(&jobs->lock);
    atomic_store(&jobs->done, 0);
    atomic_store(&jobs->total, 0);
}

static ql_status need_engine(tui_jobs *jobs, ql_error *error)
{
    return jobs->engine ? QL_OK : ql_engine_new(jobs->threads, &jobs->engine, error);
}

static ql_status need_profile(tui_jobs *jobs, size_t tensor, const ql_monitor *monitor, ql_error *error)
{
    if (need_engine(jobs, error) != QL_OK)
        return error->status;
    if (jobs->profiles[tensor])
        return QL_OK;
    begin(jobs, "reading the tensor");
    return ql_profile_make(jobs->engine, jobs->model, ql_model_tensor(jobs->model, tensor), monitor, &jobs->profiles[tensor],
                           error);
}

static ql_status need_measure(tui_jobs *jobs, request *job, const ql_monitor *monitor, ql_error *error)
{
    if (job->measure)
        return QL_OK;
    begin(jobs, "measuring");
    ql_report *report = NULL;
    ql_status status = ql_report_make(jobs->engine, jobs->profiles[job->tensor], &job->spec, monitor, &report, error);
    if (status != QL_OK)
        return status;
    job->measure = tui_measure_new(job->tensor, &report);
    if (job->measure)
        return QL_OK;
    snprintf(error->message, sizeof error->message, "out of memory for a report");
    return error->status = QL_NO_MEMORY;
}

/* Does one stage of the job and says so in `event`. */
static ql_status run_stage(tui_jobs *jobs, request *job, tui_event *event)
{
    watcher watch = { jobs, job->ticket, NULL, 0 };
    ql_monitor monitor = { tick, &watch };
    ql_status status = QL_OK;
    switch (job->stage) {
    case STAGE_PROFILE:
        event->kind = TUI_PROFILED;
        status = need_profile(jobs, job->tensor, &monitor, &event->error);
        event->profile = jobs->profiles[job->tensor];
        break;
    case STAGE_REPORT:
        event->kind = TUI_REPORTED;
        status = need_measure(jobs, job, &monitor, &event->error);
        break;
    case STAGE_WHY:
        event->kind = TUI_EXPLAINED;
        begin(jobs, "looking for a remedy");
        status = ql_why_make(jobs->engine, jobs->profiles[job->tensor], job->measure->report, &monitor, &event->why,
                             &event->error);
        break;
    case STAGE_DONE:
        break;
    }
    event->measure = tui_measure_retain(job->measure);
    return status;
}

/* The next stage of what is wanted. Called and returns with the lock held. */
static void work_on_request(tui_jobs *jobs)
{
    request job = jobs->wanted;
    tui_measure_retain(job.measure);
    pthread_mutex_unlock(&jobs->lock);

    tui_event event = { .ticket = job.ticket, .tensor = job.tensor };
    ql_status status = run_stage(jobs, &job, &event);
    if (status == QL_CANCELLED) {
        tui_measure_release(&event.measure);
    } else {
        if (status != QL_OK) {
            event.kind = TUI_FAILED;
            event.error.status = status;
        }
        tui_events_post(&jobs->events, &event);
    }
    bool finished = status == QL_OK && job.stage == STAGE_WHY;
    if (finished)
        tui_events_post(&jobs->events, &(tui_event) { .kind = TUI_FINISHED, .ticket = job.ticket, .tensor = job.tensor });

    pthread_mutex_lock(&jobs->lock);
    if (jobs->wanted.ticket == job.ticket && jobs->wanted.stage != STAGE_DONE) {
        jobs->wanted.stage = status == QL_OK ? job.stage + 1 : STAGE_DONE;
        if (!jobs->wanted.measure)
            jobs->wanted.measure = tui_measure_retain(job.measure);
    }
    tui_measure_release(&job.measure);
}

static ql_status write_figure(tui_jobs *jobs, const tui_export *export, tui_measure *known, ql_error *error)
{
    watcher watch = { jobs, 0, NULL, 0 };
    ql_monitor monitor = { tick, &watch };
    char spec_text[QL_SPEC_TEXT];
    ql_spec_format(&export->spec, spec_text);
    request job = { .tensor = export->tensor, .spec = export->spec };
    if (tui_measure_is(known, export->tensor, spec_text))
        job.measure = tui_measure_retain(known);
    ql_status status = need_profile(jobs, job.tensor, &monitor, error);
    if (status == QL_OK)
        status = need_measure(jobs, &job, &monitor, error);
    if (status == QL_OK) {
        begin(jobs, "writing the figure");
        const ql_figure_options options = { ql_figure_kind_at(0)->name, export->command, export->tensor_name,
                                            export->file_name };
        status = ql_figure_write(job.measure->report, &options, export->path, error);
    }
    tui_measure_release(&job.measure);
    return status;
}

/* Called and returns with the lock held. */
static void work_on_export(tui_jobs *jobs)
{
    tui_export *export = jobs->export;
    jobs->export = NULL;
    tui_measure *known = tui_measure_retain(jobs->wanted.measure);
    pthread_mutex_unlock(&jobs->lock);
    tui_event event = { .kind = TUI_EXPORTED, .tensor = export->tensor };
    event.error.status = write_figure(jobs, export, known, &event.error);
    snprintf(event.path, sizeof event.path, "%s", export->path);
    tui_events_post(&jobs->events, &event);
    free(export);
    pthread_mutex_lock(&jobs->lock);
    tui_measure_release(&known);
}

/* Later tasks of the same spec need no second report. */
static void hand_on(queue *of, tui_measure *measure, const char *spec_text)
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
static void work_on_queue(tui_jobs *jobs)
{
    const uint64_t ticket = jobs->queue.ticket;
    const tui_task task = jobs->queue.tasks[jobs->queue.next];
    request job = { .ticket = atomic_load(&jobs->newest), .tensor = jobs->queue.tensor, .spec = task.spec };
    char spec_text[QL_SPEC_TEXT];
    ql_spec_format(&job.spec, spec_text);
    if (task.known)
        job.measure = tui_measure_retain(task.known);
    else if (tui_measure_is(jobs->wanted.measure, job.tensor, spec_text))
        job.measure = tui_measure_retain(jobs->wanted.measure);
    pthread_mutex_unlock(&jobs->lock);

    watcher watch = { jobs, job.ticket, &jobs->newest_queue, ticket };
    ql_monitor monitor = { tick, &watch };
    tui_event event = {
        .kind = task.is_product ? TUI_PRODUCED : TUI_QUEUED, .ticket = ticket, .tensor = job.tensor, .product = NAN
    };
    memcpy(event.spec_text, spec_text, sizeof spec_text);
    ql_status status = need_profile(jobs, job.tensor, &monitor, &event.error);
    if (status == QL_OK)
        status = need_measure(jobs, &job, &monitor, &event.error);
    if (status == QL_OK && task.is_product) {
        begin(jobs, "multiplying");
        status = ql_product_error(jobs->engine, jobs->profiles[job.tensor], job.measure->report, &tui_synthetic, &monitor,
                                  &event.product, &event.error);
    }
    event.error.status = status;
    event.measure = tui_measure_retain(job.measure);
    if (status == QL_CANCELLED)
        tui_measure_release(&event.measure);
    else
        tui_events_post(&jobs->events, &event);

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

/* The strip or the map. Called and returns with the lock held. */
static void work_on_look(tui_jobs *jobs)
{
    const look job = jobs->look;
    const uint64_t newest = atomic_load(&jobs->newest);
    tui_measure *measure = tui_measure_retain(job.measure);
    pthread_mutex_unlock(&jobs->lock);

    watcher watch = { jobs, newest, &jobs->newest_look, job.ticket };
    ql_monitor monitor = { tick, &watch };
    tui_event event = { .kind = job.is_map ? TUI_MAPPED : TUI_STRIPPED, .ticket = job.ticket, .tensor = measure->tensor };
    ql_status status = need_profile(jobs, measure->tensor, &monitor, &event.error);
    begin(jobs, job.is_map ? "making a map" : "looking at a block");
    if (status == QL_OK && job.is_map)
        status = ql_error_map_make(jobs->engine, jobs->profiles[measure->tensor], measure->report, &monitor, &event.map,
                                   &event.error);
    else if (status == QL_OK)
        status = ql_strip_make(jobs->engine, jobs->profiles[measure->tensor], measure->report, job.row, job.col, job.count,
                               &monitor, &event.strip, &event.error);
    event.error.status = status;
    tui_measure_release(&measure);
    if (status != QL_CANCELLED)
        tui_events_post(&jobs->events, &event);
    pthread_mutex_lock(&jobs->lock);
    if (status != QL_CANCELLED && jobs->look.ticket == job.ticket)
        tui_measure_release(&jobs->look.measure);
}

/* ---- Scan ------------------------------------------------------------------------------------------------------ */

static bool scan_tick(void *context, double share)
{
    tui_jobs *jobs = context;
    atomic_store(&jobs->scan_share, (unsigned)(share * SHARE_FULL));
    return !atomic_load(&jobs->quit) && !atomic_load(&jobs->hurry);
}

static ql_status scan_tensor(tui_jobs *jobs, const ql_spec *spec, bool sends_measure, tui_event *event)
{
    ql_profile **profile = &jobs->profiles[event->tensor];
    const bool is_known = *profile != NULL;
    if (need_engine(jobs, &event->error) != QL_OK) {
        event->finding.has_failed = true;
        return QL_OK;
    }
    const tui_scan_work work = {
        .engine = jobs->engine,
        .model = jobs->model,
        .spec = spec,
        .profile = is_known || jobs->scan_profiles < SCAN_PROFILES ? profile : NULL,
        .sends_measure = sends_measure,
        .tick = scan_tick,
        .context = jobs,
    };
    const ql_status status = tui_scan_tensor(&work, event);
    jobs->scan_profiles += !is_known && *profile;
    return status;
}

/* Called and returns with the lock held. */
static void work_on_scan(tui_jobs *jobs)
{
    tui_scan *scan = &jobs->scan;
    tui_event event = { .kind = TUI_SCANNED, .ticket = scan->ticket, .tensor = scan->tensors[scan->next] };
    const ql_spec spec = scan->spec;
    const bool sends_measure = scan->measures_sent < SCAN_MEASURES;
    jobs->doing = NULL;
    atomic_store(&jobs->hurry, false);
    atomic_store(&jobs->scan_share, 0);
    tui_scan_begin(scan, now());
    pthread_mutex_unlock(&jobs->lock);

    const bool done = scan_tensor(jobs, &spec, sends_measure, &event) == QL_OK;
    if (done)
        tui_events_post(&jobs->events, &event);

    pthread_mutex_lock(&jobs->lock);
    if (scan->ticket != event.ticket)
        return;
    tui_scan_end(scan, jobs->model, done, now());
    scan->measures_sent += done && event.measure;
    if (!tui_scan_is_left(scan)) {
        pthread_mutex_unlock(&jobs->lock);
        tui_events_post(&jobs->events, &(tui_event) { .kind = TUI_SCAN_DONE, .ticket = event.ticket });
        pthread_mutex_lock(&jobs->lock);
    }
}

static void *run(void *context)
{
    tui_jobs *jobs = context;
    pthread_mutex_lock(&jobs->lock);
    while (!atomic_load(&jobs->quit)) {
        bool has_request = jobs->wanted.stage != STAGE_DONE;
        if (jobs->export && (!has_request || jobs->wanted.stage == STAGE_WHY)) {
            work_on_export(jobs);
        } else if (jobs->look.measure && (!has_request || jobs->wanted.stage == STAGE_WHY)) {
            work_on_look(jobs);
        } else if (jobs->queue.next < jobs->queue.count && (!has_request || jobs->wanted.stage == STAGE_WHY)) {
            work_on_queue(jobs);
        } else if (has_request) {
            work_on_request(jobs);
        } else if (tui_scan_is_left(&jobs->scan)) {
            work_on_scan(jobs);
        } else {
            jobs->doing = NULL;
            pthread_cond_wait(&jobs->changed, &jobs->lock);
        }
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

/* ---- Called by the screen ---------------------------------------------------------------------------------------- */

ql_status tui_jobs_start(const ql_model *model, unsigned threads, tui_jobs **out, ql_error *error)
{
    tui_jobs *jobs = calloc(1, sizeof *jobs);
    ql_profile **profiles = calloc(ql_model_tensor_count(model) + 1, sizeof(ql_profile *));
    if (!jobs || !profiles || !tui_events_start(&jobs->events))
        goto failed;
    jobs->model = model;
    jobs->threads = threads;
    jobs->profiles = profiles;
    jobs->wanted.stage = STAGE_DONE;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->changed, NULL);
    if (pthread_create(&jobs->thread, NULL, run, jobs) == 0) {
        *out = jobs;
        return QL_OK;
    }
    tui_events_stop(&jobs->events);
failed:
    free(jobs);
    free(profiles);
    snprintf(error->message, sizeof error->message, "the system has no room for one more thread");
    return error->status = QL_NO_MEMORY;
}

void tui_jobs_stop(tui_jobs **held)
{
    tui_jobs *jobs = *held;
    *held = NULL;
    if (!jobs)
        return;
    pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->quit, true);
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    pthread_join(jobs->thread, NULL);

    for (size_t i = 0; i < ql_model_tensor_count(jobs->model); i++)
        ql_profile_free(&jobs->profiles[i]);
    tui_measure_release(&jobs->wanted.measure);
    tui_measure_release(&jobs->look.measure);
    for (size_t i = 0; i < jobs->queue.count; i++)
        tui_measure_release(&jobs->queue.tasks[i].known);
    ql_engine_free(&jobs->engine);
    tui_events_stop(&jobs->events);
    pthread_mutex_destroy(&jobs->lock);
    pthread_cond_destroy(&jobs->changed);
    free(jobs->export);
    free(jobs->scan.tensors);
    free(jobs->profiles);
    free(jobs);
}

uint64_t tui_jobs_measure(tui_jobs *jobs, size_t tensor, const ql_spec *spec, tui_measure *known)
{
    pthread_mutex_lock(&jobs->lock);
    uint64_t ticket = atomic_fetch_add(&jobs->newest, 1) + 1;
    tui_measure_release(&jobs->wanted.measure);
    jobs->wanted = (request) { ticket, tensor, *spec, tui_measure_retain(known), STAGE_PROFILE };
    atomic_store(&jobs->hurry, true);
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return ticket;
}

static void clear_queue(queue *old)
{
    for (size_t i = 0; i < old->count; i++)
        tui_measure_release(&old->tasks[i].known);
    old->count = old->next = 0;
}

uint64_t tui_jobs_queue(tui_jobs *jobs, size_t tensor, const tui_task *tasks, size_t count)
{
    pthread_mutex_lock(&jobs->lock);
    const uint64_t ticket = atomic_fetch_add(&jobs->newest_queue, 1) + 1;
    queue *made = &jobs->queue;
    clear_queue(made);
    made->ticket = ticket;
    made->tensor = tensor;
    made->count = count < TUI_QUEUE_MOST ? count : TUI_QUEUE_MOST;
    for (size_t i = 0; i < made->count; i++) {
        made->tasks[i] = tasks[i];
        tui_measure_retain(tasks[i].known);
    }
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return ticket;
}

/* Instead of the one before. Returns its ticket. */
static uint64_t look_at(tui_jobs *jobs, look wanted)
{
    pthread_mutex_lock(&jobs->lock);
    wanted.ticket = atomic_fetch_add(&jobs->newest_look, 1) + 1;
    tui_measure_release(&jobs->look.measure);
    tui_measure_retain(wanted.measure);
    jobs->look = wanted;
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return wanted.ticket;
}

uint64_t tui_jobs_strip(tui_jobs *jobs, tui_measure *measure, uint64_t row, uint64_t col, size_t count)
{
    return look_at(jobs, (look) { .measure = measure, .row = row, .col = col, .count = count });
}

uint64_t tui_jobs_map(tui_jobs *jobs, tui_measure *measure)
{
    return look_at(jobs, (look) { .measure = measure, .is_map = true });
}

bool tui_jobs_export(tui_jobs *jobs, const tui_export *wish)
{
    tui_export *copy = malloc(sizeof *copy);
    if (!copy)
        return false;
    *copy = *wish;
    pthread_mutex_lock(&jobs->lock);
    free(jobs->export);
    jobs->export = copy;
    atomic_store(&jobs->stop_export, false);
    atomic_store(&jobs->hurry, true);
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return true;
}

void tui_jobs_cancel(tui_jobs *jobs, bool exports)
{
    pthread_mutex_lock(&jobs->lock);
    atomic_fetch_add(&jobs->newest, 1);
    jobs->wanted.stage = STAGE_DONE;
    if (exports) {
        atomic_store(&jobs->stop_export, true);
        free(jobs->export);
        jobs->export = NULL;
    }
    pthread_mutex_unlock(&jobs->lock);
}

uint64_t tui_jobs_scan(tui_jobs *jobs, const size_t *tensors, size_t count, const ql_spec *spec)
{
    pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->hurry, true);
    const bool is_set = tui_scan_set(&jobs->scan, jobs->model, tensors, count, spec);
    const uint64_t ticket = is_set ? jobs->scan.ticket : 0;
    pthread_cond_signal(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    return ticket;
}

void tui_jobs_stop_scan(tui_jobs *jobs)
{
    tui_jobs_scan(jobs, NULL, 0, &(ql_spec) { 0 });
}

tui_scan_progress tui_jobs_scan_progress(tui_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    const double share = (double)atomic_load(&jobs->scan_share) / SHARE_FULL;
    const tui_scan_progress progress = tui_scan_progress_of(&jobs->scan, jobs->model, share, now());
    pthread_mutex_unlock(&jobs->lock);
    return progress;
}

int tui_jobs_fd(const tui_jobs *jobs)
{
    return jobs->events.wake[0];
}

tui_progress tui_jobs_progress(tui_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    const char *doing = jobs->doing;
    double elapsed = now() - jobs->began;
    pthread_mutex_unlock(&jobs->lock);
    uint64_t done = atomic_load(&jobs->done), total = atomic_load(&jobs->total);
    return (tui_progress) { doing != NULL, doing ? doing : "", total > 0 ? (double)done / (double)total : 0, elapsed };
}
