/*
 * The outlier split (SpQR, SqueezeLLM): the largest weights are kept in half precision beside the codes; in their places the
 * codes see 0.
 *
 * An element is an outlier when its magnitude is above `threshold`, or equal to it and its flat index is at most `last_tie`.
 */
#ifndef QL_QUANT_OUTLIERS_H
#define QL_QUANT_OUTLIERS_H

#include "quant/groups.h"

typedef struct ql_outliers {
    bool active;
    float threshold;
    uint64_t last_tie;
    uint64_t count;
    uint64_t *index; /* owned [count] flat indices, ascending */
    uint16_t *value; /* owned [count] half precision */
} ql_outliers;

/* Finds the outliers that the spec asks for (nothing when spec->outliers is 0): the floor(percent * n / 100) largest
   magnitudes, equal ones by index, or all at or above the threshold. QL_UNUSABLE when one does not fit half precision. */
ql_status ql_outliers_find(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                           uint64_t total, ql_outliers *out, ql_error *error);
void ql_outliers_free(ql_outliers *outliers);

/* How many the spec asks for as a percentage, 0 when it does not. */
uint64_t ql_outliers_asked(const ql_spec *spec, uint64_t elements);

/* How often ql_outliers_find reads the tensor. */
unsigned ql_outliers_passes(const ql_spec *spec);

static inline bool ql_is_outlier(const ql_outliers *outliers, float x, uint64_t index)
{
    float magnitude = x < 0 ? -x : x;
    return magnitude > outliers->threshold || (magnitude == outliers->threshold && index <= outliers->last_tie);
}

/* The first of the outliers at or behind a flat index: its number, or count. */
uint64_t ql_outliers_from(const ql_outliers *outliers, uint64_t begin);

/* Zeroes the outliers among x[n], elements [begin, begin + n) in stored order. */
void ql_outliers_zero(const ql_outliers *outliers, uint64_t begin, float *x, size_t n);

/* The same for elements [begin, begin + n) of the walk of `groups`. */
void ql_outliers_zero_walk(const ql_outliers *outliers, const ql_groups *groups, uint64_t begin, float *x, size_t n);

#endif
