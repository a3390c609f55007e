/* The reasons, each from real numbers. */
#include "analysis/why.h"

#include "base/text.h"
#include "quant/schemes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define FINE_DB 40.0 /* from here on an error is told to be small */

/* ---- Values that are few */

enum { FEW_VALUES = 8 };

static bool is_of_few_values(ql_evidence *e)
{
    return e->has_few && e->few.count <= FEW_VALUES;
}

static void say_few_values(const ql_evidence *e, char *out, size_t size)
{
    snprintf(out, size,
             "Only %u distinct values, from %.4g to %.4g: %u bit%s hold them all, and the levels of the spec are others",
             e->few.count, e->profile->x_min, e->profile->x_max, e->few.bits, e->few.bits == 1 ? "" : "s");
}

static bool is_quantized(ql_evidence *e)
{
    return e->has_few;
}

static void say_quantized(const ql_evidence *e, char *out, size_t size)
{
    char spacing[64] = "";
    if (e->few.spacing == QL_SPACING_EVEN) {
        snprintf(spacing, sizeof spacing, " evenly spaced by %.4g", e->few.step);
    }
    snprintf(out, size, "Already quantized: %u levels%s, %u bits; those of the spec are others", e->few.count, spacing,
             e->few.bits);
}

/* ---- Ranges that are not symmetric, or are */

static bool is_one_sided(ql_evidence *e)
{
    return e->report->spec.mapping == &ql_mapping_absmax && (e->profile->x_min >= 0 || e->profile->x_max <= 0);
}

static void say_one_sided(const ql_evidence *e, char *out, size_t size)
{
    snprintf(out, size,
             "All weights are %s zero (%.4g to %.4g), so half of a symmetric range is never used: %u of %u codes idle",
             e->profile->x_min >= 0 ? "at or above" : "at or below", e->profile->x_min, e->profile->x_max, e->idle,
             e->report->levels);
}

/* One even grid, set by the range of all weights. */
static bool has_one_step(const ql_evidence *e)
{
    return e->report->spec.mapping->step_of && e->report->spec.per == QL_PER_TENSOR;
}

static bool is_lopsided(ql_evidence *e)
{
    const double below = fabs(e->profile->x_min), above = fabs(e->profile->x_max);
    return e->report->spec.mapping == &ql_mapping_absmax && has_one_step(e) && fmin(below, above) < fmax(below, above) / 3 &&
           e->report->spec.clip == QL_CLIP_MINMAX && ql_try(e, QL_REMEDY_ZEROPOINT)->gain_db > 1;
}

static void say_lopsided(const ql_evidence *e, char *out, size_t size)
{
    snprintf(out, size, "The weights are lopsided, %.4g to %.4g, and the range is symmetric: %u of %u codes idle",
             e->profile->x_min, e->profile->x_max, e->idle, e->report->levels);
}

/* Bits for zero points that are worth less than the bits. */
static bool is_zeropoint_wasted(ql_evidence *e)
{
    const bool has_many = e->report->spec.mapping == &ql_mapping_zeropoint && e->report->group_count > 1;
    const ql_tried *absmax = has_many ? ql_try(e, QL_REMEDY_ABSMAX) : NULL;
    return absmax && ql_is_worth(absmax) && absmax->saved_bits >= QL_LEAST_SAVED && absmax->gain_db > -1;
}

static void say_zeropoint_wasted(const ql_evidence *e, char *out, size_t size)
{
    const ql_tried *absmax = &e->tried[QL_REMEDY_ABSMAX];
    char count[QL_COUNT_SIZE];
    ql_text_count(count, e->report->group_count);
    snprintf(out, size,
             "The weights are nearly symmetric, %.4g to %.4g: %s zero points bring %+.2f dB and cost %.3g of %.4g bits per "
             "weight",
             e->profile->x_min, e->profile->x_max, count, -absmax->gain_db, absmax->saved_bits, e->report->bits_per_weight);
}

/* ---- Clipping */

static bool is_clipped(const ql_evidence *e)
{
    return e->report->spec.clip != QL_CLIP_MINMAX && ql_spec_takes(&e->report->spec, QL_KEY_CLIP);
}

