/* A writer of zip archives for the tests, which can lie in every field. Independent of the program's own reader. */
#ifndef QL_TESTS_ZIP_H
#define QL_TESTS_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a field says instead of the truth: .crc = ZIP_LIE(7). */
typedef struct zip_lie {
    bool told;
    uint64_t value;
} zip_lie;
#define ZIP_LIE(x) ((zip_lie) { true, (x) })

typedef struct zip_entry {
    const char *name;
    size_t name_size; /* 0: up to its NUL */
    const void *data; /* [size] */
    size_t size;
    bool deflate;
    const void *packed; /* [packed_size] what is written, NULL: the data, deflated or not */
    size_t packed_size;
    bool descriptor;                 /* crc and sizes follow the data (flag bit 3) */
    bool zip64;                      /* sizes and offset stand in zip64 fields, here and in the directory */
    bool zip64_here;                 /* only the sizes and only in the local header, as numpy does it */
    const void *extra, *local_extra; /* more extra fields */
    size_t extra_size, local_extra_size;
    const char *local_name;
    /* In both headers, but for those that begin with local_. The sizes are 32 bits wide. */
    zip_lie method, flags, crc, packed_as, size_as, offset, disk, magic, extra_size_as;
    zip_lie local_magic, local_method, local_flags, local_crc, local_packed_as, local_size_as, local_extra_size_as;
} zip_entry;

typedef struct zip_end {
    const void *comment;
    size_t comment_size;
    bool zip64;         /* a zip64 record and its locator; the end record refers to them */
    bool zip64_also;    /* the same, but the end record has the values too, as torch does it */
    const void *before; /* [before_size] between the directory and the end */
    size_t before_size;
    zip_lie magic, count, size, offset, disk, comment_size_as;
    zip_lie zip64_magic, zip64_length, zip64_count, zip64_size, zip64_offset, zip64_disk, locator_disks, locator_offset;
} zip_end;

typedef struct zip_bytes {
    uint8_t *data;
    size_t size, capacity;
} zip_bytes;

/* Begin with zeros. */
typedef struct zip_writer {
    zip_bytes file, directory;
    size_t count;
} zip_writer;

/* Returns the offset of the entry's first data byte. */
size_t zip_add(zip_writer *zip, const zip_entry *entry);

/* Lists two entries, whose names are equally long, in the other order. */
void zip_turn(zip_writer *zip);

/* Writes directory and end; NULL: the plain end. The archive is then zip->file. */
void zip_finish(zip_writer *zip, const zip_end *end);
void zip_free(zip_writer *zip);

/* `size` more bytes, of any kind. */
void zip_put(zip_bytes *bytes, const void *data, size_t size);

/* A raw deflate stream of data[size], malloced; level 0 to 9. */
uint8_t *zip_deflate(const void *data, size_t size, int level, size_t *packed_size);

uint32_t zip_crc(const void *data, size_t size);

#endif
