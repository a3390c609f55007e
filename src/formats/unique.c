/*
 * Names sorted by their hashes. They are compared only where hashes are equal: names that were made to collide cost n log n
 * comparisons, never n squared, and no secret seed is needed.
 */
#include "formats/unique.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

typedef struct ql_hashed_name {
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
    return x->name->size > 0 ? memcmp(x->name->data, y->name->data, x->name->size) : 0;
}

ql_status ql_names_new(ql_names *out, const ql_text *first, size_t count, size_t stride, ql_error *error)
{
    *out = (ql_names) { .sorted = calloc(count + 1, sizeof *out->sorted), .count = count };
    if (!out->sorted)
        return ql_fail_memory(error, ((uint64_t)count + 1) * sizeof *out->sorted);
    for (size_t i = 0; i < count; i++) {
        const void *name = (const char *)first + i * stride;
        out->sorted[i] = (hashed) { .hash = hash_name(name), .name = name };
    }
    qsort(out->sorted, count, sizeof *out->sorted, by_name);
    return QL_OK;
}

void ql_names_free(ql_names *names)
{
    free(names->sorted);
    *names = (ql_names) { 0 };
}

const ql_text *ql_names_find(const ql_names *names, ql_text name)
{
    const hashed wanted = { .hash = hash_name(&name), .name = &name };
    const hashed *found = names->count > 0 ? bsearch(&wanted, names->sorted, names->count, sizeof wanted, by_name) : NULL;
    return found ? found->name : NULL;
}

const ql_text *ql_names_twice(const ql_names *names)
{
    for (size_t i = 1; i < names->count; i++)
        if (by_name(&names->sorted[i - 1], &names->sorted[i]) == 0)
            return names->sorted[i].name;
    return NULL;
}

ql_status ql_names_find_duplicate(const ql_text *first, size_t count, size_t stride, const ql_text **twice, ql_error *error)
{
    *twice = NULL;
    if (count < 2)
        return QL_OK;
    ql_names names;
    ql_status status = ql_names_new(&names, first, count, stride, error);
    if (status == QL_OK)
        *twice = ql_names_twice(&names);
    ql_names_free(&names);
    return status;
}
