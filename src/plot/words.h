/* What the numbers of a report are called: schemes differ in what they have. A report without a mapping counts as uniform.
 */
#ifndef QL_PLOT_WORDS_H
#define QL_PLOT_WORDS_H

#include <stdbool.h>

#include "qloupe.h"

/* Neighbouring levels of a group are one scale apart: the scale is a step. */
bool ql_words_has_steps(const ql_report *report);

/* What lies outside [clip_lo, clip_hi] is clipped; else these are just the outermost levels. */
bool ql_words_clips(const ql_report *report);

enum { QL_RANGE_SIZE = 112 };

/* "−0.25 … 0.5", "±0.5", "0.5". */
void ql_words_range(char out[QL_RANGE_SIZE], double lo, double hi);

#endif
