/* What the mappings with a codebook share: see codebook.h. */
#include "quant/codebook.h"

#include <math.h>

void ql_codebook_thresholds(const float *levels, unsigned count, unsigned room, float *thresholds)
{
    for (unsigned i = 0; i < room; i++) {
        const double middle = i + 1 < count ? ((double)levels[i] + (double)levels[i + 1]) / 2 : INFINITY;
        const float rounded = (float)middle;
        thresholds[i] = (double)rounded > middle ? nextafterf(rounded, -INFINITY) : rounded;
    }
}

uint64_t ql_codebook_quantize(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tile *tile)
{
    const ql_blocks blocks = tile->blocks;
    ql_levels levels = { quantizer->level_count, quantizer->codebook, quantizer->thresholds };
    if (tile->groups) {
        kernels->encode.own_levels_each(levels, tile->groups, tile->x, tile->n, tile->codes, tile->y);
        return 0;
    }
    if (blocks.size == 1) { /* tables side by side */
        uint64_t tables[QL_TILE];
        for (size_t i = 0; i < tile->n; i++) {
            tables[i] = tile->group + i;
        }
        kernels->encode.own_levels_each(levels, tables, tile->x, tile->n, tile->codes, tile->y);
        return 0;
    }
    size_t left = blocks.size - blocks.offset; /* in the group */
    levels.level += tile->group * levels.count;
    levels.threshold += tile->group * levels.count;
    for (size_t i = 0, run; i < tile->n; i += run) {
        run = left < tile->n - i ? left : tile->n - i;
        kernels->encode.own_levels(levels, tile->x + i, run, tile->codes + i, tile->y + i);
        levels.level += levels.count;
        levels.threshold += levels.count;
        left = blocks.size;
    }
    return 0;
}

void ql_codebook_code_range(const ql_spec *spec, int *lo, int *hi)
{
    *lo = 0;
    *hi = (1 << spec->bits) - 1;
}

ql_status ql_codebook_prepare(ql_quantizer *quantizer, const ql_profile *profile, ql_error *error)
{
    (void)profile;
    (void)error;
    quantizer->level_count = 1u << quantizer->spec.bits;
    return QL_OK;
}

float ql_codebook_decode(const ql_quantizer *quantizer, uint64_t group, int code)
{
    return quantizer->codebook[group * quantizer->level_count + (unsigned)code];
}

double ql_codebook_half_gap(const ql_quantizer *quantizer, uint64_t group)
{
    const float *levels = quantizer->codebook + group * quantizer->level_count;
    double widest = 0;
    for (unsigned i = 1; i < quantizer->level_count; i++) {
        const double gap = (double)levels[i] - (double)levels[i - 1];
        widest = gap > widest ? gap : widest;
    }
    return widest / 2;
}

double ql_codebook_parameter_bits(const ql_quantizer *quantizer)
{
    return 32.0 * quantizer->level_count * (double)quantizer->groups.count;
}
