/* Rows of `quant` and `compare`: one tensor under one spec. */
#ifndef SHEET_RESULTS_H
#define SHEET_RESULTS_H

#include "sheet/table.h"

enum sheet_result_column {
    SHEET_RESULT_TENSOR,
    SHEET_RESULT_DTYPE,
    SHEET_RESULT_SHAPE,
    SHEET_RESULT_LAYOUT,
    SHEET_RESULT_SPEC,
    SHEET_RESULT_BITS,
    SHEET_RESULT_BYTES,
    SHEET_RESULT_LEVELS, /* for people: codes, groups, scales, zero points, clip range, outliers */
    SHEET_RESULT_GROUPS,
    SHEET_RESULT_SCALES,
    SHEET_RESULT_ZEROS,
    SHEET_RESULT_RANGE,
    SHEET_RESULT_OUTLIERS,
    SHEET_RESULT_METRICS,
    SHEET_RESULT_PRODUCT = SHEET_RESULT_METRICS + QL_METRIC_COUNT,
    SHEET_RESULT_NOTE,
    SHEET_RESULT_COLUMNS
};

/* How people see the rows. */
typedef enum sheet_result_view {
    SHEET_RESULT_CARD,      /* one row: everything */
    SHEET_RESULT_BY_TENSOR, /* several specs: the tensor is a heading */
    SHEET_RESULT_BY_ROW,    /* one spec: one line per tensor */
} sheet_result_view;

/* With a product: the error of X W^T is one more metric. */
void sheet_result_columns(sheet_column out[SHEET_RESULT_COLUMNS], sheet_result_view view, bool with_product);

/* The column of a metric: on a card, or as one of many beside each other, where only the most telling ones are for
   people. */
sheet_column sheet_result_metric(ql_metric metric, bool card);
sheet_cell sheet_result_value(ql_metric metric, double value);

/* Adds a row for a report, with its note if it has one, or for what could not be measured: report NULL and a note. product
   NULL: there is none; the note may say why. */
void sheet_result_add(sheet_table *table, const ql_tensor *tensor, const char *spec, const ql_report *report,
                      const double *product, const char *note);

/* What programs are told of the activations that a person named so: "synthetic seed 7 outliers 5 rows 32", or the name. */
void sheet_activations_name(char *out, size_t size, const char *text);

/* Marks the best value of every metric in rows [first, row_count), where the rows differ. */
void sheet_result_mark_best(sheet_table *table, size_t first);

#endif
