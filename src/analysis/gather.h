/* A tensor read by places in the logical weight W[rows][cols], however it is stored. */
#ifndef QL_ANALYSIS_GATHER_H
#define QL_ANALYSIS_GATHER_H

#include "tensor/tensor.h"

typedef struct ql_gather {
    const ql_tensor *tensor;
    uint64_t rows, cols;
    bool is_across;     /* stored column after column */
    uint64_t head_rows; /* of heads whose rows were moved (heads.h), 0: none were */
} ql_gather;

/* W[row .. row + row_count)[col .. col + col_count), all inside, to out[row_count][col_count]. column[row_count] is scratch;
   scratch as ql_tensor_scratch_size says for all of them. */
ql_status ql_gather_read(const ql_gather *from, uint64_t row, size_t row_count, uint64_t col, size_t col_count, float *out,
                         float *column, void *scratch, ql_error *error);

#endif
