/*
 * Memory of a pickle. Values are cut from chunks that are freed together: freeing needs no walk through them, whatever holds
 * what. All of it, the stack included, counts towards one limit, which is what stops pickles of a few bytes that ask for
 * much.
 */
#include "formats/pickle_memory.h"

#include "base/error.h"
#include "formats/limits.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 1 << 18, ALIGNMENT = 16 };

typedef struct ql_pickle_chunk {
    struct ql_pickle_chunk *next;
    size_t used, size;
    _Alignas(ALIGNMENT) uint8_t bytes[];
} chunk;

ql_status ql_pickle_charge(ql_pickle *pickle, uint64_t size)
{
    if (size > pickle->memory_left)
        return ql_pickle_refuse(pickle, "its values take more memory than the limit of %d bytes", QL_LIMIT_PICKLE_MEMORY);
    pickle->memory_left -= (size_t)size;
    return QL_OK;
}

ql_status ql_pickle_allocate(ql_pickle *pickle, size_t size, void **out)
{
    if (size > QL_LIMIT_PICKLE_MEMORY)
        return ql_pickle_charge(pickle, size);
    const size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    chunk *current = pickle->chunks;
    if (!current || rounded > current->size - current->used) {
        const size_t capacity = rounded > CHUNK_SIZE - sizeof *current ? rounded : CHUNK_SIZE - sizeof *current;
        ql_status status = ql_pickle_charge(pickle, sizeof *current + capacity);
        if (status != QL_OK)
            return status;
        current = calloc(1, sizeof *current + capacity);
        if (!current)
            return ql_fail_memory(pickle->error, sizeof *current + capacity);
        current->size = capacity;
        current->next = pickle->chunks;
        pickle->chunks = current;
    }
    *out = current->bytes + current->used;
    current->used += rounded;
    return QL_OK;
}

void ql_pickle_release(ql_pickle *pickle)
{
    for (chunk *c = pickle->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    pickle->chunks = NULL;
}

ql_status ql_pickle_grow(ql_pickle *pickle, void **items, size_t item_size, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return QL_OK;
    const size_t more = *capacity ? *capacity : 64;
    ql_status status = ql_pickle_charge(pickle, more * item_size);
    if (status != QL_OK)
        return status;
    void *grown = realloc(*items, (*capacity + more) * item_size);
    if (!grown)
        return ql_fail_memory(pickle->error, (*capacity + more) * item_size);
    *items = grown;
    *capacity += more;
    return QL_OK;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

ql_status ql_pickle_node_new(ql_pickle *pickle, ql_pickle_kind kind, ql_pickle_value *out)
{
    void *memory = NULL;
    ql_status status = ql_pickle_allocate(pickle, sizeof(ql_pickle_node), &memory);
    if (status != QL_OK)
        return status;
    ql_pickle_node *node = memory;
    node->at = (uint32_t)pickle->opcode_at;
    *out = (ql_pickle_value) { .kind = (uint8_t)kind, .node = node };
    return QL_OK;
}

/* Room for `count` items in all. What they leave behind is at most as much as they take: the sizes double. */
static ql_status reserve(ql_pickle *pickle, ql_pickle_node *node, size_t count)
{
    if (count <= node->capacity)
        return QL_OK;
    const size_t twice = 2 * (size_t)node->capacity, capacity = count > twice ? count : twice;
    void *memory = NULL;
    ql_status status = ql_pickle_allocate(pickle, capacity * sizeof *node->items, &memory);
    if (status != QL_OK)
        return status;
    if (node->count > 0)
        memcpy(memory, node->items, node->count * sizeof *node->items);
    node->items = memory;
    node->capacity = (uint32_t)capacity;
    return QL_OK;
}

ql_status ql_pickle_extend(ql_pickle *pickle, ql_pickle_value container, const ql_pickle_value *items, size_t count)
{
    ql_pickle_node *node = container.node;
    for (size_t i = 0; container.kind == QL_PICKLE_DICT && i < count; i += 2)
        if (items[i].kind == QL_PICKLE_LIST || items[i].kind == QL_PICKLE_DICT)
            return ql_pickle_refuse(pickle, "%s is the key of a dict", ql_pickle_kind_name(items[i].kind));
    ql_status status = reserve(pickle, node, node->count + count);
    if (status == QL_OK && count > 0) {
        memcpy(node->items + node->count, items, count * sizeof *items);
        node->count += (uint32_t)count;
    }
    return status;
}

/* ---- Memo -------------------------------------------------------------------------------------------------------- */

/*
 * A tree of four levels, a byte of the index each: 3 x [256] of pointers, then [256] of values. An index costs the same
 * wherever it lies, and indices that follow each other, which is what picklers write, fill whole leaves.
 */
enum { FANOUT = 256, LEVELS = 4 };

static unsigned digit(uint32_t index, unsigned level)
{
    return index >> 8 * (LEVELS - 1 - level) & (FANOUT - 1);
}

ql_status ql_pickle_memo_put(ql_pickle *pickle, uint32_t index, ql_pickle_value value)
{
    void **place = &pickle->memo;
    for (unsigned level = 0; level < LEVELS; level++) {
        if (!*place) {
            const size_t item_size = level + 1 < LEVELS ? sizeof(void *) : sizeof value;
            ql_status status = ql_pickle_allocate(pickle, FANOUT * item_size, place);
            if (status != QL_OK)
                return status;
        }
        if (level + 1 < LEVELS)
            place = (void **)*place + digit(index, level);
    }
    ql_pickle_value *leaf = (ql_pickle_value *)*place + digit(index, LEVELS - 1);
    if (leaf->kind == QL_PICKLE_NOTHING && ++pickle->memo_count > QL_LIMIT_PICKLE_MEMO)
        return ql_pickle_refuse(pickle, "its memo holds more than the limit of %d values", QL_LIMIT_PICKLE_MEMO);
    *leaf = value;
    return QL_OK;
}

ql_pickle_value ql_pickle_memo_get(const ql_pickle *pickle, uint32_t index)
{
    void *node = pickle->memo;
    for (unsigned level = 0; node && level + 1 < LEVELS; level++)
        node = ((void **)node)[digit(index, level)];
    return node ? ((ql_pickle_value *)node)[digit(index, LEVELS - 1)] : (ql_pickle_value) { .kind = QL_PICKLE_NOTHING };
}

void ql_pickle_memo_clear(ql_pickle *pickle)
{
    pickle->memo = NULL; /* its memory is freed with the rest */
    pickle->memo_count = 0;
}
