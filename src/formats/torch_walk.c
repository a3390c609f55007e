/* The walk: see torch_walk.h. Its way down is an array, whatever is nested in what; nodes are marked as they are entered. */
#include "formats/torch_walk.h"

#include "base/error.h"
#include "formats/limits.h"
#include "formats/pickle_memory.h"
#include "formats/torch_names.h"
#include "formats/unique.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 12 };

typedef struct level {
    ql_pickle_node *node;
    bool is_dict;
    uint32_t next;       /* item */
    ql_text key;         /* under which it was found */
    char number[DIGITS]; /* that key, when it is one of a list */
    uint64_t name_size;  /* with all keys before and the dots between them */
} level;

typedef struct walk {
    ql_pickle *pickle;
    ql_torch_list *list;
    size_t list_capacity, depth;
    level levels[QL_LIMIT_PICKLE_DEPTH];
} walk;

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* How long the name of something under `key` in the last container is. */
static uint64_t name_size(const walk *w, ql_text key)
{
    return w->depth > 1 ? w->levels[w->depth - 1].name_size + 1 + key.size : key.size;
}

/* Names are put together only for tensors, from the keys of all levels: a long key costs nothing where it leads to none. */
static ql_status make_name(const walk *w, ql_text key, ql_text *out)
{
    const uint64_t size = name_size(w, key);
    if (size > QL_LIMIT_NAME)
        return ql_pickle_refuse(w->pickle, "a name of %" PRIu64 " bytes is over the limit of %d", size, QL_LIMIT_NAME);
    void *memory = NULL;
    ql_status status = ql_pickle_allocate(w->pickle, (size_t)size + 1, &memory);
    if (status != QL_OK)
        return status;
    char *at = memory;
    for (size_t i = 1; i < w->depth; i++) {
        at = mempcpy(at, w->levels[i].key.data, w->levels[i].key.size);
        *at++ = '.';
    }
    memcpy(at, key.data, key.size);
    *out = (ql_text) { .data = memory, .size = (size_t)size };
    return QL_OK;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static ql_status enter(walk *w, ql_pickle_value v, ql_text key)
{
    if (v.node->mark)
        return QL_OK;
    v.node->mark = 1;
    w->pickle->opcode_at = v.node->at;
    if (w->depth == QL_LIMIT_PICKLE_DEPTH)
        return ql_pickle_refuse(w->pickle, "containers are nested deeper than the limit of %d", QL_LIMIT_PICKLE_DEPTH);
    level *l = &w->levels[w->depth];
    *l = (level) { .node = v.node, .is_dict = v.kind == QL_PICKLE_DICT, .key = key, .name_size = name_size(w, key) };
    if (w->depth > 0 && !l[-1].is_dict)
        l->key.data = memcpy(l->number, key.data, key.size);
    w->depth++;
    return l->is_dict ? ql_pickle_settle(w->pickle, v.node) : QL_OK;
}

static ql_status add(walk *w, ql_pickle_node *tensor, ql_text key)
{
    ql_text name;
    w->pickle->opcode_at = tensor->at;
    ql_status status = make_name(w, key, &name);
    if (status != QL_OK)
        return status;
    void *items = w->list->items;
    status = ql_pickle_grow(w->pickle, &items, sizeof *w->list->items, w->list->count, &w->list_capacity);
    w->list->items = items;
    if (status == QL_OK)
        w->list->items[w->list->count++] = (ql_torch_found) { .name = name, .tensor = tensor };
    return status;
}

static ql_status look_at(walk *w, ql_pickle_value v, ql_text key)
{
    if (v.kind == QL_PICKLE_DICT || v.kind == QL_PICKLE_LIST || v.kind == QL_PICKLE_TUPLE)
        return enter(w, v, key);
    const ql_torch_kind kind = v.kind == QL_PICKLE_CALL ? ql_torch_name_of(v.node->made_by)->kind : QL_TORCH_OTHER;
    w->list->hidden += kind == QL_TORCH_HIDDEN;
    return kind == QL_TORCH_TENSOR || kind == QL_TORCH_TENSOR_OF ? add(w, v.node, key) : QL_OK;
}

/* The next item of the last level. */
static ql_status step(walk *w)
{
    level *l = &w->levels[w->depth - 1];
    if (l->next >= l->node->count) {
        w->depth--;
        return QL_OK;
    }
    const ql_pickle_value *item = &l->node->items[l->next];
    if (!l->is_dict) {
        char number[DIGITS];
        const int size = snprintf(number, sizeof number, "%u", (unsigned)l->next++);
        return look_at(w, *item, (ql_text) { .data = number, .size = (size_t)size });
    }
    l->next += 2;
    return item[0].kind == QL_PICKLE_STRING ? look_at(w, item[1], ql_pickle_text(w->pickle, item[0])) : QL_OK;
}

/* ---- Names that come twice --------------------------------------------------------------------------------------- */

/* {"a": {"b": x}, "a.b": y} has two tensors a.b: as with equal keys, the last one stays. */
static ql_status keep_last(ql_torch_list *list, ql_pickle *pickle)
{
    ql_names names = { 0 };
    void *memory = NULL;
    ql_status status =
        ql_names_new(&names, list->items ? &list->items->name : NULL, list->count, sizeof *list->items, pickle->error);
    const bool differ = status != QL_OK || !ql_names_twice(&names);
    if (!differ)
        status = ql_pickle_allocate(pickle, 2 * list->count * sizeof(size_t), &memory);
    if (differ || status != QL_OK) {
        ql_names_free(&names);
        return status;
    }
    /* Of equal names the same one is found each time: it knows which of them is the last. */
    size_t *same = memory, *last = same + list->count, kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const void *found = ql_names_find(&names, list->items[i].name); /* the name is the first member */
        same[i] = (size_t)((const ql_torch_found *)found - list->items);
        last[same[i]] = i;
    }
    for (size_t i = 0; i < list->count; i++)
        if (last[same[i]] == i)
            list->items[kept++] = list->items[i];
    list->repeated = list->count - kept;
    list->count = kept;
    ql_names_free(&names);
    return QL_OK;
}

ql_status ql_torch_walk(ql_torch_list *out, ql_pickle *pickle, ql_pickle_value top, ql_text alone)
{
    *out = (ql_torch_list) { 0 };
    walk *w = calloc(1, sizeof *w);
    if (!w)
        return ql_fail_memory(pickle->error, sizeof *w);
    w->pickle = pickle;
    w->list = out;
    ql_status status = look_at(w, top, alone);
    while (status == QL_OK && w->depth > 0)
        status = step(w);
    free(w);
    return status == QL_OK ? keep_last(out, pickle) : status;
}

void ql_torch_list_free(ql_torch_list *list)
{
    free(list->items);
    *list = (ql_torch_list) { 0 };
}
