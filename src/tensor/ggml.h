/* The types of tensors in a GGUF file by their numbers. https://github.com/ggml-org/ggml, enum ggml_type. */
#ifndef QL_TENSOR_GGML_H
#define QL_TENSOR_GGML_H

#include "qloupe.h"
#include "tensor/blocks.h"

/* False: a number that was never given, or whose type was removed. */
bool ql_ggml_dtype(uint32_t id, ql_dtype *out);

/* How the blocks of a type are decoded; NULL for types of single elements and those without values. */
const ql_block_type *ql_block_type_for(ql_dtype dtype);

#endif
