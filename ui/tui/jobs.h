/*
 * The worker: one thread with its own engine that measures what the screen asks for. The newest request wins: it cancels the
 * older one within a chunk. An export is not cancelled by newer requests, only by tui_jobs_cancel.
 *
 *   tui_jobs_measure --> profile --> report --> why    each stage sends an event; tui_jobs_fd becomes readable
 *                  sample        sample                where the next stage takes long (ql_excerpt), an estimate comes first
 *   tui_jobs_queue   --> report, report, ...           one after the other, between the report and the why of the request;
 *                                                      their estimates come before that report
 *   tui_jobs_scan ----> many tensors one by one, while nothing else is wanted (scan.h)
 *
 * All functions are called by the thread of the screen and return at once (tui_jobs_stop: within a chunk).
 */
#ifndef TUI_JOBS_H
#define TUI_JOBS_H

#include <assert.h>
#include <limits.h>

#include "sheet/table.h"
#include "tui/findings.h"
#include "tui/inputs.h"
#include "tui/look.h"
#include "tui/measure.h"
#include "tui/products.h"

typedef struct tui_jobs tui_jobs;

typedef enum tui_event_kind {
    TUI_SAMPLED,   /* `measure` is there, an estimate: before the profile, the report or both, where those take long */
    TUI_PROFILED,  /* `profile` is there */
    TUI_REPORTED,  /* `measure` is there */
    TUI_EXPLAINED, /* `why` of `measure` is there */
    TUI_FINISHED,  /* the request is done */
    TUI_FAILED,    /* the request ended with `error`; not sent when it was cancelled */
    TUI_EXPORTED,  /* it is written, or `error` says why not */
    TUI_QUEUE_SAMPLED, /* of the queue: `measure` is there, an estimate */
    TUI_QUEUED,    /* of the queue: `measure` is there, or `error` says why not */
    TUI_PRODUCED,  /* of the queue: `product` of `measure` with `inputs` is there, or `error` says why not */
    TUI_EMPTIED,   /* the queue is done */
    TUI_READ,      /* `inputs` are there, or `error` says why not */
    TUI_LOOKED,    /* `made` of kind `look` is there, or `error` says why not */
    TUI_SCANNED,   /* the scan has `finding` of a tensor, maybe `profile` and `measure`; not announced by tui_jobs_fd */
    TUI_SCAN_DONE, /* the scan is over */
} tui_event_kind;

typedef struct tui_event {
    tui_event_kind kind;
    uint64_t ticket; /* of the request, queue, look or scan; events of older ones may still come */
    size_t tensor;
    const ql_profile *profile; /* borrowed until tui_jobs_stop */
    tui_measure *measure;      /* a reference for the receiver, or NULL */
    tui_finding finding;
    ql_why why;
    tui_look_kind look;
    void *made;         /* the receiver's: tui_look_free */
    tui_inputs *inputs; /* a reference for the receiver, or NULL */
    double product;
    ql_error error;
    char told[640];               /* of an export: what was written */
    bool exists;                  /* of an export: nothing was, since there is something of that name */
    char spec_text[QL_SPEC_TEXT]; /* of the queue */
} tui_event;

enum { TUI_EXPORT_CELLS = 120, TUI_EXPORT_SPECS = 6, TUI_EXPORT_METHODS = 1 + QL_USUAL_THRESHOLDS }; /* cells: of a name */
static_assert((int)TUI_EXPORT_METHODS >= (int)TUI_RESULTS, "the table has no more methods than the sweep");

/* What is to be written. */
typedef struct tui_export {
    size_t tensor, spec_count;
    ql_spec specs[TUI_EXPORT_SPECS];
    tui_measure *known[TUI_EXPORT_SPECS];  /* one reference each; NULL: not there yet */
    tui_inputs *inputs;                    /* one reference: of the product that is told of; NULL: none is */
    double products[TUI_EXPORT_SPECS];     /* its error; NAN: not there yet */
    const ql_figure_kind *figure;          /* of the first spec; or NULL and */
    const sheet_format *format;            /* the numbers of all; or NULL: the codes of the first, into a folder */
    bool may_replace;                      /* what is there */
    size_t method_count;                   /* of products; 0: of the tensor alone */
    tui_method methods[TUI_EXPORT_METHODS];
    tui_results *results;                  /* owned, of the table of products; NULL: not there yet */
    tui_wish wish;                         /* of the split; its inputs are those above */
    char tensor_name[512], file_name[512]; /* printable */
    char command[4096];
    char path[PATH_MAX];
} tui_export;
void tui_export_free(tui_export **held); /* accepts NULL, leaves NULL */

typedef struct tui_progress {
    bool busy;
    const char *stage; /* "reading the tensor", "measuring", ... */
    double share;      /* of the stage, 0..1 */
    double elapsed;    /* seconds since the stage began */
} tui_progress;

/* The model is borrowed. threads: 0 for one per core. */
ql_status tui_jobs_start(const ql_model *model, unsigned threads, tui_jobs **out, ql_error *error);
void tui_jobs_stop(tui_jobs **jobs);

/* Asks for all about a tensor under a spec; `known` (NULL: nothing) is a report that is there already. Returns the ticket.
 */
uint64_t tui_jobs_measure(tui_jobs *jobs, size_t tensor, const ql_spec *spec, tui_measure *known);

/* A report of a spec, or the error of the product under it. */
typedef struct tui_task {
    ql_spec spec;
    tui_inputs *inputs; /* of the product; NULL: the report is wanted */
    tui_measure *known; /* the report; NULL: not there yet */
    bool wants_sample;  /* an estimate first, where the report takes long */
} tui_task;

/* Asks for several tasks of a tensor, one after the other, instead of those asked for before (count 0: none). A newer request
   makes them wait. Returns the queue's ticket. */
enum { TUI_QUEUE_MOST = 32 };
uint64_t tui_jobs_queue(tui_jobs *jobs, size_t tensor, const tui_task *tasks, size_t count);

/* Asks for a look at a report that is there (NULL: none), instead of the one of that kind asked for before. A newer request
   makes it wait. Returns its ticket. */
uint64_t tui_jobs_look(tui_jobs *jobs, tui_look_kind kind, tui_measure *measure, const tui_wish *wish);

/* Asks for activations (text as ql_activations_open takes it) instead of those asked for before. Returns the ticket, 0 when
   memory is short. */
uint64_t tui_jobs_read(tui_jobs *jobs, const char *text);

/* Asks for something to be written; an export that has not begun is replaced. Takes the wish over. */
void tui_jobs_export(tui_jobs *jobs, tui_export *wish);

/* Cancels the request; with `exports` also the export. */
void tui_jobs_cancel(tui_jobs *jobs, bool exports);

/* Asks to measure tensors (copied) under a spec, instead of what is left of an older scan. Returns the ticket, 0 when memory
   is short. */
uint64_t tui_jobs_scan(tui_jobs *jobs, const size_t *tensors, size_t count, const ql_spec *spec);
void tui_jobs_stop_scan(tui_jobs *jobs);

typedef struct tui_scan_progress {
    size_t done, count;      /* tensors */
    double share;            /* of the bytes, 0..1 */
    double bytes_per_second; /* 0: not known yet */
    double seconds_left;     /* at that speed */
} tui_scan_progress;
tui_scan_progress tui_jobs_scan_progress(tui_jobs *jobs);

int tui_jobs_fd(const tui_jobs *jobs);
bool tui_jobs_event(tui_jobs *jobs, tui_event *out);
tui_progress tui_jobs_progress(tui_jobs *jobs);

#endif
