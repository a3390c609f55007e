/*
 * PyTorch's files from before 1.6 (0.1.10 and later): pickles one after the other, then the storages.
 *
 *   magic number | protocol 1001 | dict about the writer's machine | the object | list of the keys of storages
 *   for each of these keys:  | i64 number of elements | elements, little-endian |
 *
 * torch/serialization.py, _legacy_save. Storages follow without a gap and nothing comes after them; how long each is says
 * its class, which only the pickled object tells.
 */
#include "base/cursor.h"
#include "base/error.h"
#include "base/head.h"
#include "base/sizes.h"
#include "base/text.h"
#include "formats/formats.h"
#include "formats/limits.h"
#include "formats/torch_model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* LONG1 of ten bytes: 0x1950a86a20f9469cfc6c. */
static const uint8_t magic[] = { 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 };

enum { PROTOCOL = 1001, COUNT_SIZE = 8 };

typedef struct legacy {
    ql_model *model;
    ql_error *error;
    ql_head head;
    ql_pickle pickle;
    ql_torch_storages storages;
} legacy;

/* ---- Pickles ----------------------------------------------------------------------------------------------------- */

static ql_status read_kind(legacy *l, const char *what, ql_pickle_kind kind, ql_pickle_value *out)
{
    ql_status status = ql_pickle_read(&l->pickle, out);
    if (status == QL_OK && out->kind != kind)
        status = ql_pickle_refuse(&l->pickle, "%s is %s, not %s", what, ql_pickle_kind_name(out->kind),
                                  ql_pickle_kind_name(kind));
    return status;
}

static ql_status read_pickles(legacy *l, ql_pickle_value *top, ql_pickle_value *keys)
{
    ql_pickle_value value;
    ql_status status = read_kind(l, "the magic number", QL_PICKLE_BIG, &value);
    if (status == QL_OK)
        status = read_kind(l, "the version of the format", QL_PICKLE_INT, &value);
    if (status == QL_OK && value.integer != PROTOCOL)
        status = ql_pickle_refuse(&l->pickle, "version %" PRId64 " of the format is not known, only %d is", value.integer,
                                  PROTOCOL);
    if (status == QL_OK)
        status = read_kind(l, "what the file says of its writer", QL_PICKLE_DICT, &value);
    if (status == QL_OK)
        status = ql_pickle_read(&l->pickle, top);
    if (status == QL_OK)
        status = read_kind(l, "what should be the keys of storages", QL_PICKLE_LIST, keys);
    return status;
}

/* ---- Storages ---------------------------------------------------------------------------------------------------- */

static ql_status list_storages(legacy *l, const ql_pickle_node *keys)
{
    const ql_text *twice;
    ql_torch_storage *items = calloc((size_t)keys->count + 1, sizeof *items);
    if (!items)
        return ql_fail_memory(l->error, ((uint64_t)keys->count + 1) * sizeof *items);
    for (uint32_t i = 0; i < keys->count; i++) {
        if (keys->items[i].kind != QL_PICKLE_STRING || keys->items[i].size > QL_LIMIT_TORCH_KEY) {
            free(items);
            return ql_pickle_refuse(&l->pickle, "a key of a storage is %s, not a string of at most %d bytes",
                                    ql_pickle_kind_name(keys->items[i].kind), QL_LIMIT_TORCH_KEY);
        }
        items[i] = (ql_torch_storage) {
            .key = ql_pickle_text(&l->pickle, keys->items[i]),
            .source = l->model->source,
        };
    }
    ql_status status = ql_torch_storages_start(&l->storages, items, keys->count, &twice, l->error);
    return twice ? ql_pickle_refuse(&l->pickle, "two storages have the same key") : status;
}

static ql_status refuse_storage(const legacy *l, const ql_torch_storage *storage, uint64_t at, const char *what)
{
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, storage->key, QL_NAME_CELLS);
    return ql_fail(l->error, QL_BAD_FILE,
                   "%s: storage '%s' %s (byte %" PRIu64 "); the file is cut short or damaged, fetch it again",
                   l->pickle.shown, shown, what, at);
}

/* Storages follow each other from `at` on. */
static ql_status place_storages(legacy *l, uint64_t at)
{
    const ql_source *source = l->model->source;
    const uint64_t end = ql_source_size(source);
    for (size_t i = 0; i < l->storages.count; i++) {
        ql_torch_storage *storage = &l->storages.items[i];
        uint8_t buffer[COUNT_SIZE];
        if (!storage->class)
            return refuse_storage(l, storage, at, "belongs to nothing in the pickle");
        if (end - at < COUNT_SIZE)
            return refuse_storage(l, storage, at, "begins after the end of the file");
        const void *bytes = ql_source_fetch(source, at, COUNT_SIZE, buffer, l->error);
        if (!bytes)
            return ql_error_status(l->error);
        ql_cursor cursor = ql_cursor_over(bytes, COUNT_SIZE);
        at += COUNT_SIZE;
        if (!ql_size_mul(ql_cursor_u64(&cursor), storage->class->size, &storage->size) || storage->size > end - at)
            return refuse_storage(l, storage, at - COUNT_SIZE, "has more elements than the file has bytes for");
        storage->offset = storage->begin = at;
        at += storage->size;
    }
    if (at != end) {
        return ql_fail(l->error, QL_BAD_FILE,
                       "%s: %" PRIu64 " bytes after the last storage belong to none (byte %" PRIu64 "); " QL_PICKLE_DAMAGED,
                       l->pickle.shown, end - at, at);
    }
    return QL_OK;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static ql_status read_file(legacy *l)
{
    ql_pickle_value top, keys;
    ql_status status = read_pickles(l, &top, &keys);
    if (status == QL_OK)
        status = list_storages(l, keys.node);
    if (status == QL_OK)
        status = ql_torch_storages_claim(&l->storages, &l->pickle);
    if (status == QL_OK)
        status = place_storages(l, l->head.cursor.at);
    if (status == QL_OK)
        status = ql_torch_storages_check(&l->storages, &l->pickle);
    return status == QL_OK ? ql_torch_fill(l->model, &l->pickle, top, &l->storages, false) : status;
}

static ql_status read_model(ql_model *model, ql_error *error)
{
    ql_error head_error = { 0 };
    legacy l = { .model = model, .error = error };
    ql_head_start(&l.head, model->source, QL_LIMIT_PICKLE, &head_error);
    ql_pickle_start(&l.pickle, &ql_torch_rules, &l.head.cursor, ql_source_shown(model->source), "pickles", error);
    ql_status status = read_file(&l);
    if (l.head.failure != QL_OK) /* the pickle seemed to end, and this is why */
        status = ql_fail(error, l.head.failure, "%s", head_error.message);
    ql_torch_storages_free(&l.storages);
    ql_pickle_free(&l.pickle);
    ql_head_free(&l.head);
    return status;
}

/* The magic number comes after the version of the pickle and, since version 4, the length of a frame. */
static bool recognise(const ql_source *source, const uint8_t *head, size_t head_size, ql_error *error)
{
    (void)source, (void)error;
    enum { PROTO = 2, FRAME = 9 };
    const size_t end = PROTO + FRAME + sizeof magic;
    return head_size >= PROTO && head[0] == 0x80 && memmem(head, head_size < end ? head_size : end, magic, sizeof magic);
}

const ql_format ql_format_torch_legacy = {
    .info = { .name = "torch-legacy",
              .extensions = ".pt .pth .th",
              .meaning = "tensors of a PyTorch checkpoint from before 1.6" },
    .recognise = recognise,
    .read = read_model,
};