static bool is_clip_too_wide(ql_evidence *e)
{
    return is_clipped(e) && e->report->metrics[QL_FRAC_CLIPPED] == 0 && ql_try(e, QL_REMEDY_MINMAX)->gain_db > 0;
}

static void say_clip_too_wide(const ql_evidence *e, char *out, size_t size)
{
    snprintf(out, size, "The range of %.4g..%.4g is wider than the weights, %.4g to %.4g: %u of %u codes idle",
             e->report->clip_lo, e->report->clip_hi, e->profile->x_min, e->profile->x_max, e->idle, e->report->levels);
}

static bool has_clip_lost(ql_evidence *e)
{
    return is_clipped(e) && ql_try(e, QL_REMEDY_MINMAX)->gain_db > 0;
}

static void say_clip_lost(const ql_evidence *e, char *out, size_t size)
{
    const ql_report *r = e->report;
    snprintf(out, size, "The clip loses: %.3g %% of the weights are clipped to %.4g..%.4g and lose up to %.3g, %.0f steps",
             100 * r->metrics[QL_FRAC_CLIPPED], r->clip_lo, r->clip_hi, r->metrics[QL_MAX_ABS],
             r->metrics[QL_MAX_ABS] / (double)r->scale_max);
}

static bool has_clip_won(ql_evidence *e)
{
    return is_clipped(e) && has_one_step(e) && ql_try(e, QL_REMEDY_MINMAX)->gain_db < -0.1 &&
           e->tried[QL_REMEDY_MINMAX].scale_max > (double)e->report->scale_max;
}

static void say_clip_won(const ql_evidence *e, char *out, size_t size)
{
    const ql_tried *whole = &e->tried[QL_REMEDY_MINMAX];
    snprintf(out, size,
             "The clip pays: %.3g %% of the weights are cut to %.4g..%.4g, which makes the step %.1f times finer and gains "
             "%.2f dB",
             100 * e->report->metrics[QL_FRAC_CLIPPED], e->report->clip_lo, e->report->clip_hi,
             whole->scale_max / (double)e->report->scale_max, -whole->gain_db);
}

/* ---- A step that few weights set */

static bool is_set_by_one(ql_evidence *e)
{
    const ql_profile *p = e->profile;
    double largest = fmax(fabs(p->x_min), fabs(p->x_max));
    return has_one_step(e) && e->report->spec.clip == QL_CLIP_MINMAX && p->tensor->element_count > 2 &&
           p->second_abs * 1.5 < largest;
}

static void say_set_by_one(const ql_evidence *e, char *out, size_t size)
{
    const ql_tensor *t = e->profile->tensor;
    uint64_t index = e->profile->stats.max_abs_index;
    double value = fabs(e->profile->x_min) > fabs(e->profile->x_max) ? e->profile->x_min : e->profile->x_max;
    char place[64], count[QL_COUNT_SIZE];
    ql_text_count(count, t->element_count);
    if (t->rank == 2) {
        snprintf(place, sizeof place, "[%" PRIu64 ",%" PRIu64 "]", index / t->shape[1], index % t->shape[1]);
    } else {
        snprintf(place, sizeof place, "[%" PRIu64 "]", index);
    }
    snprintf(out, size, "One weight, %.4g at %s (%.0f standard deviations), sets the step for all %s: %u of %u codes idle",
             value, place, e->reach, count, e->idle, e->report->levels);
}

/* Few groups of the remedy are louder than the others by far. */
static bool are_some_loud(const ql_tried *tried)
{
    return tried->applies && tried->gain_db > 1 && tried->loud > 0 && tried->loud * 4 <= tried->group_count;
}

/* Every row has such weights, so that steps for the rows are of little help; single weights are no loud column. */
static bool are_columns_loud(ql_evidence *e)
{
    return has_one_step(e) && are_some_loud(ql_try(e, QL_REMEDY_COLS)) &&
           e->tried[QL_REMEDY_COLS].gain_db > 2 * ql_try(e, QL_REMEDY_ROWS)->gain_db;
}

