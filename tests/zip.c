/* The writer of zip archives: see zip.h. */
#include "zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void *must(void *memory)
{
    if (!memory) {
        fputs("zip.c: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void zip_put(zip_bytes *bytes, const void *data, size_t size)
{
    if (bytes->capacity - bytes->size < size) {
        bytes->capacity = 2 * bytes->capacity + size;
        bytes->data = must(realloc(bytes->data, bytes->capacity));
    }
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

/* The lowest `width` bytes, the lowest first. */
static void put(zip_bytes *bytes, uint64_t value, size_t width)
{
    uint8_t little[8];
    for (size_t i = 0; i < width; i++)
        little[i] = (uint8_t)(value >> 8 * i);
    zip_put(bytes, little, width);
}

static uint64_t said(zip_lie lie, uint64_t truth)
{
    return lie.told ? lie.value : truth;
}

uint32_t zip_crc(const void *data, size_t size)
{
    return (uint32_t)crc32(0, data, (uInt)size);
}

uint8_t *zip_deflate(const void *data, size_t size, int level, size_t *packed_size)
{
    z_stream z = { 0 };
    if (deflateInit2(&z, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        must(NULL);
    const size_t most = deflateBound(&z, size);
    uint8_t *packed = must(malloc(most));
    z.next_in = (Bytef *)data;
    z.avail_in = (uInt)size;
    z.next_out = packed;
    z.avail_out = (uInt)most;
    deflate(&z, Z_FINISH);
    *packed_size = z.total_out;
    deflateEnd(&z);
    return packed;
}

/* What both headers of an entry say in the end. */
typedef struct facts {
    size_t name_size;
    uint64_t method, flags, crc, packed_size, size, header_at;
} facts;

static void put_local(zip_bytes *out, const zip_entry *e, const facts *f)
{
    const char *name = e->local_name ? e->local_name : e->name;
    const size_t name_size = e->local_name ? strlen(e->local_name) : f->name_size;
    const bool wide = e->zip64 || e->zip64_here;
    const size_t extra_size = e->local_extra_size + (wide ? 20 : 0);
    const uint64_t packed_size = e->descriptor ? 0 : f->packed_size, size = e->descriptor ? 0 : f->size;
    put(out, said(e->local_magic, 0x04034b50), 4);
    put(out, wide ? 45 : 20, 2);
    put(out, said(e->local_flags, f->flags), 2);
    put(out, said(e->local_method, f->method), 2);
    put(out, 0x210000, 4); /* midnight, 1 January 1980 */
    put(out, said(e->local_crc, e->descriptor ? 0 : f->crc), 4);
    put(out, said(e->local_packed_as, wide ? UINT32_MAX : packed_size), 4);
    put(out, said(e->local_size_as, wide ? UINT32_MAX : size), 4);
    put(out, name_size, 2);
    put(out, said(e->local_extra_size_as, extra_size), 2);
    zip_put(out, name, name_size);
    if (wide) {
        put(out, 1, 2);
        put(out, 16, 2);
        put(out, size, 8);
        put(out, packed_size, 8);
    }
    zip_put(out, e->local_extra, e->local_extra_size);
}

static void put_record(zip_bytes *out, const zip_entry *e, const facts *f)
{
    put(out, said(e->magic, 0x02014b50), 4);
    put(out, 20, 2);
    put(out, e->zip64 ? 45 : 20, 2);
    put(out, f->flags, 2);
    put(out, f->method, 2);
    put(out, 0x210000, 4);
    put(out, f->crc, 4);
    put(out, e->zip64 ? UINT32_MAX : f->packed_size, 4);
    put(out, e->zip64 ? UINT32_MAX : f->size, 4);
    put(out, f->name_size, 2);
    put(out, said(e->extra_size_as, e->extra_size + (e->zip64 ? 28 : 0)), 2);
    put(out, 0, 2);
    put(out, said(e->disk, 0), 2);
    put(out, 0, 6);
    put(out, e->zip64 ? UINT32_MAX : f->header_at, 4);
    zip_put(out, e->name, f->name_size);
    if (e->zip64) {
        put(out, 1, 2);
        put(out, 24, 2);
        put(out, f->size, 8);
        put(out, f->packed_size, 8);
        put(out, f->header_at, 8);
    }
    zip_put(out, e->extra, e->extra_size);
}

size_t zip_add(zip_writer *zip, const zip_entry *e)
{
    size_t packed_size = e->packed ? e->packed_size : e->size;
    uint8_t *deflated = e->deflate && !e->packed ? zip_deflate(e->data, e->size, 9, &packed_size) : NULL;
    const facts f = {
        .name_size = e->name_size ? e->name_size : strlen(e->name),
        .method = said(e->method, e->deflate ? 8 : 0),
        .flags = said(e->flags, e->descriptor ? 8 : 0),
        .crc = said(e->crc, zip_crc(e->data, e->size)),
        .packed_size = said(e->packed_as, packed_size),
        .size = said(e->size_as, e->size),
        .header_at = said(e->offset, zip->file.size),
    };
    put_local(&zip->file, e, &f);
    const size_t at = zip->file.size;
    zip_put(&zip->file, e->packed ? e->packed : deflated ? deflated : e->data, packed_size);
    if (e->descriptor) {
        put(&zip->file, 0x08074b50, 4);
        put(&zip->file, f.crc, 4);
        put(&zip->file, f.packed_size, e->zip64 ? 8 : 4);
        put(&zip->file, f.size, e->zip64 ? 8 : 4);
    }
    put_record(&zip->directory, e, &f);
    zip->count++;
    free(deflated);
    return at;
}

void zip_turn(zip_writer *zip)
{
    const size_t record = zip->directory.size / 2;
    uint8_t *first = must(malloc(record));
    memcpy(first, zip->directory.data, record);
    memcpy(zip->directory.data, zip->directory.data + record, record);
    memcpy(zip->directory.data + record, first, record);
    free(first);
}

static void put_zip64(zip_bytes *out, const zip_end *e, uint64_t count, uint64_t size, uint64_t offset)
{
    const uint64_t at = out->size;
    put(out, said(e->zip64_magic, 0x06064b50), 4);
    put(out, said(e->zip64_length, 44), 8);
    put(out, 45, 2);
    put(out, 45, 2);
    put(out, said(e->zip64_disk, 0), 4);
    put(out, 0, 4);
    put(out, said(e->zip64_count, count), 8);
    put(out, said(e->zip64_count, count), 8);
    put(out, said(e->zip64_size, size), 8);
    put(out, said(e->zip64_offset, offset), 8);
    put(out, 0x07064b50, 4);
    put(out, 0, 4);
    put(out, said(e->locator_offset, at), 8);
    put(out, said(e->locator_disks, 1), 4);
}

void zip_finish(zip_writer *zip, const zip_end *end)
{
    static const zip_end plain = { 0 };
    const zip_end *e = end ? end : &plain;
    zip_bytes *out = &zip->file;
    const uint64_t offset = out->size, size = zip->directory.size;
    zip_put(out, zip->directory.data, zip->directory.size);
    zip_put(out, e->before, e->before_size);
    if (e->zip64 || e->zip64_also)
        put_zip64(out, e, zip->count, size, offset);
    put(out, said(e->magic, 0x06054b50), 4);
    put(out, said(e->disk, 0), 2);
    put(out, said(e->disk, 0), 2);
    put(out, said(e->count, e->zip64 ? UINT16_MAX : zip->count), 2);
    put(out, said(e->count, e->zip64 ? UINT16_MAX : zip->count), 2);
    put(out, said(e->size, e->zip64 ? UINT32_MAX : size), 4);
    put(out, said(e->offset, e->zip64 ? UINT32_MAX : offset), 4);
    put(out, said(e->comment_size_as, e->comment_size), 2);
    zip_put(out, e->comment, e->comment_size);
}

void zip_free(zip_writer *zip)
{
    free(zip->file.data);
    free(zip->directory.data);
    *zip = (zip_writer) { 0 };
}
