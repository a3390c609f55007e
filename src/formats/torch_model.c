/*
 * Tensors as views of storages: element (i, j) is element  offset + i stride[0] + j stride[1]  of the storage. Every one of
 * them must lie inside, with all sums and products checked, before the model hears of the tensor.
 */
#include "formats/torch_model.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/limits.h"
#include "formats/pickle_memory.h"
#include "formats/shape.h"
#include "formats/torch_walk.h"
#include "tensor/strided.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tensor that was checked. */
typedef struct view {
    ql_text name;
    ql_dtype dtype;
    const ql_pickle_node *sizes, *strides;
    const ql_torch_storage *storage;
    uint64_t offset; /* of its first element in the storage, in bytes */
    uint64_t elements, bytes;
    size_t number; /* in the order of the walk */
} view;

enum { STRIDED_BYTES = 96 }; /* that a ql_strided takes, but for its strides */

typedef struct filling {
    ql_model *model;
    ql_pickle *pickle;
    const ql_torch_storages *storages;
    bool big_endian;
    ql_torch_list list;
    view *views; /* in the memory of the pickle */
    size_t count, dimensions;
    size_t unknown; /* tensors of types that are not shown */
} filling;

static ql_status refuse(const filling *f, const ql_torch_found *found, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static ql_status refuse(const filling *f, const ql_torch_found *found, const char *format, ...)
{
    char what[240], name[QL_NAME_BUFFER];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    ql_text_print(name, sizeof name, found->name, QL_NAME_CELLS);
    f->pickle->opcode_at = found->tensor->at;
    return ql_fail(f->pickle->error, QL_BAD_FILE, "%s: tensor '%s': %s (%s, byte %zu); " QL_PICKLE_DAMAGED, f->pickle->shown,
                   name, what, f->pickle->part, f->pickle->opcode_at);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

/* A tuple of integers from 0 on. */
static ql_status read_numbers(const filling *f, const ql_torch_found *found, const char *what, const ql_pickle_node *node,
                              uint64_t *out)
{
    if (node->count > QL_MAX_RANK)
        return refuse(f, found, "%u %s are more than the limit of %d", (unsigned)node->count, what, QL_MAX_RANK);
    for (uint32_t i = 0; i < node->count; i++) {
        if (node->items[i].kind != QL_PICKLE_INT || node->items[i].integer < 0)
            return refuse(f, found, "its %s hold something that is no integer from 0 to 2^63-1", what);
        out[i] = (uint64_t)node->items[i].integer;
    }
    return QL_OK;
}

/* The part of a storage that a tensor sees: all of it, or in files from before 1.6 a view: (key, offset, count). */
static ql_status find_part(const filling *f, const ql_torch_found *found, const ql_pickle_node *storage, uint64_t *begin,
                           uint64_t *size)
{
    const ql_torch_storage *whole = &f->storages->items[storage->mark - 1];
    *begin = 0;
    *size = whole->size;
    if (storage->count <= QL_TORCH_STORAGE_VIEW || storage->items[QL_TORCH_STORAGE_VIEW].kind == QL_PICKLE_NONE)
        return QL_OK;
    const ql_pickle_value *items = storage->items[QL_TORCH_STORAGE_VIEW].node->items;
    const uint64_t there = whole->size / whole->class->size;
    const int64_t offset = items[1].integer, count = items[2].integer; /* below 0: more than any storage has */
    if ((uint64_t)offset > there || (uint64_t)count > there - (uint64_t)offset) {
        return refuse(f, found, "elements %" PRId64 " + %" PRId64 " of its storage, which has %" PRIu64, offset, count,
                      there);
    }
    *begin = (uint64_t)offset * whole->class->size;
    *size = (uint64_t)count * whole->class->size;
    return QL_OK;
}

static ql_status check_view(const filling *f, const ql_torch_found *found, view *v)
{
    const ql_pickle_value *arguments = found->tensor->items;
    const ql_pickle_node *storage = arguments[QL_TORCH_TENSOR_STORAGE].node;
    const int64_t offset = arguments[QL_TORCH_TENSOR_OFFSET].integer; /* the same */
    const unsigned element = ql_dtype_describe(v->dtype)->block_bytes;
    uint64_t shape[QL_MAX_RANK], strides[QL_MAX_RANK], begin, size, span, end;
    v->storage = &f->storages->items[storage->mark - 1];
    v->sizes = arguments[QL_TORCH_TENSOR_SIZES].node;
    v->strides = arguments[QL_TORCH_TENSOR_STRIDES].node;
    ql_status status = read_numbers(f, found, "sizes", v->sizes, shape);
    if (status == QL_OK)
        status = read_numbers(f, found, "strides", v->strides, strides);
    if (status == QL_OK)
        status = find_part(f, found, storage, &begin, &size);
    if (status != QL_OK)
        return status;
    const unsigned rank = v->sizes->count;
    const uint64_t there = size / element;
    if (v->strides->count != rank)
        return refuse(f, found, "it has %u sizes and %u strides", rank, (unsigned)v->strides->count);
    if (!ql_shape_elements(shape, rank, &v->elements) || !ql_size_mul(v->elements, element, &v->bytes))
        return refuse(f, found, "its sizes ask for more than 2^64 bytes");
    if (!ql_strided_span(shape, strides, rank, &span) || !ql_size_add((uint64_t)offset, span, &end) || end > there)
        return refuse(f, found, "its elements do not lie inside its storage of %" PRIu64 " elements", there);
    if (v->elements > there && v->elements >= QL_LIMIT_VIEW_ELEMENTS)
        return refuse(f, found, "%" PRIu64 " elements out of %" PRIu64 " stored ones are not under the limit of 2^40",
                      v->elements, there);
    v->offset = begin + (uint64_t)offset * element;
    return QL_OK;
}

/* The type of the elements: the last argument, or that of the storage. */
static const ql_torch_name *type_of(const ql_pickle_node *tensor)
{
    const ql_pickle_value *arguments = tensor->items;
    return ql_torch_name_of(ql_torch_name_of(tensor->made_by)->kind == QL_TORCH_TENSOR_OF
                                ? arguments[QL_TORCH_TENSOR_DTYPE].name
                                : arguments[QL_TORCH_TENSOR_STORAGE].node->items[QL_TORCH_STORAGE_CLASS].name);
}

static ql_status check_views(filling *f)
{
    void *memory = NULL;
    ql_status status = ql_pickle_allocate(f->pickle, (f->list.count + 1) * sizeof *f->views, &memory);
    f->views = memory;
    for (size_t i = 0; status == QL_OK && i < f->list.count; i++) {
        const ql_torch_found *found = &f->list.items[i];
        const ql_torch_name *type = type_of(found->tensor);
        if (type->dtype == QL_TORCH_NO_DTYPE) {
            f->unknown++;
            continue;
        }
        view *v = &f->views[f->count++];
        *v = (view) { .name = found->name, .number = i, .dtype = (ql_dtype)type->dtype };
        status = check_view(f, found, v);
        f->dimensions += status == QL_OK ? v->sizes->count : 0;
    }
    return status;
}

/* ---- The model --------------------------------------------------------------------------------------------------- */

static uint64_t place_in_file(const view *v)
{
    return v->storage->begin == QL_NO_OFFSET ? QL_NO_OFFSET : v->storage->begin + v->offset;
}

static int by_place(const void *a, const void *b)
{
    const view *x = a, *y = b;
    const uint64_t place_x = place_in_file(x), place_y = place_in_file(y);
    return place_x != place_y ? (place_x < place_y ? -1 : 1) : x->number < y->number ? -1 : 1;
}

static ql_status fill_tensor(filling *f, const view *v, uint64_t *shape, char **name)
{
    const unsigned rank = v->sizes->count;
    ql_model *model = f->model;
    ql_storage *storage = &model->storages[model->tensor_count];
    uint64_t strides[QL_MAX_RANK];
    for (unsigned axis = 0; axis < rank; axis++) {
        shape[axis] = (uint64_t)v->sizes->items[axis].integer;
        strides[axis] = (uint64_t)v->strides->items[axis].integer;
    }
    *storage = (ql_storage) {
        .source = v->storage->source,
        .offset = v->storage->offset + v->offset,
        .big_endian = f->big_endian,
    };
    model->tensors[model->tensor_count++] = (ql_tensor) {
        .name = { .data = memcpy(*name, v->name.data, v->name.size), .size = v->name.size },
        .dtype = v->dtype,
        .rank = rank,
        .shape = shape,
        .element_count = v->elements,
        .byte_count = v->bytes,
        .offset = place_in_file(v),
        .storage = storage,
    };
    *name += v->name.size;
    if (v->elements == 0 || ql_strided_is_plain(shape, strides, rank))
        return QL_OK;
    return ql_strided_new(strides, rank, &storage->strided, f->pickle->error);
}

static void write_note(const filling *f)
{
    const size_t kinds = f->list.hidden + f->unknown;
    char *note = f->model->note;
    int used = 0;
    if (kinds > 0) {
        used = snprintf(note, sizeof f->model->note, "%zu %s not listed: quantized, sparse, or of a type like complex128",
                        kinds, kinds == 1 ? "tensor is" : "tensors are");
    }
    if (f->list.repeated > 0) {
        snprintf(note + used, sizeof f->model->note - (size_t)used, "%s%zu %s not listed: a later one has the same name",
                 used > 0 ? "; " : "", f->list.repeated, f->list.repeated == 1 ? "tensor is" : "tensors are");
    }
}

static ql_status fill_model(filling *f)
{
    size_t name_size = 0, dimension = 0;
    for (size_t i = 0; i < f->count; i++)
        name_size += f->views[i].name.size;
    ql_status status = ql_pickle_charge(f->pickle, f->count * (sizeof(ql_tensor) + sizeof(ql_storage) + STRIDED_BYTES) +
                                                       2 * f->dimensions * sizeof(uint64_t) + name_size);
    if (status == QL_OK)
        status = ql_model_allocate(f->model, f->count, f->dimensions, f->pickle->error);
    if (status != QL_OK)
        return status;
    char *name = f->model->names = malloc(name_size + 1);
    if (!name)
        return ql_fail_memory(f->pickle->error, name_size + 1);
    qsort(f->views, f->count, sizeof *f->views, by_place);
    for (size_t i = 0; status == QL_OK && i < f->count; i++) {
        status = fill_tensor(f, &f->views[i], f->model->shapes + dimension, &name);
        dimension += f->views[i].sizes->count;
    }
    write_note(f);
    return status;
}

ql_status ql_torch_fill(ql_model *model, ql_pickle *pickle, ql_pickle_value top, const ql_torch_storages *storages,
                        bool big_endian)
{
    filling f = { .model = model, .pickle = pickle, .storages = storages, .big_endian = big_endian };
    ql_status status = ql_torch_walk(&f.list, pickle, top, ql_path_stem(ql_source_path(model->source)));
    if (status == QL_OK)
        status = check_views(&f);
    if (status == QL_OK)
        status = fill_model(&f);
    ql_torch_list_free(&f.list);
    return status;
}
