/* Bounds-checked reading: see cursor.h. */
#include "base/cursor.h"

ql_cursor ql_cursor_over(const void *bytes, size_t size)
{
    return (ql_cursor) { .base = bytes, .size = size };
}

size_t ql_cursor_left(const ql_cursor *cursor)
{
    return cursor->failed ? 0 : cursor->size - cursor->at;
}

const uint8_t *ql_cursor_take(ql_cursor *cursor, size_t size)
{
    if (cursor->failed || (size > ql_cursor_left(cursor) && !(cursor->more && cursor->more(cursor, size)))) {
        cursor->failed = true;
        return NULL;
    }
    const uint8_t *bytes = cursor->base + cursor->at;
    cursor->at += size;
    return bytes;
}

int ql_cursor_peek(const ql_cursor *cursor)
{
    return ql_cursor_left(cursor) > 0 ? cursor->base[cursor->at] : -1;
}

/* The next `size` bytes as one little-endian number, 0 when they are not there. */
static uint64_t little_endian(ql_cursor *cursor, size_t size)
{
    const uint8_t *bytes = ql_cursor_take(cursor, size);
    uint64_t value = 0;
    for (size_t i = size; bytes && i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

uint8_t ql_cursor_u8(ql_cursor *cursor)
{
    return (uint8_t)little_endian(cursor, 1);
}

uint16_t ql_cursor_u16(ql_cursor *cursor)
{
    return (uint16_t)little_endian(cursor, 2);
}

uint32_t ql_cursor_u32(ql_cursor *cursor)
{
    return (uint32_t)little_endian(cursor, 4);
}

uint64_t ql_cursor_u64(ql_cursor *cursor)
{
    return little_endian(cursor, 8);
}
