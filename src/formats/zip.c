/*
 * The directory of a zip archive. APPNOTE, section 4.3.12: one record for each entry,
 *
 *   | 'PK' 1 2 | u16 u16 versions | u16 flags | u16 method | u32 time | u32 crc | u32 compressed | u32 size |
 *   | u16 name | u16 extra | u16 comment | u16 disk | u16 u32 attributes | u32 offset of the local header |
 *   | name | extra fields | comment |
 *
 * Sizes and offset that are 0xffffffff stand in the zip64 extra field.
 */
#include "formats/zip.h"

#include "base/cursor.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/zip_parts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_MAGIC = 0x02014b50,
    ZIP64_FIELD = 1,
    MOST_RATIO = 1032, /* deflate writes at least a bit for a length of 258 and one for its distance */
};

/* ---- Messages -------------------------------------------------------------------------------------------------- */

ql_status ql_zip_refuse(const ql_source *source, const ql_zip_entry *entry, uint64_t at, ql_error *error, const char *format,
                        ...)
{
    char what[240], name[QL_NAME_BUFFER] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (entry)
        ql_text_print(name, sizeof name, entry->name, QL_NAME_CELLS);
    return ql_fail(error, QL_BAD_FILE, "%s: %s%s%s%s (byte %" PRIu64 " of the file); it is damaged, fetch or save it again",
                   ql_source_shown(source), entry ? "entry '" : "", name, entry ? "': " : "", what, at);
}

/* What is not read, by the number of its method. */
static const struct {
    unsigned method;
    const char *name;
} other_methods[] = {
    { 1, "shrink" },     { 6, "implode" }, { 9, "deflate64" }, { 12, "bzip2" }, { 14, "LZMA" },
    { 93, "Zstandard" }, { 95, "XZ" },     { 98, "PPMd" },     { 99, "AES" },
};

static ql_status refuse_method(const ql_source *source, const ql_zip_entry *entry, ql_error *error)
{
    char name[QL_NAME_BUFFER];
    ql_text_print(name, sizeof name, entry->name, QL_NAME_CELLS);
    size_t i = 0;
    while (i < sizeof other_methods / sizeof *other_methods && other_methods[i].method != entry->method)
        i++;
    return ql_fail(error, QL_BAD_FILE,
                   "%s: entry '%s': its method of compression is %u (%s), only 0 (stored) and 8 (deflate) are read; save it "
                   "again with numpy.savez or torch.save",
                   ql_source_shown(source), name, entry->method,
                   i < sizeof other_methods / sizeof *other_methods ? other_methods[i].name : "unknown");
}

static ql_status refuse_encrypted(const ql_source *source, const ql_zip_entry *entry, ql_error *error)
{
    char name[QL_NAME_BUFFER];
    ql_text_print(name, sizeof name, entry->name, QL_NAME_CELLS);
    return ql_fail(error, QL_BAD_FILE,
                   "%s: entry '%s': is encrypted; unpack the archive with its password and save it again",
                   ql_source_shown(source), name);
}

/* ---- Records --------------------------------------------------------------------------------------------------- */

bool ql_zip_widen(const uint8_t *extra, size_t size, uint64_t *const fields[], size_t count)
{
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++)
        wanted += *fields[i] == UINT32_MAX;
    for (ql_cursor cursor = ql_cursor_over(extra, size); wanted > 0;) {
        const unsigned id = ql_cursor_u16(&cursor), length = ql_cursor_u16(&cursor);
        const uint8_t *data = ql_cursor_take(&cursor, length);
        if (!data)
            return false;
        if (id != ZIP64_FIELD)
            continue;
        ql_cursor values = ql_cursor_over(data, length);
        for (size_t i = 0; i < count; i++)
            if (*fields[i] == UINT32_MAX)
                *fields[i] = ql_cursor_u64(&values);
        return !values.failed;
    }
    return true;
}

typedef struct directory_reader {
    const ql_source *source;
    ql_cursor cursor;
    uint64_t begin; /* of the directory in the file */
    ql_error *error;
} directory_reader;

static ql_status check_record(const directory_reader *r, const ql_zip_entry *entry, const ql_zip_place *place, unsigned disk,
                              uint64_t at)
{
    if (memchr(entry->name.data, 0, entry->name.size))
        return ql_zip_refuse(r->source, entry, at, r->error, "its name contains a NUL byte");
    if (disk != 0)
        return ql_zip_refuse(r->source, entry, at, r->error, "it lies in part %u of an archive in several files", disk);
    if (place->flags & QL_ZIP_ENCRYPTED)
        return refuse_encrypted(r->source, entry, r->error);
    if (entry->method != QL_ZIP_STORED && entry->method != QL_ZIP_DEFLATED)
        return refuse_method(r->source, entry, r->error);
    if (entry->method == QL_ZIP_STORED && entry->compressed != entry->size) {
        return ql_zip_refuse(r->source, entry, at, r->error,
                             "it is stored as it is and has two sizes, %" PRIu64 " and %" PRIu64 " bytes", entry->compressed,
                             entry->size);
    }
    if (entry->size / MOST_RATIO > entry->compressed) {
        return ql_zip_refuse(r->source, entry, at, r->error,
                             "%" PRIu64 " bytes cannot come out of %" PRIu64
                             " compressed ones, deflate makes at most %d of one",
                             entry->size, entry->compressed, MOST_RATIO);
    }
    return QL_OK;
}