static void say_columns_loud(const ql_evidence *e, char *out, size_t size)
{
    const ql_tried *cols = &e->tried[QL_REMEDY_COLS];
    char loud[QL_COUNT_SIZE], all[QL_COUNT_SIZE];
    ql_text_count(loud, cols->loud);
    ql_text_count(all, cols->group_count);
    snprintf(out, size,
             "%s of %s columns %s loud, up to %.1f times as wide as the median column, and set%s the step for the rest",
             loud, all, cols->loud == 1 ? "is" : "are", cols->scale_max / cols->scale_median, cols->loud == 1 ? "s" : "");
}

/* Many of them: a few loud ones are outliers. */
static bool are_rows_unlike(ql_evidence *e)
{
    const ql_tried *rows = has_one_step(e) ? ql_try(e, QL_REMEDY_ROWS) : NULL;
    return rows && rows->applies && rows->gain_db > 1 && rows->scale_max > 2 * rows->scale_median &&
           rows->scale_three_quarters > 1.5 * rows->scale_quarter;
}

static void say_rows_unlike(const ql_evidence *e, char *out, size_t size)
{
    const ql_tried *rows = &e->tried[QL_REMEDY_ROWS];
    char count[QL_COUNT_SIZE];
    ql_text_count(count, rows->group_count);
    snprintf(
        out, size,
        "Rows are of unlike range: steps of their own would go from %.3g to %.3g, median %.3g; one of %.3g serves all %s",
        rows->scale_min, rows->scale_max, rows->scale_median, (double)e->report->scale_max, count);
}

static bool is_reach_wide(ql_evidence *e)
{
    return has_one_step(e) && e->report->spec.clip == QL_CLIP_MINMAX && e->reach > 6;
}

static void say_reach_wide(const ql_evidence *e, char *out, size_t size)
{
    const ql_stats *s = &e->report->stats;
    snprintf(out, size,
             "The range is set by few: the largest weight lies %.1f standard deviations out, only %.2g %% beyond 3, so the "
             "step is coarse for the rest",
             e->reach, 100.0 * (double)s->beyond_3s / (double)s->count);
}

static bool share_rows_a_step(ql_evidence *e)
{
    return has_one_step(e) && e->is_matrix && e->report->levels > FEW_VALUES;
}

static void say_rows_share(const ql_evidence *e, char *out, size_t size)
{
    char count[QL_COUNT_SIZE];
    ql_text_count(count, e->profile->tensor->rows);
    snprintf(out, size, "All %s rows share one step of %.3g, which is %.2g standard deviations", count,
             (double)e->report->scale_max, (double)e->report->scale_max / e->report->stats.std);
}

/* ---- Bits */

static bool do_scales_cost(ql_evidence *e)
{
    const double much = 0.75;
    return e->extra_bits >= much && e->report->group_count > 1 &&
           (ql_is_worth(ql_try(e, QL_REMEDY_A_BIT)) || ql_is_worth(ql_try(e, QL_REMEDY_DOUBLE)) ||
            ql_is_worth(ql_try(e, QL_REMEDY_LARGER)));
}

static void say_scales_cost(const ql_evidence *e, char *out, size_t size)
{
    char count[QL_COUNT_SIZE];
    ql_text_count(count, e->report->group_count);
    snprintf(out, size, "The scales of %s blocks cost %.3g of %.4g bits per weight", count, e->extra_bits,
             e->report->bits_per_weight);
}

static bool are_bits_few(ql_evidence *e)
{
    return e->report->levels > 0 && e->report->levels <= FEW_VALUES && ql_try(e, QL_REMEDY_MORE_BITS)->gain_db > 0;
}

static void say_bits_few(const ql_evidence *e, char *out, size_t size)
{
    snprintf(out, size, "Too few bits: with %u levels the error is %.3g %% of the weights' standard deviation",
             e->report->levels, 100 * e->report->metrics[QL_RMSE_OVER_STD]);
}

static bool is_fine(ql_evidence *e)
{
    return e->report->metrics[QL_SQNR_DB] >= FINE_DB;
}

