/* Elements as they are stored: bytes around one, and in a block of ggml its code and scale. */
#include "base/error.h"
#include "tensor/block_parts.h"
#include "tensor/ggml.h"
#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

/* Where scales and minima are in a block. */
typedef struct byte_range {
    size_t from, size;
} byte_range;

#define BYTES(TYPE, FIRST, LAST)                                                                                            \
    {                                                                                                                       \
        offsetof(TYPE, FIRST), offsetof(TYPE, LAST) + sizeof((const TYPE *)0)->LAST - offsetof(TYPE, FIRST)                 \
    }

static const byte_range scale_bytes[QL_BLOCK_COUNT][2] = {
    [QL_Q4_0] = { BYTES(ql_q4_0, d, d) },      [QL_Q4_1] = { BYTES(ql_q4_1, d, m) },
    [QL_Q5_0] = { BYTES(ql_q5_0, d, d) },      [QL_Q5_1] = { BYTES(ql_q5_1, d, m) },
    [QL_Q8_0] = { BYTES(ql_q8_0, d, d) },      [QL_Q8_1] = { BYTES(ql_q8_1, d, d) },
    [QL_IQ4_NL] = { BYTES(ql_iq4_nl, d, d) },  [QL_Q2_K] = { BYTES(ql_q2_k, scales, scales), BYTES(ql_q2_k, d, m) },
    [QL_Q3_K] = { BYTES(ql_q3_k, scales, d) }, [QL_Q4_K] = { BYTES(ql_q4_k, d, scales) },
    [QL_Q5_K] = { BYTES(ql_q5_k, d, scales) }, [QL_Q6_K] = { BYTES(ql_q6_k, scales, d) },
    [QL_Q8_K] = { BYTES(ql_q8_k, d, d) },      [QL_IQ4_XS] = { BYTES(ql_iq4_xs, d, low_scales) },
    [QL_TQ1_0] = { BYTES(ql_tq1_0, d, d) },    [QL_TQ2_0] = { BYTES(ql_tq2_0, d, d) },
    [QL_Q1_0] = { BYTES(ql_q1_0, d, d) },      [QL_Q2_0] = { BYTES(ql_q2_0, d, d) },
    [QL_MXFP4] = { BYTES(ql_mxfp4, e, e) },    [QL_NVFP4] = { BYTES(ql_nvfp4, scales, scales) },
};

bool ql_dtype_is_scale_byte(ql_dtype dtype, size_t byte)
{
    const ql_block_type *type = ql_block_type_for(dtype);
    for (int i = 0; type && i < 2; i++) {
        const byte_range *range = &scale_bytes[type->kernel][i];
        if (byte >= range->from && byte - range->from < range->size) {
            return true;
        }
    }
    return false;
}

/* block: that of the element. */
static void take_code(const ql_block_type *type, const unsigned char *block, ql_stored_bytes *out)
{
    const ql_block_parts *parts = ql_block_parts_of(type->kernel);
    const unsigned at = (unsigned)(out->element % type->elements), run = type->elements / parts->scale_count;
    uint8_t codes[QL_BLOCK_CODES];
    float scales[QL_BLOCK_SCALES], least[QL_BLOCK_SCALES];
    parts->take_codes(block, codes);
    parts->take_scales(block, scales, least);
    out->code_count = parts->code_count;
    out->code = codes[at];
    out->level = ql_block_level(parts, codes[at]);
    out->scale = scales[at / run];
    out->least = least[at / run];
}

static ql_status take_bytes(const ql_tensor *tensor, size_t before, size_t after, ql_stored_bytes *out, ql_error *error)
{
    const ql_storage *storage = tensor->storage;
    const ql_dtype_info *info = ql_dtype_describe(tensor->dtype);
    const ql_block_type *type = ql_block_type_for(tensor->dtype);
    const uint64_t blocks = (tensor->element_count + info->block_elements - 1) / info->block_elements;
    const uint64_t block = out->element / info->block_elements, left = blocks - 1 - block;
    const size_t most = QL_STORED_MOST / info->block_bytes - 1; /* besides this one */
    size_t ahead = before / info->block_bytes, behind = after / info->block_bytes;
    ahead = ahead < block ? ahead : (size_t)block;
    ahead = ahead < most ? ahead : most;
    behind = behind < left ? behind : (size_t)left;
    behind = behind < most - ahead ? behind : most - ahead;
    const void *bytes;
    ql_status status = ql_tensor_fetch_blocks(tensor, block - ahead, ahead + 1 + behind, out->bytes, &bytes, error);
    if (status != QL_OK) {
        return status;
    }
    out->count = (ahead + 1 + behind) * info->block_bytes;
    memmove(out->bytes, bytes, out->count);
    out->first = (block - ahead) * info->block_elements;
    out->big_endian = storage->big_endian;
    const bool is_plain = tensor->offset != QL_NO_OFFSET && !storage->strided;
    out->offset = is_plain ? tensor->offset + (block - ahead) * info->block_bytes : QL_NO_OFFSET;
    if (type && info->has_values) {
        take_code(type, out->bytes + ahead * info->block_bytes, out);
    }
    return QL_OK;
}

ql_status ql_stored_bytes_make(const ql_tensor *tensor, uint64_t element, size_t before, size_t after, ql_stored_bytes **out,
                               ql_error *error)
{
    if (element >= tensor->element_count) {
        return ql_fail(error, QL_BAD_USAGE, "the tensor has no element %llu", (unsigned long long)element);
    }
    ql_stored_bytes *stored = calloc(1, sizeof *stored);
    if (!stored) {
        return ql_fail_memory(error, sizeof *stored);
    }
    stored->element = element;
    ql_status status = ql_source_check(tensor->storage->source, error);
    if (status == QL_OK) {
        status = take_bytes(tensor, before, after, stored, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    if (status == QL_OK) {
        *out = stored;
        stored = NULL;
    }
    ql_stored_bytes_free(&stored);
    return status;
}

void ql_stored_bytes_free(ql_stored_bytes **stored)
{
    free(*stored);
    *stored = NULL;
}
