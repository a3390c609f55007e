/* A model made of numbers in memory: one F32 tensor, for worked examples and tests. */
#include "base/error.h"
#include "formats/formats.h"
#include "formats/shape.h"

#include <stdlib.h>
#include <string.h>

/* Not in the table of the registry: no file is of this kind. */
static const ql_format format = { .info = { .name = "values", .extensions = "", .meaning = "numbers in memory" } };

static ql_status fill(ql_model *model, const char *name, unsigned rank, const uint64_t *shape, uint64_t count,
                      ql_error *error)
{
    ql_status status = ql_source_from_memory(name, model->header, count * sizeof(float), &model->source, error);
    if (status != QL_OK)
        return status;
    *model->storages = (ql_storage) { .source = model->source };
    for (unsigned axis = 0; axis < rank; axis++)
        model->shapes[axis] = shape[axis];
    *model->tensors = (ql_tensor) {
        .name = ql_text_from(ql_source_path(model->source)),
        .dtype = QL_F32,
        .rank = rank,
        .shape = model->shapes,
        .element_count = count,
        .byte_count = count * sizeof(float),
        .storage = model->storages,
    };
    model->tensor_count = 1;
    ql_tensors_find_layout(model->tensors, 1, QL_LAYOUT_OUT_IN);
    return QL_OK;
}

ql_status ql_model_from_values(const char *name, unsigned rank, const uint64_t *shape, const float *values, ql_model **out,
                               ql_error *error)
{
    uint64_t count;
    if (rank > QL_MAX_RANK || !ql_shape_elements(shape, rank, &count) || count > SIZE_MAX / sizeof(float) - 1)
        return ql_fail(error, QL_BAD_USAGE, "more numbers than memory can hold; use smaller dimensions");
    ql_model *model = calloc(1, sizeof *model);
    if (!model)
        return ql_fail_memory(error, sizeof *model);
    const size_t size = (size_t)count * sizeof(float);
    model->format = &format;
    model->header = malloc(size + 1); /* the values */
    ql_status status = model->header ? ql_model_allocate(model, 1, rank, error) : ql_fail_memory(error, size + 1);
    if (status == QL_OK) {
        if (size > 0)
            memcpy(model->header, values, size);
        status = fill(model, name, rank, shape, count, error);
    }
    if (status != QL_OK) {
        ql_model_free(&model);
        return status;
    }
    *out = model;
    return QL_OK;
}
