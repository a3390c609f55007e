/* What the mappings with a codebook share: levels of a group as float32, ascending, [level_count]; codes 0 .. level_count
 * - 1. */
#ifndef QL_QUANT_CODEBOOK_H
#define QL_QUANT_CODEBOOK_H

#include "quant/scheme.h"

/* Index of the nearest of ascending levels, ties to the lower index: how many midpoints (float64) lie below v. */
int ql_nearest_level(const float *levels, unsigned count, double v);

/* Codes 0 .. 2^bits - 1, and prepare for them: level_count = 2^bits. */
void ql_codebook_code_range(const ql_spec *spec, int *lo, int *hi);
ql_status ql_codebook_prepare(ql_quantizer *quantizer, const ql_profile *profile, ql_error *error);

float ql_codebook_decode(const ql_quantizer *quantizer, uint64_t group, int code);
double ql_codebook_half_gap(const ql_quantizer *quantizer, uint64_t group);
double ql_codebook_parameter_bits(const ql_quantizer *quantizer);

#endif
