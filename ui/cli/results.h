/* Rows of `quant` and `compare`: one tensor under one spec. */
#ifndef CLI_RESULTS_H
#define CLI_RESULTS_H

#include "cli/table.h"

enum cli_result_column {
    CLI_RESULT_TENSOR,
    CLI_RESULT_DTYPE,
    CLI_RESULT_SHAPE,
    CLI_RESULT_LAYOUT,
    CLI_RESULT_SPEC,
    CLI_RESULT_BITS,
    CLI_RESULT_BYTES,
    CLI_RESULT_LEVELS, /* for people: codes, groups, scales, zero points, clip range, outliers */
    CLI_RESULT_GROUPS,
    CLI_RESULT_SCALES,
    CLI_RESULT_ZEROS,
    CLI_RESULT_RANGE,
    CLI_RESULT_OUTLIERS,
    CLI_RESULT_METRICS,
    CLI_RESULT_PRODUCT = CLI_RESULT_METRICS + QL_METRIC_COUNT,
    CLI_RESULT_NOTE,
    CLI_RESULT_COLUMNS
};

/* How people see the rows. */
typedef enum cli_result_view {
    CLI_RESULT_CARD,      /* one row: everything */
    CLI_RESULT_BY_TENSOR, /* several specs: the tensor is a heading */
    CLI_RESULT_BY_ROW,    /* one spec: one line per tensor */
} cli_result_view;

/* With a product: the error of X W^T is one more metric. */
void cli_result_columns(cli_column out[CLI_RESULT_COLUMNS], cli_result_view view, bool with_product);

/* The column of a metric: on a card, or as one of many beside each other, where only the most telling ones are for people. */
cli_column cli_result_metric(ql_metric metric, bool card);
cli_cell cli_result_value(ql_metric metric, double value);

/* Adds a row for a report, with its note if it has one, or for what could not be measured: report NULL and a note. product
   NULL: there is none; the note may say why. */
void cli_result_add(cli_table *table, const ql_tensor *tensor, const char *spec, const ql_report *report,
                    const double *product, const char *note);

/* Marks the best value of every metric in rows [first, row_count), where the rows differ. */
void cli_result_mark_best(cli_table *table, size_t first);

#endif
