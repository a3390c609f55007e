/* The kernels for AArch64: its NEON is always there. */
#if defined(__aarch64__)
#include "kernels/vector.h"
#include "kernels/vector_decode.h"
#include "kernels/vector_encode.h"

#include "kernels/decode_body.h"

const ql_kernels ql_kernels_neon = {
    .name = "neon",
    VECTOR_MEMBERS
    .encode = VECTOR_ENCODE_MEMBERS,
    .decode = DECODE_MEMBERS,
};
#endif
