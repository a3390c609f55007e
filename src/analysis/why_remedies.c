/* Changes of a spec that may help, tried with real reports. */
#include "analysis/why.h"

#include "quant/keys.h"
#include "quant/schemes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };
#define DB_PER_BIT 6.02

static bool set_granularity(ql_spec *spec, ql_granularity per, uint64_t block)
{
    if (!ql_spec_takes(spec, QL_KEY_PER) || !ql_mapping_allows(spec->mapping, QL_KEY_PER, per)) {
        return false;
    }
    spec->per = per;
    spec->block = block;
    spec->tile_cols = 0;
    return true;
}

static bool to_rows(const ql_evidence *e, ql_spec *spec)
{
    return e->is_matrix && spec->per == QL_PER_TENSOR && set_granularity(spec, QL_PER_ROW, 0);
}

static bool to_cols(const ql_evidence *e, ql_spec *spec)
{
    return e->is_matrix && spec->per == QL_PER_TENSOR && set_granularity(spec, QL_PER_COL, 0);
}

static bool to_blocks(const ql_evidence *e, ql_spec *spec)
{
    bool smaller = spec->per != QL_PER_BLOCK && spec->per != QL_PER_FLAT;
    return smaller && e->profile->tensor->cols > BLOCK && set_granularity(spec, QL_PER_BLOCK, BLOCK);
}

static bool to_outliers(const ql_evidence *e, ql_spec *spec)
{
    (void)e;
    if (!ql_spec_takes(spec, QL_KEY_OUTLIERS) || spec->outliers != 0) {
        return false;
    }
    spec->outliers = 1;
    spec->outliers_percent = true;
    return true;
}

static bool to_percentile(const ql_evidence *e, ql_spec *spec)
{
    (void)e;
    return ql_spec_takes(spec, QL_KEY_CLIP) && spec->clip == QL_CLIP_MINMAX && ql_spec_step(spec, QL_KEY_CLIP, +1, NULL);
}

static bool to_minmax(const ql_evidence *e, ql_spec *spec)
{
    (void)e;
    if (!ql_spec_takes(spec, QL_KEY_CLIP) || spec->clip == QL_CLIP_MINMAX) {
        return false;
    }
    spec->clip = QL_CLIP_MINMAX;
    ql_spec_clear_unused(spec);
    return true;
}

static bool to_zeropoint(const ql_evidence *e, ql_spec *spec)
{
    (void)e;
    if (spec->mapping != &ql_mapping_absmax) {
        return false;
    }
    ql_spec_change_mapping(spec, &ql_mapping_zeropoint);
    return true;
}

static bool to_absmax(const ql_evidence *e, ql_spec *spec)
{
    (void)e;
    if (spec->mapping != &ql_mapping_zeropoint) {
        return false;
    }
    ql_spec_change_mapping(spec, &ql_mapping_absmax);
    return true;
}

static bool to_more_bits(const ql_evidence *e, ql_spec *spec)
{
    (void)e;
    return ql_spec_step(spec, QL_KEY_BITS, +1, NULL);
}

/* The spec with as many codes as there are levels: they may be the same ones. */
static bool to_as_many_bits(const ql_evidence *e, ql_spec *spec)
{
    const unsigned bits = e->few.bits, before = spec->bits;
    if (!e->has_few || !ql_spec_takes(spec, QL_KEY_BITS) || bits < spec->mapping->bits_min ||
        bits > spec->mapping->bits_max) {
        return false;
    }
    spec->bits = bits;
    return bits != before;
}

/* Levels that are learnt may be those that are there; all values are sorted for that. */
static bool to_their_levels(const ql_evidence *e, ql_spec *spec)
{
    enum { SORTED_MOST = 1 << 24 };
    if (!e->has_few || e->profile->tensor->element_count > SORTED_MOST) {
        return false;
    }
    ql_spec_change_mapping(spec, &ql_mapping_kmeans);
    spec->bits = e->few.bits;
    return set_granularity(spec, QL_PER_TENSOR, 0);
}

static bool has_blocks(const ql_spec *spec)
{
    return (spec->per == QL_PER_BLOCK || spec->per == QL_PER_FLAT) && ql_spec_takes(spec, QL_KEY_BLOCK);
}

static bool to_a_bit(const ql_evidence *e, ql_spec *spec)
{
    const ql_tensor *t = e->profile->tensor;
    if (!has_blocks(spec) || !ql_spec_takes(spec, QL_KEY_BITS) || spec->bits == spec->mapping->bits_max) {
        return false;
    }
    spec->bits++;
    while (spec->block < t->cols && ql_spec_bits_per_weight(spec, t->rows, t->cols) > e->report->bits_per_weight) {
        spec->block *= 2;
    }
    return ql_spec_bits_per_weight(spec, t->rows, t->cols) <= e->report->bits_per_weight;
}

static bool to_larger(const ql_evidence *e, ql_spec *spec)
{
    if (!has_blocks(spec) || spec->block * 2 > e->profile->tensor->cols) {
        return false;
    }
    spec->block *= 2;
    return true;
}

