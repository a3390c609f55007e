/* The legacy block types of ggml as bytes: 32 elements of a row. */
#ifndef QL_QUANT_GGML_H
#define QL_QUANT_GGML_H

#include "quant/scheme.h"

enum { QL_GGML_BLOCK = 32, QL_GGML_MAX_BYTES = 34 };

/*
 * Packs a block's codes into out; returns the bytes written, 0 when the mapping is none of ggml's. `codes` are those of the
 * mapping, group its index.
 *
 *   q8_0  | f16 d | 32 x i8 |                       q4_0  | f16 d | 16 bytes: low nibble element j, high nibble j + 16 |
 *   q4_1  | f16 d | f16 m | 16 bytes |              q5_0  | f16 d | u32: bit j is bit 4 of element j | 16 bytes |
 *   q5_1  | f16 d | f16 m | u32 | 16 bytes |
 */
size_t ql_ggml_pack(const ql_mapping *mapping, float d, float m, const int16_t codes[QL_GGML_BLOCK],
                    uint8_t out[QL_GGML_MAX_BYTES]);

#endif
