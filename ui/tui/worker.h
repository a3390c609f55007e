/*
 * The inside of the worker: what its files share. Everything else knows jobs.h alone.
 *
 *   worker.c          the thread: what comes next; profile, report and why of what is selected
 *   worker_sample.c   estimates, before what takes long
 *   worker_queue.c    the columns of Compare, one after the other
 *   worker_look.c     what is looked at beside the report
 *   worker_inputs.c   activations that are read
 *   worker_scan.c     all tensors in the background
 *   worker_export.c   what is written; worker_export_products.c of products
 *
 * Each tui_work_* is called and returns with the lock held.
 */
#ifndef TUI_WORKER_H
#define TUI_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "tui/events.h"
#include "tui/scan.h"

/* What a request has reached; each stage needs the one before. */
typedef enum tui_stage {
    TUI_STAGE_GLANCE, /* an estimate, unless the profile is known */
    TUI_STAGE_PROFILE,
    TUI_STAGE_SAMPLE, /* an estimate */
    TUI_STAGE_REPORT,
    TUI_STAGE_WHY,
    TUI_STAGE_DONE,
} tui_stage;

typedef struct tui_request {
    uint64_t ticket;
    size_t tensor;
    ql_spec spec;
    tui_measure *measure; /* one reference, NULL before TUI_STAGE_WHY */
    tui_stage stage;
} tui_request;

/* What to do when nothing newer is wanted. */
typedef struct tui_queue {
    uint64_t ticket;
    size_t tensor, count, next;     /* next == count: nothing is left */
    size_t sampled;                 /* so many have had their estimate, or need none */
    tui_task tasks[TUI_QUEUE_MOST]; /* one reference each, where known */
} tui_queue;

typedef struct tui_look_job {
    uint64_t ticket;
    tui_measure *measure; /* one reference; NULL: none is wanted */
    tui_wish wish;
} tui_look_job;

enum { TUI_SHARE_FULL = 1000000, TUI_EXCERPTS = 4 };

struct tui_jobs {
    const ql_model *model;
    unsigned threads;
    pthread_t thread;
    tui_events events; /* has a lock of its own */
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* under the lock */
    tui_request wanted; /* stage TUI_STAGE_DONE: nothing wanted */
    tui_queue queue;
    tui_look_job looks[TUI_LOOK_COUNT];
    tui_export *export; /* owned, NULL: none */
    char *inputs;       /* owned: activations to be read, NULL: none */
    uint64_t inputs_ticket;
    tui_scan scan;
    const char *doing; /* NULL: idle */
    double began;      /* tui_worker_now */

    /* the worker's own */
    ql_engine *engine;     /* made with the first request */
    ql_profile **profiles; /* [tensor count], NULL where not made yet; only the worker writes */
    size_t scan_profiles;  /* how many of them the scan has made */
    ql_excerpt *excerpts[TUI_EXCERPTS]; /* used last, newest first; NULL behind them */

    atomic_bool quit, stop_export;
    atomic_bool hurry;    /* the scan must make way */
    atomic_ullong newest; /* ticket */
    atomic_ullong newest_queue, newest_look[TUI_LOOK_COUNT];
    atomic_ullong done, total;
    atomic_uint scan_share; /* of the tensor that is being scanned, 0..TUI_SHARE_FULL */
};

/* What a monitor of the worker looks at: whether it shall go on. */
typedef struct tui_watcher {
    tui_jobs *jobs;
    uint64_t ticket;             /* 0: an export */
    const atomic_ullong *newest; /* of what waits for every newer request, the queue or a look; NULL: not that */
    uint64_t own;                /* what *newest is while it is wanted */
} tui_watcher;
bool tui_watcher_tick(void *watcher, uint64_t done, uint64_t total);

void *tui_worker_run(void *jobs);

double tui_worker_now(void); /* seconds of a clock that only goes on */

/* The next piece of work, for the progress. Without the lock. */
void tui_worker_begin(tui_jobs *jobs, const char *what);

/* Makes what is missing of the engine, the profile of a tensor, the measure of a job. Without the lock. */
ql_status tui_need_engine(tui_jobs *jobs, ql_error *error);
ql_status tui_need_profile(tui_jobs *jobs, size_t tensor, const ql_monitor *monitor, ql_error *error);
ql_status tui_need_measure(tui_jobs *jobs, tui_request *job, const ql_monitor *monitor, ql_error *error);

/* An estimate, where the exact report takes long and there can be one: else *out is NULL, also when memory is short - the
   exact one will say what is wrong. QL_OK or QL_CANCELLED. Without the lock. */
ql_status tui_make_sample(tui_jobs *jobs, size_t tensor, const ql_spec *spec, const ql_monitor *monitor, tui_measure **out);

void tui_work_export(tui_jobs *jobs);
void tui_work_inputs(tui_jobs *jobs);
void tui_work_queue(tui_jobs *jobs);
void tui_work_queue_sample(tui_jobs *jobs);
void tui_work_look(tui_jobs *jobs, tui_look_kind kind);
void tui_work_scan(tui_jobs *jobs);

#endif
