/* The table of element types: names and bits as in safetensors and ggml; ranges from IEEE 754, the OCP 8-bit and Microscaling
 * formats. */
#include "qloupe.h"

#include <string.h>

/* Types whose elements are stored one by one. */
#define PLAIN(NAME, BITS, VALUES, WIDE, MEANING, ...)                                                                       \
    { .name = NAME, .shown = NAME, .meaning = MEANING, .bits = BITS, .block_elements = 1, .block_bytes = (BITS) / 8,        \
      .has_values = VALUES, .wide = WIDE, RANGE(__VA_ARGS__) }

/* Types of fewer than 8 bits, and ggml's. */
#define PACKED(NAME, SHOWN, BITS, ELEMENTS, BYTES, VALUES, MEANING)                                                         \
    .name = NAME, .shown = SHOWN, .meaning = MEANING, .bits = BITS, .block_elements = ELEMENTS, .block_bytes = BYTES,       \
    .has_values = VALUES

#define RANGE(EXPONENT, MANTISSA, MAX, NORMAL, SUBNORMAL, EPSILON)                                                          \
    .exponent_bits = EXPONENT, .mantissa_bits = MANTISSA, .max_finite = MAX, .min_normal = NORMAL,                          \
    .min_subnormal = SUBNORMAL, .epsilon = EPSILON

