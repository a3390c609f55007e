/*
 * A bounds-checked reader over bytes in memory: the only way in which a header is read.
 *
 * Invariant: at <= size. A read that does not fit sets `failed` and leaves `at` where it was; from then on every read fails
 * and returns zeros, so that a parser may check once for a group of fields. Integers are little-endian.
 *
 * Over a header whose length nobody knows beforehand the bytes come as they are needed (`more`, base/head.h).
 */
#ifndef QL_BASE_CURSOR_H
#define QL_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ql_cursor {
    const uint8_t *base;
    size_t size, at;
    bool failed;
    /* NULL, or makes `size` at least at + wanted, which may move `base`: bytes that were taken are to be remembered by their
       place. False when they are not there. */
    bool (*more)(struct ql_cursor *cursor, size_t wanted);
} ql_cursor;

ql_cursor ql_cursor_over(const void *bytes, size_t size);
size_t ql_cursor_left(const ql_cursor *cursor); /* of those that are in memory */

/* The next `size` bytes, or NULL when fewer are left. */
const uint8_t *ql_cursor_take(ql_cursor *cursor, size_t size);

/* The next byte in memory without taking it, -1 at the end or after a failure. */
int ql_cursor_peek(const ql_cursor *cursor);

uint8_t ql_cursor_u8(ql_cursor *cursor);
uint16_t ql_cursor_u16(ql_cursor *cursor);
uint32_t ql_cursor_u32(ql_cursor *cursor);
uint64_t ql_cursor_u64(ql_cursor *cursor);

#endif
