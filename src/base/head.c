/* The growing beginning of a source: see head.h. */
#include "base/head.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 16 }; /* bytes read at least */

static bool grow(ql_head *head, size_t needed)
{
    size_t capacity = head->capacity + head->capacity / 2;
    capacity = capacity < needed ? needed : capacity;
    capacity = capacity < PIECE ? PIECE : capacity;
    uint8_t *bytes = realloc(head->bytes, capacity);
    if (!bytes) {
        head->failure = ql_fail_memory(head->error, capacity);
        return false;
    }
    head->bytes = bytes;
    head->capacity = capacity;
    head->cursor.base = bytes;
    return true;
}

static bool more(ql_cursor *cursor, size_t wanted)
{
    ql_head *head = (ql_head *)cursor;
    const uint64_t there = ql_source_size(head->source);
    if (wanted > there - cursor->at) {
        return false;
    }
    if (wanted > head->limit - cursor->at) {
        head->failure = ql_fail(head->error, QL_BAD_FILE,
                                "%s: its header is longer than the limit of %zu bytes (it goes on at byte %zu); the file is "
                                "damaged, fetch or export it again",
                                ql_source_shown(head->source), head->limit, cursor->at);
        return false;
    }
    const size_t needed = cursor->at + wanted, most = there < head->limit ? (size_t)there : head->limit;
    size_t size = cursor->size + cursor->size / 2;
    size = size < PIECE ? PIECE : size;
    size = size < needed ? needed : size;
    size = size > most ? most : size;
    if (size > head->capacity && !grow(head, size)) {
        return false;
    }
    /* The whole piece goes to the buffer, also when the source is in memory and would rather lend it. */
    uint8_t *to = head->bytes + cursor->size;
    const uint8_t *bytes = ql_source_fetch(head->source, cursor->size, size - cursor->size, to, head->error);
    if (!bytes) {
        head->failure = QL_BAD_FILE;
        return false;
    }
    if (bytes != to) {
        memcpy(to, bytes, size - cursor->size);
    }
    cursor->size = size;
    return true;
}

void ql_head_start(ql_head *head, const ql_source *source, size_t limit, ql_error *error)
{
    *head = (ql_head) { .source = source, .limit = limit, .error = error, .cursor = { .more = more } };
}

void ql_head_free(ql_head *head)
{
    free(head->bytes);
    *head = (ql_head) { 0 };
}
