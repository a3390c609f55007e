/* NumPy's .npy as a file: one array, named after the file. The format is in npy_array.c. */
#include "formats/formats.h"
#include "formats/npy_array.h"

#include <string.h>

static ql_status read_model(ql_model *model, ql_error *error)
{
    ql_npy_array array;
    ql_status status = ql_npy_array_read(&array, &(ql_npy_place) { .source = model->source }, error);
    if (status == QL_OK)
        status = ql_model_allocate(model, 1, array.header.rank, error);
    if (status != QL_OK)
        return status;
    model->tensor_count = 1;
    memcpy(model->shapes, array.header.shape, array.header.rank * sizeof *model->shapes);
    status = ql_npy_array_fill(&array, model->source, ql_path_stem(ql_source_path(model->source)), model->tensors,
                               model->storages, error);
    model->tensors->shape = model->shapes;
    return status;
}

static bool recognise(const ql_source *source, const uint8_t *head, size_t head_size, ql_error *error)
{
    (void)source, (void)error;
    return ql_npy_recognise(head, head_size);
}

const ql_format ql_format_npy = {
    .info = { .name = "npy", .extensions = ".npy", .meaning = "one NumPy array" },
    .recognise = recognise,
    .read = read_model,
};
