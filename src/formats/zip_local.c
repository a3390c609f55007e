/*
 * The local headers of a zip archive, one before the data of each entry. APPNOTE, section 4.3.7.
 *
 *   | 'PK' 3 4 | u16 version | u16 flags | u16 method | u32 time | u32 crc | u32 compressed | u32 size |
 *   | u16 name | u16 extra | name | extra fields | data | [ descriptor ] |
 *
 * With bit 3 of the flags crc and sizes may be 0 here, and follow the data in a descriptor of 12, 16, 20 or 24 bytes. Where
 * a size is 0xffffffff, both stand in the zip64 extra field.
 *
 * The headers are visited in the order of the file, so that overlaps and gaps show without comparing pairs.
 */
#include "base/cursor.h"
#include "base/error.h"
#include "formats/zip_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOCAL_MAGIC = 0x04034b50,
    LOCAL_SIZE = 30,
    NEAR = 2048, /* bytes from one header to the next: both are read at once */
    WINDOW = 1 << 18,
};

static_assert(WINDOW >= LOCAL_SIZE + 2 * UINT16_MAX, "the window holds the largest header");

typedef struct local_reader {
    ql_zip *zip;
    const ql_source *source;
    uint64_t limit; /* where the directory begins */
    ql_error *error;
    uint8_t *buffer;      /* [WINDOW] */
    const uint8_t *bytes; /* what was read last: [size] from byte `at` of the file on */
    uint64_t at;
    size_t size;
} local_reader;

/* Bytes [at, at + size) of the file, which are there. When they have to be read, `wish` bytes are, if there are so many. */
static const uint8_t *look(local_reader *r, uint64_t at, size_t size, size_t wish)
{
    if (!r->bytes || at < r->at || at - r->at > r->size || size > r->size - (at - r->at)) {
        const uint64_t left = r->limit - at;
        r->size = left < wish ? (size_t)left : wish;
        r->at = at;
        r->bytes = ql_source_fetch(r->source, at, r->size, r->buffer, r->error);
    }
    return r->bytes ? r->bytes + (at - r->at) : NULL;
}

/* The fixed part of a local header. */
typedef struct local_header {
    uint32_t magic, crc;
    unsigned flags, method;
    uint64_t compressed, size;
    size_t name_size, extra_size;
} local_header;

static local_header parse(const uint8_t *bytes)
{
    ql_cursor cursor = ql_cursor_over(bytes, LOCAL_SIZE);
    local_header h = { .magic = ql_cursor_u32(&cursor) };
    ql_cursor_take(&cursor, 2);
    h.flags = ql_cursor_u16(&cursor);
    h.method = ql_cursor_u16(&cursor);
    ql_cursor_take(&cursor, 4);
    h.crc = ql_cursor_u32(&cursor);
    h.compressed = ql_cursor_u32(&cursor);
    h.size = ql_cursor_u32(&cursor);
    h.name_size = ql_cursor_u16(&cursor);
    h.extra_size = ql_cursor_u16(&cursor);
    return h;
}

/* What a local header that begins at bytes[0] has against its entry in the directory, NULL when nothing. */
static const char *difference(const ql_zip_entry *entry, local_header h, const uint8_t *bytes)
{
    const bool descriptor = h.flags & QL_ZIP_DESCRIPTOR;
    const uint8_t *name = bytes + LOCAL_SIZE;
    if (h.flags & QL_ZIP_ENCRYPTED)
        return "its local header says that it is encrypted";
    if (h.name_size != entry->name.size || memcmp(name, entry->name.data, h.name_size) != 0)
        return "its local header has another name than the directory";
    if (h.method != entry->method)
        return "its local header has another method of compression than the directory";
    if (h.compressed == UINT32_MAX || h.size == UINT32_MAX) {
        h.compressed = h.size = UINT32_MAX;
        if (!ql_zip_widen(name + h.name_size, h.extra_size, (uint64_t *const[]) { &h.size, &h.compressed }, 2) &&
            !descriptor)
            return "its local header lacks the zip64 field with its sizes";
        if (descriptor && h.compressed == UINT32_MAX && h.size == UINT32_MAX)
            h.compressed = h.size = 0;
    }
    const bool none = descriptor && h.compressed == 0 && h.size == 0;
    if (!none && (h.compressed != entry->compressed || h.size != entry->size))
        return "its local header has other sizes than the directory";
    if (h.crc != entry->crc && !(descriptor && h.crc == 0))
        return "its local header has another CRC-32 than the directory";
    return NULL;
}

