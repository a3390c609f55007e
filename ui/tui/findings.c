/* A table of numbers of all tensors. */
#include "tui/findings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ql_status tui_findings_start(tui_findings *findings, size_t tensor_count, ql_error *error)
{
    *findings = (tui_findings) { .count = tensor_count, .spec = 1, .version = 1, .all_changed = true };
    findings->of = calloc(tensor_count + 1, sizeof *findings->of);
    findings->spec_of = calloc(tensor_count + 1, sizeof *findings->spec_of);
    findings->changed = calloc(tensor_count + 1, sizeof *findings->changed);
    if (findings->of && findings->spec_of && findings->changed)
        return QL_OK;
    snprintf(error->message, sizeof error->message, "out of memory for the numbers of %zu tensors", tensor_count);
    return error->status = QL_NO_MEMORY;
}

void tui_findings_free(tui_findings *findings)
{
    free(findings->of);
    free(findings->spec_of);
    free(findings->changed);
    *findings = (tui_findings) { 0 };
}

void tui_findings_change_spec(tui_findings *findings)
{
    findings->spec++;
    findings->version++;
    findings->all_changed = true;
}

static void note_change(tui_findings *findings, size_t tensor)
{
    findings->version++;
    if (findings->changed_count < findings->count)
        findings->changed[findings->changed_count++] = tensor;
    else
        findings->all_changed = true;
}

void tui_finding_take_stats(tui_finding *finding, const ql_stats *stats)
{
    const double finite = (double)(stats->count - stats->nan - stats->inf);
    finding->has_stats = true;
    finding->nan = stats->nan;
    finding->inf = stats->inf;
    finding->stats[TUI_STAT_KURTOSIS] = stats->kurtosis;
    finding->stats[TUI_STAT_PEAK] = fmax(stats->max - stats->mean, stats->mean - stats->min) / stats->std;
    finding->stats[TUI_STAT_BEYOND_6S] = (double)stats->beyond_6s / finite;
    finding->stats[TUI_STAT_BEYOND_3S] = (double)stats->beyond_3s / finite;
    finding->stats[TUI_STAT_STD] = stats->std;
}

void tui_finding_take_report(tui_finding *finding, const ql_report *report)
{
    finding->has_failed = false;
    memcpy(finding->metrics, report->metrics, sizeof finding->metrics);
    finding->bits_per_weight = report->bits_per_weight;
}

/* A tensor's statistics have become known. */
static void sum_up(tui_findings *findings, size_t tensor)
{
    const tui_finding *finding = &findings->of[tensor];
    const bool is_nonfinite = finding->nan > 0 || finding->inf > 0;
    const double peak = finding->stats[TUI_STAT_PEAK];
    findings->read_count++;
    if (is_nonfinite && (findings->nonfinite_count++ == 0 || tensor < findings->nonfinite))
        findings->nonfinite = tensor;
    const bool has_outlier = peak > TUI_OUTLIER_SIGMA;
    if (has_outlier && (findings->outlier_count++ == 0 || peak > findings->of[findings->outlier].stats[TUI_STAT_PEAK]))
        findings->outlier = tensor;
    findings->clean_count += !is_nonfinite && !has_outlier;
}

void tui_findings_take_stats(tui_findings *findings, size_t tensor, const ql_stats *stats)
{
    if (findings->of[tensor].has_stats)
        return;
    tui_finding_take_stats(&findings->of[tensor], stats);
    sum_up(findings, tensor);
    note_change(findings, tensor);
}

void tui_findings_take_report(tui_findings *findings, size_t tensor, const ql_report *report)
{
    tui_finding_take_report(&findings->of[tensor], report);
    findings->spec_of[tensor] = findings->spec;
    note_change(findings, tensor);
}

void tui_findings_take_failure(tui_findings *findings, size_t tensor)
{
    findings->of[tensor].has_failed = true;
    findings->spec_of[tensor] = findings->spec;
    note_change(findings, tensor);
}

void tui_findings_take(tui_findings *findings, size_t tensor, const tui_finding *finding)
{
    const bool had_stats = findings->of[tensor].has_stats;
    if (had_stats && !finding->has_stats) { /* not even read this time */
        tui_findings_take_failure(findings, tensor);
        return;
    }
    findings->of[tensor] = *finding;
    if (finding->has_stats && !had_stats)
        sum_up(findings, tensor);
    findings->spec_of[tensor] = findings->spec;
    note_change(findings, tensor);
}

bool tui_findings_is_tried(const tui_findings *findings, size_t tensor)
{
    return findings->spec_of[tensor] == findings->spec;
}

bool tui_findings_is_measured(const tui_findings *findings, size_t tensor)
{
    return tui_findings_is_tried(findings, tensor) && !findings->of[tensor].has_failed;
}
