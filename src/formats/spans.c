/* Spans of unpacked content: see spans.h. */
#include "formats/spans.h"

#include "base/error.h"
#include "base/sizes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct span {
    const ql_content *content; /* NULL: nothing */
    uint64_t index;
    uint8_t *bytes;
    size_t size;
    bool making;      /* one thread writes bytes */
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

/* The one that nobody uses and that was used before all others, NULL when all are in use. */
static span *find_room(void)
{
    span *room = NULL;
    for (span *s = kept.spans; s < kept.spans + QL_SPANS_KEPT; s++)
        if (!s->making && s->readers == 0 && (!room || s->used < room->used))
            room = s;
    return room;
}

static void clear(span *s)
{
    free(s->bytes);
    *s = (span) { 0 };
}

/* Makes the span in this room; the lock is given up meanwhile. */
static bool make(span *room, const ql_content *content, uint64_t index, ql_error *error)
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
    *room = (span) { .content = content, .index = index, .bytes = room->bytes, .size = size, .making = true };
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

/* The first span from `index` on that nobody has made or is making, as far as there is room for spans. */
static uint64_t first_missing(const ql_content *content, uint64_t index)
{
    const uint64_t count = ql_size_ceil_div(content->size, QL_SPAN);
    const uint64_t end = count - index < QL_SPANS_KEPT ? count : index + QL_SPANS_KEPT;
    while (index < end && find(content, index))
        index++;
    return index < end ? index : UINT64_MAX;
}

/* Waits for the span, or makes it, and takes it for reading. */
static span *take(const ql_content *content, uint64_t index, ql_error *error)
{
    for (;;) {
        span *s = find(content, index);
        if (s && !s->making) {
            s->readers++;
            s->used = ++kept.clock;
            return s;
        }
        const uint64_t missing = first_missing(content, index);
        span *room = missing != UINT64_MAX ? find_room() : NULL;
        if (!room)
            pthread_cond_wait(&kept.changed, &kept.lock);
        else if (!make(room, content, missing, error))
            return NULL;
    }
}

bool ql_spans_read(const ql_content *content, uint64_t offset, size_t size, void *out, ql_error *error)
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

void ql_spans_forget(const ql_content *content)
{
    pthread_mutex_lock(&kept.lock);
    for (span *s = kept.spans; s < kept.spans + QL_SPANS_KEPT; s++)
        if (s->content == content)
            clear(s);
    pthread_mutex_unlock(&kept.lock);
}
