/* Different values: an open-addressing table of at most a quarter load. See distinct.h. */
#include "analysis/distinct.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ql_distinct_init(ql_distinct *set)
{
    for (int i = 0; i < QL_DISTINCT_SLOTS; i++) {
        set->slots[i] = NAN;
    }
    set->count = 0;
}

static void add(ql_distinct *set, double value)
{
    uint64_t bits;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &value, 8);
    size_t slot = bits * 0x9E3779B97F4A7C15u >> 54; /* the upper 10 bits of the product */
    while (!isnan(set->slots[slot])) {
        if (set->slots[slot] == value) {
            return;
        }
        slot = (slot + 1) % QL_DISTINCT_SLOTS;
    }
    if (++set->count <= QL_DISTINCT_LIMIT) {
        set->slots[slot] = value;
    }
}

void ql_distinct_add(ql_distinct *set, const double *values, size_t n)
{
    for (size_t i = 0; i < n && set->count <= QL_DISTINCT_LIMIT; i++) {
        add(set, values[i]);
    }
}

void ql_distinct_merge(ql_distinct *set, const ql_distinct *other)
{
    if (other->count > QL_DISTINCT_LIMIT) {
        set->count = QL_DISTINCT_LIMIT + 1;
        return;
    }
    for (int i = 0; i < QL_DISTINCT_SLOTS && set->count <= QL_DISTINCT_LIMIT; i++) {
        if (!isnan(other->slots[i])) {
            add(set, other->slots[i]);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

unsigned ql_distinct_list(const ql_distinct *set, double out[QL_DISTINCT_LIMIT])
{
    unsigned count = 0;
    for (int i = 0; i < QL_DISTINCT_SLOTS && set->count <= QL_DISTINCT_LIMIT; i++) {
        if (!isnan(set->slots[i])) {
            out[count++] = set->slots[i];
        }
    }
    qsort(out, count, sizeof *out, compare);
    return count;
}
