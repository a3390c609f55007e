/*
 * What calibrations found of a tensor that does not depend on the bits, kept with its profile for the next turn of a knob:
 * the ranges of the last groups asked for, the fine histogram, the counts of the magnitudes. None of it holds when outliers
 * are taken out. Any thread may ask and give.
 */
#ifndef QL_QUANT_KEPT_H
#define QL_QUANT_KEPT_H

#include "quant/groups.h"

typedef struct ql_kept ql_kept;
struct ql_fine; /* quant/fine.h */

/* NULL when memory is short. */
ql_kept *ql_kept_new(void);
void ql_kept_free(ql_kept **kept);

/* The least and greatest value of every group to lo, hi [groups->count]; false when they are not known. */
bool ql_kept_ranges(ql_kept *kept, const ql_groups *groups, double *lo, double *hi);
/* Takes copies, if there is memory for them. */
void ql_kept_give_ranges(ql_kept *kept, const ql_groups *groups, const double *lo, const double *hi);

/* NULL when there is none yet. Valid as long as `kept`. */
const struct ql_fine *ql_kept_fine(ql_kept *kept);
/* Takes `fine` over. */
void ql_kept_give_fine(ql_kept *kept, struct ql_fine *fine);

/* How many magnitudes lie in each of clip=kl's bins; the same rules. */
const uint64_t *ql_kept_magnitudes(ql_kept *kept);
void ql_kept_give_magnitudes(ql_kept *kept, const uint64_t *counts, size_t bins);

#endif
