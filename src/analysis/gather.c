/* Reading by places in W: see gather.h. */
#include "analysis/gather.h"

#include "analysis/heads.h"

/* Row after row. */
static ql_status read_along(const ql_gather *from, uint64_t row, size_t row_count, uint64_t col, size_t col_count,
                            float *out, void *scratch, ql_error *error)
{
    const bool are_neighbours = from->head_rows == 0 && (row_count == 1 || col_count == from->cols);
    const size_t runs = are_neighbours ? 1 : row_count, run = row_count * col_count / runs;
    ql_status status = QL_OK;
    for (size_t i = 0; i < runs && status == QL_OK; i++) {
        const uint64_t begin = ql_head_row(row + i, from->head_rows) * from->cols + col;
        status = ql_tensor_read_f32(from->tensor, begin, run, out + i * run, scratch, error);
    }
    return status;
}

ql_status ql_gather_read(const ql_gather *from, uint64_t row, size_t row_count, uint64_t col, size_t col_count, float *out,
                         float *column, void *scratch, ql_error *error)
{
    if (!from->is_across) {
        return read_along(from, row, row_count, col, col_count, out, scratch, error);
    }
    for (size_t j = 0; j < col_count; j++) {
        const float *values;
        const uint64_t begin = (col + j) * from->rows + row;
        ql_status status = ql_tensor_fetch_f32(from->tensor, begin, row_count, column, scratch, &values, error);
        if (status != QL_OK) {
            return status;
        }
        for (size_t i = 0; i < row_count; i++) {
            out[i * col_count + j] = values[i];
        }
    }
    return QL_OK;
}
