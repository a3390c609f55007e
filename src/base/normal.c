/* Box-Muller without libm: see normal.h. */
#include "base/normal.h"

#include <assert.h>
#include <float.h>
#include <math.h>

static_assert(FLT_EVAL_METHOD == 0, "float64 arithmetic is rounded to float64 at once");

/*
 * u = m 2^e with m in [1/sqrt 2, sqrt 2): ln u = e ln 2 + ln m, and with s = (m - 1) / (m + 1), |s| < 0.172,
 *   ln m = 2 (s + s^3 / 3 + s^5 / 5 + ...)
 * The terms left out add up to less than 1e-18 of it.
 */
static double natural_log(double u)
{
    enum { TERMS = 12 };
    int exponent;
    double m = frexp(u, &exponent), sum = 0; /* exact, m in [1/2, 1) */
    if (m < 0.70710678118654752440) {
        m *= 2;
        exponent--;
    }
    const double s = (m - 1) / (m + 1), square = s * s;
    for (int term = TERMS; term > 0; term--) {
        sum = (sum + 1.0 / (2 * term + 1)) * square;
    }
    return exponent * 0.69314718055994530942 + 2 * (s + s * sum);
}

/* cos and sin of an angle of at most pi / 4 by their series, 1 - a^2 / 2! + a^4 / 4! - ... and a - a^3 / 3! + ..., up to a^20
   and a^21. */
static void near_zero(double angle, double *cosine, double *sine)
{
    const double square = angle * angle;
    *cosine = *sine = 1;
    for (int n = 20; n > 0; n -= 2) {
        *cosine = 1 - *cosine * square / ((n - 1) * n);
        *sine = 1 - *sine * square / (n * (n + 1));
    }
    *sine *= angle;
}

void ql_normal_pair(uint64_t first, uint64_t second, double out[2])
{
    const double u = (double)((first >> 11) + 1) * 0x1p-53, radius = sqrt(-2 * natural_log(u));
    const int64_t turn = (int64_t)(second >> 11), quarter = (int64_t)1 << 51; /* v = turn / 2^53 */
    const int64_t nearest = (turn + quarter / 2) / quarter;                   /* 0 to 4 quarters of a turn */
    double cosine, sine;
    near_zero((double)(turn - nearest * quarter) * (0x1p-53 * 6.28318530717958647693), &cosine, &sine);
    const double quarters[4][2] = { { cosine, sine }, { -sine, cosine }, { -cosine, -sine }, { sine, -cosine } };
    out[0] = radius * quarters[nearest % 4][0];
    out[1] = radius * quarters[nearest % 4][1];
}
