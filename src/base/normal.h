/*
 * Normal numbers, two at a time, from two words of 64 random bits (Box and Muller 1958, "A Note on the Generation of Random
 * Normal Deviates"):
 *
 *   u = (floor(first / 2^11) + 1) / 2^53      in (0, 1]
 *   v = floor(second / 2^11) / 2^53           in [0, 1)
 *   r = sqrt(-2 ln u)                         at most 8.58
 *   out[0] = r cos(2 pi v)    out[1] = r sin(2 pi v)
 *
 * ln, cos and sin are computed here, in float64 by additions, multiplications, divisions and square roots alone, which IEEE 754
 * rounds in one way: the same bits on every machine and with every libm. A number is within 1e-15 r of the truth.
 */
#ifndef QL_BASE_NORMAL_H
#define QL_BASE_NORMAL_H

#include <stdint.h>

void ql_normal_pair(uint64_t first, uint64_t second, double out[2]);

#endif
