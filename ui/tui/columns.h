/* By what the list of tensors can be sorted: the order of names, places in the file, sizes, every metric, statistics. The
 * last column of the list shows the number that it is sorted by. */
#ifndef TUI_COLUMNS_H
#define TUI_COLUMNS_H

#include "text/number.h"
#include "tui/canvas.h"
#include "tui/findings.h"

typedef struct tui_column {
    const char *title; /* over the numbers */
    const char *about; /* a few words for the status line */
    int width;         /* cells of a number */
    text_form form;
    double full;   /* the value of a full bar beside the number; 0: no bar */
    bool falls;    /* usual order: from the largest to the smallest. Metrics: the worst first */
    bool is_found; /* it has to be measured */
} tui_column;

enum { TUI_COLUMN_NAME = 0 }; /* sorted by name; the numbers beside are SQNRs */

/* How many there are, in the order in which a key goes through them. */
int tui_column_count(void);
tui_column tui_column_describe(int column);

/* What a setting calls it, a metric as in JSON; NULL at the end. */
const char *tui_column_name(size_t column);

/* The number of a tensor; NAN when it is not known, and of the name. */
double tui_column_value(int column, const ql_model *model, const tui_findings *findings, size_t tensor);

/* The column whose numbers are beside the names in a list sorted by `column`. */
int tui_column_shown(int column);

#endif
