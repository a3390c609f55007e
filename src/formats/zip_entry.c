/* Contents of zip entries: see zip_entry.h. */
#include "formats/zip_entry.h"

#include "base/error.h"
#include "base/sizes.h"
#include "formats/inflate.h"
#include "formats/limits.h"
#include "formats/zip_parts.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    HEAD = QL_LIMIT_NPY_HEADER + 12, /* the longest header of an .npy file */
    PIECE = 1 << 20,                 /* bytes whose CRC-32 is found at once */
    BUFFER = 1 << 16,
};

/* True for a fetch that is a look at the beginning. */
static bool is_head(const ql_zip_entry *entry, uint64_t offset, size_t size)
{
    return offset + size <= HEAD && size < entry->size;
}

/* ---- Stored ---------------------------------------------------------------------------------------------------- */

/* The CRC-32 of a part of the content, found by the thread that comes there first. */
typedef struct piece {
    atomic_bool taken;
    uint32_t crc;
} piece;

typedef struct stored {
    const ql_source *archive;
    ql_zip_entry entry;
    uint64_t piece_count;       /* 0: not to be checked */
    _Atomic uint64_t unchecked; /* how many of them */
    atomic_bool wrong;          /* all are known and they are not what the directory says */
    piece pieces[];
} stored;

static bool find_crc(const stored *s, uint64_t index, uint32_t *crc, ql_error *error)
{
    uint8_t buffer[BUFFER];
    const uint64_t begin = index * PIECE, left = s->entry.size - begin, size = left < PIECE ? left : PIECE;
    *crc = 0;
    for (uint64_t done = 0; done < size;) {
        const size_t part = size - done < BUFFER ? (size_t)(size - done) : BUFFER;
        const void *bytes = ql_source_view(s->archive, s->entry.offset + begin + done, part, buffer, error);
        if (!bytes)
            return false;
        *crc = (uint32_t)crc32(*crc, bytes, (uInt)part);
        done += part;
    }
    return true;
}

/* What the pieces are together. */
static uint32_t crc_of_all(const stored *s)
{
    uint32_t crc = 0;
    for (uint64_t i = 0; i < s->piece_count; i++) {
        const uint64_t left = s->entry.size - i * PIECE;
        crc = (uint32_t)crc32_combine(crc, s->pieces[i].crc, left < PIECE ? (z_off_t)left : PIECE);
    }
    return crc;
}

/* Looks at the pieces that hold these bytes, if nobody has; with the last of all comes the answer. */
static bool check(stored *s, uint64_t offset, uint64_t size, ql_error *error)
{
    const uint64_t end = size > 0 ? (offset + size - 1) / PIECE + 1 : 0;
    for (uint64_t i = offset / PIECE; i < end && atomic_load(&s->unchecked) > 0; i++) {
        if (atomic_exchange(&s->pieces[i].taken, true))
            continue;
        if (!find_crc(s, i, &s->pieces[i].crc, error)) {
            atomic_store(&s->pieces[i].taken, false);
            return false;
        }
        if (atomic_fetch_sub(&s->unchecked, 1) == 1 && crc_of_all(s) != s->entry.crc)
            atomic_store(&s->wrong, true);
    }
    if (!atomic_load(&s->wrong))
        return true;
    ql_zip_refuse(s->archive, &s->entry, s->entry.offset, error,
                  "its content has the CRC-32 %08" PRIx32 ", the directory of the archive says %08" PRIx32, crc_of_all(s),
                  s->entry.crc);
    return false;
}

static const void *view_stored(void *context, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    stored *s = context;
    return check(s, offset, size, error) ? ql_source_view(s->archive, s->entry.offset + offset, size, buffer, error) : NULL;
}

static const void *fetch_stored(void *context, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    stored *s = context;
    const bool is_good = is_head(&s->entry, offset, size) || check(s, offset, size, error);
    return is_good ? ql_source_fetch(s->archive, s->entry.offset + offset, size, buffer, error) : NULL;
}

static const void *find_stored(void *context, uint64_t offset, uint64_t size)
{
    stored *s = context;
    const void *bytes = ql_source_in_memory(s->archive, s->entry.offset + offset, size);
    return bytes && check(s, offset, size, NULL) ? bytes : NULL;
}

static const ql_source_reader stored_reader = {
    .fetch = fetch_stored,
    .view = view_stored,
    .in_memory = find_stored,
    .free = free,
};

static ql_status open_stored(const ql_source *archive, const ql_zip_entry *entry, bool check_crc, ql_source **out,
                             ql_error *error)
{
    const size_t count = check_crc ? (size_t)ql_size_ceil_div(entry->size, PIECE) : 0;
    const size_t size = sizeof(stored) + count * sizeof(piece);
    stored *s = calloc(1, size);
    if (!s)
        return ql_fail_memory(error, size);
    s->archive = archive;
    s->entry = *entry;
    s->piece_count = count;
    atomic_init(&s->unchecked, count);
    ql_status status = ql_source_from_reader("", entry->size, archive, &stored_reader, s, out, error);
    if (status != QL_OK)
        free(s);
    return status;
}

/* ---- Deflated -------------------------------------------------------------------------------------------------- */

static const void *view_deflated(void *context, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    return ql_inflate_read(context, offset, size, buffer, error) ? buffer : NULL;
}

static const void *fetch_deflated(void *context, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    if (!is_head(ql_inflate_entry(context), offset, size))
        return view_deflated(context, offset, size, buffer, error);
    return ql_inflate_begin(context, offset, size, buffer, error) ? buffer : NULL;
}

static void free_deflated(void *context)
{
    ql_inflate_free(&(ql_inflate *) { context });
}

static const ql_source_reader deflated_reader = {
    .fetch = fetch_deflated,
    .view = view_deflated,
    .free = free_deflated,
};

static ql_status open_deflated(const ql_source *archive, const ql_zip_entry *entry, bool check_crc, ql_source **out,
                               ql_error *error)
{
    ql_inflate *inflate = NULL;
    ql_status status = ql_inflate_new(archive, entry, check_crc, &inflate, error);
    if (status == QL_OK)
        status = ql_source_from_reader("", entry->size, archive, &deflated_reader, inflate, out, error);
    if (status != QL_OK)
        ql_inflate_free(&inflate);
    return status;
}

ql_status ql_zip_entry_open(const ql_source *archive, const ql_zip_entry *entry, bool check_crc, ql_source **out,
                            ql_error *error)
{
    return (entry->method == QL_ZIP_STORED ? open_stored : open_deflated)(archive, entry, check_crc, out, error);
}
