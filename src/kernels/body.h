/*
 * The definition of the kernels, in plain C: what every other version must give the bits of. The compiler may not fuse or
 * reorder floating-point operations (-ffp-contract=off, no -ffast-math). A file of an instruction set includes it for what
 * it has no faster version of, and for the ends of arrays.
 */
#ifndef QL_KERNELS_BODY_H
#define QL_KERNELS_BODY_H

#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

#define QL_PLAIN static __attribute__((unused))

QL_PLAIN void plain_range(const float *x, size_t n, float *lo, float *hi)
{
    float least = *lo, greatest = *hi;
    for (size_t i = 0; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        greatest = x[i] > greatest ? x[i] : greatest;
    }
    *lo = least;
    *hi = greatest;
}

QL_PLAIN void plain_range_each(const float *x, size_t n, float *lo, float *hi)
{
    for (size_t i = 0; i < n; i++) {
        lo[i] = x[i] < lo[i] ? x[i] : lo[i];
        hi[i] = x[i] > hi[i] ? x[i] : hi[i];
    }
}

QL_PLAIN bool plain_census(const float *x, size_t n, ql_census *c)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const double v = x[i];
        c->sum[i % QL_LANES] += v;
        c->abs[i % QL_LANES] += fabs(v);
        c->square[i % QL_LANES] += v * v;
        c->zeros += v == 0;
    }
    plain_range(x, n, &c->lo, &c->hi);
    return true;
}

QL_PLAIN void plain_moments(const float *x, size_t n, double center, ql_moments *m)
{
    for (size_t i = 0; i < n; i++) {
        const double c = (double)x[i] - center, c2 = c * c;
        m->m2[i % QL_LANES] += c2;
        m->m3[i % QL_LANES] += c2 * c;
        m->m4[i % QL_LANES] += c2 * c2;
    }
}

QL_PLAIN void plain_beyond(const float *x, size_t n, double center, const double limit[2], uint64_t count[2])
{
    for (size_t i = 0; i < n; i++) {
        const double distance = fabs((double)x[i] - center);
        count[0] += distance > limit[0];
        count[1] += distance > limit[1];
    }
}

QL_PLAIN void plain_count_upper(ql_order order, const float *x, size_t n, uint32_t counts[65536])
{
    for (size_t i = 0; i < n; i++) {
        counts[ql_key_of(order, x[i]) >> 16]++;
    }
}

QL_PLAIN size_t plain_collect(ql_order order, const uint32_t (*ranges)[2], unsigned count, const float *x, size_t n,
                              uint32_t *at, uint64_t *above)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t key = ql_key_of(order, x[i]);
        unsigned r = 0;
        for (; r < count && key > ranges[r][1]; r++) {
            if (above) {
                above[r]++;
            }
        }
        if (r < count && key >= ranges[r][0]) {
            at[kept++] = (uint32_t)i;
        }
    }
    return kept;
}

QL_PLAIN void plain_histogram(const ql_binning *axis, const float *v, size_t n, uint32_t *tables)
{
    for (size_t i = 0; i < n; i++) {
        tables[ql_counter_of(axis, v[i])]++;
    }
}

QL_PLAIN void plain_counters(const ql_binning *axis, const float *v, size_t n, uint32_t *at)
{
    for (size_t i = 0; i < n; i++) {
        at[i] = ql_counter_of(axis, v[i]);
    }
}

QL_PLAIN void plain_count_codes(const int16_t *codes, size_t n, int code_lo, uint32_t code_count, uint32_t *tables,
                                const float *next)
{
    (void)next;
    size_t i = 0;
    for (; i + QL_TABLES <= n; i += QL_TABLES) {
        for (size_t t = 0; t < QL_TABLES; t++) {
            tables[t * code_count + (uint16_t)(codes[i + t] - code_lo)]++;
        }
    }
    for (; i < n; i++) {
        tables[(uint16_t)(codes[i] - code_lo)]++;
    }
}

QL_PLAIN void plain_fine(const ql_fine_axis *axis, const float *x, size_t n, uint64_t *table)
{
    for (size_t i = 0; i < n; i++) {
        const double place = ((double)x[i] - axis->lo) * axis->per_unit, end = axis->bins,
                     t = place > 0 ? place < end ? place : end : 0;
        const int32_t bin = t < end ? (int32_t)t : axis->bins - 1, part = (int32_t)((t - bin) * 0x1p20),
                      last = (1 << QL_FINE_BITS) - 1;
        table[bin] += (1ull << QL_FINE_COUNT_SHIFT) + (uint64_t)(part < last ? part : last);
    }
}

/* Round half to even for |v| < 2^51: adding 1.5 * 2^52 leaves no bits for a fraction. */
static inline double round_even(double v)
{
    const double magic = 0x1.8p52;
    return (v + magic) - magic;
}

/* The code of a quotient before it is clamped. A quotient beyond 2^33 is outside whatever the int32 zero is. */
static inline double code_of(double quotient, double zero)
{
    const double limit = 0x1p33;
    quotient = quotient < -limit ? -limit : quotient;
    quotient = quotient > limit ? limit : quotient;
    return round_even(quotient) + zero;
}

