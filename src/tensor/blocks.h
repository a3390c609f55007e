/*
 * The block types of ggml, as GGUF files store them: a run of `elements` weights of a row in `bytes` bytes.
 *
 * A row is a whole number of blocks, one after the other, little endian, with no padding in between.
 */
#ifndef QL_TENSOR_BLOCKS_H
#define QL_TENSOR_BLOCKS_H

#include "kernels/ggml_blocks.h"

typedef struct ql_block_type {
    const char *name; /* as ggml spells it: "q4_0", "q4_K" */
    unsigned ggml_id; /* of the type in a GGUF file */
    unsigned elements, bytes;
    ql_block kernel;
} ql_block_type;

/* count blocks of a type, any bytes at any alignment, to out[count * elements]: ggml's own values to the bit, but for NaN
 * (kernels/decode.h). */
void ql_blocks_decode(const ql_block_type *type, const uint8_t *blocks, size_t count, float *out);

/* By place in the table, by name, by the number in a file; NULL when there is none. */
const ql_block_type *ql_block_type_at(size_t index);
const ql_block_type *ql_block_type_named(const char *name);
const ql_block_type *ql_block_type_of(unsigned ggml_id);

#endif
