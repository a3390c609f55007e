/*
 * NumPy's .npz: a zip archive of .npy files, stored (numpy.savez) or deflated (numpy.savez_compressed).
 *
 * An array is named as its entry without ".npy". Only the headers are looked at; each entry is a source of its own, which
 * checks its CRC-32 as it is read. Other entries are passed over, as NumPy does.
 */
#include "base/error.h"
#include "base/text.h"
#include "formats/foreign.h"
#include "formats/formats.h"
#include "formats/limits.h"
#include "formats/npy_array.h"
#include "formats/zip_entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char ending[] = ".npy";

enum { ENDING_SIZE = sizeof ending - 1 };

static bool is_array(const ql_zip_entry *entry)
{
    const ql_text name = entry->name;
    return name.size >= ENDING_SIZE && memcmp(name.data + name.size - ENDING_SIZE, ending, ENDING_SIZE) == 0;
}

static int by_place(const void *a, const void *b)
{
    const ql_zip_entry *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* An archive without arrays: what it holds instead. */
static ql_status refuse_contents(const ql_source *source, const ql_zip *zip, ql_error *error)
{
    const ql_foreign *foreign = ql_foreign_find_in_zip(zip);
    if (foreign)
        return ql_fail(error, QL_BAD_FILE, "%s: is %s; %s", ql_source_shown(source), foreign->what, foreign->advice);
    char first[QL_NAME_BUFFER];
    ql_text_print(first, sizeof first, zip->entries->name, QL_NAME_CELLS);
    return ql_fail(
        error, QL_BAD_FILE,
        "%s: is a zip archive without arrays: none of its %zu entries is an .npy file, the first one is '%s'; unpack "
        "it and open the weights inside",
        ql_source_shown(source), zip->count, first);
}

/* What was read of the arrays so far: their dimensions, which grow, and bytes of headers. */
typedef struct headers {
    uint64_t *items;
    size_t count, capacity;
    uint64_t bytes;
} headers;

static ql_status check_bytes(headers *all, const ql_model *model, const ql_npy_array *array, ql_error *error)
{
    all->bytes += array->data;
    if (all->bytes <= QL_LIMIT_NPZ_HEADERS)
        return QL_OK;
    return ql_fail(error, QL_BAD_FILE,
                   "%s: the headers of its first %zu arrays have %" PRIu64
                   " bytes together, which is over the limit of %d; save the arrays in several files",
                   ql_source_shown(model->source), model->source_count, all->bytes, QL_LIMIT_NPZ_HEADERS);
}

static ql_status add_dimensions(headers *all, const ql_npy_header *header, ql_error *error)
{
    if (all->capacity - all->count < header->rank) {
        const size_t capacity = 2 * all->capacity + QL_MAX_RANK;
        uint64_t *items = realloc(all->items, capacity * sizeof *items);
        if (!items)
            return ql_fail_memory(error, capacity * sizeof *items);
        all->items = items;
        all->capacity = capacity;
    }
    memcpy(all->items + all->count, header->shape, header->rank * sizeof *header->shape);
    all->count += header->rank;
    return QL_OK;
}

/* Opens the entry and makes the model's next tensor of it. */
static ql_status add_array(ql_model *model, const ql_zip_entry *entry, headers *all, ql_error *error)
{
    ql_source **source = &model->sources[model->source_count];
    ql_status status = ql_zip_entry_open(model->source, entry, true, source, error);
    if (status != QL_OK)
        return status;
    model->source_count++;
    const ql_text name = { .data = entry->name.data, .size = entry->name.size - ENDING_SIZE };
    ql_npy_array array;
    status = ql_npy_array_read(&array, &(ql_npy_place) { .source = *source, .name = &name }, error);
    if (status == QL_OK)
        status = check_bytes(all, model, &array, error);
    if (status == QL_OK)
        status = add_dimensions(all, &array.header, error);
    if (status != QL_OK)
        return status;
    ql_tensor *tensor = &model->tensors[model->tensor_count];
    ql_storage *storage = &model->storages[model->tensor_count++];
    status = ql_npy_array_fill(&array, *source, name, tensor, storage, error);
    tensor->offset = entry->method == QL_ZIP_STORED ? entry->offset + array.data : QL_NO_OFFSET;
    return status;
}

static ql_status add_arrays(ql_model *model, const ql_zip *zip, size_t count, ql_error *error)
{
    ql_status status = ql_model_allocate(model, count, 0, error);
    model->sources = calloc(count + 1, sizeof *model->sources);
    if (status != QL_OK || !model->sources)
        return ql_fail_memory(error, (count + 1) * sizeof *model->sources);
    headers all = { .items = model->shapes };
    for (size_t i = 0; status == QL_OK && i < zip->count; i++)
        if (is_array(&zip->entries[i]))
            status = add_array(model, &zip->entries[i], &all, error);
    model->shapes = all.items;
    const uint64_t *shape = all.items;
    for (size_t i = 0; i < model->tensor_count; shape += model->tensors[i++].rank)
        model->tensors[i].shape = shape;
    return status;
}

static ql_status read_model(ql_model *model, ql_error *error)
{
    ql_zip zip;
    ql_status status = ql_zip_read(&zip, model->source, error);
    if (status != QL_OK)
        return status;
    model->header = zip.directory; /* with the names */
    zip.directory = NULL;
    size_t count = 0;
    for (size_t i = 0; i < zip.count; i++)
        count += is_array(&zip.entries[i]);
    if (count == 0 && zip.count > 0) {
        status = refuse_contents(model->source, &zip, error);
    } else {
        /* Nothing is looked up by its name from here on. */
        qsort(zip.entries, zip.count, sizeof *zip.entries, by_place);
        status = add_arrays(model, &zip, count, error);
    }
    ql_zip_free(&zip);
    return status;
}

/* Any archive but those that the formats before this one know. */
static bool recognise(const ql_source *source, const uint8_t *head, size_t head_size, ql_error *error)
{
    (void)source, (void)error;
    return head_size >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
}

const ql_format ql_format_npz = {
    .info = { .name = "npz", .extensions = ".npz", .meaning = "NumPy arrays in a zip archive" },
    .recognise = recognise,
    .read = read_model,
};
