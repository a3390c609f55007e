/*
 * The k-th least of many values and the next one. Equal bins over their range, one of which holds the k-th: only what lies
 * there is selected from. Which bin a value is in never falls when the value grows, however the place is rounded.
 */
#include "quant/select.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { BINS = 2048, FEW = 4096, LANES = 4 /* of sums and tables, so that none waits for the one before */ };

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
    double least[LANES], greatest[LANES];
    for (size_t l = 0; l < LANES; l++) {
        least[l] = greatest[l] = values[l];
    }
    for (size_t i = 0; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            least[l] = values[i + l] < least[l] ? values[i + l] : least[l];
            greatest[l] = values[i + l] > greatest[l] ? values[i + l] : greatest[l];
        }
    }
    for (size_t i = n / LANES * LANES; i < n; i++) {
        least[0] = values[i] < least[0] ? values[i] : least[0];
        greatest[0] = values[i] > greatest[0] ? values[i] : greatest[0];
    }
    for (size_t l = 1; l < LANES; l++) {
        least[0] = least[l] < least[0] ? least[l] : least[0];
        greatest[0] = greatest[l] > greatest[0] ? greatest[l] : greatest[0];
    }
    *out = (bins) { least[0], BINS / (greatest[0] - least[0]) };
    return greatest[0] > least[0] && out->per_unit > 0 && out->per_unit < 1e300;
}

/* Moves the values of the bin that holds the k-th to the front; returns how many they are, and in *below how many are
   less. */
static size_t gather_bin(const bins *b, double *values, size_t n, size_t k, size_t *below)
{
    uint32_t counts[LANES][BINS];
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < n; i++) {
        counts[i % LANES][bin_of(b, values[i])]++;
    }
    uint32_t bin = 0;
    for (size_t held; bin < BINS - 1; bin++, *below += held) {
        held = (size_t)counts[0][bin] + counts[1][bin] + counts[2][bin] + counts[3][bin];
        if (k < *below + held) {
            break;
        }
    }
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (bin_of(b, values[i]) == bin) {
            const double v = values[i];
            values[i] = values[found];
            values[found++] = v;
        }
    }
    return found;
}

/* Of values[n]: the least that is greater. */
static double next_above(const double *values, size_t n, double v)
{
    double next = INFINITY;
    for (size_t i = 0; i < n; i++) {
        const double after = values[i] > v ? values[i] : INFINITY;
        next = after < next ? after : next;
    }
    return next;
}

void ql_nth_two(double *values, size_t n, size_t k, double out[2])
{
    bins b;
    size_t below = 0, held = n;
    if (n >= FEW && make_bins(values, n, &b)) {
        held = gather_bin(&b, values, n, k, &below);
    }
    const size_t at = k - below;
    out[0] = out[1] = ql_nth_wide(values, held, at);
    if (at + 1 < held) { /* behind it, nothing is less */
        out[1] = values[at + 1];
        for (size_t i = at + 2; i < held; i++) {
            out[1] = values[i] < out[1] ? values[i] : out[1];
        }
    } else if (k + 1 < n) {
        out[1] = next_above(values, n, out[0]);
    }
}
