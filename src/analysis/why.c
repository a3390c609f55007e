/*
 * Why the error is what it is. Each reason is one row of a table: a test on the real numbers, the knob that should help, and
 * the sentence. Every remedy of a reason that holds is tried with a real report; the best one is named with the gain that
 * its report shows.
 */
#include "base/error.h"
#include "quant/keys.h"
#include "quant/schemes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* What the reasons look at. */
typedef struct evidence {
    const ql_profile *profile;
    const ql_report *report;
    unsigned idle;     /* codes that do not occur */
    double reach;      /* largest magnitude over the standard deviation */
    ql_few_levels few; /* what an earlier quantization left */
    bool has_few;
} evidence;

/* A change of the spec that may help; false when it does not apply to this spec and tensor. */
typedef bool remedy(const evidence *e, ql_spec *spec);

static bool is_matrix(const evidence *e)
{
    return e->profile->tensor->rows > 1 && e->profile->tensor->cols > 1;
}

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

static bool to_rows(const evidence *e, ql_spec *spec)
{
    return is_matrix(e) && spec->per == QL_PER_TENSOR && set_granularity(spec, QL_PER_ROW, 0);
}

static bool to_blocks(const evidence *e, ql_spec *spec)
{
    const uint64_t block = 64;
    bool smaller = spec->per != QL_PER_BLOCK && spec->per != QL_PER_FLAT;
    return smaller && e->profile->tensor->cols > block && set_granularity(spec, QL_PER_BLOCK, block);
}

static bool to_percentile(const evidence *e, ql_spec *spec)
{
    (void)e;
    return ql_spec_takes(spec, QL_KEY_CLIP) && spec->clip == QL_CLIP_MINMAX && ql_spec_step(spec, QL_KEY_CLIP, +1, NULL);
}

static bool to_minmax(const evidence *e, ql_spec *spec)
{
    (void)e;
    if (!ql_spec_takes(spec, QL_KEY_CLIP) || spec->clip == QL_CLIP_MINMAX) {
        return false;
    }
    spec->clip = QL_CLIP_MINMAX;
    ql_spec_clear_unused(spec);
    return true;
}

static bool to_zeropoint(const evidence *e, ql_spec *spec)
{
    (void)e;
    if (spec->mapping != &ql_mapping_absmax) {
        return false;
    }
    ql_spec_change_mapping(spec, &ql_mapping_zeropoint);
    return true;
}

static bool to_more_bits(const evidence *e, ql_spec *spec)
{
    (void)e;
    return ql_spec_step(spec, QL_KEY_BITS, +1, NULL);
}

/* The spec with as many codes as there are levels: they may be the same ones. */
static bool to_as_many_bits(const evidence *e, ql_spec *spec)
{
    const unsigned bits = e->few.bits, before = spec->bits;
    if (!ql_spec_takes(spec, QL_KEY_BITS) || bits < spec->mapping->bits_min || bits > spec->mapping->bits_max) {
        return false;
    }
    spec->bits = bits;
    return bits != before;
}

/* Levels that are learnt may be those that are there; all values are sorted for that. */
static bool to_their_levels(const evidence *e, ql_spec *spec)
{
    enum { SORTED_MOST = 1 << 24 };
    if (e->profile->tensor->element_count > SORTED_MOST) {
        return false;
    }
    ql_spec_change_mapping(spec, &ql_mapping_kmeans);
    spec->bits = e->few.bits;
    return set_granularity(spec, QL_PER_TENSOR, 0);
}

/* ---- Reasons */

static bool is_quantized(const evidence *e)
{
    return e->has_few;
}

static void say_quantized(const evidence *e, char *out, size_t size)
{
    char spacing[64] = "";
    if (e->few.spacing == QL_SPACING_EVEN) {
        snprintf(spacing, sizeof spacing, " evenly spaced by %.4g", e->few.step);
    }
    snprintf(out, size, "Already quantized: %u levels%s, %u bits; those of the spec are others", e->few.count, spacing,
             e->few.bits);
}

/* One even grid, set by the range of all weights. */
static bool has_one_step(const evidence *e)
{
    return e->report->spec.mapping->step_of && e->report->spec.per == QL_PER_TENSOR;
}

static bool one_outlier(const evidence *e)
{
    const ql_profile *p = e->profile;
    double largest = fmax(fabs(p->x_min), fabs(p->x_max));
    return has_one_step(e) && e->report->spec.clip == QL_CLIP_MINMAX && p->tensor->element_count > 2 &&
           p->second_abs * 1.5 < largest;
}

