/*
 * Random access to a deflated entry of a zip archive, never holding all of its content.
 *
 * While the content is unpacked for the first time, the state of the decompressor (40 KB) is kept at every span of 4 MiB
 * (spans.h), 1 % of the content; from then on any span is unpacked alone, by any thread. What the last span tells - size,
 * end and CRC-32 - is checked before that span is given out, so whoever reads the whole content knows.
 */
#ifndef QL_FORMATS_INFLATE_H
#define QL_FORMATS_INFLATE_H

#include "formats/zip.h"

typedef struct ql_inflate ql_inflate;

/* Nothing is read yet. `archive` and the name of the entry must outlive *out. */
ql_status ql_inflate_new(const ql_source *archive, const ql_zip_entry *entry, bool check_crc, ql_inflate **out,
                         ql_error *error);
void ql_inflate_free(ql_inflate **inflate);

const ql_zip_entry *ql_inflate_entry(const ql_inflate *inflate);

/* Bytes [offset, offset + size) of the content, which has so many. False with a message. Any thread. */
bool ql_inflate_read(ql_inflate *inflate, uint64_t offset, size_t size, void *out, ql_error *error);

/* The same for bytes near the beginning: only what is before their end is unpacked, and nothing is kept. */
bool ql_inflate_begin(const ql_inflate *inflate, uint64_t offset, size_t size, void *out, ql_error *error);

#endif
