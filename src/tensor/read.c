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

/* Where decoded elements go: float32 or float64. */
typedef struct target {
    ql_dtype dtype;
    bool swap;
    float *f32; /* one of the two */
    double *f64;
} target;

static void decode(const target *to, const void *bytes, size_t count)
{
    if (to->f32) {
        ql_decode_f32(to->dtype, to->swap, bytes, count, to->f32);
    } else {
        ql_decode_f64(to->dtype, to->swap, bytes, count, to->f64);
    }
}

static ql_status read(const ql_tensor *tensor, uint64_t begin, size_t count, target to, void *scratch, ql_error *error)
{
    const ql_storage *storage = tensor->storage;
    const ql_dtype_info *info = ql_dtype_describe(tensor->dtype);
    if (!info->has_values) {
        return fail_no_values(tensor, error);
    }
    to.dtype = tensor->dtype;
    to.swap = must_swap(storage);
    if (count == 0) {
        return QL_OK;
    }
    const size_t size = info->bits / 8;
    if (storage->order) {
        const void *all;
        ql_status status = ql_row_order_bytes(storage->order, tensor, &all, error);
        if (status == QL_OK) {
            decode(&to, (const uint8_t *)all + begin * size, count);
        }
        return status;
    }
    const void *bytes = ql_source_fetch(storage->source, storage->offset + begin * size, count * size, scratch, error);
    if (!bytes) {
        return QL_BAD_FILE;
    }
    decode(&to, bytes, count);
    return QL_OK;
}

ql_status ql_tensor_read_f32(const ql_tensor *tensor, uint64_t begin, size_t count, float *out, void *scratch,
                             ql_error *error)
{
    return read(tensor, begin, count, (target) { .f32 = out }, scratch, error);
}

ql_status ql_tensor_read_f64(const ql_tensor *tensor, uint64_t begin, size_t count, double *out, void *scratch,
                             ql_error *error)
{
    return read(tensor, begin, count, (target) { .f64 = out }, scratch, error);
}
