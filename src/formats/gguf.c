/*
 * GGUF, versions 2 and 3, little endian: the files of llama.cpp and whisper.cpp.
 *
 *   | 'GGUF' | u32 version | u64 tensors | u64 keys | keys | tensors | 0 .. | data                                |
 *                                                                           D: a multiple of the alignment
 *
 *   key    = { string, u32 type, value }                     gguf_metadata.c
 *   tensor = { string, u32 rank, u64 ne[rank], u32 type, u64 offset from D }   gguf_tensors.c
 *   string = { u64 length, bytes }
 *
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Every tensor begins at a multiple of the alignment (the key
 * general.alignment, or 32) right behind the one before it, so that nothing can hide in between; after the last one the
 * padding may be missing. Without tensors there need be no data. Nothing but the alignment is sized from a key.
 */
#include "base/error.h"
#include "base/sizes.h"
#include "base/text.h"
#include "formats/gguf_header.h"
#include "formats/unique.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The records ----------------------------------------------------------------------------------------------- */

/* Takes all of them; `model` keeps them once it has room. *dimension_count of all tensors together. */
static ql_status take_records(ql_gguf *g, ql_model *model, size_t *dimension_count)
{
    const bool keeps = model->tensors != NULL;
    ql_metadata key;
    ql_tensor tensor = { 0 };
    uint64_t shape[QL_LIMIT_GGUF_RANK];
    ql_status status = QL_OK;
    g->kind = NULL;
    *dimension_count = 0;
    for (uint64_t i = 0; status == QL_OK && i < g->key_count; i++)
        status = ql_gguf_take_key(g, keeps ? &model->metadata[i] : &key);
    for (uint64_t i = 0; status == QL_OK && i < g->tensor_count; i++) {
        ql_tensor *t = keeps ? &model->tensors[i] : &tensor;
        status = ql_gguf_take_tensor(g, keeps ? model->shapes + *dimension_count : shape, t);
        *dimension_count += t->rank;
    }
    return status;
}

/* Room for what is known to be there. */
static ql_status allocate(ql_model *model, const ql_gguf *g, size_t dimension_count)
{
    ql_status status = ql_model_allocate(model, (size_t)g->tensor_count, dimension_count, g->error);
    if (status != QL_OK)
        return status;
    model->metadata = calloc((size_t)g->key_count + 1, sizeof *model->metadata);
    return model->metadata ? QL_OK : ql_fail_memory(g->error, (g->key_count + 1) * sizeof *model->metadata);
}

/* The bytes become the model's, without those that were read too far. */
static void keep_header(ql_model *model, ql_head *head)
{
    char *shorter = realloc(head->bytes, head->cursor.at);
    model->header = shorter ? shorter : (char *)head->bytes;
    head->bytes = NULL;
}

/* Brings the header into memory and then the records into the model; *end is the first byte behind them. */
static ql_status take_header(ql_gguf *g, ql_model *model, size_t *end)
{
    ql_head head;
    size_t dimension_count;
    ql_head_start(&head, g->source, QL_LIMIT_GGUF_HEADER, g->error);
    g->cursor = &head.cursor;
    g->failure = &head.failure;
    ql_status status = ql_gguf_take_prefix(g);
    if (status == QL_OK)
        status = take_records(g, model, &dimension_count);
    *end = head.cursor.at;
    if (status == QL_OK)
        keep_header(model, &head);
    ql_head_free(&head);
    if (status == QL_OK)
        status = allocate(model, g, dimension_count);
    if (status != QL_OK)
        return status;
    const ql_status fits = QL_OK;
    ql_cursor cursor = ql_cursor_over(model->header, *end);
    ql_cursor_take(&cursor, QL_GGUF_PREFIX);
    g->cursor = &cursor;
    g->failure = &fits;
    status = take_records(g, model, &dimension_count);
    model->metadata_count = (size_t)g->key_count;
    model->tensor_count = (size_t)g->tensor_count;
    return status;
}

/* ---- What all records must fulfil together --------------------------------------------------------------------- */

static ql_status check_unique(const ql_model *model, const char *what, const ql_text *first, size_t count, size_t stride,
                              ql_error *error)
{
    const ql_text *twice;
    ql_status status = ql_names_find_duplicate(first, count, stride, &twice, error);
    if (status != QL_OK || !twice)
        return status;
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, *twice, QL_NAME_CELLS);
    return ql_fail(error, QL_BAD_FILE, "%s: two %s are named '%s' (one of them at byte %zu); " QL_GGUF_DAMAGED,
                   ql_source_shown(model->source), what, shown, (size_t)(twice->data - model->header));
}

static int by_place(const void *a, const void *b)
{
    const ql_tensor *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if ((x->byte_count == 0) != (y->byte_count == 0))
        return x->byte_count == 0 ? -1 : 1;
    return x->storage < y->storage ? -1 : 1;
}

static void sort_by_place(ql_model *model)
{
    for (size_t i = 0; i < model->tensor_count; i++)
        model->tensors[i].storage = &model->storages[i];
    for (size_t i = 1; i < model->tensor_count; i++) {
        if (by_place(&model->tensors[i - 1], &model->tensors[i]) > 0) {
            qsort(model->tensors, model->tensor_count, sizeof *model->tensors, by_place);
            break;
        }
    }
    for (size_t i = 0; i < model->tensor_count; i++)
        model->tensors[i].storage = &model->storages[i];
}

