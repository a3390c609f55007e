/*
 * PyTorch's files since 1.6: a zip archive with everything in one folder.
 *
 *   archive/data.pkl    a pickle: dicts, lists and names around tensors, which are views of storages
 *   archive/data/KEY    the elements of a storage
 *   archive/byteorder   "little" or "big"; missing in older files, which are little-endian
 *   archive/version     ...
 *
 * https://pytorch.org/docs/stable/notes/serialization.html. The entries are stored; deflated ones are read too. Their CRC-32
 * is not looked at: torch.save can be told to leave it out.
 */
#include "base/error.h"
#include "base/text.h"
#include "formats/formats.h"
#include "formats/limits.h"
#include "formats/torch_model.h"
#include "formats/zip_entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STATE_DICT "save its state_dict() with torch.save, or as safetensors, and open that"

enum { LONGEST_BYTE_ORDER = 6 };

typedef struct archive {
    ql_model *model;
    ql_error *error;
    ql_zip zip;
    ql_text folder;                   /* with its slash */
    const ql_zip_entry *pickle_entry; /* data.pkl */
    char *pickle_bytes;               /* owned */
    ql_pickle pickle;
    ql_cursor cursor;
    ql_torch_storages storages;
    const ql_zip_entry **entries; /* owned: those of the storages */
    bool big_endian;
} archive;

/* ---- Names of entries -------------------------------------------------------------------------------------------- */

/* The name in the one folder that it is in; false when there is no folder, or more of them. */
static bool split(ql_text path, ql_text *folder, ql_text *name)
{
    const char *slash = memchr(path.data, '/', path.size);
    if (!slash)
        return false;
    *folder = (ql_text) { .data = path.data, .size = (size_t)(slash - path.data) + 1 };
    *name = (ql_text) { .data = slash + 1, .size = path.size - folder->size };
    return true;
}

/* Takes what every name in the folder begins with off. */
static bool is_in_folder(const archive *a, ql_text path, ql_text *name)
{
    ql_text folder;
    return split(path, &folder, name) && folder.size == a->folder.size &&
           memcmp(folder.data, a->folder.data, folder.size) == 0;
}

static const ql_zip_entry *find_in_folder(const archive *a, const char *wanted)
{
    ql_text name;
    for (size_t i = 0; i < a->zip.count; i++)
        if (is_in_folder(a, a->zip.entries[i].name, &name) && ql_text_is(name, wanted))
            return &a->zip.entries[i];
    return NULL;
}

static bool begins_with(ql_text text, const char *string)
{
    const size_t size = strlen(string);
    return text.size >= size && memcmp(text.data, string, size) == 0;
}

/* ---- The archive ------------------------------------------------------------------------------------------------- */