static void say_outlier(const evidence *e, char *out, size_t size)
{
    const ql_tensor *t = e->profile->tensor;
    uint64_t index = e->profile->stats.max_abs_index;
    double value = fabs(e->profile->x_min) > fabs(e->profile->x_max) ? e->profile->x_min : e->profile->x_max;
    char place[64];
    if (t->rank == 2) {
        snprintf(place, sizeof place, "[%" PRIu64 ",%" PRIu64 "]", index / t->shape[1], index % t->shape[1]);
    } else {
        snprintf(place, sizeof place, "[%" PRIu64 "]", index);
    }
    snprintf(out, size,
             "One weight, %.4g at %s (%.0f standard deviations), sets the step for all %" PRIu64 ": %u of %u codes idle",
             value, place, e->reach, t->element_count, e->idle, e->report->levels);
}

static bool one_sided(const evidence *e)
{
    return e->report->spec.mapping == &ql_mapping_absmax && (e->profile->x_min >= 0 || e->profile->x_max <= 0);
}

static void say_one_sided(const evidence *e, char *out, size_t size)
{
    snprintf(out, size,
             "All weights are %s zero (%.4g to %.4g), so half of a symmetric range is never used: %u of %u codes idle",
             e->profile->x_min >= 0 ? "at or above" : "at or below", e->profile->x_min, e->profile->x_max, e->idle,
             e->report->levels);
}

static bool much_is_clipped(const evidence *e)
{
    return e->report->spec.clip != QL_CLIP_MINMAX && e->report->metrics[QL_MAX_ABS] > 4 * (double)e->report->scale_max;
}

static void say_clipped(const evidence *e, char *out, size_t size)
{
    const ql_report *r = e->report;
    snprintf(out, size, "%.3g %% of the weights are clipped to %.4g..%.4g and lose up to %.3g, %.0f steps",
             100 * r->metrics[QL_FRAC_CLIPPED], r->clip_lo, r->clip_hi, r->metrics[QL_MAX_ABS],
             r->metrics[QL_MAX_ABS] / (double)r->scale_max);
}

static bool wide_reach(const evidence *e)
{
    return has_one_step(e) && e->report->spec.clip == QL_CLIP_MINMAX && e->reach > 6;
}

static void say_wide_reach(const evidence *e, char *out, size_t size)
{
    const ql_stats *s = &e->report->stats;
    snprintf(out, size,
             "The range is set by few: the largest weight lies %.1f standard deviations out, only %.2g %% beyond 3, so the "
             "step is coarse for the rest",
             e->reach, 100.0 * (double)s->beyond_3s / (double)s->count);
}

static bool rows_share_a_step(const evidence *e)
{
    return has_one_step(e) && is_matrix(e);
}

static void say_rows_share(const evidence *e, char *out, size_t size)
{
    snprintf(out, size, "All %" PRIu64 " rows share one step of %.3g, which is %.2g standard deviations",
             e->profile->tensor->rows, (double)e->report->scale_max, (double)e->report->scale_max / e->report->stats.std);
}

static bool steps_are_coarse(const evidence *e)
{
    (void)e;
    return true;
}

static void say_coarse(const evidence *e, char *out, size_t size)
{
    const ql_report *r = e->report;
    if (r->group_count > 1 && r->scales) {
        snprintf(out, size, "%" PRIu64 " scales from %.3g to %.3g fit their groups; what is left is rounding to %u levels",
                 r->group_count, (double)r->scale_min, (double)r->scale_max, r->levels);
    } else if (r->group_count > 1) {
        snprintf(out, size, "%" PRIu64 " groups have levels of their own; what is left is rounding to %u of them",
                 r->group_count, r->levels);
    } else if (r->codebook) {
        snprintf(out, size, "The %u levels are where the values are; what is left is that there are no more of them",
                 r->levels);
    } else {
        snprintf(out, size, "The range fits the values; what is left is rounding to %u levels", r->levels);
    }
}

typedef struct reason {
    bool (*holds)(const evidence *e);
    void (*say)(const evidence *e, char *out, size_t size);
    struct {
        remedy *change;
        int key; /* the knob that a person turns for it: a ql_key or MAPPING_KEY */
    } remedies[4];
} reason;

enum { MAPPING_KEY = QL_KEY_COUNT }; /* the scheme itself */

