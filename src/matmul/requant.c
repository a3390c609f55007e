/*
 * Requantization: multiplying a 32-bit sum by a real number with integers alone; the interface is in qloupe.h.
 *
 *   M ~ m0 2^(shift - 31), 2^30 <= m0 < 2^31      a M ~ rounding shift right by -shift of the high half of (a << shift) m0
 *
 * Jacob et al. 2018, section 2.2; gemmlowp and TensorFlow Lite round the same way, twice: high half to nearest, ties up;
 * shift to nearest, ties away from zero.
 */
#include "qloupe.h"

#include <math.h>

ql_multiplier ql_multiplier_of(double real)
{
    int exponent;
    const double fraction = frexp(real, &exponent);
    int64_t m0 = (int64_t)round(ldexp(fraction, 31));
    if (m0 == INT64_C(1) << 31) {
        m0 /= 2;
        exponent++;
    }
    if (real == 0 || exponent < -31) {
        return (ql_multiplier) { 0, 0 };
    }
    if (exponent > 30) {
        return (ql_multiplier) { INT32_MAX, 30 };
    }
    return (ql_multiplier) { (int32_t)m0, exponent };
}

/* a b / 2^31 to nearest. m0 is positive, so the one product that does not fit, INT32_MIN squared, cannot happen. */
static int32_t high_half(int32_t a, int32_t b)
{
    const int64_t product = (int64_t)a * b, nudge = product >= 0 ? INT64_C(1) << 30 : 1 - (INT64_C(1) << 30);
    return (int32_t)((product + nudge) / (INT64_C(1) << 31));
}

/* a / 2^n to nearest, ties away from zero; 0 <= n <= 31. */
static int32_t shift_right(int32_t a, int n)
{
    const int64_t magnitude = a < 0 ? -(int64_t)a : a, half = n > 0 ? INT64_C(1) << (n - 1) : 0;
    const int64_t rounded = (magnitude + half) >> n;
    return (int32_t)(a < 0 ? -rounded : rounded);
}

bool ql_requantize(int32_t a, ql_multiplier multiplier, int32_t *out)
{
    const int64_t shifted = a * (INT64_C(1) << (multiplier.shift > 0 ? multiplier.shift : 0));
    if (shifted < INT32_MIN || shifted > INT32_MAX) {
        *out = shifted < 0 ? INT32_MIN : INT32_MAX;
        return false;
    }
    *out = shift_right(high_half((int32_t)shifted, multiplier.m0), multiplier.shift < 0 ? -multiplier.shift : 0);
    return true;
}
