/*
 * A model in several safetensors files, listed by an index beside them: see index.h.
 *
 *   FOLDER/model.safetensors.index.json
 *   FOLDER/model-00001-of-00003.safetensors  ...     each a model of its own, whose texts and storages the tensors point to
 *
 * Files are opened in the folder of the index as it was given (not where a link leads), by plain names only, each once, and
 * the first that is missing ends it. An index is no such file, so that none leads to another.
 */
#include "base/error.h"
#include "base/text.h"
#include "formats/formats.h"
#include "formats/index.h"
#include "formats/limits.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { FILE_NAME_SIZE = 256 };

/* A model that is being put together. */
typedef struct work {
    ql_model *model;
    ql_index *index;
    int folder;                      /* descriptor */
    char *folder_path;               /* owned */
    uint64_t header_bytes, left_out; /* of all files so far */
} work;

/* ---- One file -------------------------------------------------------------------------------------------------- */

/* Opens and reads a file as the model's next shard. */
static ql_status open_shard(work *w, const ql_index_entry *first)
{
    ql_error *error = w->index->error;
    char name[FILE_NAME_SIZE];
    memcpy(name, first->file.data, first->file.size);
    name[first->file.size] = 0;
    ql_source *source = NULL;
    ql_status status = ql_source_open_in(w->folder, w->folder_path, name, &source, error);
    if (status == QL_BAD_FILE && faccessat(w->folder, name, F_OK, AT_EACCESS) != 0 && errno == ENOENT)
        return ql_index_refuse_file(w->index, first, "is not there; download it into the same folder");
    if (status == QL_OK)
        status = ql_model_read(source, &ql_format_safetensors, &w->model->shards[w->model->shard_count], error);
    if (status != QL_OK)
        return status;
    w->model->shard_count++;
    return QL_OK;
}

static ql_index_entry *find_entry(ql_index_entry *entries, size_t count, ql_text tensor)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ql_index_compare(entries[middle].tensor, tensor) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ql_index_compare(entries[low].tensor, tensor) == 0 ? &entries[low] : NULL;
}

/* Adds those tensors of the newest shard that the index looks for in it, entries[count], in the order of their data. */
static ql_status add_tensors(work *w, ql_index_entry *entries, size_t count)
{
    ql_model *model = w->model;
    const ql_model *shard = model->shards[model->shard_count - 1];
    for (size_t i = 0; i < shard->tensor_count; i++) {
        ql_index_entry *entry = find_entry(entries, count, shard->tensors[i].name);
        if (!entry) {
            w->left_out++;
            continue;
        }
        entry->found = true;
        model->tensors[model->tensor_count] = shard->tensors[i];
        model->tensors[model->tensor_count++].file = entry->file;
    }
    for (size_t i = 0; i < count; i++)
        if (!entries[i].found)
            return ql_index_refuse_file(w->index, &entries[i], "does not hold it; fetch index and files again, they differ");
    return QL_OK;
}

/* Many names may lead to one large header. */
static ql_status check_memory(work *w)
{
    const ql_model *model = w->model;
    w->header_bytes += ql_model_bytes_read(model->shards[model->shard_count - 1]);
    if (w->header_bytes <= QL_LIMIT_SHARD_HEADERS)
        return QL_OK;
    return ql_fail(w->index->error, QL_BAD_FILE,
                   "%s: the headers of its first %zu files have %" PRIu64
                   " bytes together, which is over the limit of %d; open one of the files by itself",
                   ql_source_shown(model->source), model->shard_count, w->header_bytes, QL_LIMIT_SHARD_HEADERS);
}

/* ---- All files ------------------------------------------------------------------------------------------------- */

/* The run of entries from `begin` on that name the same file. */
static size_t run_length(const ql_list *list, size_t begin)
{
    const ql_index_entry *entries = list->items;
    size_t end = begin + 1;
    while (end < list->count && ql_index_compare(entries[begin].file, entries[end].file) == 0)
        end++;
    return end - begin;
}

