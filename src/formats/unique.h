/* Names by which something is looked up, and the name that comes twice, however many there are and whoever chose them. */
#ifndef QL_FORMATS_UNIQUE_H
#define QL_FORMATS_UNIQUE_H

#include "qloupe.h"

/* Names in an order that only this file knows. */
typedef struct ql_names {
    struct ql_hashed_name *sorted; /* owned */
    size_t count;
} ql_names;

/* Takes note of `count` names: first is the first, the others follow at a distance of `stride` bytes. They stay where they
   are and must outlive *out. QL_NO_MEMORY needs 16 bytes a name. */
ql_status ql_names_new(ql_names *out, const ql_text *first, size_t count, size_t stride, ql_error *error);
void ql_names_free(ql_names *names);

/* The one of the names that is spelled like this, NULL when there is none. Any thread. */
const ql_text *ql_names_find(const ql_names *names, ql_text name);

/* One that occurs more than once, NULL when all differ. */
const ql_text *ql_names_twice(const ql_names *names);

/* The same for names that are not looked up afterwards. */
ql_status ql_names_find_duplicate(const ql_text *first, size_t count, size_t stride, const ql_text **twice, ql_error *error);

#endif
