/* Gathering by strides: see strided.h. */
#include "tensor/strided.h"

#include "base/error.h"
#include "base/sizes.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ql_strided {
    pthread_mutex_t lock; /* of copy */
    void *copy;           /* of the span; NULL: not made, or not needed */
    unsigned rank;
    uint64_t strides[];
};

ql_status ql_strided_new(const uint64_t *strides, unsigned rank, ql_strided **out, ql_error *error)
{
    ql_strided *s = calloc(1, sizeof *s + rank * sizeof *strides);
    if (!s) {
        return ql_fail_memory(error, sizeof *s + rank * sizeof *strides);
    }
    pthread_mutex_init(&s->lock, NULL);
    s->rank = rank;
    memcpy(s->strides, strides, rank * sizeof *strides);
    *out = s;
    return QL_OK;
}

void ql_strided_free(ql_strided **strided)
{
    if (*strided) {
        pthread_mutex_destroy(&(*strided)->lock);
        free((*strided)->copy);
        free(*strided);
        *strided = NULL;
    }
}

bool ql_strided_span(const uint64_t *shape, const uint64_t *strides, unsigned rank, uint64_t *out)
{
    uint64_t last = 0, far;
    *out = 0;
    for (unsigned axis = 0; axis < rank; axis++) {
        if (shape[axis] == 0) {
            return true;
        }
    }
    for (unsigned axis = 0; axis < rank; axis++) {
        if (!ql_size_mul(shape[axis] - 1, strides[axis], &far) || !ql_size_add(last, far, &last)) {
            return false;
        }
    }
    return ql_size_add(last, 1, out);
}

bool ql_strided_is_plain(const uint64_t *shape, const uint64_t *strides, unsigned rank)
{
    uint64_t expected = 1;
    for (unsigned axis = rank; axis-- > 0;) {
        if (shape[axis] != 1 && strides[axis] != expected) {
            return false;
        }
        if (!ql_size_mul(expected, shape[axis], &expected)) {
            return false;
        }
    }
    return true;
}

/* The bytes of the whole span: in place, or a copy made at the first use. */
static ql_status find_bytes(ql_strided *s, const ql_tensor *tensor, uint64_t byte_count, const uint8_t **out, ql_error *error)
{
    const ql_storage *storage = tensor->storage;
    if (tensor->byte_count > byte_count && tensor->element_count > QL_STRIDED_REPEAT_MOST) {
        char name[256];
        ql_text_print(name, sizeof name, tensor->name, 60);
        return ql_fail(error, QL_UNUSABLE,
                       "%s: tensor '%s': repeats %" PRIu64 " stored bytes in %" PRIu64
                       " elements, more than the %d that are read of such a view; save the tensor that it views",
                       ql_source_shown(storage->source), name, byte_count, tensor->element_count, QL_STRIDED_REPEAT_MOST);
    }
    *out = ql_source_in_memory(storage->source, storage->offset, byte_count);
    if (*out) {
        return QL_OK;
    }
    if (byte_count > QL_STRIDED_COPY_MOST) {
        char name[256];
        ql_text_print(name, sizeof name, tensor->name, 60);
        return ql_fail(error, QL_UNUSABLE,
                       "%s: tensor '%s': is not stored row after row, and its %" PRIu64
                       " bytes are more than the %d that are held in memory for that; save it in C order",
                       ql_source_shown(storage->source), name, byte_count, QL_STRIDED_COPY_MOST);
    }
    ql_status status = QL_OK;
    pthread_mutex_lock(&s->lock);
    if (!s->copy) {
        void *copy = malloc((size_t)byte_count);
        const void *bytes =
            copy ? ql_source_view(storage->source, storage->offset, (size_t)byte_count, copy, error) : NULL;
        status = bytes ? QL_OK : copy ? ql_error_status(error) : ql_fail_memory(error, byte_count);
        if (bytes && bytes != copy) {
            memcpy(copy, bytes, (size_t)byte_count);
        }
        if (bytes) {
            s->copy = copy;
        } else {
            free(copy);
        }
    }
    *out = s->copy;
    pthread_mutex_unlock(&s->lock);
    return status;
}

/* `count` elements of `size` bytes, each `stride` elements after the one before. */
static void copy_run(uint8_t *to, const uint8_t *from, size_t count, uint64_t stride, size_t size)
{
    if (stride == 1) {
        memcpy(to, from, count * size);
        return;
    }
    switch (size) { /* a constant size makes memcpy a load and a store */
    case 8:
        for (size_t i = 0; i < count; i++) {
            memcpy(to + 8 * i, from + 8 * i * stride, 8);
        }
        break;
    case 4:
        for (size_t i = 0; i < count; i++) {
            memcpy(to + 4 * i, from + 4 * i * stride, 4);
        }
        break;
    case 2:
        for (size_t i = 0; i < count; i++) {
            memcpy(to + 2 * i, from + 2 * i * stride, 2);
        }
        break;
    default:
        for (size_t i = 0; i < count; i++) {
            memcpy(to + size * i, from + size * i * stride, size);
        }
    }
}

ql_status ql_strided_read(ql_strided *s, const ql_tensor *tensor, uint64_t begin, size_t count, void *out, ql_error *error)
{
    const size_t size = ql_dtype_describe(tensor->dtype)->block_bytes;
    uint64_t span, digit[QL_MAX_RANK], at = 0, left = begin;
    const uint8_t *bytes = NULL;
    ql_strided_span(tensor->shape, s->strides, s->rank, &span); /* the reader has checked it */
    ql_status status = find_bytes(s, tensor, span * size, &bytes, error);
    if (status != QL_OK) {
        return status;
    }
    for (unsigned axis = s->rank; axis-- > 0;) {
        digit[axis] = left % tensor->shape[axis];
        left /= tensor->shape[axis];
        at += digit[axis] * s->strides[axis];
    }
    const unsigned last = s->rank - 1;
    for (size_t done = 0; done < count;) {
        const uint64_t in_row = tensor->shape[last] - digit[last], wanted = count - done;
        const size_t run = (size_t)(in_row < wanted ? in_row : wanted);
        copy_run((uint8_t *)out + done * size, bytes + at * size, run, s->strides[last], size);
        done += run;
        digit[last] += run;
        at += run * s->strides[last];
        for (unsigned axis = last; axis > 0 && digit[axis] == tensor->shape[axis]; axis--) { /* carry */
            at -= digit[axis] * s->strides[axis];
            digit[axis] = 0;
            digit[axis - 1]++;
            at += s->strides[axis - 1];
        }
    }
    return QL_OK;
}
