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

void tui_findings_take_stats(tui_findings *findings, size_t tensor, const ql_stats *stats)
{
    tui_finding_take_stats(&findings->of[tensor], stats);
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
    findings->of[tensor] = *finding;
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