static ql_status read_shards(work *w)
{
    ql_model *model = w->model;
    const ql_list *list = &w->index->entries;
    ql_index_entry *entries = list->items;
    size_t files = 0;
    for (size_t begin = 0; begin < list->count; begin += run_length(list, begin))
        files++;
    model->tensors = calloc(list->count + 1, sizeof *model->tensors);
    model->shards = calloc(files + 1, sizeof *model->shards);
    if (!model->tensors || !model->shards)
        return ql_fail_memory(w->index->error, (list->count + 1) * (uint64_t)sizeof *model->tensors);
    for (size_t begin = 0, count; begin < list->count; begin += count) {
        count = run_length(list, begin);
        ql_status status = open_shard(w, &entries[begin]);
        if (status == QL_OK)
            status = check_memory(w);
        if (status == QL_OK)
            status = add_tensors(w, &entries[begin], count);
        if (status != QL_OK)
            return status;
    }
    if (w->left_out > 0) {
        snprintf(model->note, sizeof model->note, "%" PRIu64 " tensor%s of the files %s not in the index", w->left_out,
                 w->left_out == 1 ? "" : "s", w->left_out == 1 ? "is" : "are");
    }
    return QL_OK;
}

/* Opens the folder that the index stands in. */
static ql_status open_folder(work *w)
{
    const char *path = ql_source_path(w->model->source), *slash = strrchr(path, '/');
    w->folder_path = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!w->folder_path)
        return ql_fail_memory(w->index->error, strlen(path) + 1);
    w->folder = open(w->folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (w->folder < 0) {
        return ql_fail(w->index->error, QL_BAD_FILE, "%s: its folder cannot be opened (%s); check its permissions",
                       ql_source_shown(w->model->source), strerror(errno));
    }
    return QL_OK;
}

static ql_status read_files(ql_model *model, ql_index *index)
{
    work w = { .model = model, .index = index, .folder = -1 };
    ql_status status = open_folder(&w);
    if (status == QL_OK)
        status = read_shards(&w);
    if (w.folder >= 0)
        close(w.folder);
    free(w.folder_path);
    return status;
}

/* ---- The index ------------------------------------------------------------------------------------------------- */

static ql_status fetch_text(ql_model *model, size_t *size, ql_error *error)
{
    const uint64_t file_size = ql_source_size(model->source);
    if (file_size > QL_LIMIT_INDEX) {
        return ql_fail(error, QL_BAD_FILE, "%s: an index of %" PRIu64 " bytes is over the limit of %d; " QL_INDEX_DAMAGED,
                       ql_source_shown(model->source), file_size, QL_LIMIT_INDEX);
    }
    *size = (size_t)file_size;
    model->header = malloc(*size + 1);
    if (!model->header)
        return ql_fail_memory(error, file_size + 1);
    const void *text = ql_source_fetch(model->source, 0, *size, model->header, error);
    if (!text)
        return QL_BAD_FILE;
    if (text != model->header)
        memcpy(model->header, text, *size);
    return QL_OK;
}

static ql_status read_model(ql_model *model, ql_error *error)
{
    size_t size = 0;
    ql_status status = fetch_text(model, &size, error);
    if (status != QL_OK)
        return status;
    ql_index index;
    status = ql_index_read(&index, model->source, model->header, size, error);
    if (status == QL_OK)
        status = read_files(model, &index);
    if (status == QL_OK) {
        model->metadata = index.metadata.items;
        model->metadata_count = index.metadata.count;
        index.metadata.items = NULL; /* now the model's */
    }
    ql_index_free(&index);
    return status;
}

/* A JSON text of that name: what it holds may begin with anything. */
static bool recognise(const ql_source *source, const uint8_t *head, size_t head_size, ql_error *error)
{
    (void)error;
    static const char ending[] = ".index.json";
    const char *path = ql_source_path(source);
    const size_t size = strlen(path), tail = sizeof ending - 1;
    while (head_size > 0 && isspace(*head)) {
        head++;
        head_size--;
    }
    return head_size > 0 && (*head == '{' || *head == '[') && size > tail && strcasecmp(path + size - tail, ending) == 0;
}

const ql_format ql_format_sharded = {
    .info = { .name = "safetensors-index", .extensions = ".index.json", .meaning = "a model in several safetensors files" },
    .recognise = recognise,
    .read = read_model,
};
