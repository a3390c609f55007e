/* Values of a group in ascending order with quick sums over ranges: what the learned codebooks work on. */
#ifndef QL_QUANT_SORTED_H
#define QL_QUANT_SORTED_H

#include <stdbool.h>
#include <stddef.h>

/* Sorts in place, -0 before 0; false when memory is short. No NaN. */
bool ql_sort_floats(float *values, size_t n);

typedef struct ql_sorted {
    const float *values; /* borrowed [n], ascending */
    size_t n;
    double *sums; /* owned: a binary tree of sums over blocks of 256 values, so that no sum is a difference */
} ql_sorted;

/* Sorts values[n] in place; false when memory is short. */
bool ql_sorted_make(float *values, size_t n, ql_sorted *out);
void ql_sorted_free(ql_sorted *sorted);

/* The first index whose value is above `limit` (or_equal: at or above it); n when there is none. */
size_t ql_sorted_find(const ql_sorted *sorted, double limit, bool or_equal);

/* Mean of the values [begin, end), begin < end, in float64. */
double ql_sorted_mean(const ql_sorted *sorted, size_t begin, size_t end);

/* Percentile with linear interpolation. */
double ql_sorted_percentile(const ql_sorted *sorted, double percent);

#endif
