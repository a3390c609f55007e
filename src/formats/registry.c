/* The table of containers, how a file finds its row, and the model that comes out. */
#include "base/error.h"
#include "base/text.h"
#include "formats/folder.h"
#include "formats/foreign.h"
#include "formats/formats.h"
#include "formats/glob.h"
#include "tensor/strided.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD_SIZE = 64 };

/* In display order. */
static const ql_format *const formats[] = {
    &ql_format_safetensors, &ql_format_sharded,      &ql_format_gguf, &ql_format_npy,
    &ql_format_torch,       &ql_format_torch_legacy, &ql_format_npz, /* takes every zip archive that is none of torch */
};

enum { FORMAT_COUNT = sizeof formats / sizeof *formats };

const ql_format_info *ql_format_at(size_t index)
{
    return index < FORMAT_COUNT ? &formats[index]->info : NULL;
}

/* ---- Recognition ----------------------------------------------------------------------------------------------- */

/* The first extension of a format: the one of its own, where others (.bin) are anybody's. */
static size_t own_extension(const ql_format *format)
{
    return strcspn(format->info.extensions, ", ");
}

/* "this build reads .safetensors, .npy", from the table. */
static const char *known_formats(char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "this build reads");
    for (size_t i = 0; i < FORMAT_COUNT && used < size; i++) {
        const char *own = formats[i]->info.extensions;
        const int length = (int)own_extension(formats[i]);
        size_t same = 0; /* two formats may share it */
        while (strncmp(formats[same]->info.extensions, own, (size_t)length) != 0)
            same++;
        if (same == i)
            used += (size_t)snprintf(out + used, size - used, "%s %.*s", i ? "," : "", length, own);
    }
    return out;
}

static bool has_own_extension(const char *path, const ql_format *format)
{
    const size_t size = strlen(path), ending = own_extension(format);
    return size > ending && strncasecmp(path + size - ending, format->info.extensions, ending) == 0;
}

bool ql_format_has_extension(const ql_format_info *info, const char *path)
{
    const size_t size = strlen(path);
    for (const char *at = info->extensions; *at; at += strspn(at, ", ")) {
        const size_t ending = strcspn(at, ", ");
        if (size > ending && strncasecmp(path + size - ending, at, ending) == 0)
            return true;
        at += ending;
    }
    return false;
}

/* The format by content, then by name; a file that is neither is refused with what it is. */
static ql_status recognise(const ql_source *source, const ql_format **out, ql_error *error)
{
    uint8_t buffer[HEAD_SIZE];
    size_t size = ql_source_size(source) < HEAD_SIZE ? (size_t)ql_source_size(source) : HEAD_SIZE;
    if (size == 0) {
        return ql_fail(error, QL_BAD_FILE, "%s: the file is empty (0 bytes); fetch or export it again",
                       ql_source_shown(source));
    }
    const uint8_t *head = ql_source_fetch(source, 0, size, buffer, error);
    if (!head)
        return QL_BAD_FILE;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        ql_error failure = { 0 };
        if (formats[i]->recognise(source, head, size, &failure)) {
            *out = formats[i];
            return QL_OK;
        }
        if (failure.status == QL_NO_MEMORY) {
            if (error)
                *error = failure;
            return QL_NO_MEMORY;
        }
    }
    char known[128];
    known_formats(known, sizeof known);
    const ql_foreign *foreign = ql_foreign_find(source, head, size);
    if (foreign) {
        return ql_fail(error, QL_BAD_FILE, "%s: is %s; %s (%s)", ql_source_shown(source), foreign->what, foreign->advice,
                       known);
    }
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (has_own_extension(ql_source_path(source), formats[i])) {
            *out = formats[i];
            return QL_OK;
        }
    }
    char first[4 * 16 + 1];
    ql_text_print(first, sizeof first, (ql_text) { .data = (const char *)head, .size = size < 16 ? size : 16 }, 0);
    return ql_fail(error, QL_BAD_FILE,
                   "%s: not a weight file that is known (it begins with '%s'); %s, and bare numbers with --raw DTYPE:SHAPE",
                   ql_source_shown(source), first, known);
}

/* ---- Models ---------------------------------------------------------------------------------------------------- */

ql_status ql_model_read(ql_source *source, const ql_format *only, ql_model **out, ql_error *error)
{
    ql_model *model = calloc(1, sizeof *model);
    if (!model) {
        ql_source_free(&source);
        return ql_fail_memory(error, sizeof *model);
    }
    model->source = source;
    ql_status status = recognise(source, &model->format, error);
    if (status == QL_OK && only && model->format != only) {
        status = ql_fail(error, QL_BAD_FILE, "%s: is %s (%s), where %s is needed; fetch the files of the model again",
                         ql_source_shown(source), model->format->info.name, model->format->info.meaning, only->info.name);
    }
    if (status == QL_OK)
        status = model->format->read(model, error);
    if (status != QL_OK) {
        ql_model_free(&model);
        return status;
    }
    *out = model;
    return QL_OK;
}

