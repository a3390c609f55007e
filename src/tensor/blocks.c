/*
 * The table of ggml's block types, and the decoders of the legacy ones (32 elements; those of 256 are in kquants.c).
 *
 *   q4_0  | f16 d | 16 x u8 |                 y = (q - 8) d     low nibbles: elements 0..15, high nibbles: 16..31
 *   q4_1  | f16 d | f16 m | 16 x u8 |         y = q d + m
 *   q5_0  | f16 d | u32 | 16 x u8 |           y = (q - 16) d    bit j of the word is bit 4 of element j
 *   q5_1  | f16 d | f16 m | u32 | 16 x u8 |   y = q d + m
 *   q8_0  | f16 d | 32 x i8 |                 y = q d
 */
#include "tensor/blocks.h"

#include <string.h>

#include "tensor/convert.h"
#include "tensor/kquants.h"

enum { ELEMENTS = 32 };

static float half_at(const uint8_t *bytes)
{
    return ql_half_to_float((uint16_t)(bytes[0] | bytes[1] << 8));
}

/* q[32] from the 16 bytes of nibbles and the 4 bytes of fifth bits (NULL: none). */
static void unpack(const uint8_t *nibs, const uint8_t *high, int *q)
{
    for (int j = 0; j < ELEMENTS; j++) {
        const int nib = nibs[j % 16] >> 4 * (j / 16) & 15;
        q[j] = high ? nib | (high[j / 8] >> j % 8 & 1) << 4 : nib;
    }
}

static void symmetric(const uint8_t *block, const uint8_t *high, const uint8_t *nibs, int middle, float *out)
{
    int q[ELEMENTS];
    const float d = half_at(block);
    unpack(nibs, high, q);
    for (int j = 0; j < ELEMENTS; j++) {
        out[j] = (float)(q[j] - middle) * d;
    }
}

static void affine(const uint8_t *block, const uint8_t *high, const uint8_t *nibs, float *out)
{
    int q[ELEMENTS];
    const float d = half_at(block), m = half_at(block + 2);
    unpack(nibs, high, q);
    for (int j = 0; j < ELEMENTS; j++) {
        out[j] = (float)q[j] * d + m;
    }
}

static void decode_q4_0(const uint8_t *block, float *out)
{
    symmetric(block, NULL, block + 2, 8, out);
}

static void decode_q4_1(const uint8_t *block, float *out)
{
    affine(block, NULL, block + 4, out);
}

static void decode_q5_0(const uint8_t *block, float *out)
{
    symmetric(block, block + 2, block + 6, 16, out);
}

static void decode_q5_1(const uint8_t *block, float *out)
{
    affine(block, block + 4, block + 8, out);
}

static void decode_q8_0(const uint8_t *block, float *out)
{
    const float d = half_at(block);
    for (int j = 0; j < ELEMENTS; j++) {
        out[j] = (float)(int8_t)block[2 + j] * d;
    }
}

static const ql_block_type types[] = {
    { "q4_0", 2, ELEMENTS, 18, decode_q4_0 },
    { "q4_1", 3, ELEMENTS, 20, decode_q4_1 },
    { "q5_0", 6, ELEMENTS, 22, decode_q5_0 },
    { "q5_1", 7, ELEMENTS, 24, decode_q5_1 },
    { "q8_0", 8, ELEMENTS, 34, decode_q8_0 },
    { "q2_K", 10, QL_KQUANT_ELEMENTS, 84, ql_q2_k_decode },
    { "q3_K", 11, QL_KQUANT_ELEMENTS, 110, ql_q3_k_decode },
    { "q4_K", 12, QL_KQUANT_ELEMENTS, 144, ql_q4_k_decode },
    { "q5_K", 13, QL_KQUANT_ELEMENTS, 176, ql_q5_k_decode },
    { "q6_K", 14, QL_KQUANT_ELEMENTS, 210, ql_q6_k_decode },
};

const ql_block_type *ql_block_type_at(size_t index)
{
    return index < sizeof types / sizeof types[0] ? &types[index] : NULL;
}

const ql_block_type *ql_block_type_named(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}

const ql_block_type *ql_block_type_of(unsigned ggml_id)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].ggml_id == ggml_id) {
            return &types[i];
        }
    }
    return NULL;
}
