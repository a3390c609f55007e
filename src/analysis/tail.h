/*
 * The exact 99th percentile of |e|, e = x - y, of a stream of pairs: one scan when a sample told where it is, else some
 * more.
 *
 *   ql_tail_new, ql_tail_guess
 *   repeat: feed all pairs from any worker, then ql_tail_advance, until it says done
 *   ql_tail_value
 */
#ifndef QL_ANALYSIS_TAIL_H
#define QL_ANALYSIS_TAIL_H

#include "kernels/kernels.h"
#include "qloupe.h"

typedef struct ql_tail ql_tail;

ql_status ql_tail_new(unsigned threads, uint64_t elements, ql_tail **out, ql_error *error);
void ql_tail_free(ql_tail **tail);

/* errors[n]: e of some of the pairs. */
ql_status ql_tail_guess(ql_tail *tail, const ql_kernels *kernels, const float *errors, size_t n, ql_error *error);

/* n <= QL_RANKS_FEED pairs; e[n] rounded to float32 in the first scan, of no concern in later ones. scratch[n]. */
void ql_tail_feed(ql_tail *tail, const ql_kernels *kernels, unsigned worker, const float *e, const float *x, const float *y,
                  size_t n, double *scratch);

/* Whether the scan that comes wants e of one range of keys by magnitude, wanted[0] to wanted[1]: then, instead of feeding,
   tell where they are, at[count], and how many e have greater keys. */
bool ql_tail_wants_one(const ql_tail *tail, uint32_t wanted[2]);
void ql_tail_keep(ql_tail *tail, unsigned worker, const uint32_t *at, size_t count, uint64_t above, const float *x,
                  const float *y);

/* After a whole scan: *done tells whether the value is known. */
ql_status ql_tail_advance(ql_tail *tail, bool *done, ql_error *error);
double ql_tail_value(const ql_tail *tail);

#endif
