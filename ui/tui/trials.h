/*
 * Trials: specs that the Compare view measures beside its columns, to show what else there is between few bits and many.
 * Part of the columns (pins.h); only their numbers are kept.
 */
#ifndef TUI_TRIALS_H
#define TUI_TRIALS_H

#include "tui/jobs.h"

enum { TUI_TRIALS_MOST = 12 };

typedef struct tui_trial {
    ql_spec spec;
    char spec_text[QL_SPEC_TEXT];
    size_t tensor;        /* whose numbers these are */
    bool is_known;        /* there are any */
    double bits, sqnr_db; /* per weight, everything counted */
} tui_trial;

typedef struct tui_trials {
    tui_trial trials[TUI_TRIALS_MOST];
    size_t count, at; /* at < count: the selected one */
} tui_trials;

void tui_trials_start(tui_trials *trials);

/* Reports of those that are not known for the tensor, to out[]; returns how many. */
size_t tui_trials_wanted(const tui_trials *trials, size_t tensor, tui_task out[TUI_TRIALS_MOST]);

/* Keeps the numbers of a report, if it is of a trial. */
void tui_trials_take(tui_trials *trials, const tui_measure *measure);

#endif
