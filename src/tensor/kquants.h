/*
 * The K-quants of ggml: 256 weights in a super-block of 16 or 8 sub-blocks whose scales are quantized themselves.
 *
 * Each function decodes one block, bytes as drawn in kquants.c, to 256 values, in float32 with every product rounded
 * before it is subtracted: ggml's own values to the bit. No block is refused; a half-precision scale that is infinite or
 * NaN gives such values.
 */
#ifndef QL_TENSOR_KQUANTS_H
#define QL_TENSOR_KQUANTS_H

#include <stdint.h>

enum { QL_KQUANT_ELEMENTS = 256 };

void ql_q2_k_decode(const uint8_t block[84], float out[QL_KQUANT_ELEMENTS]);
void ql_q3_k_decode(const uint8_t block[110], float out[QL_KQUANT_ELEMENTS]);
void ql_q4_k_decode(const uint8_t block[144], float out[QL_KQUANT_ELEMENTS]);
void ql_q5_k_decode(const uint8_t block[176], float out[QL_KQUANT_ELEMENTS]);
void ql_q6_k_decode(const uint8_t block[210], float out[QL_KQUANT_ELEMENTS]);

#endif
