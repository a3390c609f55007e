/* The definition of the kernels of encode.h, in plain C: see body.h. */
#include "kernels/encode.h"

static void levels_run(const ql_levels16 *levels, float inverse, float scale, const float *x, size_t n, int16_t *q, float *y)
{
    for (size_t i = 0; i < n; i++) {
        float v = x[i] * inverse;
        v = v < -1 ? -1 : v > 1 ? 1 : v;
        int code = 0;
        for (int t = 0; t < 15; t++) {
            code += v > levels->threshold[t];
        }
        q[i] = (int16_t)code;
        y[i] = levels->level[code] * scale;
    }
}

#define ENCODE_MEMBERS             \
    {                              \
        .levels_run = levels_run,  \
    }
