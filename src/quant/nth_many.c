/*
 * The k-th least of many values. Equal bins over their range, one of which holds it: only what lies there is selected from.
 * Which bin a value is in never falls when the value grows, however the place is rounded.
 */
#include "quant/select.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { BINS = 2048, FEW = 4096 };

typedef struct bins {
    double least, per_unit;
} bins;

static uint32_t bin_of(const bins *b, double v)
{
    const double place = (v - b->least) * b->per_unit;
    return place < BINS - 1 ? (uint32_t)place : BINS - 1;
}

/* False when the range has no bins: one value only, or one that float64 cannot divide. */
static bool make_bins(const double *values, size_t n, bins *out)
{
    double least = values[0], greatest = values[0];
    for (size_t i = 1; i < n; i++) {
        least = values[i] < least ? values[i] : least;
        greatest = values[i] > greatest ? values[i] : greatest;
    }
    *out = (bins) { least, BINS / (greatest - least) };
    return greatest > least && out->per_unit > 0 && out->per_unit < 1e300;
}

double ql_nth_of_many(double *values, size_t n, size_t k)
{
    bins b;
    if (n < FEW || !make_bins(values, n, &b)) {
        return ql_nth_wide(values, n, k);
    }
    uint32_t counts[4][BINS]; /* copies, so that equal neighbours do not wait for each other */
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < n; i++) {
        counts[i % 4][bin_of(&b, values[i])]++;
    }
    size_t below = 0, held = 0;
    uint32_t bin = 0;
    for (; bin < BINS; bin++, below += held) {
        held = (size_t)counts[0][bin] + counts[1][bin] + counts[2][bin] + counts[3][bin];
        if (k < below + held) {
            break;
        }
    }
    size_t found = 0;
    for (size_t i = 0; i < n; i++) { /* to the front */
        if (bin_of(&b, values[i]) == bin) {
            const double v = values[i];
            values[i] = values[found];
            values[found++] = v;
        }
    }
    return ql_nth_wide(values, found, k - below);
}

double ql_next_of_many(const double *values, size_t n, size_t k, double before)
{
    size_t up_to = 0;
    double next = INFINITY;
    for (size_t i = 0; i < n; i++) {
        const double after = values[i] > before ? values[i] : INFINITY;
        up_to += values[i] <= before;
        next = after < next ? after : next;
    }
    return k < up_to ? before : next;
}
