/*
 * kmeans: Lloyd-Max. K = 2^bits levels start at the percentiles 100 (i + 0.5) / K; then, until no value changes its level,
 * each level becomes the mean of the values nearest to it (empty ones stay). The values are sorted once: a level's members
 * are a range, found by its midpoints. Levels are rounded to float32 at the end and the values assigned once more.
 */
#include "quant/codebook.h"
#include "quant/schemes.h"
#include "quant/sorted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LEVELS = 256 };

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* bound[k]: the first value of level k; bound[count]: the number of values. */
static void assign(const ql_sorted *sorted, const double *level, unsigned count, size_t *bound)
{
    bound[0] = 0;
    for (unsigned k = 1; k < count; k++) {
        bound[k] = ql_sorted_find(sorted, (level[k - 1] + level[k]) / 2, false);
    }
    bound[count] = sorted->n;
}

static void lloyd(const ql_sorted *sorted, double *level, unsigned count, uint64_t iterations)
{
    size_t bound[MAX_LEVELS + 1], before[MAX_LEVELS + 1];
    for (uint64_t i = 0; i < iterations; i++) {
        assign(sorted, level, count, bound);
        if (i > 0 && memcmp(bound, before, (count + 1) * sizeof *bound) == 0) {
            return;
        }
        memcpy(before, bound, sizeof before);
        for (unsigned k = 0; k < count; k++) {
            if (bound[k] < bound[k + 1]) {
                level[k] = ql_sorted_mean(sorted, bound[k], bound[k + 1]);
            }
        }
        qsort(level, count, sizeof *level, compare_doubles);
    }
}

static const char *fit_values(ql_quantizer *q, uint64_t group, float *values, size_t n)
{
    const unsigned count = q->level_count;
    double level[MAX_LEVELS];
    ql_sorted sorted;
    if (!ql_sorted_make(values, n, &sorted)) {
        return "out of memory for sorting a group; use smaller groups";
    }
    for (unsigned k = 0; k < count; k++) {
        level[k] = ql_sorted_percentile(&sorted, 100.0 * (k + 0.5) / count);
    }
    lloyd(&sorted, level, count, q->spec.iterations);
    for (unsigned k = 0; k < count; k++) {
        q->codebook[group * count + k] = (float)level[k];
    }
    ql_codebook_thresholds(q->codebook + group * count, count, count, q->thresholds + group * count);
    q->extra[group] = fmaxf((float)level[0] - sorted.values[0], sorted.values[n - 1] - (float)level[count - 1]);
    ql_sorted_free(&sorted);
    return NULL;
}

/* Between two levels, or beyond the outermost one: extra holds how far values lie there. */
static double half_gap(const ql_quantizer *q, uint64_t group)
{
    return fmax(ql_codebook_half_gap(q, group), q->extra[group]);
}

const ql_mapping ql_mapping_kmeans = {
    .info = {
        .name = "kmeans",
        .title = "learned levels, Lloyd-Max",
        .formula = "level[k] = mean of the x nearest to it, repeated   q = nearest level   y = level[q]",
        .source = "Lloyd 1982; Han et al. 2016, Deep Compression",
        .storage = "b + 32·K·G/n",
    },
    .keys = 1 << QL_KEY_BITS | 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_ITERATIONS,
    .per_allowed = 1 << QL_PER_TENSOR | 1 << QL_PER_ROW | 1 << QL_PER_BLOCK,
    .bits_min = 1,
    .bits_max = 8,
    .defaults = { .bits = 4, .iterations = 100 },
    .arrays = QL_HAS_CODEBOOK,
    .extra_per_group = 1,
    .code_range = ql_codebook_code_range,
    .prepare = ql_codebook_prepare,
    .parameter_bits = ql_codebook_parameter_bits,
    .fit_values = fit_values,
    .quantize = ql_codebook_quantize,
    .decode = ql_codebook_decode,
    .half_gap = half_gap,
};