/* The first reason that holds is the one told. */
static const reason reasons[] = {
    { is_quantized, say_quantized, { { to_as_many_bits, QL_KEY_BITS }, { to_their_levels, MAPPING_KEY } } },
    { one_sided, say_one_sided, { { to_zeropoint, MAPPING_KEY }, { to_rows, QL_KEY_PER } } },
    { much_is_clipped, say_clipped, { { to_minmax, QL_KEY_CLIP }, { to_rows, QL_KEY_PER } } },
    { one_outlier, say_outlier, { { to_rows, QL_KEY_PER }, { to_blocks, QL_KEY_PER }, { to_percentile, QL_KEY_CLIP } } },
    { wide_reach, say_wide_reach, { { to_rows, QL_KEY_PER }, { to_blocks, QL_KEY_PER }, { to_percentile, QL_KEY_CLIP } } },
    { rows_share_a_step, say_rows_share, { { to_rows, QL_KEY_PER }, { to_blocks, QL_KEY_PER } } },
    { steps_are_coarse, say_coarse, { { to_blocks, QL_KEY_PER }, { to_more_bits, QL_KEY_BITS } } },
};

/* Progress over several reports of different length: each takes an equal part of the whole. */
typedef struct share {
    const ql_monitor *whole;
    uint64_t index, count, elements;
} share;

static bool tick_share(void *context, uint64_t done, uint64_t total)
{
    const share *s = context;
    const double part = total ? (double)done / (double)total : 1;
    return s->whole->tick(s->whole->context, s->index * s->elements + (uint64_t)(part * (double)s->elements),
                          s->count * s->elements);
}

static ql_status try_remedies(ql_engine *engine, const evidence *e, const reason *told, const ql_monitor *monitor,
                              ql_why *out, ql_error *error)
{
    enum { MOST = sizeof told->remedies / sizeof told->remedies[0] };
    share part = { monitor, 0, MOST, e->profile->tensor->element_count };
    const ql_monitor partly = { tick_share, &part };
    for (size_t i = 0; i < MOST && told->remedies[i].change; i++) {
        ql_spec spec = e->report->spec;
        ql_report *tried = NULL;
        if (!told->remedies[i].change(e, &spec)) {
            continue;
        }
        part.index = i;
        ql_status status =
            ql_report_make(engine, e->profile, &spec, monitor && monitor->tick ? &partly : NULL, &tried, error);
        if (status != QL_OK) {
            return status;
        }
        double gain = tried->metrics[QL_SQNR_DB] - e->report->metrics[QL_SQNR_DB];
        ql_report_free(&tried);
        if (gain > 0 && (!out->has_remedy || gain > out->gain_db)) {
            out->has_remedy = true;
            out->remedy = spec;
            out->remedy_key = told->remedies[i].key;
            out->gain_db = gain;
        }
    }
    return QL_OK;
}

static evidence gather(const ql_profile *profile, const ql_report *report)
{
    evidence e = { profile, report,
                   .idle = report->levels ? report->levels - (unsigned)report->metrics[QL_LEVELS_USED] : 0 };
    e.has_few = ql_few_levels_of(profile, &e.few) && e.few.count > 1;
    e.reach = fmax(fabs(profile->x_min - report->stats.mean), fabs(profile->x_max - report->stats.mean)) / report->stats.std;
    return e;
}

ql_status ql_why_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                      ql_why *out, ql_error *error)
{
    *out = (ql_why) { 0 };
    if (report->metrics[QL_MSE] == 0) {
        ql_few_levels few;
        if (report->levels && ql_few_levels_of(profile, &few) && few.count > 1) {
            snprintf(out->text, sizeof out->text, "Already quantized: %u levels, and every one is met exactly", few.count);
        } else if (report->levels) {
            snprintf(out->text, sizeof out->text, "Every value is met exactly: the weights lie on %.0f of the %u levels",
                     report->metrics[QL_LEVELS_USED], report->levels);
        } else {
            snprintf(out->text, sizeof out->text, "Every value is kept as it is stored");
        }
        return QL_OK;
    }
    const evidence e = gather(profile, report);
    const reason *told = reasons;
    while (!told->holds(&e)) {
        told++; /* the last one always holds */
    }
    char why[200];
    told->say(&e, why, sizeof why);
    ql_status status = try_remedies(engine, &e, told, monitor, out, error);
    if (status != QL_OK) {
        return status;
    }
    if (out->has_remedy) {
        char spec[QL_SPEC_TEXT];
        ql_spec_format(&out->remedy, spec);
        snprintf(out->text, sizeof out->text, "%s. Try %s: %.2f dB, %+.2f", why, spec,
                 report->metrics[QL_SQNR_DB] + out->gain_db, out->gain_db);
    } else {
        snprintf(out->text, sizeof out->text, "%s", why);
    }
    return QL_OK;
}
