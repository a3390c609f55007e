/* A growing array for what a header lists: memory grows with what was read, never with what is declared. */
#ifndef QL_FORMATS_LIST_H
#define QL_FORMATS_LIST_H

#include <stddef.h>

typedef struct ql_list {
    void *items; /* free() it */
    size_t count, capacity;
} ql_list;

/* The new last item, of any content; NULL when memory is short. It may move the others. */
void *ql_list_add(ql_list *list, size_t item_size);

#endif