static inline double clamp_code(double code, double lo, double hi)
{
    code = code < lo ? lo : code;
    return code > hi ? hi : code;
}

/* One element. `outside` counts codes that had to be clamped. */
static inline void uniform_one(double d, double z, double lo, double hi, float x, int16_t *q, float *y, uint64_t *outside)
{
    const double code = code_of((double)x / d, z), clamped = clamp_code(code, lo, hi);
    *outside += (uint64_t)((code < lo) | (code > hi));
    *q = (int16_t)(int32_t)clamped;
    *y = (float)((clamped - z) * d);
}

QL_PLAIN uint64_t plain_uniform_run(ql_uniform codes, float step, int32_t zero, const float *x, size_t n, int16_t *q,
                                    float *y)
{
    const double d = step, z = zero, lo = codes.code_lo, hi = codes.code_hi;
    uint64_t outside = 0;
    for (size_t i = 0; i < n; i++) {
        uniform_one(d, z, lo, hi, x[i], &q[i], &y[i], &outside);
    }
    return outside;
}

QL_PLAIN uint64_t plain_uniform_blocks(ql_uniform codes, const float *step, const int32_t *zero, ql_blocks blocks,
                                       const float *x, size_t n, int16_t *q, float *y)
{
    const double lo = codes.code_lo, hi = codes.code_hi;
    uint64_t outside = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t block = (blocks.offset + i) / blocks.size;
        uniform_one(step[block], zero ? zero[block] : 0, lo, hi, x[i], &q[i], &y[i], &outside);
    }
    return outside;
}

QL_PLAIN uint64_t plain_uniform_each(ql_uniform codes, const float *step, const int32_t *zero, const float *x, size_t n,
                                     int16_t *q, float *y)
{
    const double lo = codes.code_lo, hi = codes.code_hi;
    uint64_t outside = 0;
    for (size_t i = 0; i < n; i++) {
        uniform_one(step[i], zero ? zero[i] : 0, lo, hi, x[i], &q[i], &y[i], &outside);
    }
    return outside;
}

QL_PLAIN void plain_errors(const float *x, const float *y, size_t n, float *e, ql_error_sums *sums, double *square)
{
    double largest = sums->max_abs;
    for (size_t i = 0; i < n; i++) {
        const size_t lane = i % QL_LANES;
        const double xi = x[i], yi = y[i], error = xi - yi, magnitude = fabs(error);
        e[i] = x[i] - y[i];
        sums->abs[lane] += magnitude;
        square[lane] += error * error;
        sums->xy[lane] += xi * yi;
        sums->yy[lane] += yi * yi;
        largest = magnitude > largest ? magnitude : largest;
        sums->zeros += y[i] == 0;
    }
    sums->max_abs = largest;
}

QL_PLAIN size_t plain_measure(const ql_tally *t, const float *x, const float *y, const int16_t *codes, size_t n, float *e,
                              ql_error_sums *sums, double *square, uint32_t *at, uint64_t *above)
{
    plain_errors(x, y, n, e, sums, square);
    plain_histogram(&t->error_axis, e, n, t->error_table);
    if (t->value_table) {
        plain_histogram(&t->value_axis, y, n, t->value_table);
    }
    if (t->code_table) {
        plain_count_codes(codes, n, t->code_lo, t->code_count, t->code_table, NULL);
    }
    return plain_collect(QL_BY_MAGNITUDE, &t->wanted, 1, e, n, at, above);
}

QL_PLAIN void plain_square_each(const float *x, const float *y, size_t n, double *square)
{
    for (size_t i = 0; i < n; i++) {
        const double error = (double)x[i] - (double)y[i];
        square[i] += error * error;
    }
}

QL_PLAIN void plain_candidate_errors(const ql_candidate *c, const float *x, size_t n, double lanes[QL_LANES])
{
    const double d = c->step, z = c->zero, lo = c->codes.code_lo, hi = c->codes.code_hi;
    for (size_t i = 0; i < n; i++) {
        const double code = clamp_code(code_of((double)x[i] / d, z), lo, hi), error = (double)x[i] - (code - z) * d;
        lanes[i % QL_LANES] += error * error;
    }
}

#define PLAIN_MEMBERS                                                                                                       \
    .range = plain_range, .range_each = plain_range_each, .census = plain_census, .moments = plain_moments,                 \
    .beyond = plain_beyond, .count_upper = plain_count_upper, .collect = plain_collect, .histogram = plain_histogram,       \
    .counters = plain_counters, .count_codes = plain_count_codes, .fine = plain_fine, .uniform_run = plain_uniform_run,     \
    .uniform_blocks = plain_uniform_blocks, .uniform_each = plain_uniform_each, .errors = plain_errors,                     \
    .measure = plain_measure, .square_each = plain_square_each, .candidate_errors = plain_candidate_errors,

#endif
