/*
 * Exact order statistics of a stream of float32 values of any length: no copy of the stream, no sort of it, at most three
 * scans and mostly one or two.
 *
 *   ql_ranks_new, ql_ranks_want    which ranks (0: the least of N values)
 *   ql_ranks_guess                 optional, from a sample: then one scan is usually enough
 *   repeat: scan the stream once - ql_ranks_feed from any worker - then ql_ranks_advance, until it says done
 *   ql_ranks_value                 the values at the ranks
 *
 * The first scan counts the upper 16 bits of every key, the second the lower 16 bits of the keys that share their upper ones
 * with a wanted one. After a guess the first scan keeps the values that lie where the wanted ones are thought to be, and is
 * the only one when they do; else the two others follow. Few values are all kept in the first scan. The values fed must be
 * the same in every scan, in any order and split; none is NaN.
 */
#ifndef QL_QUANT_RANKS_H
#define QL_QUANT_RANKS_H

#include "kernels/kernels.h"
#include "qloupe.h"

enum { QL_RANKS_MOST = 32, QL_RANKS_FEED = 4096 /* values fed at once */ };

typedef struct ql_ranks ql_ranks;

/* For `threads` workers, and a stream of at most `most` values. */
ql_status ql_ranks_new(unsigned threads, ql_order order, uint64_t most, ql_ranks **out, ql_error *error);
void ql_ranks_free(ql_ranks **ranks);

/* The wanted ranks, each less than `total`, the number of values in a scan; count <= QL_RANKS_MOST. Before a guess, or else
   before the first advance.
 */
void ql_ranks_want(ql_ranks *ranks, uint64_t total, const uint64_t *wanted, unsigned count);

/* Guesses from sample[n], values drawn from the stream. QL_NO_MEMORY or QL_OK. */
ql_status ql_ranks_guess(ql_ranks *ranks, const ql_kernels *kernels, const float *sample, size_t n, ql_error *error);

/* x[n], n <= QL_RANKS_FEED. */
void ql_ranks_feed(ql_ranks *ranks, const ql_kernels *kernels, unsigned worker, const float *x, size_t n);

/* The same of errors e[i] = x[i] - y[i] rounded to float32: what is asked for is the unrounded x[i] - y[i], and is found
   after a guess that was right. */
void ql_ranks_feed_errors(ql_ranks *ranks, const ql_kernels *kernels, unsigned worker, const float *e, const float *x,
                          const float *y, size_t n);

/* Whether the scan that comes keeps the values with keys of one range; which: wanted. Then of errors that a kernel has
   looked at already: count places in x and y, at[count], and how many errors lie above the range. */
bool ql_ranks_keeps_one(const ql_ranks *ranks, uint32_t wanted[2]);
void ql_ranks_keep_errors(ql_ranks *ranks, unsigned worker, const uint32_t *at, size_t count, uint64_t above, const float *x,
                          const float *y);

/* After a whole scan: *done tells whether the values are known or another scan is needed. QL_BAD_FILE when the values
   changed. */
ql_status ql_ranks_advance(ql_ranks *ranks, bool *done, ql_error *error);

/* The value (its magnitude, when ordered by that) at wanted[index]. */
double ql_ranks_value(const ql_ranks *ranks, unsigned index);

/* Between the first and the last scan: values near v will be asked for. At most QL_RANKS_MOST of them. */
void ql_ranks_watch(ql_ranks *ranks, float v);

/* When done: how many values fed are above v. False when that is not known: v was not watched. */
bool ql_ranks_above(const ql_ranks *ranks, float v, uint64_t *above);

#endif
