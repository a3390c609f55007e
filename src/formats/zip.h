/*
 * The directory of a zip archive: .npz files and PyTorch checkpoints are such.
 *
 * Only archives that every tool reads the same way are taken: the directory, the local headers and the end record say the
 * same, nothing lies before, between or after the entries, no two of them share a name or a byte. Entries are stored or
 * deflated and not encrypted. Their names are keys, never paths.
 */
#ifndef QL_FORMATS_ZIP_H
#define QL_FORMATS_ZIP_H

#include "base/source.h"
#include "formats/unique.h"

enum { QL_ZIP_STORED = 0, QL_ZIP_DEFLATED = 8 };

typedef struct ql_zip_entry {
    ql_text name;    /* in the zip's copy of the directory; without NUL */
    unsigned method; /* QL_ZIP_STORED or QL_ZIP_DEFLATED */
    uint32_t crc;    /* of the content, as the directory has it */
    uint64_t compressed, size;
    uint64_t offset; /* of its first data byte in the file */
} ql_zip_entry;

typedef struct ql_zip {
    ql_zip_entry *entries; /* owned [count], in the order of the directory */
    size_t count;
    char *directory; /* owned */
    ql_names names;
} ql_zip;

/* Reads the directory and checks it against all local headers; memory is proportional to it. The data of the entries lie
   inside the file, are not looked at, and may still be damaged. Nothing is to be freed after a failure. */
ql_status ql_zip_read(ql_zip *out, const ql_source *source, ql_error *error);
void ql_zip_free(ql_zip *zip);

/* The entry of this name, NULL when there is none. Any thread. */
const ql_zip_entry *ql_zip_find(const ql_zip *zip, ql_text name);

#endif
