/* The table of ggml's block types; kernels/blocks_body.h decodes them. */
#include "tensor/blocks.h"

#include "kernels/kernels.h"

#include <string.h>

static const ql_block_type types[] = {
    { "q4_0", 2, 32, sizeof(ql_q4_0), QL_Q4_0 },        { "q4_1", 3, 32, sizeof(ql_q4_1), QL_Q4_1 },
    { "q5_0", 6, 32, sizeof(ql_q5_0), QL_Q5_0 },        { "q5_1", 7, 32, sizeof(ql_q5_1), QL_Q5_1 },
    { "q8_0", 8, 32, sizeof(ql_q8_0), QL_Q8_0 },        { "q8_1", 9, 32, sizeof(ql_q8_1), QL_Q8_1 },
    { "q2_K", 10, 256, sizeof(ql_q2_k), QL_Q2_K },      { "q3_K", 11, 256, sizeof(ql_q3_k), QL_Q3_K },
    { "q4_K", 12, 256, sizeof(ql_q4_k), QL_Q4_K },      { "q5_K", 13, 256, sizeof(ql_q5_k), QL_Q5_K },
    { "q6_K", 14, 256, sizeof(ql_q6_k), QL_Q6_K },      { "q8_K", 15, 256, sizeof(ql_q8_k), QL_Q8_K },
    { "iq4_nl", 20, 32, sizeof(ql_iq4_nl), QL_IQ4_NL }, { "iq4_xs", 23, 256, sizeof(ql_iq4_xs), QL_IQ4_XS },
    { "tq1_0", 34, 256, sizeof(ql_tq1_0), QL_TQ1_0 },   { "tq2_0", 35, 256, sizeof(ql_tq2_0), QL_TQ2_0 },
    { "mxfp4", 39, 32, sizeof(ql_mxfp4), QL_MXFP4 },    { "nvfp4", 40, 64, sizeof(ql_nvfp4), QL_NVFP4 },
    { "q1_0", 41, 128, sizeof(ql_q1_0), QL_Q1_0 },      { "q2_0", 42, 64, sizeof(ql_q2_0), QL_Q2_0 },
};

void ql_blocks_decode(const ql_block_type *type, const uint8_t *blocks, size_t count, float *out)
{
    ql_kernels_active()->decode.blocks[type->kernel](blocks, count, out);
}

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
