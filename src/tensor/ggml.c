/* The numbers of ggml's types: see ggml.h. */
#include "tensor/ggml.h"

/* One more than the type, 0 where a number stands for none: 4, 5, 31 to 33 and 36 to 38 were removed. */
#define IS(DTYPE) ((DTYPE) + 1)

static const unsigned char types[] = {
    [0] = IS(QL_F32),
    [1] = IS(QL_F16),
    [2] = IS(QL_GGML_Q4_0),
    [3] = IS(QL_GGML_Q4_1),
    [6] = IS(QL_GGML_Q5_0),
    [7] = IS(QL_GGML_Q5_1),
    [8] = IS(QL_GGML_Q8_0),
    [9] = IS(QL_GGML_Q8_1),
    [10] = IS(QL_GGML_Q2_K),
    [11] = IS(QL_GGML_Q3_K),
    [12] = IS(QL_GGML_Q4_K),
    [13] = IS(QL_GGML_Q5_K),
    [14] = IS(QL_GGML_Q6_K),
    [15] = IS(QL_GGML_Q8_K),
    [16] = IS(QL_GGML_IQ2_XXS),
    [17] = IS(QL_GGML_IQ2_XS),
    [18] = IS(QL_GGML_IQ3_XXS),
    [19] = IS(QL_GGML_IQ1_S),
    [20] = IS(QL_GGML_IQ4_NL),
    [21] = IS(QL_GGML_IQ3_S),
    [22] = IS(QL_GGML_IQ2_S),
    [23] = IS(QL_GGML_IQ4_XS),
    [24] = IS(QL_I8),
    [25] = IS(QL_I16),
    [26] = IS(QL_I32),
    [27] = IS(QL_I64),
    [28] = IS(QL_F64),
    [29] = IS(QL_GGML_IQ1_M),
    [30] = IS(QL_BF16),
    [34] = IS(QL_GGML_TQ1_0),
    [35] = IS(QL_GGML_TQ2_0),
    [39] = IS(QL_GGML_MXFP4),
    [40] = IS(QL_GGML_NVFP4),
    [41] = IS(QL_GGML_Q1_0),
    [42] = IS(QL_GGML_Q2_0),
};

enum { TYPE_COUNT = sizeof types / sizeof types[0] };

bool ql_ggml_dtype(uint32_t id, ql_dtype *out)
{
    if (id >= TYPE_COUNT || types[id] == 0) {
        return false;
    }
    *out = (ql_dtype)(types[id] - 1);
    return true;
}

const ql_block_type *ql_block_type_for(ql_dtype dtype)
{
    for (uint32_t id = 0; dtype >= QL_GGML_Q4_0 && id < TYPE_COUNT; id++) {
        if (types[id] == IS(dtype)) {
            return ql_block_type_of(id);
        }
    }
    return NULL;
}
