/* Spans of unpacked content: see spans.h. */
#include "formats/spans.h"

#include "base/error.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { AHEAD = QL_SPANS_KEPT / 2 }; /* spans that are made ahead of a reader; the others are for those behind it */

typedef struct span {
    ql_content *content; /* NULL: nothing */
    uint64_t index;
    uint8_t *bytes;
    size_t size;
    bool making;      /* one thread writes bytes */
    bool fresh;       /* nobody has read it yet */
    unsigned readers; /* of bytes */
    uint64_t used;    /* when, by the clock */
} span;

static struct {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    span spans[QL_SPANS_KEPT];
    uint64_t clock;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

size_t ql_span_size(uint64_t content_size, uint64_t index)
{
    const uint64_t left = content_size - index * QL_SPAN;
    return left < QL_SPAN ? (size_t)left : QL_SPAN;
}

static span *find(const ql_content *content, uint64_t index)
{
    for (span *s = kept.spans; s < kept.spans + QL_SPANS_KEPT; s++)
        if (s->content == content && s->index == index)
            return s;
    return NULL;
}

/* What should make room last: a span that was made ahead of who reads span `index`. */
static bool is_awaited(const span *s, const ql_content *content, uint64_t index)
{
    return s->fresh && s->content == content && s->index > index && s->index - index <= QL_SPANS_KEPT;
}

/* Where a span can be put that the reader of span `index` needs; NULL when all others are in use. */
static span *find_room(const ql_content *content, uint64_t index)
{
    span *room = NULL;
    bool room_awaited = false;
    for (span *s = kept.spans; s < kept.spans + QL_SPANS_KEPT; s++) {
        if (s->making || s->readers > 0)
            continue;
        const bool awaited = is_awaited(s, content, index);
        if (!room || (awaited == room_awaited ? s->used < room->used : room_awaited)) {
            room = s;
            room_awaited = awaited;
        }
    }
    return room;
}

static void clear(span *s)
{
    free(s->bytes);
    *s = (span) { 0 };
}

/* Makes the span in this room; the lock is given up meanwhile. */
static bool make(span *room, ql_content *content, uint64_t index, ql_error *error)
{
    const size_t size = ql_span_size(content->size, index);
    if (room->size != size) {
        clear(room);
        room->bytes = malloc(size);
        if (!room->bytes) {
            ql_fail_memory(error, size);
            return false;
        }
    }
    *room = (span) {
        .content = content,
        .index = index,
        .bytes = room->bytes,
        .size = size,
        .making = true,
        .fresh = true,
    };
    pthread_mutex_unlock(&kept.lock);
    const bool made = content->make(content->context, index, room->bytes, error);
    pthread_mutex_lock(&kept.lock);
    room->making = false;
    room->used = ++kept.clock;
    if (!made)
        clear(room);
    pthread_cond_broadcast(&kept.changed);
    return made;
}

/* The span that the reader of span `index` makes now: that one, or while another thread makes it one of the next.
   UINT64_MAX: none. */
static uint64_t first_missing(const ql_content *content, uint64_t index)
{
    if (!find(content, index))
        return index;
    const uint64_t apart = atomic_load(&content->apart);
    for (uint64_t i = index + 1; i <= index + AHEAD && i < apart; i++)
        if (!find(content, i))
            return i;
    return UINT64_MAX;
}

/* Waits for the span, or makes it, and takes it for reading. */
static span *take(ql_content *content, uint64_t index, ql_error *error)
{
    for (;;) {
        span *s = find(content, index);
        if (s && !s->making) {
            s->readers++;
            s->fresh = false;
            s->used = ++kept.clock;
            return s;
        }
        const uint64_t missing = first_missing(content, index);
        span *room = missing != UINT64_MAX ? find_room(content, index) : NULL;
        if (!room)
            pthread_cond_wait(&kept.changed, &kept.lock);
        else if (!make(room, content, missing, error))
            return NULL;
    }
}

bool ql_spans_read(ql_content *content, uint64_t offset, size_t size, void *out, ql_error *error)
{
    for (size_t done = 0; done < size;) {
        const uint64_t index = (offset + done) / QL_SPAN;
        const size_t at = (size_t)((offset + done) % QL_SPAN);
        pthread_mutex_lock(&kept.lock);
        span *s = take(content, index, error);
        pthread_mutex_unlock(&kept.lock);
        if (!s)
            return false;
        const size_t there = s->size - at, part = size - done < there ? size - done : there;
        memcpy((uint8_t *)out + done, s->bytes + at, part);
        done += part;
        pthread_mutex_lock(&kept.lock);
        if (--s->readers == 0)
            pthread_cond_broadcast(&kept.changed);
        pthread_mutex_unlock(&kept.lock);
    }
    return true;
}

void ql_spans_forget(ql_content *content)
{
    pthread_mutex_lock(&kept.lock);
    for (span *s = kept.spans; s < kept.spans + QL_SPANS_KEPT; s++)
        if (s->content == content)
            clear(s);
    pthread_mutex_unlock(&kept.lock);
}
