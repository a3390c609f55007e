/*
 * safetensors: the frame of the file, and what all its tensors must fulfil together.
 *
 *   | u64 N | N bytes of JSON, padded with spaces | data to the end of the file |
 *   0       8                                     8+N
 *
 * Tensors sorted by their offsets cover the data without hole, overlap or rest, so that nothing can hide in a file. Names
 * are compared as decoded and may not come twice.
 */
#include "base/error.h"
#include "base/text.h"
#include "formats/formats.h"
#include "formats/limits.h"
#include "formats/safetensors_header.h"
#include "formats/unique.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef ql_safetensors_header header;
typedef ql_safetensors_entry entry;

enum { PREFIX = QL_SAFETENSORS_PREFIX };

/* Where the data begins and how long it is. */
typedef struct data_span {
    uint64_t offset, size;
} data_span;

/* ---- What all entries must fulfil together --------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

static void sort_by_place(entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (by_place(&entries[i - 1], &entries[i]) > 0) {
            qsort(entries, count, sizeof *entries, by_place);
            return;
        }
    }
}

/* Each entry must begin where the one before it ends, the last one end with the file. */
static ql_status check_places(const header *h, data_span data)
{
    const entry *entries = h->entries.items;
    uint64_t end = 0;
    for (size_t i = 0; i < h->entries.count; end = entries[i++].end) {
        const entry *e = &entries[i];
        if (e->end > data.size) {
            char shown[QL_NAME_BUFFER];
            ql_text_print(shown, sizeof shown, e->name, QL_NAME_CELLS);
            return ql_fail(h->error, QL_BAD_FILE,
                           "%s: tensor '%s': data_offsets [%" PRIu64 ", %" PRIu64 "] end after the file (%" PRIu64
                           " bytes of data from byte %" PRIu64 " on); the file is cut short or damaged, fetch it again",
                           ql_source_shown(h->source), shown, e->begin, e->end, data.size, data.offset);
        }
        if (e->begin > end) {
            return ql_safetensors_refuse(h, &e->name, e->name_at,
                                         "bytes %" PRIu64 " to %" PRIu64 " of the data, before this tensor, belong to none",
                                         end, e->begin);
        }
        if (e->begin < end) {
            return ql_safetensors_refuse(h, &e->name, e->name_at,
                                         "data_offsets [%" PRIu64 ", %" PRIu64
                                         "] overlap the tensor before, which ends at %" PRIu64,
                                         e->begin, e->end, end);
        }
    }
    if (end != data.size) {
        return ql_fail(h->error, QL_BAD_FILE,
                       "%s: %" PRIu64 " bytes after the last tensor belong to none (from byte %" PRIu64
                       " of the file on); " QL_SAFETENSORS_DAMAGED,
                       ql_source_shown(h->source), data.size - end, data.offset + end);
    }
    return QL_OK;
}

static ql_status refuse_twice(const header *h, const char *what, const ql_text *name)
{
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, *name, QL_NAME_CELLS);
    return ql_fail(h->error, QL_BAD_FILE, "%s: two %s are named '%s' (header); " QL_SAFETENSORS_DAMAGED,
                   ql_source_shown(h->source), what, shown);
}

static ql_status find_duplicate_key(const header *h, const ql_text **twice)
{
    const ql_metadata *metadata = h->metadata.items;
    const ql_text *keys = metadata ? &metadata->key : NULL;
    return ql_names_find_duplicate(keys, h->metadata.count, sizeof *metadata, twice, h->error);
}

static ql_status check_names(const header *h)
{
    const entry *entries = h->entries.items;
    const ql_text *names = entries ? &entries->name : NULL, *twice;
    ql_status status = ql_names_find_duplicate(names, h->entries.count, sizeof *entries, &twice, h->error);
    if (status == QL_OK && twice)
        status = refuse_twice(h, "tensors", twice);
    if (status == QL_OK)
        status = find_duplicate_key(h, &twice);
    if (status == QL_OK && twice)
        status = refuse_twice(h, "keys of __metadata__", twice);
    return status;
}

/* ---- The reader ------------------------------------------------------------------------------------------------ */