static ql_status read_record(directory_reader *r, ql_zip_entry *entry, ql_zip_place *place)
{
    ql_cursor *c = &r->cursor;
    const uint64_t at = r->begin + c->at;
    if (ql_cursor_u32(c) != RECORD_MAGIC)
        return ql_zip_refuse(r->source, NULL, at, r->error, "no record of entry %zu is in the directory", place->entry);
    ql_cursor_take(c, 4);
    place->flags = ql_cursor_u16(c);
    entry->method = ql_cursor_u16(c);
    ql_cursor_take(c, 4);
    entry->crc = ql_cursor_u32(c);
    entry->compressed = ql_cursor_u32(c);
    entry->size = ql_cursor_u32(c);
    const size_t name_size = ql_cursor_u16(c), extra_size = ql_cursor_u16(c), comment_size = ql_cursor_u16(c);
    const unsigned disk = ql_cursor_u16(c);
    ql_cursor_take(c, 6);
    place->header = ql_cursor_u32(c);
    const uint8_t *name = ql_cursor_take(c, name_size), *extra = ql_cursor_take(c, extra_size);
    ql_cursor_take(c, comment_size);
    if (c->failed)
        return ql_zip_refuse(r->source, NULL, at, r->error, "the directory ends inside entry %zu", place->entry);
    entry->name = (ql_text) { .data = (const char *)name, .size = name_size };
    if (!ql_zip_widen(extra, extra_size, (uint64_t *const[]) { &entry->size, &entry->compressed, &place->header }, 3))
        return ql_zip_refuse(r->source, entry, at, r->error, "its zip64 field is missing or too short");
    return check_record(r, entry, place, disk, at);
}

static ql_status read_records(ql_zip *zip, ql_zip_place *places, const ql_zip_end *end, const ql_source *source,
                              ql_error *error)
{
    directory_reader r = {
        .source = source,
        .cursor = ql_cursor_over(zip->directory, (size_t)end->size),
        .begin = end->offset,
        .error = error,
    };
    for (size_t i = 0; i < zip->count; i++) {
        places[i].entry = i;
        ql_status status = read_record(&r, &zip->entries[i], &places[i]);
        if (status != QL_OK)
            return status;
    }
    if (ql_cursor_left(&r.cursor) > 0) {
        return ql_zip_refuse(source, NULL, r.begin + r.cursor.at, error,
                             "the directory goes on after the last of its %zu entries", zip->count);
    }
    return QL_OK;
}

/* ---- The archive ----------------------------------------------------------------------------------------------- */

static ql_status fetch_directory(ql_zip *zip, const ql_zip_end *end, const ql_source *source, ql_error *error)
{
    const size_t size = (size_t)end->size, count = (size_t)end->count;
    zip->directory = malloc(size + 1); /* + 1: never an allocation of nothing */
    zip->entries = calloc(count + 1, sizeof *zip->entries);
    if (!zip->directory || !zip->entries)
        return ql_fail_memory(error, size + 1 + (count + 1) * sizeof *zip->entries);
    const void *bytes = ql_source_fetch(source, end->offset, size, zip->directory, error);
    if (!bytes)
        return ql_error_status(error);
    if (bytes != zip->directory)
        memcpy(zip->directory, bytes, size);
    zip->count = count;
    return QL_OK;
}

static ql_status check_names(ql_zip *zip, const ql_source *source, ql_error *error)
{
    ql_status status = ql_names_new(&zip->names, &zip->entries->name, zip->count, sizeof *zip->entries, error);
    const ql_text *twice = status == QL_OK ? ql_names_twice(&zip->names) : NULL;
    if (!twice)
        return status;
    char shown[QL_NAME_BUFFER];
    ql_text_print(shown, sizeof shown, *twice, QL_NAME_CELLS);
    return ql_fail(error, QL_BAD_FILE, "%s: two entries are named '%s' (directory of the archive); save it again",
                   ql_source_shown(source), shown);
}

static ql_status read_archive(ql_zip *zip, const ql_source *source, ql_error *error)
{
    ql_zip_end end;
    ql_status status = ql_zip_read_end(&end, source, error);
    if (status == QL_OK)
        status = fetch_directory(zip, &end, source, error);
    if (status != QL_OK)
        return status;
    ql_zip_place *places = calloc(zip->count + 1, sizeof *places);
    if (!places)
        return ql_fail_memory(error, (zip->count + 1) * sizeof *places);
    status = read_records(zip, places, &end, source, error);
    if (status == QL_OK)
        status = ql_zip_read_local(zip, places, end.offset, source, error);
    free(places);
    return status == QL_OK ? check_names(zip, source, error) : status;
}

ql_status ql_zip_read(ql_zip *out, const ql_source *source, ql_error *error)
{
    *out = (ql_zip) { 0 };
    ql_status status = read_archive(out, source, error);
    if (status != QL_OK)
        ql_zip_free(out);
    return status;
}

void ql_zip_free(ql_zip *zip)
{
    ql_names_free(&zip->names);
    free(zip->entries);
    free(zip->directory);
    *zip = (ql_zip) { 0 };
}

const ql_zip_entry *ql_zip_find(const ql_zip *zip, ql_text name)
{
    return (const void *)ql_names_find(&zip->names, name); /* the name is the first member of its entry */
}
