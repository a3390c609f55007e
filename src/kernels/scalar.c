/* The kernels for every machine. */
#include "kernels/body.h"
#include "kernels/decode_body.h"
#include "kernels/encode_body.h"

const ql_kernels ql_kernels_scalar = {
    .name = "scalar",
    PLAIN_MEMBERS
    .encode = PLAIN_ENCODE_MEMBERS,
    .decode = DECODE_MEMBERS,
};
