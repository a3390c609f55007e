/*
 * Duplicate names by sorting their hashes. Names are compared only where hashes are equal: names that were made to collide
 * cost n log n comparisons, never n squared, and no secret seed is needed.
 */
#include "formats/unique.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

typedef struct hashed {
    uint64_t hash;
    const ql_text *name;
} hashed;

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv */
static uint64_t hash_name(const ql_text *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < name->size; i++)
        hash = (hash ^ (uint8_t)name->data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static int by_name(const void *a, const void *b)
{
    const hashed *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->name->size != y->name->size)
        return x->name->size < y->name->size ? -1 : 1;
    return memcmp(x->name->data, y->name->data, x->name->size);
}

ql_status ql_names_find_duplicate(const ql_text *first, size_t count, size_t stride, const ql_text **twice, ql_error *error)
{
    *twice = NULL;
    if (count < 2)
        return QL_OK;
    hashed *all = calloc(count, sizeof *all);
    if (!all)
        return ql_fail_memory(error, (uint64_t)count * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        const void *name = (const char *)first + i * stride;
        all[i] = (hashed) { .hash = hash_name(name), .name = name };
    }
    qsort(all, count, sizeof *all, by_name);
    for (size_t i = 1; !*twice && i < count; i++)
        if (by_name(&all[i - 1], &all[i]) == 0)
            *twice = all[i].name;
    free(all);
    return QL_OK;
}
