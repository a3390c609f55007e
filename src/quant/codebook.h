/* What the mappings with a codebook share: levels of a group as float32, ascending, [level_count]; codes 0 .. level_count
 * - 1. */
#ifndef QL_QUANT_CODEBOOK_H
#define QL_QUANT_CODEBOOK_H

#include "quant/scheme.h"

/* The thresholds between ascending levels for kernels: their midpoints (float64) rounded down, so that of float32 the same
   are above; infinite from [count - 1] to the end of the room. */
void ql_codebook_thresholds(const float *levels, unsigned count, unsigned room, float *thresholds);

/* A member of ql_mapping that takes blocks: levels and thresholds of each group as they are. */
uint64_t ql_codebook_quantize(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tile *tile);

/* Codes 0 .. 2^bits - 1, and prepare for them: level_count = 2^bits. */
void ql_codebook_code_range(const ql_spec *spec, int *lo, int *hi);
ql_status ql_codebook_prepare(ql_quantizer *quantizer, const ql_profile *profile, ql_error *error);

float ql_codebook_decode(const ql_quantizer *quantizer, uint64_t group, int code);
double ql_codebook_half_gap(const ql_quantizer *quantizer, uint64_t group);
double ql_codebook_parameter_bits(const ql_quantizer *quantizer);

#endif
