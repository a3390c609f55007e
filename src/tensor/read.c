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

static void decode(const target *to, const void *bytes, size_t count, size_t at)
{
    if (to->f32) {
        ql_decode_f32(to->dtype, to->swap, bytes, count, to->f32 + at);
    } else {
        ql_decode_f64(to->dtype, to->swap, bytes, count, to->f64 + at);
    }
}

/*
 * Fortran order: element (i, r), where r numbers the other axes in C order, is element i + shape[0] * f(r) of the file. The range
 * [begin, begin + count) holds few values of i; they stand side by side in the file, so one fetch per r brings them all.
 */
static ql_status read_column_major(const ql_tensor *tensor, uint64_t begin, size_t count, const target *to, void *scratch,
                                   ql_error *error)
{
    const ql_storage *storage = tensor->storage;
    const size_t size = ql_dtype_describe(tensor->dtype)->bits / 8;
    const uint64_t inner = tensor->element_count / tensor->shape[0], end = begin + count;
    const uint64_t first = begin / inner, last = (end - 1) / inner;
    const uint64_t r_begin = first == last ? begin % inner : 0, r_end = first == last ? (end - 1) % inner + 1 : inner;

    uint64_t digit[QL_MAX_RANK] = { 0 }, place[QL_MAX_RANK]; /* of the axes in C order and in the file */
    uint64_t f = 0, step = 1;
    for (unsigned axis = 1; axis < tensor->rank; axis++) {
        place[axis] = step;
        step *= tensor->shape[axis];
    }
    uint64_t rest = r_begin;
    for (unsigned axis = tensor->rank; axis-- > 1;) {
        digit[axis] = rest % tensor->shape[axis];
        rest /= tensor->shape[axis];
        f += digit[axis] * place[axis];
    }

    for (uint64_t r = r_begin; r < r_end; r++) {
        uint64_t from = storage->offset + (first + tensor->shape[0] * f) * size;
        const uint8_t *bytes = ql_source_fetch(storage->source, from, (size_t)(last - first + 1) * size, scratch, error);
        if (!bytes) {
            return QL_BAD_FILE;
        }
        for (uint64_t i = first; i <= last; i++) {
            uint64_t at = i * inner + r;
            if (at >= begin && at < end) {
                decode(to, bytes + (i - first) * size, 1, (size_t)(at - begin));
            }
        }
        for (unsigned axis = tensor->rank; axis-- > 1;) { /* the next r */
            f += place[axis];
            if (++digit[axis] < tensor->shape[axis]) {
                break;
            }
            f -= digit[axis] * place[axis];
            digit[axis] = 0;
        }
    }
    return QL_OK;
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
    if (storage->column_major && tensor->rank > 1) {
        return read_column_major(tensor, begin, count, &to, scratch, error);
    }
    const void *bytes = ql_source_fetch(storage->source, storage->offset + begin * (info->bits / 8), count * (info->bits / 8),
                                        scratch, error);
    if (!bytes) {
        return QL_BAD_FILE;
    }
    decode(&to, bytes, count, 0);
    return QL_OK;
}

ql_status ql_tensor_read_f32(const ql_tensor *tensor, uint64_t begin, size_t count, float *out, void *scratch, ql_error *error)
{
    return read(tensor, begin, count, (target){ .f32 = out }, scratch, error);
}

ql_status ql_tensor_read_f64(const ql_tensor *tensor, uint64_t begin, size_t count, double *out, void *scratch, ql_error *error)
{
    return read(tensor, begin, count, (target){ .f64 = out }, scratch, error);
}
