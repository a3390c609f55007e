/*
 * The scan of many tensors in the background: what is left of it, how far it is. It belongs to the worker of jobs.c, and is
 * read and changed under that one's lock.
 */
#ifndef TUI_SCAN_H
#define TUI_SCAN_H

#include "tui/jobs.h"

typedef struct tui_scan {
    uint64_t ticket; /* of the newest scan */
    ql_spec spec;
    size_t *tensors; /* owned [count] */
    size_t count, next;
    size_t measures_sent;
    uint64_t bytes, bytes_done; /* of all tensors; of those before `next` */
    double seconds;             /* of work so far, without the pauses for what the person asked for */
    double began;               /* the tensor that is being worked on, by the clock; 0: none is */
} tui_scan;

/* Another scan, of nothing with count = 0. False when memory is short; then there is none. */
bool tui_scan_set(tui_scan *scan, const ql_model *model, const size_t *tensors, size_t count, const ql_spec *spec);

bool tui_scan_is_left(const tui_scan *scan);

/* A tensor is begun, and ended: with `done` the next one follows, else it will be begun again. */
void tui_scan_begin(tui_scan *scan, double now);
void tui_scan_end(tui_scan *scan, const ql_model *model, bool done, double now);

/* `share`: how much of the current tensor is done, 0..1. */
tui_scan_progress tui_scan_progress_of(const tui_scan *scan, const ql_model *model, double share, double now);

/* Measuring a tensor of a scan, without the lock. */
typedef struct tui_scan_work {
    ql_engine *engine;
    const ql_model *model;
    const ql_spec *spec;
    ql_profile **profile; /* what is known, or where it is kept; NULL: it is not kept */
    bool sends_measure;
    bool (*tick)(void *context, double share); /* false: stop */
    void *context;
} tui_scan_work;

/* Fills finding, and profile and measure where they are kept, of event->tensor. QL_CANCELLED or QL_OK: what cannot be
   measured is a finding, too. */
ql_status tui_scan_tensor(const tui_scan_work *work, tui_event *event);

#endif
