/* Sums over all tensors, column by column. */
#include "tui/whole.h"

#include <math.h>
#include <string.h>

#include "tui/document.h"

void tui_whole_add(tui_whole *sum, const tui_finding *finding, const ql_tensor *tensor, size_t index)
{
    const double db = finding->metrics[QL_SQNR_DB], elements = (double)tensor->element_count;
    if (finding->has_failed)
        return;
    sum->count++;
    sum->elements += elements;
    sum->bits += finding->bits_per_weight * elements;
    if (!isfinite(db))
        return;
    if (sum->db_count++ == 0 || db < sum->worst_db) {
        sum->worst_db = db;
        sum->worst = index;
    }
    sum->db += db;
}

double tui_whole_bits(const tui_whole *sum)
{
    return sum->is_known && sum->count > 0 ? sum->bits / sum->elements : NAN;
}

double tui_whole_mean_db(const tui_whole *sum)
{
    return sum->is_known && sum->db_count > 0 ? sum->db / (double)sum->db_count : NAN;
}

double tui_whole_worst_db(const tui_whole *sum)
{
    return sum->is_known && sum->db_count > 0 ? sum->worst_db : NAN;
}

void tui_wholes_forget(tui_document *document)
{
    for (size_t i = 0; i < document->pins.count; i++)
        document->pins.pins[i].whole = (tui_whole) { 0 };
}

/* Of the current spec the findings hold all, in the order of the set. */
static tui_whole sum_findings(const tui_document *document)
{
    tui_whole sum = { .is_known = true };
    for (size_t i = 0; i < document->scan_count; i++) {
        const size_t tensor = document->scan_set[i];
        if (tui_findings_is_measured(&document->findings, tensor))
            tui_whole_add(&sum, &document->findings.of[tensor], ql_model_tensor(document->model, tensor), tensor);
    }
    return sum;
}

void tui_wholes_take(tui_document *document)
{
    const char *spec_text = document->scans_other ? document->scan_spec_text : document->spec_text;
    tui_whole sum = document->scans_other ? document->gathered : sum_findings(document);
    sum.is_known = true;
    for (size_t i = 0; i < document->pins.count; i++)
        if (strcmp(document->pins.pins[i].spec_text, spec_text) == 0)
            document->pins.pins[i].whole = sum;
    document->scans_other = false;
}

void tui_wholes_scan(tui_document *document)
{
    if (!document->pins.open || !document->scan_set || document->scanning)
        return;
    for (size_t i = 0; i < document->pins.count; i++) {
        const tui_pin *pin = &document->pins.pins[i];
        if (pin->whole.is_known || i == document->pins.at)
            continue;
        document->scan_ticket = tui_jobs_scan(document->jobs, document->scan_set, document->scan_count, &pin->spec);
        document->scanning = document->scans_other = document->scan_ticket != 0;
        document->gathered = (tui_whole) { 0 };
        memcpy(document->scan_spec_text, pin->spec_text, sizeof pin->spec_text);
        return;
    }
}
