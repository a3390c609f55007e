/* The table of metrics: names as in JSON, in display order. Definitions: e = x - y, x the original as float32, y what became
 * of it. */
#include "analysis/metrics.h"

#include <math.h>

static const ql_metric_info table[QL_METRIC_COUNT] = {
    [QL_MAE] = { "mae", "MAE", "mean |e|, in the unit of the weights", -1 },
    [QL_MSE] = { "mse", "MSE", "mean e^2", -1 },
    [QL_RMSE] = { "rmse", "RMSE", "square root of the MSE, in the unit of the weights", -1 },
    [QL_MAX_ABS] = { "max_abs", "max err", "largest |e|, in the unit of the weights", -1 },
    [QL_SQNR_DB] = { "sqnr_db", "SQNR dB", "signal to quantization noise, 10 log10(sum x^2 / sum e^2), in dB", +1 },
    [QL_COSINE] = { "cosine", "cosine", "cosine of the angle between x and y", +1 },
    [QL_REL_FRO] = { "rel_fro", "rel err", "Frobenius norm of e over that of x", -1 },
    [QL_KL_HIST] = { "kl_hist", "KL", "divergence of the histograms (256 bins) of x and y, in nats", -1 },
    [QL_FRAC_CLIPPED] = { "frac_clipped", "clipped", "share of the elements whose code was clamped", -1 },
    [QL_ZERO_FRAC] = { "zero_frac", "zeros", "share of the elements with y = 0", 0 },
    [QL_LEVELS_USED] = { "levels_used", "codes", "how many different codes occur", 0 },
    [QL_UTILISATION] = { "utilisation", "use", "codes that occur over codes available", +1 },
    [QL_ENTROPY_BITS] = { "entropy_bits", "entropy", "entropy of the codes, in bits", 0 },
    [QL_WORST_ROW_MSE] = { "worst_row_mse", "worst row", "largest MSE of an output row", -1 },
    [QL_P99_ABS] = { "p99_abs", "p99 err", "exact 99th percentile of |e|, in the unit of the weights", -1 },
    [QL_RMSE_OVER_STD] = { "rmse_over_std", "RMSE/std", "RMSE over the standard deviation of x", -1 },
};

const ql_metric_info *ql_metric_describe(ql_metric metric)
{
    return &table[metric];
}

bool ql_metric_needs_codes(ql_metric metric)
{
    return metric == QL_FRAC_CLIPPED || metric == QL_LEVELS_USED || metric == QL_UTILISATION || metric == QL_ENTROPY_BITS;
}

/* Divergence of y's histogram from x's in 256 bins: pairs of our 512, half a count added to each; what lies outside in the
 * end bins. */
static double histogram_divergence(const ql_histogram *x, const ql_histogram *y, uint64_t n)
{
    enum { BINS = QL_BINS / 2 };
    if (x->lo == x->hi) {
        return 0; /* one bin holds all, of y too */
    }
    const double total = (double)n + 0.5 * BINS;
    double sum = 0;
    for (int i = 0; i < BINS; i++) {
        uint64_t p = x->bins[2 * i] + x->bins[2 * i + 1], q = y->bins[2 * i] + y->bins[2 * i + 1];
        q += (i == 0 ? y->below : 0) + (i == BINS - 1 ? y->above : 0);
        double px = ((double)p + 0.5) / total, qy = ((double)q + 0.5) / total;
        sum += px * log(px / qy);
    }
    return sum;
}

double ql_entropy(const uint64_t *counts, size_t codes, uint64_t total)
{
    double sum = 0;
    for (size_t i = 0; i < codes; i++) {
        if (counts[i]) {
            double p = (double)counts[i] / (double)total;
            sum -= p * log2(p);
        }
    }
    return fabs(sum);
}

void ql_metrics_of_errors(const ql_profile *profile, const ql_measured *sums, const ql_histogram *y,
                          double m[QL_METRIC_COUNT])
{
    const uint64_t count = profile->tensor->element_count;
    const double n = (double)count, x_square = profile->x_square_sum, square = sums->square;
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++) {
        m[metric] = NAN;
    }
    m[QL_MAE] = sums->abs / n;
    m[QL_MSE] = square / n;
    m[QL_RMSE] = sqrt(square / n);
    m[QL_MAX_ABS] = sums->max_abs;
    m[QL_SQNR_DB] = square == 0 ? INFINITY : x_square == 0 ? -INFINITY : 10 * log10(x_square / square);
    m[QL_COSINE] = square == 0                      ? 1 /* not what is left of the sums' rounding */
                   : x_square == 0 || sums->yy == 0 ? 0
                                                    : sums->xy / (sqrt(x_square) * sqrt(sums->yy));
    m[QL_REL_FRO] = square == 0 ? 0 : x_square == 0 ? INFINITY : sqrt(square / x_square);
    m[QL_KL_HIST] = histogram_divergence(&profile->original, y, count);
    m[QL_ZERO_FRAC] = (double)sums->zeros / n;
    m[QL_WORST_ROW_MSE] = sums->worst_row;
    m[QL_P99_ABS] = sums->p99_abs;
    m[QL_RMSE_OVER_STD] = m[QL_RMSE] / profile->stats.std;
}
