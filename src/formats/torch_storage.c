/* Storages by their keys, and what the pickle says of them: see torch_model.h. */
#include "base/error.h"
#include "base/sizes.h"
#include "base/text.h"
#include "formats/torch_model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static ql_status refuse(const ql_pickle *pickle, ql_text key, const char *format, ...) __attribute__((format(printf, 3, 4)));

static ql_status refuse(const ql_pickle *pickle, ql_text key, const char *format, ...)
{
    char what[160], shown[QL_NAME_BUFFER];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    ql_text_print(shown, sizeof shown, key, QL_NAME_CELLS);
    return ql_pickle_refuse(pickle, "storage '%s' %s", shown, what);
}

ql_status ql_torch_storages_start(ql_torch_storages *out, ql_torch_storage *items, size_t count, const ql_text **twice,
                                  ql_error *error)
{
    *out = (ql_torch_storages) { .items = items, .count = count };
    ql_status status = ql_names_new(&out->names, items ? &items->key : NULL, count, sizeof *items, error);
    *twice = status == QL_OK ? ql_names_twice(&out->names) : NULL;
    return status;
}

void ql_torch_storages_free(ql_torch_storages *storages)
{
    ql_names_free(&storages->names);
    free(storages->items);
    *storages = (ql_torch_storages) { 0 };
}

ql_status ql_torch_storages_claim(ql_torch_storages *storages, ql_pickle *pickle)
{
    for (size_t i = 0; i < pickle->persistent_count; i++) {
        ql_pickle_node *node = pickle->persistent[i];
        const ql_text key = ql_pickle_text(pickle, node->items[QL_TORCH_STORAGE_KEY]);
        const ql_torch_name *class = ql_torch_name_of(node->items[QL_TORCH_STORAGE_CLASS].name);
        const void *found = ql_names_find(&storages->names, key); /* the key is the first member */
        pickle->opcode_at = node->at;
        if (!found)
            return refuse(pickle, key, "is not in the file");
        const size_t number = (size_t)((const ql_torch_storage *)found - storages->items);
        ql_torch_storage *storage = &storages->items[number];
        if (storage->class && storage->class != class)
            return refuse(pickle, key, "is a %s here and a %s before", class->is.name, storage->class->is.name);
        storage->class = class;
        node->mark = (uint32_t)number + 1;
    }
    return QL_OK;
}

ql_status ql_torch_storages_check(const ql_torch_storages *storages, ql_pickle *pickle)
{
    for (size_t i = 0; i < pickle->persistent_count; i++) {
        const ql_pickle_node *node = pickle->persistent[i];
        const ql_torch_storage *storage = &storages->items[node->mark - 1];
        const int64_t count = node->items[QL_TORCH_STORAGE_COUNT].integer; /* below 0: more than any storage has */
        uint64_t size;
        if (ql_size_mul((uint64_t)count, storage->class->size, &size) && size == storage->size)
            continue;
        pickle->opcode_at = node->at;
        return refuse(pickle, storage->key, "has %" PRIu64 " bytes, not %" PRId64 " elements of %u (%s)", storage->size,
                      count, storage->class->size, storage->class->is.name);
    }
    return QL_OK;
}
