/*
 * What is known of every tensor in a few numbers: its statistics, and its metrics under the current spec. The list sorts and
 * the summary counts by these; the whole of a report is in a measure.
 */
#ifndef TUI_FINDINGS_H
#define TUI_FINDINGS_H

#include "qloupe.h"

typedef enum tui_stat {
    TUI_STAT_KURTOSIS,
    TUI_STAT_PEAK,      /* the largest distance from the mean, in standard deviations */
    TUI_STAT_BEYOND_6S, /* shares of the finite elements */
    TUI_STAT_BEYOND_3S,
    TUI_STAT_STD,
    TUI_STAT_COUNT
} tui_stat;

enum { TUI_OUTLIER_SIGMA = 20 };

typedef struct tui_finding {
    bool has_stats;
    bool has_failed; /* there is no report under the spec that it was tried under */
    uint64_t nan, inf;
    double stats[TUI_STAT_COUNT];
    double metrics[QL_METRIC_COUNT];
    double bits_per_weight;
} tui_finding;

typedef struct tui_findings {
    tui_finding *of;   /* owned [count] */
    unsigned *spec_of; /* owned [count]: the number of the spec that a tensor was tried under last, 0: none */
    size_t count;      /* of tensors */
    unsigned spec;     /* number of the current spec: another spec makes all metrics unknown at once */
    unsigned version;  /* another one when anything has changed */

    /* What a person should know of the tensors that were read. */
    size_t read_count;
    size_t nonfinite_count, nonfinite; /* with NaN or Inf; the first of them in the file */
    size_t outlier_count, outlier;     /* with a weight further out than TUI_OUTLIER_SIGMA; the one with the outermost */
    size_t clean_count;                /* neither */

    /* For who keeps numbers of all tensors up to date: what has changed since changed_count was set to 0. */
    size_t *changed; /* owned [count] */
    size_t changed_count;
    bool all_changed;
} tui_findings;

ql_status tui_findings_start(tui_findings *findings, size_t tensor_count, ql_error *error);
void tui_findings_free(tui_findings *findings);

/* One row at a time, also of no table. */
void tui_finding_take_stats(tui_finding *finding, const ql_stats *stats);
void tui_finding_take_report(tui_finding *finding, const ql_report *report);

void tui_findings_change_spec(tui_findings *findings);
void tui_findings_take_stats(tui_findings *findings, size_t tensor, const ql_stats *stats);
void tui_findings_take_report(tui_findings *findings, size_t tensor, const ql_report *report); /* of the current spec */
void tui_findings_take_failure(tui_findings *findings, size_t tensor);
void tui_findings_take(tui_findings *findings, size_t tensor, const tui_finding *finding); /* of the current spec */

/* It was tried under the current spec, and it has metrics. */
bool tui_findings_is_tried(const tui_findings *findings, size_t tensor);
bool tui_findings_is_measured(const tui_findings *findings, size_t tensor);

#endif
