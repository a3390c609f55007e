/*
 * Column-major tensors in C order. Their neighbours in C order lie far apart in the file, so reading tiles of them would
 * cost a system call per element: the whole tensor is put in order once, at its first use, reading the file from front to
 * back.
 *
 *   shape [a][b][c]: element (i, j, k) is element i + a (j + b k) of the file and element (i b + j) c + k in C order
 */
#include "base/error.h"
#include "tensor/tensor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 16 }; /* bytes read at a time */

struct ql_row_order {
    pthread_mutex_t lock;
    uint8_t *bytes; /* NULL: not made yet */
};

ql_status ql_row_order_new(ql_row_order **out, ql_error *error)
{
    ql_row_order *order = calloc(1, sizeof *order);
    if (!order) {
        return ql_fail_memory(error, sizeof *order);
    }
    pthread_mutex_init(&order->lock, NULL);
    *out = order;
    return QL_OK;
}

void ql_row_order_free(ql_row_order **order)
{
    if (*order) {
        pthread_mutex_destroy(&(*order)->lock);
        free((*order)->bytes);
        free(*order);
        *order = NULL;
    }
}

/* Where the walk through the file stands: the digits of the element's index, and its place in C order. */
typedef struct walk {
    uint64_t digit[QL_MAX_RANK], stride[QL_MAX_RANK]; /* strides in C order */
    uint64_t at;
} walk;

static void next(walk *w, const ql_tensor *tensor)
{
    for (unsigned axis = 0; axis < tensor->rank; axis++) {
        w->at += w->stride[axis];
        if (++w->digit[axis] < tensor->shape[axis]) {
            return;
        }
        w->at -= w->digit[axis] * w->stride[axis];
        w->digit[axis] = 0;
    }
}

static ql_status put_in_order(const ql_tensor *tensor, uint8_t *out, ql_error *error)
{
    const ql_storage *storage = tensor->storage;
    const size_t size = ql_dtype_describe(tensor->dtype)->bits / 8, piece = PIECE / size;
    uint8_t buffer[PIECE];
    walk w = { .at = 0 };
    uint64_t stride = 1;
    for (unsigned axis = tensor->rank; axis-- > 0;) {
        w.stride[axis] = stride;
        stride *= tensor->shape[axis];
    }
    for (uint64_t done = 0; done < tensor->element_count; done += piece) {
        const uint64_t left = tensor->element_count - done;
        const size_t count = left < piece ? (size_t)left : piece;
        const uint8_t *bytes = ql_source_fetch(storage->source, storage->offset + done * size, count * size, buffer, error);
        if (!bytes) {
            return QL_BAD_FILE;
        }
        for (size_t i = 0; i < count; i++) {
            memcpy(out + w.at * size, bytes + i * size, size);
            next(&w, tensor);
        }
    }
    return QL_OK;
}

ql_status ql_row_order_bytes(ql_row_order *order, const ql_tensor *tensor, const void **out, ql_error *error)
{
    ql_status status = QL_OK;
    pthread_mutex_lock(&order->lock);
    if (!order->bytes) {
        uint8_t *bytes = malloc((size_t)tensor->byte_count);
        status = bytes ? put_in_order(tensor, bytes, error) : ql_fail_memory(error, tensor->byte_count);
        if (status == QL_OK) {
            order->bytes = bytes;
        } else {
            free(bytes);
        }
    }
    *out = order->bytes;
    pthread_mutex_unlock(&order->lock);
    return status;
}
