/*
 * Requantization: multiplying a 32-bit sum by a real number with integers alone.
 *
 *   M ~ m0 2^(shift - 31), 2^30 <= m0 < 2^31      a M ~ rounding shift right by -shift of the high half of (a << shift) m0
 *
 * Jacob et al. 2018, section 2.2; gemmlowp and TensorFlow Lite round the same way, twice: high half to nearest, ties up; shift to nearest,
 * ties away from zero. The result may differ by 1 from a M rounded once.
 */
#ifndef QL_MATMUL_REQUANT_H
#define QL_MATMUL_REQUANT_H

#include "qloupe.h"

typedef struct ql_multiplier {
    int32_t m0; /* 0 for a multiplier of 0 */
    int shift;  /* -31 to 30 */
} ql_multiplier;

/* The nearest multiplier to `real` >= 0: zero below 2^-32, the largest one from 2^30 up. */
ql_multiplier ql_multiplier_of(double real);

/* a times the multiplier. False when a << shift does not fit 32 bits; *out is then the int32 nearest to it. */
bool ql_requantize(int32_t a, ql_multiplier multiplier, int32_t *out);

#endif
