/*
 * Inside a ql_tensor: where its values are and how to read them as floating-point tiles.
 *
 * Elements are numbered in flat C order of the shape (last axis fastest); stored[i] below is element i.
 */
#ifndef QL_TENSOR_TENSOR_H
#define QL_TENSOR_TENSOR_H

#include "base/source.h"
#include "qloupe.h"

/* Strides of a tensor that is not in C order: strided.h. */
typedef struct ql_strided ql_strided;

/* Filled by a format reader, which has checked that all bytes lie inside the source. */
typedef struct ql_storage {
    const ql_source *source;
    uint64_t offset; /* of element 0 in the source */
    bool big_endian;
    ql_strided *strided; /* owned by the model; NULL: elements (or blocks) follow each other in C order */
} ql_storage;

/* Sets rows and cols from shape and layout (never QL_LAYOUT_AUTO). */
void ql_tensor_set_layout(ql_tensor *tensor, ql_layout layout);

/* Decides the layout of every tensor of a file. QL_LAYOUT_AUTO looks for GPT-2's Conv1D: if every `*c_attn.weight` is of
   shape [d, 3d] then the 2-D `*c_attn.weight`, `*c_proj.weight` and `*c_fc.weight` of the file are stored [in, out]; all
   else is [out, in]. Other values are set as they are (tensors of rank 0 and 1 stay out,in). */
void ql_tensors_find_layout(ql_tensor *tensors, size_t count, ql_layout layout);

/* How many bytes of scratch one call of ql_tensor_read_* for `count` elements may need. */
size_t ql_tensor_scratch_size(const ql_tensor *tensor, size_t count);

/* Elements [begin, begin + count) as float32: *out points to them, either in `buffer`[count] or, where they are stored as
   they are needed, in memory that lasts as long as the model. Rounds to nearest even where float32 cannot hold the value.
   scratch as ql_tensor_scratch_size says. QL_UNUSABLE when the dtype has no values, QL_BAD_FILE when the file shrank. */
ql_status ql_tensor_fetch_f32(const ql_tensor *tensor, uint64_t begin, size_t count, float *buffer, void *scratch,
                              const float **out, ql_error *error);

/* The same, always to out[count]: for those who change them. */
ql_status ql_tensor_read_f32(const ql_tensor *tensor, uint64_t begin, size_t count, float *out, void *scratch,
                             ql_error *error);
ql_status ql_tensor_read_f64(const ql_tensor *tensor, uint64_t begin, size_t count, double *out, void *scratch,
                             ql_error *error);

/* The stored bytes of blocks [begin, begin + count) (elements of types that have none), count > 0: *out points to them, in
   buffer or in memory that lasts as long as the model. */
ql_status ql_tensor_fetch_blocks(const ql_tensor *tensor, uint64_t begin, size_t count, void *buffer, const void **out,
                                 ql_error *error);

#endif
