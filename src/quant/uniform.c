/* What all uniform mappings share: the loop over a tile. The rules of rounding are plainest in tests/golden/refq.py. */
#include "quant/scheme.h"

#include <math.h>

const char *ql_fit_uniform(ql_quantizer *quantizer, uint64_t group, double lo, double hi)
{
    int32_t zero = 0;
    quantizer->spec.mapping->step_of(&quantizer->spec, lo, hi, &quantizer->scales[group], &zero);
    if (quantizer->zeros) {
        quantizer->zeros[group] = zero;
    }
    return NULL;
}

/* A number in [0, 1) that depends on the seed and the element alone, so that any number of threads draws the same
 * (splitmix64). */
static double chance(uint64_t seed, uint64_t index)
{
    uint64_t z = seed * 0xD1342543DE82EF95u + (index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Rounding other than to even: element by element. */
static uint64_t quantize_otherwise(const ql_quantizer *q, const ql_tile *tile)
{
    const bool away = q->spec.round == QL_ROUND_AWAY;
    uint64_t clipped = 0;
    for (size_t i = 0; i < tile->n; i++) {
        const uint64_t group = ql_tile_group(tile, i);
        const double d = q->scales[group], z = q->zeros ? q->zeros[group] : 0, quotient = (double)tile->x[i] / d;
        double code = z + (away ? round(quotient) : floor(quotient + chance(q->spec.seed, tile->begin + i)));
        clipped += code < q->code_lo || code > q->code_hi;
        code = fmin(fmax(code, q->code_lo), q->code_hi);
        tile->codes[i] = (int16_t)code;
        tile->y[i] = (float)((code - z) * d);
    }
    return clipped;
}

uint64_t ql_quantize_uniform(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tile *tile)
{
    const ql_uniform codes = { quantizer->code_lo, quantizer->code_hi };
    const float *scales = quantizer->scales;
    const int32_t *zeros = quantizer->zeros;
    if (quantizer->spec.round != QL_ROUND_EVEN) {
        return quantize_otherwise(quantizer, tile);
    }
    if (!tile->groups) {
        return kernels->uniform_blocks(codes, scales + tile->group, zeros ? zeros + tile->group : NULL, tile->blocks,
                                       tile->x, tile->n, tile->codes, tile->y);
    }
    for (size_t i = 0; i < tile->n; i++) {
        tile->step[i] = scales[tile->groups[i]];
        tile->zero[i] = zeros ? zeros[tile->groups[i]] : 0;
    }
    return kernels->uniform_each(codes, tile->step, zeros ? tile->zero : NULL, tile->x, tile->n, tile->codes, tile->y);
}

float ql_decode_uniform(const ql_quantizer *quantizer, uint64_t group, int code)
{
    const double zero = quantizer->zeros ? quantizer->zeros[group] : 0;
    return (float)((code - zero) * (double)quantizer->scales[group]);
}

double ql_half_gap_uniform(const ql_quantizer *quantizer, uint64_t group)
{
    /* Stochastic rounding may go to the farther neighbour. */
    return (quantizer->spec.round == QL_ROUND_STOCHASTIC ? 1 : 0.5) * (double)quantizer->scales[group];
}
