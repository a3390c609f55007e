/* One array in NumPy's .npy format: a file, or an entry of an archive. */
#ifndef QL_FORMATS_NPY_ARRAY_H
#define QL_FORMATS_NPY_ARRAY_H

#include "formats/npy_header.h"
#include "tensor/tensor.h"

/* True when a file begins like an .npy file. */
bool ql_npy_recognise(const uint8_t *head, size_t head_size);

typedef struct ql_npy_array {
    ql_npy_header header;
    uint64_t data; /* offset of the first element in the source */
} ql_npy_array;

/* Reads the header at byte 0 of the source of `place`; all data are there. */
ql_status ql_npy_array_read(ql_npy_array *array, const ql_npy_place *place, ql_error *error);

/* Makes a tensor of it, over `source`, which must outlive the tensor. Its shape is left to the caller. */
ql_status ql_npy_array_fill(const ql_npy_array *array, const ql_source *source, ql_text name, ql_tensor *tensor,
                            ql_storage *storage, ql_error *error);

#endif
