/*
 * The report: one tensor under one spec. The quantizer's parameters are found (quant/quantizer.c), everything is measured
 * (measure.c), and what was counted and summed becomes the metrics.
 */
#include "analysis/describe.h"
#include "analysis/measure.h"
#include "analysis/metrics.h"
#include "base/error.h"
#include "base/text.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void fill_metrics(const ql_profile *profile, const ql_measured *sums, ql_report *r)
{
    const uint64_t count = profile->tensor->element_count;
    const size_t codes = ql_code_count(r);
    unsigned used = 0;
    for (size_t i = 0; i < codes; i++) {
        used += r->code_counts[i] != 0;
    }
    double *m = r->metrics;
    ql_metrics_of_errors(profile, sums, &r->dequantized, m);
    m[QL_FRAC_CLIPPED] = (double)sums->clipped / (double)count;
    m[QL_LEVELS_USED] = r->levels ? used : NAN;
    m[QL_UTILISATION] = r->levels ? (double)used / r->levels : NAN;
    m[QL_ENTROPY_BITS] = r->levels ? ql_entropy(r->code_counts, codes, count) : NAN;
}

static void fill_storage(ql_report *r, const ql_quantizer *q)
{
    const double bits = ql_quantizer_bits(q);
    r->bits_per_weight = bits / (double)q->groups.elements;
    r->byte_count = (uint64_t)ceil(bits / 8);
}

/* Small groups make noisy histograms. */
static void fill_note(ql_report *r, const ql_profile *profile)
{
    enum { ENOUGH = 4096 };
    const uint64_t typical = profile->tensor->element_count / r->group_count;
    if (r->spec.clip == QL_CLIP_KL && typical < ENOUGH) {
        char found[QL_COUNT_SIZE], wanted[QL_COUNT_SIZE];
        ql_text_count(found, typical);
        ql_text_count(wanted, ENOUGH);
        snprintf(r->note, sizeof r->note, "clip=kl on groups of about %s elements is noisy; it wants %s or more", found,
                 wanted);
    }
}

/* The quantizer's arrays become the report's. */
static void take_parameters(ql_report *r, ql_quantizer *q)
{
    r->scales = q->scales;
    r->zeros = q->zeros;
    r->codebook = q->codebook;
    r->edges = q->edges;
    r->scale_codes = q->spec.mapping->finish && !q->spec.double_quant ? NULL : q->scale_codes;
    r->block_maxima = q->spec.double_quant ? q->extra : NULL;
    r->second_scales = q->second_scales;
    r->second_count = q->second_count;
    r->tensor_scale = r->scale_codes ? q->tensor_scale : 1;
    r->outlier_index = q->outliers.index;
    r->outlier_value = q->outliers.value;
    if (r->scale_codes == NULL) {
        free(q->scale_codes);
    }
    if (r->block_maxima == NULL) {
        free(q->extra);
    }
    free(q->levels);
    free(q->thresholds);
    *q = (ql_quantizer) { 0 };
}

static ql_status fail_unusable(const ql_profile *profile, ql_error *error)
{
    char name[256];
    ql_text_print(name, sizeof name, profile->tensor->name, 60);
    return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': %s; no quantizer takes it, `qloupe stat` counts what it holds",
                   ql_source_shown(profile->tensor->storage->source), name, profile->unusable);
}

ql_status ql_report_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                         ql_report **out, ql_error *error)
{
    if (profile->unusable) {
        return fail_unusable(profile, error);
    }
    const ql_tensor *tensor = profile->tensor;
    const uint64_t before = ql_quantizer_elements(profile, spec), total = before + tensor->element_count;
    ql_quantizer quantizer = { 0 };
    ql_measured sums;
    ql_report *r = calloc(1, sizeof *r);
    ql_status status = r ? ql_source_check(tensor->storage->source, error) : ql_fail_memory(error, sizeof *r);
    if (status == QL_OK) {
        status = ql_quantizer_make(engine, profile, spec, monitor, total, &quantizer, error);
    }
    if (status == QL_OK) {
        r->spec = *spec;
        ql_spec_format(spec, r->spec_text);
        r->stats = profile->stats;
        r->original = profile->original;
        status = ql_describe_quantizer(engine, r, &quantizer, error);
    }
    if (status == QL_OK) {
        status = ql_measure(engine, profile, &quantizer, monitor, before, total, r, &sums, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    if (status == QL_OK) {
        ql_describe_grid(r, &quantizer);
        fill_metrics(profile, &sums, r);
        fill_storage(r, &quantizer);
        fill_note(r, profile);
        take_parameters(r, &quantizer);
        *out = r;
        r = NULL;
    }
    ql_report_free(&r);
    ql_quantizer_free(&quantizer);
    return status;
}

void ql_report_free(ql_report **report)
{
    ql_report *r = *report;
    if (r) {
        free((uint64_t *)r->code_counts);
        free((float *)r->scales);
        free((int32_t *)r->zeros);
        free((float *)r->codebook);
        free((double *)r->edges);
        free((uint8_t *)r->scale_codes);
        free((float *)r->block_maxima);
        free((float *)r->second_scales);
        free((uint64_t *)r->outlier_index);
        free((uint16_t *)r->outlier_value);
        free((double *)r->row_mse);
        free(r);
        *report = NULL;
    }
}
