/*
 * What a block of ggml is made of: scales, each of a run of neighbours, and a code for every element.
 *
 *   y = level(code) scale - least        float32, the product rounded before something is taken away
 */
#ifndef QL_TENSOR_BLOCK_PARTS_H
#define QL_TENSOR_BLOCK_PARTS_H

#include "kernels/ggml_blocks.h"

enum { QL_BLOCK_SCALES = 16, QL_BLOCK_CODES = 256 /* as many of a block at most */ };

typedef struct ql_block_parts {
    unsigned scale_count; /* of a block; every one has the same number of elements */
    unsigned code_count;  /* codes are 0 .. code_count - 1 */
    float unit;           /* what is usually called the scale is so many times the one above */
    int zero;             /* level(code) = code - zero, or levels[code] */
    const float *levels;
    /* least may be NULL. */
    void (*take_scales)(const void *block, float scales[QL_BLOCK_SCALES], float least[QL_BLOCK_SCALES]);
    void (*take_codes)(const void *block, uint8_t codes[QL_BLOCK_CODES]);
} ql_block_parts;

const ql_block_parts *ql_block_parts_of(ql_block type);

static inline float ql_block_level(const ql_block_parts *parts, unsigned code)
{
    return parts->levels ? parts->levels[code] : (float)((int)code - parts->zero);
}

#endif
