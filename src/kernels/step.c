/* Steps and zero points: see step.h. */
#include "kernels/step.h"

#include <float.h>
#include <math.h>

float ql_step(double range, double steps)
{
    const double step = range / steps;
    if (range == 0) {
        return 1.0f;
    }
    return step >= FLT_MAX ? FLT_MAX : (float)step > 0 ? (float)step : 0x1p-149f;
}

/* rint, without a call. */
static double nearest_even(double v)
{
    const double magic = 0x1.8p52;
    return v > -0x1p51 && v < 0x1p51 ? (v + magic) - magic : v;
}

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

void ql_step_affine(double lo, double hi, int code_lo, int code_hi, bool include, float *step, int32_t *zero)
{
    if (include) {
        lo = lo < 0 ? lo : 0;
        hi = hi > 0 ? hi : 0;
    }
    *step = ql_step(hi - lo, code_hi - code_lo); /* the difference in float64: it may exceed float32 */
    double z = nearest_even(code_lo - lo / (double)*step);
    if (include) {
        z = clamp(z, code_lo, code_hi);
    }
    *zero = (int32_t)clamp(z, INT32_MIN, INT32_MAX);
}
