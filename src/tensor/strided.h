/*
 * Tensors whose elements do not lie one after the other in C order: Fortran order, transposed and other views.
 *
 *   element (i, j, k) is element  i stride[0] + j stride[1] + k stride[2]  after the first one in the file
 *
 * Tiles are gathered from the bytes that the tensor spans: in place where the file is mapped or in memory, else from a copy
 * that is read at the first use.
 */
#ifndef QL_TENSOR_STRIDED_H
#define QL_TENSOR_STRIDED_H

#include "tensor/tensor.h"

enum {
    QL_STRIDED_COPY_MOST = 512 << 20,   /* bytes of a copy */
    QL_STRIDED_REPEAT_MOST = 256 << 20, /* elements of a tensor that has more of them than are stored */
};

/* strides[rank] in elements, which are copied. */
ql_status ql_strided_new(const uint64_t *strides, unsigned rank, ql_strided **out, ql_error *error);
void ql_strided_free(ql_strided **strided);

/* How many elements of the file lie between the first and the last one of the tensor, both counted; 0 for an empty tensor.
   False on overflow. */
bool ql_strided_span(const uint64_t *shape, const uint64_t *strides, unsigned rank, uint64_t *out);

/* Whether elements of that shape lie in C order without gaps under these strides: then no ql_strided is needed. */
bool ql_strided_is_plain(const uint64_t *shape, const uint64_t *strides, unsigned rank);

/* The stored bytes of elements [begin, begin + count) to out. Any thread. QL_UNUSABLE when the
   copy would be too large, or stored elements are repeated (stride 0) into a tensor that would take minutes. */
ql_status ql_strided_read(ql_strided *strided, const ql_tensor *tensor, uint64_t begin, size_t count, void *out,
                          ql_error *error);

#endif
