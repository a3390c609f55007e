/* Counts different values up to 256, then gives up. */
#ifndef QL_ANALYSIS_DISTINCT_H
#define QL_ANALYSIS_DISTINCT_H

#include "qloupe.h"

enum { QL_DISTINCT_LIMIT = QL_LEVELS_MOST, QL_DISTINCT_SLOTS = 1024 };

typedef struct ql_distinct {
    double slots[QL_DISTINCT_SLOTS]; /* NaN: free */
    unsigned count;                  /* QL_DISTINCT_LIMIT + 1: too many */
} ql_distinct;

void ql_distinct_init(ql_distinct *set);

/* Adds values, none of them NaN; -0 counts as 0. */
void ql_distinct_add(ql_distinct *set, const double *values, size_t n);

/* The values in ascending order to out[count], when they are not too many; returns how many, 0 when they are. */
unsigned ql_distinct_list(const ql_distinct *set, double out[QL_DISTINCT_LIMIT]);

/* Adds all of `other`. */
void ql_distinct_merge(ql_distinct *set, const ql_distinct *other);

#endif
