/*
 * What happens to one weight, line by line: from its value to the code and back, with its own numbers.
 *
 *   w = +0.03265   W[12][455]
 *   w ÷ A = +0.03265 ÷ 0.1594 = +0.2048
 *   between levels +0.1609 and +0.2461: code 10 = 0b1010
 *   y = +0.2461·A = +0.03924   error -0.006589
 */
#ifndef TEXT_WEIGHT_H
#define TEXT_WEIGHT_H

#include "qloupe.h"

enum { TEXT_WEIGHT_LINES = 4, TEXT_WEIGHT_SIZE = 240 };

/* Of weight `at` < count of the strip, which is of the report's tensor and spec. Returns how many lines; UTF-8 without control
   characters. */
size_t text_weight(const ql_report *report, const ql_strip *strip, size_t at,
                   char lines[TEXT_WEIGHT_LINES][TEXT_WEIGHT_SIZE]);

/* What the weights of the group are divided by before they are rounded, "d" or "A", NULL where they are not; its value to
   *scale. */
const char *text_weight_scale(const ql_report *report, uint64_t group, double *scale);

#endif
