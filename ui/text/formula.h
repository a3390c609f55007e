/*
 * The formula of a mapping with the numbers of a report in it, worked out for the widest group, and that group's name and
 * levels.
 *
 * Results are UTF-8 without control characters, terminated, and cut where `size` is short.
 */
#ifndef TEXT_FORMULA_H
#define TEXT_FORMULA_H

#include "qloupe.h"

/* "d = 0.3147 / 127 = 0.002478   q = round(x / d)   y = q·d". brief: without what a reader can do without, for a narrow
   screen. The formula alone where there is nothing to work out: a group of zeros, a mapping that this file does not know. */
void text_formula(char *out, size_t size, const ql_report *report, bool brief);

/* The widest group: "row 17", "block 3 of row 17", "" when there is only one. `tensor` is that of the report. */
void text_widest(char *out, size_t size, const ql_report *report, const ql_tensor *tensor);

/* The same of any group. */
void text_group(char *out, size_t size, const ql_report *report, const ql_tensor *tensor, uint64_t group);

/* The levels of the widest group, ascending, at most `most` of them ("-1 -0.6962 … 0.723 1"); "" when there are none or more
 * than 256. */
void text_levels(char *out, size_t size, const ql_report *report, unsigned most);

/* What a group's scale is: "step" where neighbouring levels are that far apart, else "scale"; NULL where nothing is scaled.
 */
const char *text_scale_word(const ql_report *report);

/* The codes in the order of their values, without those that are no number: indices into code_counts to order[]; returns how
   many, 0 when there are no levels to go by. */
unsigned text_level_order(const ql_report *report, unsigned order[QL_MAX_GRID]);

#endif
