/* Specs tried beside the columns. */
#include "tui/trials.h"

#include <string.h>

/* The usual ways to store weights, few bits first. */
static const char *const specs[] = {
    "zeropoint:bits=3,per=block,block=64",
    "absmax:bits=4,per=row",
    "int4g",
    "mxfp4",
    "nvfp4",
    "q4_0",
    "nf4:block=32",
    "int4g:block=32",
    "q5_1",
    "absmax:bits=6,per=row",
    "absmax:per=row",
    "q8_0",
};
_Static_assert(sizeof specs / sizeof specs[0] <= TUI_TRIALS_MOST, "a trial has no place");

void tui_trials_start(tui_trials *trials)
{
    *trials = (tui_trials) { 0 };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        ql_error error;
        tui_trial *trial = &trials->trials[trials->count];
        if (ql_spec_parse(specs[i], &trial->spec, &error) != QL_OK)
            continue;
        ql_spec_format(&trial->spec, trial->spec_text);
        trials->count++;
    }
}

size_t tui_trials_wanted(const tui_trials *trials, size_t tensor, tui_task out[TUI_TRIALS_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < trials->count; i++)
        if (!trials->trials[i].is_known || trials->trials[i].tensor != tensor)
            out[count++] = (tui_task) { .spec = trials->trials[i].spec };
    return count;
}

void tui_trials_take(tui_trials *trials, const tui_measure *measure)
{
    for (size_t i = 0; i < trials->count; i++) {
        tui_trial *trial = &trials->trials[i];
        if (!tui_measure_is(measure, measure->tensor, trial->spec_text))
            continue;
        trial->tensor = measure->tensor;
        trial->is_known = true;
        trial->bits = measure->report->bits_per_weight;
        trial->sqnr_db = measure->report->metrics[QL_SQNR_DB];
    }
}
