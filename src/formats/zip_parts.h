/* The parts of the zip reader: zip_end.c finds the directory, zip.c reads it, zip_local.c checks what it says. */
#ifndef QL_FORMATS_ZIP_PARTS_H
#define QL_FORMATS_ZIP_PARTS_H

#include "formats/zip.h"

/* Bits of the general purpose flags. */
enum { QL_ZIP_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13, QL_ZIP_DESCRIPTOR = 1 << 3 };

/* What the end of the archive says of its directory, which ends where the first end record begins. */
typedef struct ql_zip_end {
    uint64_t offset, size, count;
} ql_zip_end;

/* What the directory says of an entry's local header. */
typedef struct ql_zip_place {
    uint64_t header; /* where it begins */
    size_t entry;    /* its number */
    unsigned flags;
} ql_zip_place;

/* `size` is at most QL_LIMIT_ZIP_DIRECTORY, `count` at most QL_LIMIT_ZIP_ENTRIES and as many records fit into it. */
ql_status ql_zip_read_end(ql_zip_end *end, const ql_source *source, ql_error *error);

/* Checks the local header of every entry, sorting the places, and puts the offset of its data into the entry; everything
   before the directory must belong to one entry. */
ql_status ql_zip_read_local(ql_zip *zip, ql_zip_place *places, uint64_t directory, const ql_source *source, ql_error *error);

/* Looks in extra fields for the zip64 one, which holds the values that 32 bits could not: those of fields[count] that are
   0xffffffff are replaced, in this order. False when one is not there. */
bool ql_zip_widen(const uint8_t *extra, size_t size, uint64_t *const fields[], size_t count);

/* "FILE: [entry 'NAME': ]WHAT (byte `at` of the file); ADVICE". */
ql_status ql_zip_refuse(const ql_source *source, const ql_zip_entry *entry, uint64_t at, ql_error *error, const char *format,
                        ...) __attribute__((format(printf, 5, 6)));

#endif
