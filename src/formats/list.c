/* A growing array: see list.h. */
#include "formats/list.h"

#include <stdint.h>
#include <stdlib.h>

void *ql_list_add(ql_list *list, size_t item_size)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity + list->capacity / 2 : 64;
        void *items = capacity <= SIZE_MAX / item_size ? realloc(list->items, capacity * item_size) : NULL;
        if (!items)
            return NULL;
        list->items = items;
        list->capacity = capacity;
    }
    return (char *)list->items + item_size * list->count++;
}
