/*
 * quantile: balanced quantization. K = 2^bits bins of equal population: edges D_i at the percentiles 100 i / K, code = how
 * many of the inner edges are at or below x, level = mean of the bin (an empty one: the middle of its edges).
 */
#include "quant/codebook.h"
#include "quant/schemes.h"
#include "quant/sorted.h"

#include <math.h>

/* x >= edge where x is above the number before it. */
static float threshold_of(double edge)
{
    const float rounded = (float)edge;
    return (double)rounded >= edge ? nextafterf(rounded, -INFINITY) : rounded;
}

static const char *fit_values(ql_quantizer *q, uint64_t group, float *values, size_t n)
{
    const unsigned count = q->level_count;
    double *edges = q->edges + group * (count + 1);
    float *levels = q->codebook + group * count;
    ql_sorted sorted;
    if (!ql_sorted_make(values, n, &sorted)) {
        return "out of memory for sorting a group; use smaller groups";
    }
    for (unsigned i = 0; i <= count; i++) {
        edges[i] = ql_sorted_percentile(&sorted, 100.0 * i / count);
    }
    size_t begin = 0;
    for (unsigned k = 0; k < count; k++) {
        const size_t end = k + 1 < count ? ql_sorted_find(&sorted, edges[k + 1], true) : n;
        levels[k] = (float)(begin < end ? ql_sorted_mean(&sorted, begin, end) : 0.5 * (edges[k] + edges[k + 1]));
        q->thresholds[group * count + k] = k + 1 < count ? threshold_of(edges[k + 1]) : INFINITY;
        begin = end;
    }
    ql_sorted_free(&sorted);
    return NULL;
}

/* A bin may be wide on one side of its mean. */
static double half_gap(const ql_quantizer *q, uint64_t group)
{
    const double *edges = q->edges + group * (q->level_count + 1);
    double widest = 0;
    for (unsigned k = 0; k < q->level_count; k++) {
        const double level = q->codebook[group * q->level_count + k];
        widest = level - edges[k] > widest ? level - edges[k] : widest;
        widest = edges[k + 1] - level > widest ? edges[k + 1] - level : widest;
    }
    return widest;
}

const ql_mapping ql_mapping_quantile = {
    .info = {
        .name = "quantile",
        .title = "learned levels, equal population",
        .formula = "D_i = percentile 100·i / 2^b of x   q = number of D_i <= x   y = mean of the bin",
        .source = "Zhou et al. 2017, Balanced Quantization",
        .storage = "b + 32·K·G/n",
    },
    .keys = 1 << QL_KEY_BITS | 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK,
    .per_allowed = 1 << QL_PER_TENSOR | 1 << QL_PER_ROW | 1 << QL_PER_BLOCK,
    .bits_min = 1,
    .bits_max = 8,
    .defaults = { .bits = 4 },
    .arrays = QL_HAS_CODEBOOK | QL_HAS_EDGES,
    .code_range = ql_codebook_code_range,
    .prepare = ql_codebook_prepare,
    .parameter_bits = ql_codebook_parameter_bits,
    .fit_values = fit_values,
    .quantize = ql_codebook_quantize,
    .decode = ql_codebook_decode,
    .half_gap = half_gap,
};
