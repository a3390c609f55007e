/* The tile reader: ranges of a tensor in flat C order as float32 or float64. */
#include "base/error.h"
#include "tensor/convert.h"
#include "tensor/ggml.h"
#include "tensor/strided.h"

#include <string.h>

enum { BLOCK_MOST = 256 }; /* elements of a block */

static const uint16_t one = 1;

static bool must_swap(const ql_storage *storage)
{
    uint8_t low_first;
    memcpy(&low_first, &one, 1);
    return storage->big_endian == (low_first == 1);
}

size_t ql_tensor_scratch_size(const ql_tensor *tensor, size_t count)
{
    const ql_dtype_info *info = ql_dtype_describe(tensor->dtype);
    return (count / info->block_elements + 3) * info->block_bytes;
}

static ql_status fail_no_values(const ql_tensor *tensor, ql_error *error)
{
    char name[256];
    ql_text_print(name, sizeof name, tensor->name, 60);
    return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': values of type %s are not read by this version, only listed",
                   ql_source_shown(tensor->storage->source), name, ql_dtype_describe(tensor->dtype)->shown);
}

ql_status ql_tensor_fetch_blocks(const ql_tensor *tensor, uint64_t begin, size_t count, void *buffer, const void **out,
                                 ql_error *error)
{
    const ql_storage *storage = tensor->storage;
    const size_t size = ql_dtype_describe(tensor->dtype)->block_bytes;
    if (storage->strided) {
        *out = buffer;
        return ql_strided_read(storage->strided, tensor, begin, count, buffer, error);
    }
    *out = ql_source_view(storage->source, storage->offset + begin * size, count * size, buffer, error);
    return *out ? QL_OK : ql_error_status(error);
}

/* Whole blocks to out[count * elements of a block]. */
static void decode_blocks(const ql_tensor *tensor, const uint8_t *blocks, size_t count, float *out)
{
    const ql_block_type *type = ql_block_type_for(tensor->dtype);
    if (type) {
        ql_blocks_decode(type, blocks, count, out);
    } else {
        ql_decode_f32(tensor->dtype, false, blocks, count * ql_dtype_describe(tensor->dtype)->block_elements, out);
    }
}

/* Elements [begin, begin + count) of a type that is stored in blocks: those of the first and the last block that are not
   wanted go elsewhere. */
static ql_status read_blocks(const ql_tensor *tensor, uint64_t begin, size_t count, float *out, void *scratch,
                             ql_error *error)
{
    const ql_dtype_info *info = ql_dtype_describe(tensor->dtype);
    const size_t elements = info->block_elements, head = (size_t)(begin % elements);
    const size_t blocks = (head + count + elements - 1) / elements;
    const void *bytes;
    ql_status status = ql_tensor_fetch_blocks(tensor, begin / elements, blocks, scratch, &bytes, error);
    if (status != QL_OK) {
        return status;
    }
    const uint8_t *block = bytes;
    float part[BLOCK_MOST];
    size_t done = 0;
    if (head > 0) {
        done = elements - head < count ? elements - head : count;
        decode_blocks(tensor, block, 1, part);
        memcpy(out, part + head, done * sizeof *out);
        block += info->block_bytes;
    }
    const size_t whole = (count - done) / elements;
    decode_blocks(tensor, block, whole, out + done);
    block += whole * info->block_bytes;
    done += whole * elements;
    if (done < count) {
        decode_blocks(tensor, block, 1, part);
        memcpy(out + done, part, (count - done) * sizeof *out);
    }
    return QL_OK;
}

ql_status ql_tensor_fetch_f32(const ql_tensor *tensor, uint64_t begin, size_t count, float *buffer, void *scratch,
                              const float **out, ql_error *error)
{
    const ql_dtype_info *info = ql_dtype_describe(tensor->dtype);
    *out = buffer;
    if (!info->has_values) {
        return fail_no_values(tensor, error);
    }
    if (count == 0) {
        return QL_OK;
    }
    if (info->block_elements > 1) {
        return read_blocks(tensor, begin, count, buffer, scratch, error);
    }
    const bool swap = must_swap(tensor->storage), as_is = tensor->dtype == QL_F32 && !swap;
    const void *bytes;
    ql_status status = ql_tensor_fetch_blocks(tensor, begin, count, as_is ? buffer : scratch, &bytes, error);
    if (status != QL_OK) {
        return status;
    }
    if (as_is && (uintptr_t)bytes % _Alignof(float) == 0) {
        *out = bytes;
    } else {
        ql_decode_f32(tensor->dtype, swap, bytes, count, buffer);
    }
    return QL_OK;
}

ql_status ql_tensor_read_f32(const ql_tensor *tensor, uint64_t begin, size_t count, float *out, void *scratch,
                             ql_error *error)
{
    const float *values;
    ql_status status = ql_tensor_fetch_f32(tensor, begin, count, out, scratch, &values, error);
    if (status == QL_OK && values != out) {
        memcpy(out, values, count * sizeof *out);
    }
    return status;
}

ql_status ql_tensor_read_f64(const ql_tensor *tensor, uint64_t begin, size_t count, double *out, void *scratch,
                             ql_error *error)
{
    const ql_dtype_info *info = ql_dtype_describe(tensor->dtype);
    if (!info->has_values) {
        return fail_no_values(tensor, error);
    }
    if (count == 0) {
        return QL_OK;
    }
    if (info->block_elements > 1) { /* float32 to begin with: the upper half of out, widened from the front */
        float *single = (float *)out + count;
        ql_status status = read_blocks(tensor, begin, count, single, scratch, error);
        for (size_t i = 0; status == QL_OK && i < count; i++) {
            float value;
            memcpy(&value, single + i, sizeof value);
            out[i] = (double)value;
        }
        return status;
    }
    const void *bytes;
    ql_status status = ql_tensor_fetch_blocks(tensor, begin, count, scratch, &bytes, error);
    if (status == QL_OK) {
        ql_decode_f64(tensor->dtype, must_swap(tensor->storage), bytes, count, out);
    }
    return status;
}
