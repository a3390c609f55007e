/* The element format E2M1: see e2m1.h. */
#include "quant/e2m1.h"

#include <math.h>

int ql_e2m1_code(double value)
{
    const double a = fabs(value);
    /* Midpoints; a tie goes to the even mantissa. */
    const int code = (a > 0.25) + (a >= 0.75) + (a > 1.25) + (a >= 1.75) + (a > 2.5) + (a >= 3.5) + (a > 5);
    return code | (signbit(value) ? 8 : 0);
}

void ql_e2m1_code_range(const ql_spec *spec, int *lo, int *hi)
{
    (void)spec;
    *lo = 0;
    *hi = 15;
}

unsigned ql_e2m1_levels(const ql_quantizer *quantizer)
{
    (void)quantizer;
    return 15;
}

int ql_e2m1_negative_zero(const ql_spec *spec)
{
    (void)spec;
    return 8;
}

double ql_e2m1_scale(const ql_quantizer *quantizer, uint64_t group)
{
    return quantizer->scales[group];
}

float ql_e2m1_decode(const ql_quantizer *quantizer, uint64_t group, int code)
{
    return (float)((double)ql_e2m1_values[code] * ql_e2m1_scale(quantizer, group));
}

double ql_e2m1_lowest(const ql_quantizer *quantizer, uint64_t group)
{
    return -6 * ql_e2m1_scale(quantizer, group);
}

double ql_e2m1_half_gap(const ql_quantizer *quantizer, uint64_t group)
{
    return ql_e2m1_scale(quantizer, group);
}

uint64_t ql_e2m1_quantize(const ql_quantizer *quantizer, const ql_tile *tile, double limit,
                          double (*scale)(const ql_quantizer *quantizer, uint64_t group))
{
    uint64_t clipped = 0, last = UINT64_MAX;
    double d = 0;
    for (size_t i = 0; i < tile->n; i++) {
        const uint64_t group = ql_tile_group(tile, i);
        if (group != last) {
            d = scale(quantizer, group);
            last = group;
        }
        const double x = tile->x[i], ratio = d > 0 ? x / d : copysign(0, x);
        const int code = ql_e2m1_code(ratio);
        clipped += d > 0 ? fabs(ratio) > limit : x != 0;
        tile->codes[i] = (int16_t)code;
        tile->y[i] = (float)((double)ql_e2m1_values[code] * d);
    }
    return clipped;
}