/* Reads what stands in an open source, or could not be opened with `status`. */
static ql_status read_model(ql_source *source, ql_status status, ql_layout layout, ql_model **out, ql_error *error)
{
    if (status == QL_OK)
        status = ql_model_read(source, NULL, out, error);
    if (status == QL_OK)
        ql_tensors_find_layout((*out)->tensors, (*out)->tensor_count, layout);
    return status;
}

ql_status ql_model_open(const char *path, ql_layout layout, ql_model **out, ql_error *error)
{
    char *chosen = NULL;
    ql_source *source = NULL;
    ql_status status = ql_folder_choose(path, &chosen, error);
    if (status == QL_OK)
        status = ql_source_open(chosen ? chosen : path, &source, error);
    free(chosen);
    return read_model(source, status, layout, out, error);
}

ql_status ql_model_open_memory(const char *name, const void *bytes, uint64_t size, ql_layout layout, ql_model **out,
                               ql_error *error)
{
    ql_source *source = NULL;
    ql_status status = ql_source_from_memory(name, bytes, size, &source, error);
    return read_model(source, status, layout, out, error);
}

ql_text ql_path_stem(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return (ql_text) { .data = name, .size = dot && dot > name ? (size_t)(dot - name) : strlen(name) };
}

ql_status ql_model_allocate(ql_model *model, size_t count, size_t dimension_count, ql_error *error)
{
    model->tensors = calloc(count + 1, sizeof *model->tensors);
    model->storages = calloc(count + 1, sizeof *model->storages);
    model->shapes = calloc(dimension_count + 1, sizeof *model->shapes);
    if (model->tensors && model->storages && model->shapes)
        return QL_OK;
    return ql_fail_memory(error, (count + 1) * (uint64_t)(sizeof *model->tensors + sizeof *model->storages) +
                                     (dimension_count + 1) * (uint64_t)sizeof *model->shapes);
}

void ql_model_free(ql_model **model)
{
    ql_model *m = *model;
    if (!m)
        return;
    for (size_t i = 0; m->storages && i < m->tensor_count; i++)
        ql_strided_free(&m->storages[i].strided);
    for (size_t i = 0; i < m->source_count; i++)
        ql_source_free(&m->sources[i]);
    for (size_t i = 0; i < m->shard_count; i++)
        ql_model_free(&m->shards[i]);
    ql_source_free(&m->source);
    free(m->sources);
    free(m->shards);
    free(m->header);
    free(m->names);
    free(m->tensors);
    free(m->storages);
    free(m->shapes);
    free(m->metadata);
    free(m);
    *model = NULL;
}

const char *ql_model_path(const ql_model *model)
{
    return ql_source_path(model->source);
}

const char *ql_model_format(const ql_model *model)
{
    return model->format->info.name;
}

uint64_t ql_model_byte_count(const ql_model *model)
{
    uint64_t bytes = model->shard_count ? 0 : ql_source_size(model->source);
    for (size_t i = 0; i < model->shard_count; i++)
        bytes += ql_source_size(model->shards[i]->source);
    return bytes;
}

uint64_t ql_model_bytes_read(const ql_model *model)
{
    uint64_t bytes = ql_source_bytes_read(model->source);
    for (size_t i = 0; i < model->shard_count; i++)
        bytes += ql_source_bytes_read(model->shards[i]->source);
    return bytes;
}

const char *ql_model_note(const ql_model *model)
{
    return model->note;
}

size_t ql_model_tensor_count(const ql_model *model)
{
    return model->tensor_count;
}

const ql_tensor *ql_model_tensor(const ql_model *model, size_t index)
{
    return &model->tensors[index];
}

size_t ql_model_match(const ql_model *model, const char *pattern, size_t *out, size_t capacity)
{
    const size_t size = strlen(pattern);
    size_t found = 0;
    for (size_t i = 0; i < model->tensor_count; i++) {
        ql_text name = model->tensors[i].name;
        if (name.size == size && memcmp(name.data, pattern, size) == 0) {
            if (out && capacity > 0)
                out[0] = i;
            return 1;
        }
    }
    for (size_t i = 0; i < model->tensor_count; i++) {
        if (!ql_glob_matches(pattern, model->tensors[i].name))
            continue;
        if (out && found < capacity)
            out[found] = i;
        found++;
    }
    return found;
}

size_t ql_model_metadata_count(const ql_model *model)
{
    return model->metadata_count;
}

void ql_model_metadata(const ql_model *model, size_t index, ql_text *key, ql_value *value)
{
    *key = model->metadata[index].key;
    *value = model->metadata[index].value;
}
