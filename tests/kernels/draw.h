/* Random numbers, the same everywhere, and values at which arithmetic goes wrong. */
#ifndef QL_TESTS_KERNELS_DRAW_H
#define QL_TESTS_KERNELS_DRAW_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define DRAW_FROM(state, table) ((table)[draw_below(state, sizeof(table) / sizeof *(table))])

/* splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline uint32_t draw_below(uint64_t *state, size_t n)
{
    return (uint32_t)((draw(state) >> 32) * n >> 32);
}

/* [0, 1) */
static inline double draw_unit(uint64_t *state)
{
    return (double)(draw(state) >> 11) * 0x1p-53;
}

/* Nearly normal, variance 1. */
static inline double draw_normal(uint64_t *state)
{
    const double sum = draw_unit(state) + draw_unit(state) + draw_unit(state) + draw_unit(state);
    return (sum - 2) * sqrt(3);
}

/* -1 or 1 */
static inline float draw_sign(uint64_t *state)
{
    return draw(state) & 1 ? 1.0f : -1.0f;
}

/* Any bits: half of what comes is beyond 1 in magnitude; NaN and infinities too. */
static inline float draw_bits(uint64_t *state)
{
    const uint32_t bits = (uint32_t)(draw(state) >> 32);
    float v;
    memcpy(&v, &bits, 4);
    return v;
}

static inline float draw_finite(uint64_t *state)
{
    float v = draw_bits(state);
    while (!isfinite(v)) {
        v = draw_bits(state);
    }
    return v;
}

#endif
