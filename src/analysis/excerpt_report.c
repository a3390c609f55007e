/*
 * A report of an excerpt, told as one of the whole tensor.
 *
 * The mean squared error is a regression estimate (Cochran, Sampling Techniques, 3rd ed., section 7.1): in some specs an
 * element's error does not depend on how large its neighbours are (one step for all), in others it is a share of them (a
 * step of each row), and where rows are of unlike scale a mean over a few of them is far from that over all in the latter
 * case, a ratio in the former. The rows of the excerpt tell which it is:
 *
 *   MSE = mean e^2 + b (X - mean x^2),   b = cov(x^2, e^2) / var(x^2) over rows, 0 <= b <= mean e^2 / mean x^2
 *
 * where X is the exact mean of x^2. b = 0: the mean itself; the largest b: the ratio to X.
 */
#include "analysis/excerpt.h"

#include "analysis/describe.h"
#include "base/error.h"
#include "quant/schemes.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS_ENOUGH = 8 }; /* for a slope */

static double mean_of(const double *values, uint64_t n)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum += values[i];
    }
    return sum / (double)n;
}

/* How the error of a row goes with its values. */
static double slope(const ql_excerpt *e, const ql_report *r, double x_mean, double e_mean, double ratio)
{
    const uint64_t n = e->plan.rows.picked;
    double covariance = 0, variance = 0;
    for (uint64_t row = 0; row < n; row++) {
        const double dx = e->row_square[row] - x_mean;
        covariance += dx * (r->row_mse[row] - e_mean);
        variance += dx * dx;
    }
    if (r->spec.per == QL_PER_COL || n < ROWS_ENOUGH || !(variance > 0)) { /* rows tell nothing of columns */
        return r->spec.per == QL_PER_TENSOR ? 0 : ratio;
    }
    return fmin(fmax(covariance / variance, 0), ratio);
}

/* One weight that is clipped may be most of the error. Where there is one range for all, that of the least and of the
   greatest is known: what they add to the mean squared error is right in the end, whether the excerpt holds them or not. */
typedef struct extremes {
    double held;    /* squared errors of those that are in the excerpt */
    double all;     /* of both */
    double max_abs; /* error */
} extremes;

static extremes clipped_extremes(const ql_excerpt *e, const ql_report *r)
{
    extremes out = { 0, 0, 0 };
    if (e->whole && r->spec.per == QL_PER_TENSOR && r->spec.mapping->decode && r->spec.outliers == 0) {
        const double below = fmax(r->clip_lo - e->whole->x_min, 0), above = fmax(e->whole->x_max - r->clip_hi, 0);
        out.held = (e->whole->x_min < e->profile->stats.min ? 0 : below * below) +
                   (e->whole->x_max > e->profile->stats.max ? 0 : above * above);
        out.all = below * below + above * above;
        out.max_abs = fmax(below, above);
    }
    return out;
}

static void estimate_error(const ql_excerpt *e, ql_report *r)
{
    const uint64_t rows = e->plan.rows.picked;
    const double n = (double)e->tensor.element_count, n_whole = (double)e->of->element_count;
    const double x_mean = mean_of(e->row_square, rows), e_mean = mean_of(r->row_mse, rows);
    const double x_whole = e->whole ? e->whole->x_square_sum / n_whole : x_mean;
    const double std = e->whole ? e->whole->stats.std : e->profile->stats.std;
    const extremes clipped = clipped_extremes(e, r);
    const double rest = fmax(e_mean - clipped.held / n, 0);
    const double b = slope(e, r, x_mean, e_mean, x_mean > 0 ? rest / x_mean : 0);
    const double mse = rest + b * (x_whole - x_mean) + clipped.all / n_whole;
    double *m = r->metrics;
    m[QL_MSE] = mse;
    m[QL_RMSE] = sqrt(mse);
    m[QL_RMSE_OVER_STD] = m[QL_RMSE] / std;
    m[QL_SQNR_DB] = mse == 0 ? INFINITY : x_whole == 0 ? -INFINITY : 10 * log10(x_whole / mse);
    m[QL_REL_FRO] = mse == 0 ? 0 : x_whole == 0 ? INFINITY : sqrt(mse / x_whole);
    m[QL_MAX_ABS] = fmax(m[QL_MAX_ABS], clipped.max_abs);
}

/* counts[n] of the excerpt to as many of the tensor, in proportion; what they were together is then that of it, too. */
static void scale_counts(const ql_excerpt *e, uint64_t *counts, size_t n)
{
    const double factor = (double)e->of->element_count / (double)e->tensor.element_count;
    uint64_t sum = 0, scaled = 0;
    for (size_t i = 0; i < n; i++) {
        sum += counts[i];
        const uint64_t upto = sum == e->tensor.element_count ? e->of->element_count : (uint64_t)((double)sum * factor);
        counts[i] = upto - scaled;
        scaled = upto;
    }
}

static void scale_count(const ql_excerpt *e, uint64_t *count)
{
    scale_counts(e, count, 1);
}