/* The whole entry, or NULL with a message. */
static char *read_entry(const archive *a, const ql_zip_entry *entry)
{
    ql_source *source = NULL;
    const size_t size = (size_t)entry->size;
    char *bytes = malloc(size + 1);
    if (!bytes) {
        ql_fail_memory(a->error, size + 1);
        return NULL;
    }
    const void *there = NULL;
    if (ql_zip_entry_open(a->model->source, entry, false, &source, a->error) == QL_OK)
        there = ql_source_fetch(source, 0, size, bytes, a->error);
    if (there && there != bytes)
        memcpy(bytes, there, size);
    ql_source_free(&source);
    if (!there) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

static ql_status find_pickle(archive *a)
{
    const char *shown = ql_source_shown(a->model->source);
    bool is_program = false;
    for (size_t i = 0; i < a->zip.count; i++) {
        ql_text folder, name;
        if (!split(a->zip.entries[i].name, &folder, &name))
            continue;
        is_program |= ql_text_is(name, "constants.pkl") || begins_with(name, "code/");
        if (!ql_text_is(name, "data.pkl"))
            continue;
        if (a->pickle_entry)
            return ql_fail(a->error, QL_BAD_FILE,
                           "%s: two entries of the archive are a data.pkl; save it again with torch.save", shown);
        a->pickle_entry = &a->zip.entries[i];
        a->folder = folder;
    }
    if (is_program)
        return ql_fail(a->error, QL_BAD_FILE, "%s: is a TorchScript program; " STATE_DICT, shown);
    if (!a->pickle_entry)
        return ql_fail(a->error, QL_BAD_FILE, "%s: the archive holds no data.pkl; save it again with torch.save", shown);
    if (a->pickle_entry->size > QL_LIMIT_PICKLE)
        return ql_fail(a->error, QL_BAD_FILE, "%s: a data.pkl of %" PRIu64 " bytes is over the limit of %d; " STATE_DICT,
                       shown, a->pickle_entry->size, QL_LIMIT_PICKLE);
    return QL_OK;
}

static ql_status read_byte_order(archive *a)
{
    const ql_zip_entry *entry = find_in_folder(a, "byteorder");
    if (!entry)
        return QL_OK;
    bool is_little = false;
    if (entry->size <= LONGEST_BYTE_ORDER) {
        char *text = read_entry(a, entry);
        if (!text)
            return ql_error_status(a->error);
        const ql_text order = { .data = text, .size = (size_t)entry->size };
        is_little = ql_text_is(order, "little");
        a->big_endian = ql_text_is(order, "big");
        free(text);
    }
    if (is_little || a->big_endian)
        return QL_OK;
    return ql_fail(a->error, QL_BAD_FILE, "%s: its byteorder is neither little nor big; save it again with torch.save",
                   ql_source_shown(a->model->source));
}

/* Every data/KEY in the folder. */
static ql_status list_storages(archive *a)
{
    ql_torch_storage *items = calloc(a->zip.count + 1, sizeof *items);
    a->entries = calloc(a->zip.count + 1, sizeof *a->entries);
    size_t count = 0;
    for (size_t i = 0; items && a->entries && i < a->zip.count; i++) {
        const ql_zip_entry *entry = &a->zip.entries[i];
        ql_text name, folder, key;
        if (!is_in_folder(a, entry->name, &name) || !split(name, &folder, &key) || !ql_text_is(folder, "data/") ||
            memchr(key.data, '/', key.size))
            continue;
        const bool is_stored = entry->method == QL_ZIP_STORED;
        items[count] = (ql_torch_storage) {
            .key = key,
            .source = a->model->source,
            .offset = is_stored ? entry->offset : 0,
            .begin = is_stored ? entry->offset : QL_NO_OFFSET,
            .size = entry->size,
        };
        a->entries[count++] = entry;
    }
    const ql_text *twice; /* no: names of entries differ */
    ql_status status = ql_torch_storages_start(&a->storages, items, count, &twice, a->error);
    return items && a->entries ? status : ql_fail_memory(a->error, (a->zip.count + 1) * sizeof *items);
}

/* A source of its own for every deflated storage that is used. */
static ql_status open_deflated(archive *a)
{
    ql_model *model = a->model;
    size_t deflated = 0;
    for (size_t i = 0; i < a->storages.count; i++)
        deflated += a->storages.items[i].class && a->storages.items[i].begin == QL_NO_OFFSET;
    model->sources = calloc(deflated + 1, sizeof *model->sources);
    if (!model->sources)
        return ql_fail_memory(a->error, (deflated + 1) * sizeof *model->sources);
    for (size_t i = 0; i < a->storages.count; i++) {
        ql_torch_storage *storage = &a->storages.items[i];
        if (!storage->class || storage->begin != QL_NO_OFFSET)
            continue;
        ql_source **source = &model->sources[model->source_count];
        ql_status status = ql_zip_entry_open(model->source, a->entries[i], false, source, a->error);
        if (status != QL_OK)
            return status;
        storage->source = *source;
        model->source_count++;
    }
    return QL_OK;
}

static ql_status read_pickle(archive *a, ql_pickle_value *top)
{
    a->pickle_bytes = read_entry(a, a->pickle_entry);
    if (!a->pickle_bytes)
        return ql_error_status(a->error);
    a->cursor = ql_cursor_over(a->pickle_bytes, (size_t)a->pickle_entry->size);
    ql_pickle_start(&a->pickle, &ql_torch_rules, &a->cursor, ql_source_shown(a->model->source), "data.pkl", a->error);
    ql_status status = ql_pickle_read(&a->pickle, top);
    a->pickle.opcode_at = a->cursor.at;
    if (status == QL_OK && ql_cursor_left(&a->cursor) > 0)
        status = ql_pickle_refuse(&a->pickle, "%zu bytes follow after the end of the pickle", ql_cursor_left(&a->cursor));
    return status;
}

static ql_status read_archive(archive *a)
{
    ql_pickle_value top;
    ql_status (*const steps[])(archive *) = { find_pickle, read_byte_order, list_storages };
    ql_status status = ql_zip_read(&a->zip, a->model->source, a->error);
    for (size_t i = 0; status == QL_OK && i < sizeof steps / sizeof *steps; i++)
        status = steps[i](a);
    if (status == QL_OK)
        status = read_pickle(a, &top);
    if (status == QL_OK)
        status = ql_torch_storages_claim(&a->storages, &a->pickle);
    if (status == QL_OK)
        status = ql_torch_storages_check(&a->storages, &a->pickle);
    if (status == QL_OK)
        status = open_deflated(a);
    return status == QL_OK ? ql_torch_fill(a->model, &a->pickle, top, &a->storages, a->big_endian) : status;
}

static ql_status read_model(ql_model *model, ql_error *error)
{
    archive a = { .model = model, .error = error };
    ql_status status = read_archive(&a);
    ql_torch_storages_free(&a.storages);
    ql_pickle_free(&a.pickle);
    free(a.pickle_bytes);
    free(a.entries);
    model->header = a.zip.directory; /* the names of deflated entries are in it */
    a.zip.directory = NULL;
    ql_zip_free(&a.zip);
    return status;
}

/* A zip archive with an entry that only PyTorch's have. */
static bool recognise(const ql_source *source, const uint8_t *head, size_t head_size, ql_error *error)
{
    static const char *const telling[] = { "data.pkl", "constants.pkl", "version" };
    ql_zip zip;
    bool found = false;
    if (head_size < 4 || memcmp(head, "PK\3\4", 4) != 0 || ql_zip_read(&zip, source, error) != QL_OK)
        return false;
    for (size_t i = 0; !found && i < zip.count; i++) {
        ql_text folder, name;
        for (size_t k = 0; split(zip.entries[i].name, &folder, &name) && k < sizeof telling / sizeof *telling; k++)
            found |= ql_text_is(name, telling[k]);
    }
    ql_zip_free(&zip);
    return found;
}

const ql_format ql_format_torch = {
    .info = { .name = "torch", .extensions = ".pt .pth .bin", .meaning = "tensors of a PyTorch checkpoint" },
    .recognise = recognise,
    .read = read_model,
};
