/* The element format E2M1: see e2m1.h. */
#include "quant/e2m1.h"

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

float ql_e2m1_decode(const ql_quantizer *quantizer, uint64_t group, int code)
{
    return (float)((double)ql_e2m1_values[code] * (double)quantizer->scales[group]);
}

double ql_e2m1_lowest(const ql_quantizer *quantizer, uint64_t group)
{
    return -6 * (double)quantizer->scales[group];
}

double ql_e2m1_half_gap(const ql_quantizer *quantizer, uint64_t group)
{
    return quantizer->scales[group];
}

uint64_t ql_e2m1_quantize(const ql_kernels *kernels, const ql_tile *tile, const float *scales, float unit, double limit)
{
    return kernels->encode.e2m1(ql_tile_parameters(tile, scales, tile->step), unit, limit, ql_tile_blocks(tile), tile->x,
                                tile->n, tile->codes, tile->y);
}
