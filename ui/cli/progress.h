/*
 * Progress on stderr and ^C.
 *
 * The work is a number of elements; tasks (a profile, a report) follow each other and each does its share. The line appears
 * when the work has lasted half a second and stderr is a terminal.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "qloupe.h"

typedef struct cli_progress {
    ql_monitor monitor;    /* for the library */
    bool shown;            /* a line may be drawn */
    double total, done;    /* elements of all tasks; of those that ended */
    double task;           /* elements of the running task */
    double started, drawn; /* seconds of the monotonic clock: of the beginning, of the last line */
    char label[512];       /* what is worked on, printable; "" when there is nothing to say */
} cli_progress;

/* Begins work of `total` elements (elements of a tensor x times it is worked on). ^C then only cancels: every monitor says
   stop. The structure must stay where it is. */
void cli_progress_begin(cli_progress *progress, double total, bool quiet);

/* Of work that several others share: `total` of all of them. Each begins for itself and then goes on from those before it,
   which are in *all; when it has ended, cli_progress_leave says so to *all. */
cli_progress cli_progress_of(double total);
void cli_progress_join(cli_progress *progress, const cli_progress *all);
void cli_progress_leave(const cli_progress *progress, cli_progress *all);

/* What is worked on, printable; cut to the room that there is. */
void cli_progress_label(cli_progress *progress, const char *label);

/* The next task is `elements` of the total; the one before it has ended. */
void cli_progress_task(cli_progress *progress, double elements);

/* Removes the line, if there is one; the next one appears in its place. */
void cli_progress_hide(void);

#endif
