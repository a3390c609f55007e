/*
 * Pieces of unpacked content that several threads read at the same time, in a memory of fixed size that all contents share.
 *
 * A content is cut into spans of QL_SPAN bytes. The thread that needs a span first makes it; another one that needs it too
 * makes one of the next in the meantime, so that a sequential pass of many threads unpacks as many spans at once. What was
 * read and not used for the longest time makes room.
 */
#ifndef QL_FORMATS_SPANS_H
#define QL_FORMATS_SPANS_H

#include "qloupe.h"

#include <stdatomic.h>

enum { QL_SPAN = 1 << 22, QL_SPANS_KEPT = 16 };

typedef struct ql_content {
    uint64_t size;
    _Atomic uint64_t apart; /* spans before this one are made as easily on their own: only those are made ahead */
    /* Writes span `index` to out: QL_SPAN bytes, the last one less. False with a message. Any thread. */
    bool (*make)(void *context, uint64_t index, uint8_t *out, ql_error *error);
    void *context;
} ql_content;

/* How many bytes span `index` has. */
size_t ql_span_size(uint64_t content_size, uint64_t index);

/* Bytes [offset, offset + size) of the content, which has so many, to out. False with a message. Any thread. */
bool ql_spans_read(ql_content *content, uint64_t offset, size_t size, void *out, ql_error *error);

/* Forgets the content, which nobody reads any more. */
void ql_spans_forget(ql_content *content);

#endif
