/* Checked arithmetic for every size that a file or a person controls. Each returns false on overflow and then leaves *out
   unspecified. */
#ifndef QL_BASE_SIZES_H
#define QL_BASE_SIZES_H

#include <stdbool.h>
#include <stdint.h>

static inline bool ql_size_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool ql_size_add(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* Smallest n with n * divisor >= value; divisor > 0. Cannot overflow. */
static inline uint64_t ql_size_ceil_div(uint64_t value, uint64_t divisor)
{
    return value / divisor + (value % divisor != 0);
}

#endif
