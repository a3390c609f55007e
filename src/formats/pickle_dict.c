/*
 * Equal keys of a dict. A key is one string wherever it is in the bytes, and one string may be a million keys at no cost to
 * the file: first keys at the same place are put together, which compares numbers, and then strings of different places,
 * whose bytes are all different bytes of the file. So the time is n log n of the pickle's size, whatever it holds.
 */
#include "formats/pickle.h"

#include <stdlib.h>
#include <string.h>

typedef struct key {
    const char *text;
    uint32_t size;
    uint32_t pair; /* its place in the dict */
} key;

static int by_pair(const key *a, const key *b)
{
    return a->pair < b->pair ? -1 : 1;
}

static int by_place(const void *a, const void *b)
{
    const key *x = a, *y = b;
    return x->text != y->text ? (x->text < y->text ? -1 : 1) : by_pair(x, y);
}

static int by_text(const void *a, const void *b)
{
    const key *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    const int order = memcmp(x->text, y->text, x->size);
    return order != 0 ? order : by_pair(x, y);
}

static bool at_the_same_place(const key *a, const key *b)
{
    return a->text == b->text && a->size == b->size;
}

static bool are_equal(const key *a, const key *b)
{
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* Sorts keys[count]; of those that are `same` only the first stays, and first_of[pair] of the others becomes its pair.
   Returns how many stay. */
static size_t join(key *keys, size_t count, int (*order)(const void *, const void *), bool (*same)(const key *, const key *),
                   uint32_t *first_of)
{
    size_t kept = 0;
    qsort(keys, count, sizeof *keys, order);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && same(&keys[kept - 1], &keys[i]))
            first_of[keys[i].pair] = keys[kept - 1].pair;
        else
            keys[kept++] = keys[i];
    }
    return kept;
}

ql_status ql_pickle_settle(ql_pickle *pickle, ql_pickle_node *dict)
{
    const size_t pairs = dict->count / 2;
    if (pairs < 2)
        return QL_OK;
    void *memory = NULL;
    ql_status status = ql_pickle_allocate(pickle, pairs * (sizeof(key) + sizeof(uint32_t)), &memory);
    if (status != QL_OK)
        return status;
    key *keys = memory;
    uint32_t *first_of = (uint32_t *)(keys + pairs);
    size_t count = 0;
    for (size_t i = 0; i < pairs; i++) {
        first_of[i] = (uint32_t)i;
        if (dict->items[2 * i].kind != QL_PICKLE_STRING)
            continue;
        const ql_text text = ql_pickle_text(pickle, dict->items[2 * i]);
        keys[count++] = (key) { .text = text.data, .size = (uint32_t)text.size, .pair = (uint32_t)i };
    }
    count = join(keys, count, by_place, at_the_same_place, first_of);
    join(keys, count, by_text, are_equal, first_of);
    for (size_t i = 0; i < pairs; i++) {
        const uint32_t first = first_of[first_of[i]];
        if (first != i) {
            dict->items[2 * first + 1] = dict->items[2 * i + 1];
            dict->items[2 * i].kind = QL_PICKLE_NOTHING;
        }
    }
    return QL_OK;
}
