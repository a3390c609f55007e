/* Random numbers that a seed repeats. */
#ifndef QL_TESTS_RANDOM_H
#define QL_TESTS_RANDOM_H

#include <stdint.h>

/* The state that a seed begins with; never 0. */
static inline uint64_t random_begin(uint64_t seed)
{
    return (seed * 0x9e3779b97f4a7c15 + 1) | 1;
}

/* xorshift64*: Vigna 2016. */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1d;
}

/* 0 to limit - 1. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return (random_next(state) >> 11) % limit;
}

#endif
