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

/* ql_multiplier_of and ql_requantize: qloupe.h. */

#endif