static void say_fine(const ql_evidence *e, char *out, size_t size)
{
    snprintf(out, size, "Fine already: the error is %.2g %% of the weights' standard deviation, %.2f dB below the weights",
             100 * e->report->metrics[QL_RMSE_OVER_STD], e->report->metrics[QL_SQNR_DB]);
}

static bool are_steps_coarse(ql_evidence *e)
{
    (void)e;
    return true;
}

static void say_coarse(const ql_evidence *e, char *out, size_t size)
{
    const ql_report *r = e->report;
    char count[QL_COUNT_SIZE];
    ql_text_count(count, r->group_count);
    if (r->group_count > 1 && r->scales) {
        snprintf(out, size, "%s scales from %.3g to %.3g fit their groups; what is left is rounding to %u levels", count,
                 (double)r->scale_min, (double)r->scale_max, r->levels);
    } else if (r->group_count > 1) {
        snprintf(out, size, "%s groups have levels of their own; what is left is rounding to %u of them", count, r->levels);
    } else if (r->codebook) {
        snprintf(out, size, "The %u levels are where the values are; what is left is that there are no more of them",
                 r->levels);
    } else {
        snprintf(out, size, "The range fits the values; what is left is rounding to %u levels", r->levels);
    }
}

#define REMEDIES(...)                                                                                                       \
    sizeof((ql_remedy[]) { __VA_ARGS__ }) / sizeof(ql_remedy),                                                              \
    {                                                                                                                       \
        __VA_ARGS__                                                                                                         \
    }

/* clang-format off */
const ql_reason ql_reasons[] = {
    { is_of_few_values,    say_few_values,       REMEDIES(QL_REMEDY_AS_MANY_BITS, QL_REMEDY_THEIR_LEVELS) },
    { is_quantized,        say_quantized,        REMEDIES(QL_REMEDY_AS_MANY_BITS, QL_REMEDY_THEIR_LEVELS) },
    { is_one_sided,        say_one_sided,        REMEDIES(QL_REMEDY_ZEROPOINT, QL_REMEDY_ROWS) },
    { is_clip_too_wide,    say_clip_too_wide,    REMEDIES(QL_REMEDY_MINMAX) },
    { has_clip_lost,       say_clip_lost,        REMEDIES(QL_REMEDY_MINMAX, QL_REMEDY_ROWS) },
    { is_zeropoint_wasted, say_zeropoint_wasted, REMEDIES(QL_REMEDY_ABSMAX) },
    { do_scales_cost,      say_scales_cost,      REMEDIES(QL_REMEDY_A_BIT, QL_REMEDY_DOUBLE, QL_REMEDY_LARGER) },
    { is_set_by_one,       say_set_by_one,       REMEDIES(QL_REMEDY_ROWS, QL_REMEDY_BLOCKS, QL_REMEDY_PERCENTILE) },
    { is_fine,             say_fine,             0, { 0 } },
    { are_columns_loud,    say_columns_loud,     REMEDIES(QL_REMEDY_COLS, QL_REMEDY_OUTLIERS) },
    { is_lopsided,         say_lopsided,         REMEDIES(QL_REMEDY_ZEROPOINT) },
    { are_rows_unlike,     say_rows_unlike,      REMEDIES(QL_REMEDY_ROWS, QL_REMEDY_BLOCKS) },
    { is_reach_wide,       say_reach_wide,       REMEDIES(QL_REMEDY_ROWS, QL_REMEDY_BLOCKS, QL_REMEDY_PERCENTILE) },
    { has_clip_won,        say_clip_won,         REMEDIES(QL_REMEDY_ROWS, QL_REMEDY_BLOCKS, QL_REMEDY_MORE_BITS) },
    { share_rows_a_step,   say_rows_share,       REMEDIES(QL_REMEDY_ROWS, QL_REMEDY_BLOCKS) },
    { are_bits_few,        say_bits_few,         REMEDIES(QL_REMEDY_MORE_BITS) },
    { are_steps_coarse,    say_coarse,           REMEDIES(QL_REMEDY_BLOCKS, QL_REMEDY_MORE_BITS) },
};
/* clang-format on */
