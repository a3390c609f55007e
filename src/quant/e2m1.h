/*
 * The element format E2M1 and what the three block formats on it share. Codes 0..7 are 0 0.5 1 1.5 2 3 4 6, + 8 the same
 * negative; code 8, -0, counts as zero.
 */
#ifndef QL_QUANT_E2M1_H
#define QL_QUANT_E2M1_H

#include "quant/scheme.h"

/* Members of ql_mapping: codes 0..15, fifteen levels, -0. */
void ql_e2m1_code_range(const ql_spec *spec, int *lo, int *hi);
unsigned ql_e2m1_levels(const ql_quantizer *quantizer);
int ql_e2m1_negative_zero(const ql_spec *spec);

/* The same for a scale that is the float32 quantizer->scales[group]: no unclipped error is larger than that scale (half of 4
 * to 6). */
float ql_e2m1_decode(const ql_quantizer *quantizer, uint64_t group, int code);
double ql_e2m1_lowest(const ql_quantizer *quantizer, uint64_t group);
double ql_e2m1_half_gap(const ql_quantizer *quantizer, uint64_t group);

/* Encodes a tile of blocks with the scales `scales` unit, of all groups: as the kernel e2m1 does. */
uint64_t ql_e2m1_quantize(const ql_kernels *kernels, const ql_tile *tile, const float *scales, float unit, double limit);

#endif
