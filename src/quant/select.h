/*
 * Exact order statistics of a stream of doubles of any length, by radix selection on their bits: no copy, no sort, a few
 * scans.
 *
 *   ql_select_begin    choose ranks (0 = the least of N values)
 *   repeat: scan the stream once - ql_select_feed(worker, values, n) from any worker - then ql_select_advance, until it says
 * done ql_select_value    the values at the ranks
 *
 * The first scan counts the upper 16 bits of every value; each further one 12 bits more of the values that share a prefix
 * with a wanted one; as soon as few enough are left they are collected and sorted. Most streams take two scans, none more
 * than six. The values fed must be the same in every scan, in any order and split; they must not be NaN; -0 and 0 are told
 * apart (-0 first).
 */
#ifndef QL_QUANT_SELECT_H
#define QL_QUANT_SELECT_H

#include "qloupe.h"

enum { QL_SELECT_MAX = 32 };

typedef struct ql_select ql_select;

/* Sets up for `threads` workers and at most `most` values in a scan: few are collected at once, in one scan. Ranks may be
   set later, but before the first advance. */
ql_status ql_select_new(unsigned threads, uint64_t most, ql_select **out, ql_error *error);
void ql_select_free(ql_select **select);

/* The wanted ranks, each < the number of values that are fed in a scan; count <= QL_SELECT_MAX. */
void ql_select_ranks(ql_select *select, const uint64_t *ranks, unsigned count);

void ql_select_feed(ql_select *select, unsigned worker, const double *values, size_t n);

/* After a whole scan: *done tells whether the values are known or another scan is needed. */
ql_status ql_select_advance(ql_select *select, bool *done, ql_error *error);

/* The value at ranks[index]. */
double ql_select_value(const ql_select *select, unsigned index);

/* Percentile p (0..100) of N sorted values a: h = p / 100 * (N - 1), k = floor(h), a[k] + (h - k) (a[k+1] - a[k]) (numpy's
 * "linear"). */
typedef struct ql_percentile {
    uint64_t rank[2]; /* k and min(k + 1, N - 1) */
    double fraction;  /* h - k */
} ql_percentile;
ql_percentile ql_percentile_at(double percent, uint64_t count);
double ql_percentile_value(const ql_percentile *percentile, double at_rank0, double at_rank1);

/* The k-th least (from 0) of values[n], which are reordered: none before values[k] is greater, none behind it less; k < n.
   No value is NaN. */
float ql_nth(float *values, size_t n, size_t k);
double ql_nth_wide(double *values, size_t n, size_t k);

/* The k-th least and the next one, the k-th again when there is none; quicker where there are many. They are left in any
   order; n < 2^32. */
void ql_nth_two(double *values, size_t n, size_t k, double out[2]);

#endif
