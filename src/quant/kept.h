/*
 * What calibrations found of a tensor that does not depend on the bits, kept with its profile for the next turn of a knob:
 * the ranges of groups, the fine histogram, the counts of the magnitudes. None of it holds when outliers are taken out. Any
 * thread may ask and give.
 */
#ifndef QL_QUANT_KEPT_H
#define QL_QUANT_KEPT_H

#include "quant/groups.h"

typedef struct ql_kept ql_kept;
struct ql_fine;       /* quant/fine.h */
struct ql_calibrator; /* quant/calibrate.h */

/* NULL when memory is short. */
ql_kept *ql_kept_new(void);
void ql_kept_free(ql_kept **kept);

/* The ranges of groups as one calibrator finds them. */
typedef struct ql_ranges {
    ql_groups groups;
    const struct ql_calibrator *calibrator;
    bool magnitudes;   /* of |x|, where the calibrator makes a difference */
    double p_lo, p_hi; /* where it takes percentiles */
    double *lo, *hi;   /* [groups.count] */
} ql_ranges;

/* Those that are like `wanted` but for lo and hi; NULL when they are not known. Return them. */
const ql_ranges *ql_kept_ranges(ql_kept *kept, const ql_ranges *wanted);

/* Fills in lo and hi from the ranges of smaller groups that those are made of. False when none of such are known, or the
   calibrator's ranges cannot be joined. */
bool ql_kept_join_ranges(ql_kept *kept, const ql_ranges *wanted);

/* Takes lo, which is malloc's and has hi behind it, over; returns what is to be returned. NULL: memory is short, and nothing
   is taken. Only the last few, and not more than half of what the tensor takes as float32, are kept. */
const ql_ranges *ql_kept_give_ranges(ql_kept *kept, const ql_ranges *found);
void ql_kept_return_ranges(ql_kept *kept, const ql_ranges *ranges);

/* NULL when there is none yet. Valid as long as `kept`. */
const struct ql_fine *ql_kept_fine(ql_kept *kept);
/* Takes `fine` over. */
void ql_kept_give_fine(ql_kept *kept, struct ql_fine *fine);

/* How many magnitudes lie in each of clip=kl's bins; the same rules. */
const uint64_t *ql_kept_magnitudes(ql_kept *kept);
/* Takes a copy, if there is memory for it. */
void ql_kept_give_magnitudes(ql_kept *kept, const uint64_t *counts, size_t bins);

#endif
