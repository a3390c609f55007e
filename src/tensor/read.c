/* The tile reader: ranges of a tensor in flat C order as float32 or float64. */
#include "base/error.h"
#include "tensor/convert.h"
#include "tensor/tensor.h"

#include <string.h>

static const uint16_t one = 1;

static bool must_swap(const ql_storage *storage)
{
    uint8_t low_first;
    memcpy(&low_first, &one, 1);
    return storage->big_endian == (low_first == 1);
}

size_t ql_tensor_scratch_size(const ql_tensor *tensor, size_t count)
{
    return (count + 2) * (ql_dtype_describe(tensor->dtype)->bits / 8 + 1);
}

static ql_status fail_no_values(const ql_tensor *tensor, ql_error *error)
{
    char name[256];
    ql_text_print(name, sizeof name, tensor->name, 60);
    return ql_fail(error, QL_UNUSABLE, "%s: tensor '%s': values of type %s are not read by this version, only listed",
                   ql_source_shown(tensor->storage->source), name, ql_dtype_describe(tensor->dtype)->name);
}

/* The stored bytes of elements [begin, begin + count), count > 0: in memory that stays, or put into buffer. */
static ql_status fetch_bytes(const ql_tensor *tensor, uint64_t begin, size_t count, void *buffer, const void **out,
                             ql_error *error)
{
    const ql_storage *storage = tensor->storage;
    const size_t size = ql_dtype_describe(tensor->dtype)->bits / 8;
    if (storage->order) {
        const void *all;
        ql_status status = ql_row_order_bytes(storage->order, tensor, &all, error);
        *out = status == QL_OK ? (const uint8_t *)all + begin * size : NULL;
        return status;
    }
    *out = ql_source_view(storage->source, storage->offset + begin * size, count * size, buffer, error);
    return *out ? QL_OK : QL_BAD_FILE;
}

ql_status ql_tensor_fetch_f32(const ql_tensor *tensor, uint64_t begin, size_t count, float *buffer, void *scratch,
                              const float **out, ql_error *error)
{
    *out = buffer;
    if (!ql_dtype_describe(tensor->dtype)->has_values) {
        return fail_no_values(tensor, error);
    }
    if (count == 0) {
        return QL_OK;
    }
    const bool swap = must_swap(tensor->storage), as_is = tensor->dtype == QL_F32 && !swap;
    const void *bytes;
    ql_status status = fetch_bytes(tensor, begin, count, as_is ? buffer : scratch, &bytes, error);
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
    if (!ql_dtype_describe(tensor->dtype)->has_values) {
        return fail_no_values(tensor, error);
    }
    if (count == 0) {
        return QL_OK;
    }
    const void *bytes;
    ql_status status = fetch_bytes(tensor, begin, count, scratch, &bytes, error);
    if (status == QL_OK) {
        ql_decode_f64(tensor->dtype, must_swap(tensor->storage), bytes, count, out);
    }
    return status;
}