/* The tensor lies in the data, which begins at byte `begin`, and right behind the one before, which ends at `end`. */
static ql_status check_place(const ql_model *model, const ql_tensor *t, uint64_t begin, uint64_t end, ql_error *error)
{
    const uint64_t size = ql_source_size(model->source) - begin;
    const char *file = ql_source_shown(model->source);
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, t->name, QL_NAME_CELLS);
    if (t->offset > size || t->byte_count > size - t->offset) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: tensor '%s': %" PRIu64 " bytes at offset %" PRIu64 " end after the file (%" PRIu64
                       " bytes of data from byte %" PRIu64 " on); " QL_GGUF_CUT,
                       file, shown, t->byte_count, t->offset, size, begin);
    }
    if (t->offset > end) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: tensor '%s': %" PRIu64 " bytes before its offset, %" PRIu64
                       ", belong to no tensor (byte %" PRIu64 " of the file); " QL_GGUF_DAMAGED,
                       file, shown, t->offset - end, t->offset, begin + end);
    }
    if (t->offset < end) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: tensor '%s': its offset, %" PRIu64 ", lies in the tensor before, which ends at %" PRIu64
                       " (byte %" PRIu64 " of the file); " QL_GGUF_DAMAGED,
                       file, shown, t->offset, end, begin + t->offset);
    }
    return QL_OK;
}

/* `value` rounded up to a multiple of a power of two. The sizes of files end far below 2^64. */
static uint64_t round_up(uint64_t value, uint64_t alignment)
{
    return ql_size_ceil_div(value, alignment) * alignment;
}

/* Turns offsets into places in the file. *end: of the data, with its padding. */
static ql_status place_tensors(ql_model *model, uint64_t begin, uint64_t alignment, uint64_t *end, ql_error *error)
{
    const uint64_t size = ql_source_size(model->source);
    if (begin > size) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: the file ends before its data (byte %" PRIu64 ", it has %" PRIu64 " bytes); " QL_GGUF_CUT,
                       ql_source_shown(model->source), begin, size);
    }
    sort_by_place(model);
    uint64_t next = 0;
    for (size_t i = 0; i < model->tensor_count; i++) {
        ql_tensor *t = &model->tensors[i];
        ql_status status = check_place(model, t, begin, next, error);
        if (status != QL_OK)
            return status;
        next = round_up(t->offset + t->byte_count, alignment);
        t->offset += begin;
        model->storages[i] = (ql_storage) { .source = model->source, .offset = t->offset };
    }
    *end = begin + next;
    return QL_OK;
}

/* ---- Notes ----------------------------------------------------------------------------------------------------- */

static bool find_whole(const ql_model *model, const char *key, uint64_t *out)
{
    for (size_t i = 0; i < model->metadata_count; i++) {
        const ql_metadata *m = &model->metadata[i];
        if (m->key.size == strlen(key) && memcmp(m->key.data, key, m->key.size) == 0 && m->value.kind == QL_VALUE_UNSIGNED) {
            *out = m->value.as.whole;
            return true;
        }
    }
    return false;
}

/* Parts of a model, as llama.cpp's gguf-split makes them, are whole files by themselves. */
static void note(ql_model *model, uint64_t end)
{
    const uint64_t size = ql_source_size(model->source);
    uint64_t part, count;
    char *out = model->note;
    const size_t room = sizeof model->note;
    if (find_whole(model, "split.no", &part) && find_whole(model, "split.count", &count) && count > 1 && part < count) {
        snprintf(out, room, "part %" PRIu64 " of %" PRIu64 " of a split model: the others hold the rest", part + 1, count);
    }
    if (size > end) {
        const size_t used = strlen(out);
        snprintf(out + used, room - used, "%s%" PRIu64 " byte%s after the last tensor belong%s to none", used ? "; " : "",
                 size - end, size - end == 1 ? "" : "s", size - end == 1 ? "s" : "");
    }
}

/* ---- The reader ------------------------------------------------------------------------------------------------ */

static ql_status read_model(ql_model *model, ql_error *error)
{
    ql_gguf g = { .source = model->source, .error = error, .alignment = QL_GGUF_ALIGNMENT };
    size_t header_end = 0;
    uint64_t end;
    ql_status status = take_header(&g, model, &header_end);
    if (status == QL_OK)
        status = check_unique(model, "metadata keys", &model->metadata->key, model->metadata_count, sizeof *model->metadata,
                              error);
    if (status == QL_OK)
        status = check_unique(model, "tensors", &model->tensors->name, model->tensor_count, sizeof *model->tensors, error);
    if (status != QL_OK)
        return status;
    end = round_up(header_end, g.alignment);
    if (model->tensor_count > 0)
        status = place_tensors(model, end, g.alignment, &end, error);
    if (status == QL_OK)
        note(model, end);
    return status;
}

static bool recognise(const ql_source *source, const uint8_t *head, size_t head_size, ql_error *error)
{
    (void)source, (void)error;
    return head_size >= 4 && memcmp(head, "GGUF", 4) == 0;
}

const ql_format ql_format_gguf = {
    .info = { .name = "gguf", .extensions = ".gguf", .meaning = "named tensors, quantized types, metadata (llama.cpp)" },
    .recognise = recognise,
    .read = read_model,
};