/* Checks one header; *end becomes the end of the data. `wish`: how much to read when that has to be. */
static ql_status check_entry(local_reader *r, const ql_zip_place *place, size_t wish, uint64_t *end)
{
    ql_zip_entry *entry = &r->zip->entries[place->entry];
    const uint64_t at = place->header, room = r->limit - at;
    const uint8_t *bytes = look(r, at, LOCAL_SIZE, wish);
    if (!bytes)
        return ql_error_status(r->error);
    const local_header h = parse(bytes);
    if (h.magic != LOCAL_MAGIC)
        return ql_zip_refuse(r->source, entry, at, r->error, "no local header is where the directory says");
    const size_t size = LOCAL_SIZE + h.name_size + h.extra_size;
    if (size > room || entry->compressed > room - size) {
        return ql_zip_refuse(r->source, entry, at, r->error,
                             "its %" PRIu64 " bytes of data reach into the directory of the archive", entry->compressed);
    }
    bytes = look(r, at, size, size > wish ? size : wish);
    if (!bytes)
        return ql_error_status(r->error);
    const char *wrong = difference(entry, h, bytes);
    if (wrong)
        return ql_zip_refuse(r->source, entry, at, r->error, "%s", wrong);
    entry->offset = at + size;
    *end = entry->offset + entry->compressed;
    return QL_OK;
}

/* True when the bytes between two entries may be the descriptor of the first. */
static bool may_follow(unsigned flags, uint64_t size)
{
    return size == 0 || ((flags & QL_ZIP_DESCRIPTOR) && size >= 12 && size <= 24 && size % 4 == 0);
}

static ql_status refuse_gap(const local_reader *r, const ql_zip_entry *entry, uint64_t begin, uint64_t end)
{
    return ql_zip_refuse(r->source, entry, begin, r->error, "%" PRIu64 " bytes before %s belong to no entry of the archive",
                         end - begin, entry ? "this one" : "the directory");
}

static int by_place(const void *a, const void *b)
{
    const ql_zip_place *x = a, *y = b;
    if (x->header != y->header)
        return x->header < y->header ? -1 : 1;
    return x->entry < y->entry ? -1 : 1;
}

static void sort(ql_zip_place *places, size_t count)
{
    size_t i = 1;
    while (i < count && places[i - 1].header < places[i].header)
        i++;
    if (i < count)
        qsort(places, count, sizeof *places, by_place);
}

static ql_status check_all(local_reader *r, const ql_zip_place *places)
{
    const size_t count = r->zip->count;
    uint64_t end = 0;
    unsigned flags = 0;
    for (size_t i = 0; i < count; i++) {
        const ql_zip_place *place = &places[i];
        const ql_zip_entry *entry = &r->zip->entries[place->entry];
        if (place->header > r->limit || r->limit - place->header < LOCAL_SIZE) {
            return ql_zip_refuse(r->source, entry, r->limit, r->error,
                                 "its local header would be at byte %" PRIu64 ", which is not before the directory",
                                 place->header);
        }
        if (place->header < end) {
            return ql_zip_refuse(r->source, entry, place->header, r->error,
                                 "it begins inside another entry, which ends at byte %" PRIu64, end);
        }
        if (!may_follow(flags, place->header - end))
            return refuse_gap(r, entry, end, place->header);
        const bool close = i + 1 < count && places[i + 1].header - place->header < NEAR;
        const size_t alone = LOCAL_SIZE + entry->name.size;
        ql_status status = check_entry(r, place, close ? WINDOW : alone, &end);
        if (status != QL_OK)
            return status;
        flags = place->flags;
    }
    return may_follow(flags, r->limit - end) ? QL_OK : refuse_gap(r, NULL, end, r->limit);
}

ql_status ql_zip_read_local(ql_zip *zip, ql_zip_place *places, uint64_t directory, const ql_source *source, ql_error *error)
{
    local_reader r = { .zip = zip, .source = source, .limit = directory, .error = error, .buffer = malloc(WINDOW) };
    if (!r.buffer)
        return ql_fail_memory(error, WINDOW);
    sort(places, zip->count);
    ql_status status = check_all(&r, places);
    free(r.buffer);
    return status;
}
