/* What one look at values finds: see seen.h. */
#include "analysis/seen.h"

#include <float.h>
#include <math.h>

void ql_seen_init(ql_seen *seen)
{
    *seen = (ql_seen) {
        .first_nonfinite = UINT64_MAX,
        .first_unusable = UINT64_MAX,
        .min = INFINITY,
        .max = -INFINITY,
        .x_min = INFINITY,
        .x_max = -INFINITY,
        .extremes = { -1, -1, UINT64_MAX },
    };
    ql_distinct_init(&seen->distinct);
}

static void add_extreme(ql_extremes *e, double magnitude, uint64_t index)
{
    if (magnitude > e->largest || (magnitude == e->largest && index < e->index)) {
        e->second = e->largest;
        e->largest = magnitude;
        e->index = index;
    } else if (magnitude > e->second) {
        e->second = magnitude;
    }
}

static void add_distinct(ql_distinct *distinct, const float *x, size_t n)
{
    enum { PIECE = 256 };
    double values[PIECE];
    for (size_t done = 0; done < n && distinct->count <= QL_DISTINCT_LIMIT; done += PIECE) {
        const size_t count = n - done < PIECE ? n - done : PIECE;
        for (size_t i = 0; i < count; i++) {
            values[i] = x[done + i];
        }
        ql_distinct_add(distinct, values, count);
    }
}

bool ql_seen_add(ql_seen *seen, ql_census *sums, const ql_kernels *kernels, const float *x, size_t n, uint64_t begin)
{
    sums->lo = INFINITY;
    sums->hi = -INFINITY;
    if (!kernels->census(x, n, sums)) {
        return false;
    }
    seen->zeros += sums->zeros;
    sums->zeros = 0;
    seen->x_min = sums->lo < seen->x_min ? sums->lo : seen->x_min;
    seen->x_max = sums->hi > seen->x_max ? sums->hi : seen->x_max;
    seen->min = sums->lo < seen->min ? sums->lo : seen->min;
    seen->max = sums->hi > seen->max ? sums->hi : seen->max;
    if (fmax(fabs((double)sums->lo), fabs((double)sums->hi)) > seen->extremes.second) {
        for (size_t i = 0; i < n; i++) {
            add_extreme(&seen->extremes, fabs((double)x[i]), begin + i);
        }
    }
    add_distinct(&seen->distinct, x, n);
    return true;
}

/* Of all n values: the largest magnitudes, what is not finite, and what a quantizer will see. */
static void add_all(ql_seen *seen, ql_census *sums, const double *values, size_t n, uint64_t begin)
{
    for (size_t i = 0; i < n; i++) {
        const double magnitude = fabs(values[i]);
        const float x = (float)values[i];
        if (magnitude <= DBL_MAX) {
            add_extreme(&seen->extremes, magnitude, begin + i);
        } else {
            seen->nan += isnan(values[i]);
            seen->inf += isinf(values[i]) != 0;
            seen->first_nonfinite = begin + i < seen->first_nonfinite ? begin + i : seen->first_nonfinite;
        }
        if (isfinite(x)) {
            sums->square[i % QL_LANES] += (double)x * (double)x;
            seen->x_min = x < seen->x_min ? x : seen->x_min;
            seen->x_max = x > seen->x_max ? x : seen->x_max;
        } else {
            seen->x_inf += magnitude <= DBL_MAX;
            seen->first_unusable = begin + i < seen->first_unusable ? begin + i : seen->first_unusable;
        }
    }
}

size_t ql_keep_finite(double *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const double v = values[i];
        values[kept] = v;
        kept += isfinite(v);
    }
    return kept;
}

size_t ql_seen_add_any(ql_seen *seen, ql_census *sums, double *values, size_t n, uint64_t begin)
{
    add_all(seen, sums, values, n, begin);
    const size_t kept = ql_keep_finite(values, n);
    for (size_t i = 0; i < kept; i++) {
        const double v = values[i];
        sums->sum[i % QL_LANES] += v;
        sums->abs[i % QL_LANES] += fabs(v);
        seen->zeros += v == 0;
        seen->min = v < seen->min ? v : seen->min;
        seen->max = v > seen->max ? v : seen->max;
    }
    ql_distinct_add(&seen->distinct, values, kept);
    return kept;
}

void ql_seen_merge(ql_seen *seen, const ql_seen *other)
{
    seen->nan += other->nan;
    seen->inf += other->inf;
    seen->zeros += other->zeros;
    seen->x_inf += other->x_inf;
    seen->first_nonfinite = other->first_nonfinite < seen->first_nonfinite ? other->first_nonfinite : seen->first_nonfinite;
    seen->first_unusable = other->first_unusable < seen->first_unusable ? other->first_unusable : seen->first_unusable;
    seen->min = fmin(seen->min, other->min);
    seen->max = fmax(seen->max, other->max);
    seen->x_min = fminf(seen->x_min, other->x_min);
    seen->x_max = fmaxf(seen->x_max, other->x_max);
    const double second = seen->extremes.second;
    add_extreme(&seen->extremes, other->extremes.largest, other->extremes.index);
    seen->extremes.second = fmax(fmax(seen->extremes.second, other->extremes.second), second);
    ql_distinct_merge(&seen->distinct, &other->distinct);
}
