/* The stack of a pickle, in checked steps: each says in words what the opcode that runs did not find there. */
#ifndef QL_FORMATS_PICKLE_STACK_H
#define QL_FORMATS_PICKLE_STACK_H

#include "formats/pickle.h"

ql_status ql_pickle_push(ql_pickle *pickle, ql_pickle_value value);

/* There must be `count` values above the last mark. */
ql_status ql_pickle_need(const ql_pickle *pickle, size_t count);

ql_status ql_pickle_need_kind(const ql_pickle *pickle, const ql_pickle_value *value, unsigned kind);

/* *above: the place over the last mark. All that is there must be taken by the one who asks, so that looking is linear
   altogether. */
ql_status ql_pickle_find_mark(const ql_pickle *pickle, size_t *above);

/* The value that has `above` others above it, which must be there. */
ql_pickle_value *ql_pickle_top(ql_pickle *pickle, size_t above);

#endif
