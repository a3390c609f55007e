/*
 * The definition of every kernel, in plain C. Each instruction set compiles it in a file of its own (scalar.c, avx2.c, avx512.c) with its own flags; the
 * compiler may not fuse or reorder floating-point operations (-ffp-contract=off, no -ffast-math), so all give the same bits.
 *
 * The including file defines KERNELS, the name of the struct, and KERNELS_NAME, what people call it.
 */
#include "kernels/kernels.h"

#include <math.h>

static void range(const float *x, size_t n, float *lo, float *hi)
{
    float least = *lo, greatest = *hi;
    for (size_t i = 0; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        greatest = x[i] > greatest ? x[i] : greatest;
    }
    *lo = least;
    *hi = greatest;
}

/* Round half to even for |v| < 2^51: adding 1.5 * 2^52 leaves no bits for a fraction. */
static inline double round_even(double v)
{
    const double magic = 0x1.8p52;
    return (v + magic) - magic;
}

/* One element. `outside` counts codes that had to be clamped. A quotient beyond 2^33 is outside whatever the int32 zero is.
 */
static inline int16_t encode(double quotient, double zero, double lo, double hi, uint64_t *outside)
{
    const double limit = 0x1p33;
    quotient = quotient < -limit ? -limit : quotient;
    quotient = quotient > limit ? limit : quotient;
    double code = round_even(quotient) + zero;
    *outside += (uint64_t)((code < lo) | (code > hi));
    code = code < lo ? lo : code;
    code = code > hi ? hi : code;
    return (int16_t)code;
}

static uint64_t uniform_run(ql_uniform codes, float step, int32_t zero, const float *x, size_t n, int16_t *q, float *y)
{
    const double d = step, z = zero, lo = codes.code_lo, hi = codes.code_hi;
    uint64_t outside = 0;
    for (size_t i = 0; i < n; i++) {
        q[i] = encode((double)x[i] / d, z, lo, hi, &outside);
        y[i] = (float)(((double)q[i] - z) * d);
    }
    return outside;
}

static uint64_t uniform_each(ql_uniform codes, const float *step, const int32_t *zero, const float *x, size_t n, int16_t *q,
                             float *y)
{
    const double lo = codes.code_lo, hi = codes.code_hi;
    uint64_t outside = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = step[i], z = zero[i];
        q[i] = encode((double)x[i] / d, z, lo, hi, &outside);
        y[i] = (float)(((double)q[i] - z) * d);
    }
    return outside;
}

static void errors(const float *x, const float *y, size_t n, double *e, ql_error_sums *sums)
{
    double largest = sums->max_abs;
    uint64_t zeros = 0;
    for (size_t i = 0; i < n; i++) {
        e[i] = (double)x[i] - (double)y[i];
        zeros += y[i] == 0;
    }
    for (size_t i = 0; i < n; i += QL_LANES) {
        const size_t lanes = n - i < QL_LANES ? n - i : QL_LANES;
        for (size_t lane = 0; lane < lanes; lane++) {
            const double error = e[i + lane], magnitude = fabs(error), yi = y[i + lane];
            sums->abs[lane] += magnitude;
            sums->square[lane] += error * error;
            sums->xy[lane] += (double)x[i + lane] * yi;
            sums->yy[lane] += yi * yi;
            largest = magnitude > largest ? magnitude : largest;
        }
    }
    sums->max_abs = largest;
    sums->zeros += zeros;
}

static void histogram(const double *v, size_t n, ql_histogram *out)
{
    const double lo = out->lo, hi = out->hi, width = hi - lo;
    for (size_t i = 0; i < n; i++) {
        if (v[i] < lo) {
            out->below++;
        } else if (v[i] > hi) {
            out->above++;
        } else {
            int bin = width > 0 ? (int)((v[i] - lo) * QL_BINS / width) : 0;
            out->bins[bin < QL_BINS ? bin : QL_BINS - 1]++;
        }
    }
}

const ql_kernels KERNELS = {
    .name = KERNELS_NAME,
    .range = range,
    .uniform_run = uniform_run,
    .uniform_each = uniform_each,
    .errors = errors,
    .histogram = histogram,
};