static void scale_histogram(const ql_excerpt *e, ql_histogram *h)
{
    uint64_t counts[QL_BINS + 2];
    counts[0] = h->below;
    for (int i = 0; i < QL_BINS; i++) {
        counts[i + 1] = h->bins[i];
    }
    counts[QL_BINS + 1] = h->above;
    scale_counts(e, counts, QL_BINS + 2);
    h->below = counts[0];
    for (int i = 0; i < QL_BINS; i++) {
        h->bins[i] = counts[i + 1];
    }
    h->above = counts[QL_BINS + 1];
}

/* What is known of the values themselves, exactly or from the excerpt. */
static void tell_of_values(const ql_excerpt *e, ql_report *r)
{
    if (e->whole) {
        r->stats = e->whole->stats;
        r->original = e->whole->original;
        return;
    }
    const double factor = (double)e->of->element_count / (double)e->tensor.element_count;
    ql_stats *s = &r->stats;
    s->count = s->first_nonfinite = e->of->element_count;
    s->max_abs_index = 0;
    s->sum *= factor;
    s->sum_abs *= factor;
    scale_count(e, &s->zeros);
    scale_count(e, &s->beyond_3s);
    scale_count(e, &s->beyond_6s);
    scale_histogram(e, &r->original);
}

/* The groups are others: their parameters are left out, but those of a single one. */
static void leave_out_groups(ql_report *r)
{
    free((float *)r->scales);
    free((int32_t *)r->zeros);
    free((float *)r->codebook);
    free((double *)r->edges);
    free((uint8_t *)r->scale_codes);
    free((float *)r->block_maxima);
    free((float *)r->second_scales);
    r->scales = r->codebook = r->block_maxima = r->second_scales = NULL;
    r->zeros = NULL;
    r->edges = NULL;
    r->scale_codes = NULL;
    r->second_count = 0;
    r->widest.group = 0;
}

/* Size and groups: exact, but where outliers are all above a threshold. */
static void tell_storage(const ql_excerpt *e, const ql_groups *groups, ql_report *r)
{
    const double n = (double)e->of->element_count;
    if (r->spec.outliers_percent) {
        r->outlier_count = ql_outliers_asked(&r->spec, e->of->element_count);
    } else {
        scale_count(e, &r->outlier_count);
    }
    const double bits = r->spec.mapping == &ql_mapping_none
                            ? 8.0 * (double)e->of->byte_count
                            : ql_storage_bits(&r->spec, groups, (unsigned)ql_code_count(r), r->outlier_count);
    r->bits_per_weight = bits / n;
    r->byte_count = (uint64_t)ceil(bits / 8);
    r->group_count = groups->count;
    if (groups->count > 1) {
        leave_out_groups(r);
    }
    free((uint64_t *)r->outlier_index);
    free((uint16_t *)r->outlier_value);
    r->outlier_index = NULL;
    r->outlier_value = NULL;
    r->outlier_rows = r->outlier_cols = 0;
}

/* Every row of W, NAN where it is not in the excerpt. */
static void place_rows(const ql_excerpt *e, ql_report *r, double *row_mse)
{
    const ql_excerpt_axis *axis = &e->plan.rows;
    for (uint64_t row = 0; row < e->of->rows; row++) {
        row_mse[row] = NAN;
    }
    const uint64_t key = e->of->layout == QL_LAYOUT_IN_OUT ? 1 : 0;
    for (uint64_t at = 0; at < axis->picked; at++) {
        row_mse[ql_excerpt_start(axis, at / axis->strip, key) + at % axis->strip] = r->row_mse[at];
    }
    free((double *)r->row_mse);
    r->row_mse = row_mse;
    r->row_count = e->of->rows;
}

ql_status ql_excerpt_report(ql_engine *engine, const ql_excerpt *excerpt, const ql_spec *spec, const ql_monitor *monitor,
                            ql_report **out, ql_error *error)
{
    ql_groups groups;
    ql_report *r = NULL;
    ql_status status = ql_groups_make(excerpt->of, spec, &groups, error);
    if (status == QL_OK) {
        status = ql_report_make(engine, excerpt->profile, spec, monitor, &r, error);
    }
    if (status != QL_OK) {
        return status;
    }
    double *row_mse = malloc(excerpt->of->rows * sizeof *row_mse);
    if (!row_mse) {
        ql_report_free(&r);
        return ql_fail_memory(error, excerpt->of->rows * sizeof *row_mse);
    }
    r->sampled = excerpt->tensor.element_count;
    estimate_error(excerpt, r);
    tell_of_values(excerpt, r);
    tell_storage(excerpt, &groups, r);
    scale_histogram(excerpt, &r->dequantized);
    scale_histogram(excerpt, &r->error);
    scale_counts(excerpt, (uint64_t *)r->code_counts, ql_code_count(r));
    scale_counts(excerpt, r->grid_counts, r->grid_count);
    place_rows(excerpt, r, row_mse);
    *out = r;
    return QL_OK;
}
