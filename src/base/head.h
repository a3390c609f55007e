/*
 * The beginning of a source, read as far as a parser needs it: headers whose length stands nowhere (GGUF, bare pickles).
 *
 * Memory grows with what was taken, never with what the file declares.
 */
#ifndef QL_BASE_HEAD_H
#define QL_BASE_HEAD_H

#include "base/cursor.h"
#include "base/source.h"

typedef struct ql_head {
    ql_cursor cursor; /* first, so that the cursor leads back to its head */
    const ql_source *source;
    uint8_t *bytes; /* owned: the first cursor.size bytes of the source */
    size_t capacity, limit;
    ql_status failure; /* why the cursor failed, with a message in `error`; QL_OK when the file ends: say so yourself */
    ql_error *error;
} ql_head;

/* Nothing is read yet; at most `limit` bytes ever will be. Call ql_head_free in any case. */
void ql_head_start(ql_head *head, const ql_source *source, size_t limit, ql_error *error);
void ql_head_free(ql_head *head);

#endif
