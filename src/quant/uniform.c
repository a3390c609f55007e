/* What all uniform mappings share: the step and the loop over a tile. Codes follow SCHEMES sections 0, 2 and 3. */
#include "quant/scheme.h"

#include <float.h>

float ql_step(double range, double steps)
{
    const double step = range / steps;
    if (range == 0) {
        return 1.0f;
    }
    return step >= FLT_MAX ? FLT_MAX : (float)step > 0 ? (float)step : 0x1p-149f;
}

uint64_t ql_quantize_uniform(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tile *tile)
{
    const ql_uniform codes = { quantizer->code_lo, quantizer->code_hi };
    const float *scales = quantizer->scales;
    const int32_t *zeros = quantizer->zeros;
    if (!tile->groups) {
        return kernels->uniform_run(codes, scales[tile->group], zeros ? zeros[tile->group] : 0, tile->x, tile->n, tile->codes,
                                    tile->y);
    }
    for (size_t i = 0; i < tile->n; i++) {
        tile->step[i] = scales[tile->groups[i]];
        tile->zero[i] = zeros ? zeros[tile->groups[i]] : 0;
    }
    return kernels->uniform_each(codes, tile->step, tile->zero, tile->x, tile->n, tile->codes, tile->y);
}
