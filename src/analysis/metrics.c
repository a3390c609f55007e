/* The table of metrics: names as in JSON, in display order. Definitions: e = x - y, x the original as float32, y what became
 * of it. */
#include "qloupe.h"

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
