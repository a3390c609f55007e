/*
 * Few values, each of them often: what quantizing leaves. Are they evenly spaced? Then all lie on the grid
 *
 *   v_0 + k step,  step = (v_last - v_0) / K      k whole, for some whole K
 *
 * but for the rounding of the stored type: half a unit in the last place of the largest value at v_k, and as much at the
 * ends. Where that is more than a quarter of a step nothing can be told. A grid is found for almost any values if its step
 * may be small; so most neighbours have to be one step apart.
 */
#include "qloupe.h"

#include <math.h>

enum {
    REPEATS = 4,        /* of each value on average: a bias of ten numbers has ten different ones, quantized or not */
    STEPS_MOST = 65535, /* K */
};

static double rounding_of(const ql_profile *profile)
{
    const ql_dtype_info *dtype = ql_dtype_describe(profile->tensor->dtype);
    const double largest = fmax(fabs(profile->stats.min), fabs(profile->stats.max));
    const int bits = dtype->exponent_bits ? (int)dtype->mantissa_bits : dtype->block_elements > 1 ? 23 : 48;
    const double relative = ldexp(largest, -(bits < 48 ? bits : 48)); /* less is lost here in float64 */
    return fmax(relative, dtype->min_subnormal);
}

/* How many neighbours are one step apart when all values lie on the grid of K steps, else 0. */
static unsigned unit_gaps(const double *values, unsigned count, double step, double rounding)
{
    unsigned units = 0;
    double before = 0;
    for (unsigned i = 1; i < count; i++) {
        const double distance = values[i] - values[0], k = rint(distance / step);
        if (fabs(distance - k * step) > rounding || k == before) {
            return 0;
        }
        units += k == before + 1;
        before = k;
    }
    return units;
}

static ql_spacing spacing_of(const ql_profile *profile, double *step)
{
    const unsigned count = profile->stats.distinct, gaps = count - 1;
    const double *values = profile->levels, range = values[count - 1] - values[0], rounding = rounding_of(profile);
    const double most = rounding > 0 ? fmin(range / (4 * rounding), STEPS_MOST) : STEPS_MOST;
    if (gaps < 2 || gaps > most) {
        return QL_SPACING_UNTOLD;
    }
    for (unsigned k = gaps; k <= most; k++) {
        const unsigned units = unit_gaps(values, count, range / k, rounding);
        if (units > 0) {
            *step = range / k;
            return 4 * units >= 3 * gaps ? QL_SPACING_EVEN : QL_SPACING_UNEVEN;
        }
    }
    return QL_SPACING_UNEVEN;
}

bool ql_few_levels_of(const ql_profile *profile, ql_few_levels *out)
{
    const ql_stats *stats = &profile->stats;
    const uint64_t finite = stats->count - stats->nan - stats->inf;
    *out = (ql_few_levels) { .count = stats->distinct };
    if (stats->distinct == 0 || finite < (uint64_t)REPEATS * stats->distinct) {
        return false;
    }
    while ((1u << out->bits) < out->count) {
        out->bits++;
    }
    out->spacing = spacing_of(profile, &out->step);
    return true;
}
