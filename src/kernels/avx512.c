/* The kernels for x86-64 with AVX-512 F, BW, DQ and VL, compiled with its flags (Makefile). */
#if defined(__x86_64__)
#include "kernels/vector.h"
#include "kernels/vector_decode.h"
#include "kernels/vector_encode.h"

#include "kernels/decode_body.h"

const ql_kernels ql_kernels_avx512 = {
    .name = "avx512",
    VECTOR_MEMBERS
    .encode = VECTOR_ENCODE_MEMBERS,
    .decode = DECODE_MEMBERS,
};
#endif
