/*
 * The core kernels in vectors of 16 lanes, once for all instruction sets (simd.h). body.h says what each means; here and in
 * the files of the parts stands only how to get there faster with the same bits:
 *
 *   Decisions that are defined in float64 are taken in float32 where the float32 error cannot matter; blocks in which it
 *   might (a quotient near k + 0.5, a value near the edge of a bin) are done again in float64. What is near is computed from
 *   the sizes of the numbers.
 *
 * The last elements of an array, less than a block, go through the definition.
 */
#include "kernels/vector_measure.h"
#include "kernels/vector_uniform.h"

/* ---- Statistics */

static void range(const float *x, size_t n, float *lo, float *hi)
{
    vf least[4], greatest[4];
    for (int k = 0; k < 4; k++) {
        least[k] = vf_set(*lo);
        greatest[k] = vf_set(*hi);
    }
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        for (int k = 0; k < 4; k++) {
            const vf v = vf_load(x + i + k * WIDTH);
            least[k] = vf_min(least[k], v);
            greatest[k] = vf_max(greatest[k], v);
        }
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        const vf v = vf_load(x + i);
        least[0] = vf_min(least[0], v);
        greatest[0] = vf_max(greatest[0], v);
    }
    for (int k = 1; k < 4; k++) {
        least[0] = vf_min(least[0], least[k]);
        greatest[0] = vf_max(greatest[0], greatest[k]);
    }
    *lo = vf_least(least[0]);
    *hi = vf_greatest(greatest[0]);
    plain_range(x + i, n - i, lo, hi);
}

typedef struct census_lanes {
    vd sum, abs, square;
    vf lo, hi;
    vi largest; /* bits of |x|: those of NaN and infinity are the largest */
    size_t zeros;
} census_lanes;

static bool census(const float *x, size_t n, ql_census *out)
{
    census_lanes c = { .sum = vd_load(out->sum),
                       .abs = vd_load(out->abs),
                       .square = vd_load(out->square),
                       .lo = vf_set(out->lo),
                       .hi = vf_set(out->hi),
                       .largest = vi_set(0) };
    ql_census last = { .lo = out->lo, .hi = out->hi };
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        const vf v = vf_load(x + i);
        const vd d = vd_load_f(x + i);
        fetch_next(x + i);
        c.sum = vd_add(c.sum, d);
        c.abs = vd_add(c.abs, vd_abs(d));
        c.square = vd_add_exact_product(c.square, d, d);
        c.largest = vi_max_u(c.largest, vf_bits(vf_abs(v)));
        c.zeros += (size_t)__builtin_popcount(vm_bits(vf_eq(v, vf_set(0))));
        c.lo = vf_min(c.lo, v);
        c.hi = vf_max(c.hi, v);
    }
    vd_store(last.sum, c.sum);
    vd_store(last.abs, c.abs);
    vd_store(last.square, c.square);
    last.zeros = out->zeros + c.zeros;
    if (vi_greatest_u(c.largest) >= 0x7F800000 || !plain_census(x + i, n - i, &last)) {
        return false;
    }
    const float lo = vf_least(c.lo), hi = vf_greatest(c.hi);
    last.lo = lo < last.lo ? lo : last.lo;
    last.hi = hi > last.hi ? hi : last.hi;
    *out = last;
    return true;
}

static void moments(const float *x, size_t n, double center, ql_moments *out)
{
    vd m2 = vd_load(out->m2), m3 = vd_load(out->m3), m4 = vd_load(out->m4);
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        const vd c = vd_sub(vd_load_f(x + i), vd_set(center)), c2 = vd_mul(c, c);
        fetch_next(x + i);
        m2 = vd_add(m2, c2);
        m3 = vd_add(m3, vd_mul(c2, c));
        m4 = vd_add(m4, vd_mul(c2, c2));
    }
    vd_store(out->m2, m2);
    vd_store(out->m3, m3);
    vd_store(out->m4, m4);
    plain_moments(x + i, n - i, center, out);
}

#define VECTOR_MEMBERS                                                                                                      \
    .range = range, .range_each = plain_range_each, .census = census, .moments = moments, .beyond = plain_beyond,           \
    .count_upper = count_upper, .collect = collect, .histogram = histogram, .counters = counters,                           \
    .count_codes = count_codes, .fine = fine, .uniform_run = uniform_run, .uniform_blocks = uniform_blocks,                 \
    .uniform_each = uniform_each, .errors = errors, .measure = measure, .square_each = plain_square_each,                   \
    .candidate_errors = candidate_errors,
