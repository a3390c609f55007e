/* The table of element types: names and bits as in safetensors; ranges from IEEE 754, the OCP 8-bit and Microscaling
 * formats. */
#include "qloupe.h"

static const ql_dtype_info table[QL_DTYPE_COUNT] = {
    [QL_F64] = { "F64", "double precision", 64, true, true, 11, 52, 0x1.fffffffffffffp1023, 0x1p-1022, 0x1p-1074, 0x1p-52 },
    [QL_F32] = { "F32", "single precision", 32, true, false, 8, 23, 0x1.fffffep127, 0x1p-126, 0x1p-149, 0x1p-23 },
    [QL_F16] = { "F16", "half precision", 16, true, false, 5, 10, 65504, 0x1p-14, 0x1p-24, 0x1p-10 },
    [QL_BF16] = { "BF16", "upper half of an F32", 16, true, false, 8, 7, 0x1.fep127, 0x1p-126, 0x1p-133, 0x1p-7 },
    [QL_I64] = { "I64", "integer", 64, true, true, 0, 0, 0x1p63, 0, 0, 0 },
    [QL_I32] = { "I32", "integer", 32, true, true, 0, 0, 2147483647.0, 0, 0, 0 },
    [QL_I16] = { "I16", "integer", 16, true, false, 0, 0, 32767, 0, 0, 0 },
    [QL_I8] = { "I8", "integer", 8, true, false, 0, 0, 127, 0, 0, 0 },
    [QL_U64] = { "U64", "unsigned integer", 64, true, true, 0, 0, 0x1p64, 0, 0, 0 },
    [QL_U32] = { "U32", "unsigned integer", 32, true, true, 0, 0, 4294967295.0, 0, 0, 0 },
    [QL_U16] = { "U16", "unsigned integer", 16, true, false, 0, 0, 65535, 0, 0, 0 },
    [QL_U8] = { "U8", "unsigned integer", 8, true, false, 0, 0, 255, 0, 0, 0 },
    [QL_BOOL] = { "BOOL", "0 or 1", 8, true, false, 0, 0, 1, 0, 0, 0 },
    [QL_C64] = { "C64", "complex, two F32", 64, false, false, 8, 23, 0x1.fffffep127, 0x1p-126, 0x1p-149, 0x1p-23 },
    [QL_F8_E5M2] = { "F8_E5M2", "8-bit float, wide range", 8, false, false, 5, 2, 57344, 0x1p-14, 0x1p-16, 0.25 },
    [QL_F8_E4M3] = { "F8_E4M3", "8-bit float, no infinity", 8, false, false, 4, 3, 448, 0x1p-6, 0x1p-9, 0.125 },
    [QL_F8_E5M2FNUZ] = { "F8_E5M2FNUZ", "8-bit float, one NaN, no -0", 8, false, false, 5, 2, 57344, 0x1p-15, 0x1p-17,
                         0.25 },
    [QL_F8_E4M3FNUZ] = { "F8_E4M3FNUZ", "8-bit float, one NaN, no -0", 8, false, false, 4, 3, 240, 0x1p-7, 0x1p-10, 0.125 },
    [QL_F8_E8M0] = { "F8_E8M0", "power of two, a scale", 8, false, false, 8, 0, 0x1p127, 0x1p-127, 0, 0 },
    [QL_F6_E3M2] = { "F6_E3M2", "6-bit float", 6, false, false, 3, 2, 28, 0.25, 0.0625, 0.25 },
    [QL_F6_E2M3] = { "F6_E2M3", "6-bit float", 6, false, false, 2, 3, 7.5, 1, 0.125, 0.125 },
    [QL_F4] = { "F4", "4-bit float E2M1", 4, false, false, 2, 1, 6, 1, 0.5, 0.5 },
};

const ql_dtype_info *ql_dtype_describe(ql_dtype dtype)
{
    return &table[dtype];
}
