/* What the stack machine of pickle.c stands on: limited memory, a growing array, the memo. */
#ifndef QL_FORMATS_PICKLE_MEMORY_H
#define QL_FORMATS_PICKLE_MEMORY_H

#include "formats/pickle.h"

/* Takes `size` bytes from what the limit of memory leaves: for memory that is not had from here. */
ql_status ql_pickle_charge(ql_pickle *pickle, uint64_t size);

/* Makes room for one more item of item_size bytes in *items, which is freed with free. */
ql_status ql_pickle_grow(ql_pickle *pickle, void **items, size_t item_size, size_t count, size_t *capacity);

/* The memo has indices up to 2^32-1; only those in use take memory. Get gives NOTHING for an empty place. */
ql_status ql_pickle_memo_put(ql_pickle *pickle, uint32_t index, ql_pickle_value value);
ql_pickle_value ql_pickle_memo_get(const ql_pickle *pickle, uint32_t index);
void ql_pickle_memo_clear(ql_pickle *pickle);

/* Frees what ql_pickle_allocate gave. */
void ql_pickle_release(ql_pickle *pickle);

#endif