static bool to_double(const ql_evidence *e, ql_spec *spec)
{
    (void)e;
    if (!ql_spec_takes(spec, QL_KEY_DOUBLE) || spec->double_quant) {
        return false;
    }
    spec->double_quant = 1;
    return true;
}

static const struct {
    bool (*change)(const ql_evidence *e, ql_spec *spec); /* false when it does not apply */
    int key;
} remedies[QL_REMEDY_COUNT] = {
    [QL_REMEDY_ROWS] = { to_rows, QL_KEY_PER },
    [QL_REMEDY_COLS] = { to_cols, QL_KEY_PER },
    [QL_REMEDY_BLOCKS] = { to_blocks, QL_KEY_PER },
    [QL_REMEDY_OUTLIERS] = { to_outliers, QL_KEY_OUTLIERS },
    [QL_REMEDY_PERCENTILE] = { to_percentile, QL_KEY_CLIP },
    [QL_REMEDY_MINMAX] = { to_minmax, QL_KEY_CLIP },
    [QL_REMEDY_ZEROPOINT] = { to_zeropoint, QL_KEY_COUNT },
    [QL_REMEDY_ABSMAX] = { to_absmax, QL_KEY_COUNT },
    [QL_REMEDY_MORE_BITS] = { to_more_bits, QL_KEY_BITS },
    [QL_REMEDY_AS_MANY_BITS] = { to_as_many_bits, QL_KEY_BITS },
    [QL_REMEDY_THEIR_LEVELS] = { to_their_levels, QL_KEY_COUNT },
    [QL_REMEDY_A_BIT] = { to_a_bit, QL_KEY_BITS },
    [QL_REMEDY_LARGER] = { to_larger, QL_KEY_BLOCK },
    [QL_REMEDY_DOUBLE] = { to_double, QL_KEY_DOUBLE },
};

int ql_remedy_key(ql_remedy remedy)
{
    return remedies[remedy].key;
}

static int compare_floats(const void *a, const void *b)
{
    const float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

/* Where memory is short nothing is said of the scales. */
static void look_at_scales(ql_tried *tried, const ql_report *report)
{
    const size_t count = (size_t)report->group_count;
    float *sorted = report->scales ? malloc(count * sizeof *sorted) : NULL;
    tried->group_count = report->group_count;
    if (!sorted) {
        return;
    }
    memcpy(sorted, report->scales, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_floats);
    tried->scale_min = (double)sorted[0];
    tried->scale_quarter = (double)sorted[(count - 1) / 4];
    tried->scale_median = (double)sorted[(count - 1) / 2];
    tried->scale_three_quarters = (double)sorted[(count - 1) * 3 / 4];
    tried->scale_max = (double)sorted[count - 1];
    for (size_t i = 0; i < count; i++) {
        tried->loud += (double)sorted[i] > QL_LOUD * tried->scale_median;
    }
    free(sorted);
}

/* Progress over several reports, of which nobody knows how many there will be: each takes half of what is left. */
static bool tick_part(void *context, uint64_t done, uint64_t total)
{
    const ql_evidence *e = context;
    const double before = 1 - ldexp(1, -(int)e->tried_count), part = total ? (double)done / (double)total : 1;
    const double share = before + part * (1 - before) / 2, elements = (double)e->profile->tensor->element_count;
    return e->monitor->tick(e->monitor->context, (uint64_t)(share * elements), (uint64_t)elements);
}

static ql_tried try_spec(ql_evidence *e, const ql_spec *spec)
{
    ql_tried tried = { .is_tried = true, .spec = *spec };
    ql_report *report = NULL;
    ql_error error;
    const ql_monitor monitor = { tick_part, e };
    const ql_status status =
        ql_report_make(e->engine, e->profile, spec, e->monitor && e->monitor->tick ? &monitor : NULL, &report, &error);
    e->tried_count++;
    if (status == QL_UNUSABLE || status == QL_BAD_USAGE) { /* this spec does not fit this tensor */
        return tried;
    }
    if (status != QL_OK) {
        e->status = status;
        *e->error = error;
        return tried;
    }
    tried.applies = true;
    tried.gain_db = report->metrics[QL_SQNR_DB] - e->report->metrics[QL_SQNR_DB];
    tried.saved_bits = e->report->bits_per_weight - report->bits_per_weight;
    look_at_scales(&tried, report);
    ql_report_free(&report);
    return tried;
}

const ql_tried *ql_try(ql_evidence *e, ql_remedy remedy)
{
    ql_tried *tried = &e->tried[remedy];
    ql_spec spec = e->report->spec;
    if (tried->is_tried || e->status != QL_OK) {
        return tried;
    }
    tried->is_tried = true;
    if (remedies[remedy].change(e, &spec)) {
        *tried = try_spec(e, &spec);
    }
    return tried;
}

bool ql_is_worth(const ql_tried *tried)
{
    return tried->applies &&
           (tried->gain_db > 0 || (tried->saved_bits >= QL_LEAST_SAVED && tried->gain_db > -DB_PER_BIT * tried->saved_bits));
}
