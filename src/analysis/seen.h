/* What one look at the values of a tensor finds and what does not depend on their order: counts, range, largest magnitudes,
   different values. */
#ifndef QL_ANALYSIS_SEEN_H
#define QL_ANALYSIS_SEEN_H

#include "analysis/distinct.h"
#include "kernels/kernels.h"
#include "qloupe.h"

/* Largest finite magnitudes; the first index wins among equals. */
typedef struct ql_extremes {
    double largest, second;
    uint64_t index;
} ql_extremes;

typedef struct ql_seen {
    uint64_t nan, inf, zeros;
    uint64_t first_nonfinite; /* UINT64_MAX: none */
    uint64_t x_inf;           /* finite values that float32 cannot hold */
    uint64_t first_unusable;  /* NaN, Inf or finite beyond float32 */
    double min, max;          /* of the finite values; infinity, -infinity when there are none */
    float x_min, x_max;       /* of the values that are finite as float32 */
    ql_extremes extremes;
    ql_distinct distinct;
} ql_seen;

void ql_seen_init(ql_seen *seen);

/* Adds x[n], elements from `begin` on, and their sums. False, and nothing is added, when one is not finite. */
bool ql_seen_add(ql_seen *seen, ql_census *sums, const ql_kernels *kernels, const float *x, size_t n, uint64_t begin);

/* The same of any values, which need not fit float32; moves the finite ones to the front of values[n] and returns how many
   they are. sum and abs are theirs, lane by their place there; square is of the values as float32. */
size_t ql_seen_add_any(ql_seen *seen, ql_census *sums, double *values, size_t n, uint64_t begin);

/* Moves the finite values to the front. */
size_t ql_keep_finite(double *values, size_t n);

/* Adds all of `other`. */
void ql_seen_merge(ql_seen *seen, const ql_seen *other);

#endif
