/*
 * A record of GGUF's list of tensors:
 *
 *   | string name | u32 rank | u64 ne[rank] | u32 type | u64 offset |
 *
 * ne[0] is the axis whose elements follow each other in the file, the last one of a shape; a row of it is a whole number of
 * blocks of the type.
 */
#include "base/sizes.h"
#include "formats/gguf_header.h"
#include "formats/shape.h"
#include "tensor/ggml.h"

#include <inttypes.h>

/* Dimensions and type become sizes. */
static ql_status measure(const ql_gguf *g, const uint64_t *ne, ql_tensor *t)
{
    const ql_dtype_info *type = ql_dtype_describe(t->dtype);
    const uint64_t row = t->rank ? ne[0] : 1;
    if (row % type->block_elements != 0) {
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED,
                              "rows of %" PRIu64 " elements are not made of blocks of %u, as %s has them", row,
                              type->block_elements, type->name);
    }
    for (unsigned axis = 0; axis < t->rank; axis++)
        if (ne[axis] > INT64_MAX)
            return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "dimension %u is %" PRIu64 ", over the limit of 2^63-1", axis,
                                  ne[axis]);
    if (!ql_shape_elements(ne, t->rank, &t->element_count) ||
        !ql_size_mul(t->element_count / type->block_elements, type->block_bytes, &t->byte_count)) {
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "its dimensions ask for more than 2^64 bytes of %s", type->name);
    }
    return QL_OK;
}

static ql_status take_type(ql_gguf *g, ql_dtype *out)
{
    ql_gguf_begin_field(g);
    const uint32_t type = ql_cursor_u32(g->cursor);
    ql_status status = ql_gguf_check(g);
    if (status == QL_OK && !ql_ggml_dtype(type, out)) {
        status = ql_gguf_refuse(g, "convert the model again with a current llama.cpp",
                                "type %" PRIu32 " of ggml is not known, or was removed from it", type);
    }
    return status;
}

static ql_status take_offset(ql_gguf *g, uint64_t *out)
{
    ql_gguf_begin_field(g);
    *out = ql_cursor_u64(g->cursor);
    ql_status status = ql_gguf_check(g);
    if (status == QL_OK && *out % g->alignment != 0) {
        status = ql_gguf_refuse(g, QL_GGUF_DAMAGED, "offset %" PRIu64 " is no multiple of the alignment, %" PRIu64, *out,
                                g->alignment);
    }
    return status;
}

ql_status ql_gguf_take_tensor(ql_gguf *g, uint64_t *shape, ql_tensor *out)
{
    ql_gguf_begin(g, "tensor");
    ql_status status = ql_gguf_take_name(g, "a name", QL_LIMIT_NAME);
    if (status != QL_OK)
        return status;
    ql_gguf_begin_field(g);
    const size_t dimensions_at = g->field_at;
    const uint32_t rank = ql_cursor_u32(g->cursor);
    if (!g->cursor->failed && rank > QL_LIMIT_GGUF_RANK)
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "%" PRIu32 " dimensions are over the limit of %d", rank,
                              QL_LIMIT_GGUF_RANK);
    uint64_t ne[QL_LIMIT_GGUF_RANK] = { 0 };
    for (unsigned axis = 0; axis < rank && !g->cursor->failed; axis++)
        ne[axis] = ql_cursor_u64(g->cursor);
    status = ql_gguf_check(g);
    *out = (ql_tensor) { .rank = rank, .shape = shape };
    if (status == QL_OK)
        status = take_type(g, &out->dtype);
    if (status == QL_OK)
        status = take_offset(g, &out->offset);
    if (status != QL_OK)
        return status;
    for (unsigned axis = 0; axis < rank; axis++)
        shape[axis] = ne[rank - 1 - axis];
    out->name = ql_gguf_name(g);
    g->field_at = dimensions_at;
    return measure(g, ne, out);
}
