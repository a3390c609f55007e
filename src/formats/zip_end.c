/*
 * The end of a zip archive. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.14 to 4.3.16.
 *
 *   | directory | [ zip64 record | zip64 locator ] | end record | comment |
 *
 *   end record     | 'PK' 5 6 | u16 disk | u16 disk of the directory | u16 count here | u16 count | u32 size | u32 offset |
 *                  | u16 length of the comment |
 *   zip64 locator  | 'PK' 6 7 | u32 disk | u64 offset of the zip64 record | u32 disks |
 *   zip64 record   | 'PK' 6 6 | u64 size of what follows | u16 u16 versions | u32 disk | u32 disk of the directory |
 *                  | u64 count here | u64 count | u64 size | u64 offset | more |
 *
 * With a zip64 record the values of the end record are the same or all bits set. The pieces must touch each other: where
 * they do not, something was put into the archive or before it.
 */
#include "base/cursor.h"
#include "base/error.h"
#include "base/sizes.h"
#include "formats/limits.h"
#include "formats/zip_parts.h"

#include <inttypes.h>

enum {
    END_MAGIC = 0x06054b50,
    LOCATOR_MAGIC = 0x07064b50,
    ZIP64_MAGIC = 0x06064b50,
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    ZIP64_SIZE = 56,
    ZIP64_HEAD = 12, /* of its bytes that its size does not count */
    TAIL_SIZE = END_SIZE + UINT16_MAX,
    RECORD_SIZE = 46, /* of an entry in the directory, at least */
};

static bool is_end(const uint8_t *bytes, size_t size)
{
    ql_cursor cursor = ql_cursor_over(bytes, size);
    if (ql_cursor_u32(&cursor) != END_MAGIC)
        return false;
    ql_cursor_take(&cursor, END_SIZE - 4 - 2);
    const unsigned comment = ql_cursor_u16(&cursor);
    return !cursor.failed && comment == ql_cursor_left(&cursor);
}

/* Where the last end record is whose comment reaches the end of the file. */
static ql_status find_end(const ql_source *source, uint64_t *at, ql_error *error)
{
    uint8_t buffer[TAIL_SIZE];
    const uint64_t file_size = ql_source_size(source);
    const size_t size = file_size < TAIL_SIZE ? (size_t)file_size : TAIL_SIZE;
    const uint8_t *tail = ql_source_fetch(source, file_size - size, size, buffer, error);
    if (!tail)
        return ql_error_status(error);
    for (size_t left = END_SIZE; left <= size; left++) {
        if (is_end(tail + size - left, left)) {
            *at = file_size - left;
            return QL_OK;
        }
    }
    return ql_fail(
        error, QL_BAD_FILE,
        "%s: has no end record of a zip archive in its last %zu bytes; it is cut short or no archive, fetch or save "
        "it again",
        ql_source_shown(source), size);
}

static ql_status refuse_disks(const ql_source *source, uint64_t at, ql_error *error)
{
    return ql_fail(error, QL_BAD_FILE,
                   "%s: is a part of a zip archive in several files, or damaged (byte %" PRIu64 "); save it as one file",
                   ql_source_shown(source), at);
}

static ql_status read_end(ql_zip_end *end, const ql_source *source, uint64_t at, ql_error *error)
{
    uint8_t buffer[END_SIZE];
    const uint8_t *bytes = ql_source_fetch(source, at, sizeof buffer, buffer, error);
    if (!bytes)
        return ql_error_status(error);
    ql_cursor cursor = ql_cursor_over(bytes, sizeof buffer);
    ql_cursor_take(&cursor, 4);
    const unsigned disk = ql_cursor_u16(&cursor), directory_disk = ql_cursor_u16(&cursor);
    const unsigned count_here = ql_cursor_u16(&cursor);
    end->count = ql_cursor_u16(&cursor);
    end->size = ql_cursor_u32(&cursor);
    end->offset = ql_cursor_u32(&cursor);
    return disk == 0 && directory_disk == 0 && count_here == end->count ? QL_OK : refuse_disks(source, at, error);
}

/* True when a value of the end record agrees with that of the zip64 record, or refers to it. */
static bool agrees(uint64_t value, uint64_t all_bits, uint64_t zip64_value)
{
    return value == all_bits || value == zip64_value;
}

