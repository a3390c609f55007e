/* Finds a name that comes twice, however many there are and whoever chose them. */
#ifndef QL_FORMATS_UNIQUE_H
#define QL_FORMATS_UNIQUE_H

#include "qloupe.h"

/* Looks at `count` names: first is the first, the others follow at a distance of `stride` bytes. *twice is one that occurs
   more than once, NULL when all differ. QL_NO_MEMORY needs 16 bytes a name. */
ql_status ql_names_find_duplicate(const ql_text *first, size_t count, size_t stride, const ql_text **twice, ql_error *error);

#endif