static const ql_dtype_info table[QL_DTYPE_COUNT] = {
    [QL_F64] = PLAIN("F64", 64, true, true, "double precision", 11, 52, 0x1.fffffffffffffp1023, 0x1p-1022, 0x1p-1074,
                     0x1p-52),
    [QL_F32] = PLAIN("F32", 32, true, false, "single precision", 8, 23, 0x1.fffffep127, 0x1p-126, 0x1p-149, 0x1p-23),
    [QL_F16] = PLAIN("F16", 16, true, false, "half precision", 5, 10, 65504, 0x1p-14, 0x1p-24, 0x1p-10),
    [QL_BF16] = PLAIN("BF16", 16, true, false, "upper half of an F32", 8, 7, 0x1.fep127, 0x1p-126, 0x1p-133, 0x1p-7),
    [QL_I64] = PLAIN("I64", 64, true, true, "integer", 0, 0, 0x1p63, 0, 0, 0),
    [QL_I32] = PLAIN("I32", 32, true, true, "integer", 0, 0, 2147483647.0, 0, 0, 0),
    [QL_I16] = PLAIN("I16", 16, true, false, "integer", 0, 0, 32767, 0, 0, 0),
    [QL_I8] = PLAIN("I8", 8, true, false, "integer", 0, 0, 127, 0, 0, 0),
    [QL_U64] = PLAIN("U64", 64, true, true, "unsigned integer", 0, 0, 0x1p64, 0, 0, 0),
    [QL_U32] = PLAIN("U32", 32, true, true, "unsigned integer", 0, 0, 4294967295.0, 0, 0, 0),
    [QL_U16] = PLAIN("U16", 16, true, false, "unsigned integer", 0, 0, 65535, 0, 0, 0),
    [QL_U8] = PLAIN("U8", 8, true, false, "unsigned integer", 0, 0, 255, 0, 0, 0),
    [QL_BOOL] = PLAIN("BOOL", 8, true, false, "0 or 1", 0, 0, 1, 0, 0, 0),
    [QL_C64] = PLAIN("C64", 64, false, false, "complex, two F32", 8, 23, 0x1.fffffep127, 0x1p-126, 0x1p-149, 0x1p-23),
    [QL_F8_E5M2] = PLAIN("F8_E5M2", 8, true, false, "8-bit float, wide range", 5, 2, 57344, 0x1p-14, 0x1p-16, 0.25),
    [QL_F8_E4M3] = PLAIN("F8_E4M3", 8, true, false, "8-bit float, no infinity", 4, 3, 448, 0x1p-6, 0x1p-9, 0.125),
    [QL_F8_E5M2FNUZ] = PLAIN("F8_E5M2FNUZ", 8, true, false, "8-bit float, no -0", 5, 2, 57344, 0x1p-15, 0x1p-17,
                             0.25),
    [QL_F8_E4M3FNUZ] = PLAIN("F8_E4M3FNUZ", 8, true, false, "8-bit float, no -0", 4, 3, 240, 0x1p-7, 0x1p-10,
                             0.125),
    [QL_F8_E8M0] = PLAIN("F8_E8M0", 8, true, false, "power of two, a scale", 8, 0, 0x1p127, 0x1p-127, 0, 0),
    [QL_F6_E3M2] = { PACKED("F6_E3M2", "F6_E3M2", 6, 4, 3, false, "6-bit float"), RANGE(3, 2, 28, 0.25, 0.0625, 0.25) },
    [QL_F6_E2M3] = { PACKED("F6_E2M3", "F6_E2M3", 6, 4, 3, false, "6-bit float"), RANGE(2, 3, 7.5, 1, 0.125, 0.125) },
    [QL_F4] = { PACKED("F4", "F4", 4, 2, 1, true, "4-bit float E2M1"), RANGE(2, 1, 6, 1, 0.5, 0.5) },

    [QL_GGML_Q4_0] = { PACKED("Q4_0", "q4_0", 4, 32, 18, true, "32 codes, F16 scale") },
    [QL_GGML_Q4_1] = { PACKED("Q4_1", "q4_1", 4, 32, 20, true, "32 codes, scale, minimum") },
    [QL_GGML_Q5_0] = { PACKED("Q5_0", "q5_0", 5, 32, 22, true, "32 codes, F16 scale") },
    [QL_GGML_Q5_1] = { PACKED("Q5_1", "q5_1", 5, 32, 24, true, "32 codes, scale, minimum") },
    [QL_GGML_Q8_0] = { PACKED("Q8_0", "q8_0", 8, 32, 34, true, "32 codes, F16 scale") },
    [QL_GGML_Q8_1] = { PACKED("Q8_1", "q8_1", 8, 32, 36, true, "as q8_0, sum of codes") },
    [QL_GGML_Q2_K] = { PACKED("Q2_K", "q2_K", 2, 256, 84, true, "4-bit scales, minima") },
    [QL_GGML_Q3_K] = { PACKED("Q3_K", "q3_K", 3, 256, 110, true, "6-bit scales") },
    [QL_GGML_Q4_K] = { PACKED("Q4_K", "q4_K", 4, 256, 144, true, "6-bit scales, minima") },
    [QL_GGML_Q5_K] = { PACKED("Q5_K", "q5_K", 5, 256, 176, true, "6-bit scales, minima") },
    [QL_GGML_Q6_K] = { PACKED("Q6_K", "q6_K", 6, 256, 210, true, "8-bit scales") },
    [QL_GGML_Q8_K] = { PACKED("Q8_K", "q8_K", 8, 256, 292, true, "F32 scale, sums") },
    [QL_GGML_IQ4_NL] = { PACKED("IQ4_NL", "iq4_nl", 4, 32, 18, true, "fixed table, F16 scale") },
    [QL_GGML_IQ4_XS] = { PACKED("IQ4_XS", "iq4_xs", 4, 256, 136, true, "fixed table, 6-bit scales") },
    [QL_GGML_TQ1_0] = { PACKED("TQ1_0", "tq1_0", 2, 256, 54, true, "ternary, five a byte") },
    [QL_GGML_TQ2_0] = { PACKED("TQ2_0", "tq2_0", 2, 256, 66, true, "ternary, two bits") },
    [QL_GGML_MXFP4] = { PACKED("MXFP4", "mxfp4 (gguf)", 4, 32, 17, true, "E2M1, E8M0 scale") },
    [QL_GGML_NVFP4] = { PACKED("NVFP4", "nvfp4 (gguf)", 4, 64, 36, true, "E2M1, E4M3 scales") },
    [QL_GGML_Q1_0] = { PACKED("Q1_0", "q1_0", 1, 128, 18, true, "signs, F16 scale") },
    [QL_GGML_Q2_0] = { PACKED("Q2_0", "q2_0", 2, 64, 18, true, "codes -1 to 2, F16 scale") },
    [QL_GGML_IQ1_S] = { PACKED("IQ1_S", "iq1_s", 1, 256, 50, false, "a codebook, listed only") },
    [QL_GGML_IQ1_M] = { PACKED("IQ1_M", "iq1_m", 1, 256, 56, false, "a codebook, listed only") },
    [QL_GGML_IQ2_XXS] = { PACKED("IQ2_XXS", "iq2_xxs", 2, 256, 66, false, "a codebook, listed only") },
    [QL_GGML_IQ2_XS] = { PACKED("IQ2_XS", "iq2_xs", 2, 256, 74, false, "a codebook, listed only") },
    [QL_GGML_IQ2_S] = { PACKED("IQ2_S", "iq2_s", 2, 256, 82, false, "a codebook, listed only") },
    [QL_GGML_IQ3_XXS] = { PACKED("IQ3_XXS", "iq3_xxs", 3, 256, 98, false, "a codebook, listed only") },
    [QL_GGML_IQ3_S] = { PACKED("IQ3_S", "iq3_s", 3, 256, 110, false, "a codebook, listed only") },
};

const ql_dtype_info *ql_dtype_describe(ql_dtype dtype)
{
    return &table[dtype];
}

double ql_dtype_bits_per_weight(ql_dtype dtype)
{
    return 8.0 * table[dtype].block_bytes / table[dtype].block_elements;
}

bool ql_dtype_find(ql_text name, ql_dtype *out)
{
    for (ql_dtype dtype = 0; dtype < QL_DTYPE_COUNT; dtype++) {
        if (strlen(table[dtype].name) == name.size && memcmp(table[dtype].name, name.data, name.size) == 0) {
            *out = dtype;
            return true;
        }
    }
    return false;
}