static ql_status read_zip64(ql_zip_end *end, const ql_source *source, uint64_t at, uint64_t locator_at, ql_error *error)
{
    uint8_t buffer[ZIP64_SIZE];
    if (locator_at < ZIP64_SIZE || at > locator_at - ZIP64_SIZE) {
        return ql_zip_refuse(source, NULL, locator_at, error,
                             "the zip64 locator points to byte %" PRIu64 ", where no zip64 record can be", at);
    }
    const uint8_t *bytes = ql_source_fetch(source, at, sizeof buffer, buffer, error);
    if (!bytes)
        return ql_error_status(error);
    ql_cursor cursor = ql_cursor_over(bytes, sizeof buffer);
    const uint32_t magic = ql_cursor_u32(&cursor);
    const uint64_t size = ql_cursor_u64(&cursor);
    if (magic != ZIP64_MAGIC || size != locator_at - at - ZIP64_HEAD)
        return ql_zip_refuse(source, NULL, at, error, "no zip64 record reaches from here to its locator");
    ql_cursor_take(&cursor, 4);
    const uint32_t disk = ql_cursor_u32(&cursor), directory_disk = ql_cursor_u32(&cursor);
    const uint64_t count_here = ql_cursor_u64(&cursor);
    const ql_zip_end short_end = *end;
    end->count = ql_cursor_u64(&cursor);
    end->size = ql_cursor_u64(&cursor);
    end->offset = ql_cursor_u64(&cursor);
    if (disk != 0 || directory_disk != 0 || count_here != end->count)
        return refuse_disks(source, at, error);
    if (!agrees(short_end.count, UINT16_MAX, end->count) || !agrees(short_end.size, UINT32_MAX, end->size) ||
        !agrees(short_end.offset, UINT32_MAX, end->offset))
        return ql_zip_refuse(source, NULL, at, error, "the zip64 record and the end record do not say the same");
    return QL_OK;
}

/* Reads the zip64 record, when there is a locator before the end record; *at becomes where the first of them begins. */
static ql_status try_zip64(ql_zip_end *end, const ql_source *source, uint64_t *at, ql_error *error)
{
    uint8_t buffer[LOCATOR_SIZE];
    if (*at < LOCATOR_SIZE)
        return QL_OK;
    const uint64_t locator_at = *at - LOCATOR_SIZE;
    const uint8_t *bytes = ql_source_fetch(source, locator_at, sizeof buffer, buffer, error);
    if (!bytes)
        return ql_error_status(error);
    ql_cursor cursor = ql_cursor_over(bytes, sizeof buffer);
    if (ql_cursor_u32(&cursor) != LOCATOR_MAGIC)
        return QL_OK;
    const uint32_t disk = ql_cursor_u32(&cursor);
    const uint64_t record_at = ql_cursor_u64(&cursor);
    const uint32_t disks = ql_cursor_u32(&cursor);
    if (disk != 0 || disks > 1)
        return refuse_disks(source, locator_at, error);
    *at = record_at;
    return read_zip64(end, source, record_at, locator_at, error);
}

static ql_status check(const ql_zip_end *end, uint64_t at, const ql_source *source, ql_error *error)
{
    uint64_t directory_end;
    if (!ql_size_add(end->offset, end->size, &directory_end) || directory_end != at) {
        return ql_zip_refuse(source, NULL, at, error,
                             "the directory of the archive (%" PRIu64 " bytes from byte %" PRIu64
                             " on) does not end where its end record begins",
                             end->size, end->offset);
    }
    if (end->count > QL_LIMIT_ZIP_ENTRIES) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: %" PRIu64 " entries of the archive (byte %" PRIu64
                       ") are over the limit of %d; save them in several files",
                       ql_source_shown(source), end->count, at, QL_LIMIT_ZIP_ENTRIES);
    }
    if (end->size > QL_LIMIT_ZIP_DIRECTORY) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: a directory of %" PRIu64 " bytes (byte %" PRIu64
                       ") is over the limit of %d; save the entries in several files",
                       ql_source_shown(source), end->size, at, QL_LIMIT_ZIP_DIRECTORY);
    }
    if (end->count > end->size / RECORD_SIZE) {
        return ql_zip_refuse(source, NULL, at, error,
                             "%" PRIu64 " entries do not fit into the directory of the archive, which has %" PRIu64 " bytes",
                             end->count, end->size);
    }
    return QL_OK;
}

ql_status ql_zip_read_end(ql_zip_end *end, const ql_source *source, ql_error *error)
{
    uint64_t at = 0;
    ql_status status = find_end(source, &at, error);
    if (status == QL_OK)
        status = read_end(end, source, at, error);
    if (status == QL_OK)
        status = try_zip64(end, source, &at, error);
    return status == QL_OK ? check(end, at, source, error) : status;
}