/* Gives the model what the header says. */
static ql_status fill(header *h, data_span data, ql_model *model)
{
    const size_t count = h->entries.count;
    const entry *entries = h->entries.items;
    ql_status status = ql_model_allocate(model, count, h->dimensions.count, h->error);
    if (status != QL_OK)
        return status;
    if (h->dimensions.count > 0)
        memcpy(model->shapes, h->dimensions.items, h->dimensions.count * sizeof *model->shapes);
    model->metadata = h->metadata.items;
    model->metadata_count = h->metadata.count;
    h->metadata.items = NULL; /* now the model's */
    for (size_t i = 0; i < count; i++) {
        const entry *e = &entries[i];
        model->storages[i] = (ql_storage) { .source = h->source, .offset = data.offset + e->begin };
        model->tensors[i] = (ql_tensor) {
            .name = e->name,
            .dtype = e->dtype,
            .rank = e->rank,
            .shape = model->shapes + e->shape,
            .element_count = e->elements,
            .byte_count = e->end - e->begin,
            .offset = data.offset + e->begin,
            .storage = &model->storages[i],
        };
    }
    model->tensor_count = count;
    return QL_OK;
}

/* Reads the length and then the text of the header, once the file is known to hold it. */
static ql_status fetch_header(ql_model *model, data_span *data, ql_error *error)
{
    const char *shown = ql_source_shown(model->source);
    uint64_t file_size = ql_source_size(model->source);
    if (file_size < PREFIX) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: %" PRIu64
                       " bytes are too few for a safetensors file, which begins with the length of its header "
                       "(8 bytes); fetch or export it again",
                       shown, file_size);
    }
    uint8_t prefix[PREFIX];
    const void *bytes = ql_source_fetch(model->source, 0, PREFIX, prefix, error);
    if (!bytes)
        return QL_BAD_FILE;
    ql_cursor cursor = ql_cursor_over(bytes, PREFIX);
    uint64_t size = ql_cursor_u64(&cursor);
    if (size > QL_LIMIT_SAFETENSORS_HEADER) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: a header of %" PRIu64
                       " bytes (byte 0 of the file) is over the limit of %d; this is no safetensors "
                       "file or it is damaged, fetch or export it again",
                       shown, size, QL_LIMIT_SAFETENSORS_HEADER);
    }
    if (size > file_size - PREFIX) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: the file ends inside its header (%" PRIu64 " bytes from byte 8 on, of which %" PRIu64
                       " are there); the file is cut short, fetch it again",
                       shown, size, file_size - PREFIX);
    }
    model->header = malloc((size_t)size + 1);
    if (!model->header)
        return ql_fail_memory(error, size + 1);
    const void *text = ql_source_fetch(model->source, PREFIX, (size_t)size, model->header, error);
    if (!text)
        return QL_BAD_FILE;
    if (text != model->header)
        memcpy(model->header, text, (size_t)size);
    *data = (data_span) { .offset = PREFIX + size, .size = file_size - PREFIX - size };
    return QL_OK;
}

static ql_status read_model(ql_model *model, ql_error *error)
{
    data_span data = { 0 };
    ql_status status = fetch_header(model, &data, error);
    if (status != QL_OK)
        return status;
    header h;
    status = ql_safetensors_header_read(&h, model->source, model->header, (size_t)(data.offset - PREFIX), error);
    if (status == QL_OK)
        status = check_names(&h);
    if (status == QL_OK) {
        sort_by_place(h.entries.items, h.entries.count);
        status = check_places(&h, data);
    }
    if (status == QL_OK)
        status = fill(&h, data, model);
    ql_safetensors_header_free(&h);
    return status;
}

/* Byte 8 opens the JSON object. A JSON text may have the same byte there, but never a 0 before it, the top of a length; a
   GGUF file of 123 tensors has both. */
static bool recognise(const ql_source *source, const uint8_t *head, size_t head_size, ql_error *error)
{
    (void)source, (void)error;
    return head_size > PREFIX && head[PREFIX] == '{' && head[PREFIX - 1] == 0 && memcmp(head, "GGUF", 4) != 0;
}

const ql_format ql_format_safetensors = {
    .info = { .name = "safetensors", .extensions = ".safetensors", .meaning = "named tensors of a model" },
    .recognise = recognise,
    .read = read_model,
};
