/*
 * A source: where the bytes of a model come from, a regular file, a piece of memory, or a part of another source.
 *
 * Files are read with pread into the caller's buffer: one that another process cuts then gives an error. A program that has
 * a handler for SIGBUS (ql_map_files in qloupe.h) lets them be read through a map instead, without a copy. Any number of
 * threads may read at once.
 */
#ifndef QL_BASE_SOURCE_H
#define QL_BASE_SOURCE_H

#include "qloupe.h"

typedef struct ql_source ql_source;

/* Opens a regular file (links are followed): anything else - folder, named pipe, device - is refused in words without
   waiting. Messages start with `path`, made printable. */
ql_status ql_source_open(const char *path, ql_source **out, ql_error *error);

/* The same for the file `name` in an open folder (a descriptor, borrowed for this call) whose path is `folder_path`, which
   stands before the name in messages. The descriptor of the file is given up at once, so that thousands of such files can be
   open together; what a map does not serve is read by opening the path again, after a look whether it is still that file. */
ql_status ql_source_open_in(int folder, const char *folder_path, const char *name, ql_source **out, ql_error *error);

/* Borrows `bytes`, which must outlive the source. */
ql_status ql_source_from_memory(const char *name, const void *bytes, uint64_t size, ql_source **out, ql_error *error);

/* How a part of another source is read, unpacked if need be: as ql_source_fetch, ql_source_view and ql_source_in_memory
   below, which have checked that the bytes lie inside. Any thread. */
typedef struct ql_source_reader {
    const void *(*fetch)(void *context, uint64_t offset, size_t size, void *buffer, ql_error *error);
    const void *(*view)(void *context, uint64_t offset, size_t size, void *buffer, ql_error *error); /* NULL: fetch */
    const void *(*in_memory)(void *context, uint64_t offset, uint64_t size); /* NULL: never */
    void (*free)(void *context);
} ql_source_reader;

/* `size` bytes that `reader` gives. `parent`, which must outlive the source, lends its path and is what ql_source_check
   looks at and what counts the bytes; NULL: the source is named `name` and never changes. The context is the source's from
   now on, but not after a failure. */
ql_status ql_source_from_reader(const char *name, uint64_t size, const ql_source *parent, const ql_source_reader *reader,
                                void *context, ql_source **out, ql_error *error);

void ql_source_free(ql_source **source);

uint64_t ql_source_size(const ql_source *source);
const char *ql_source_path(const ql_source *source);  /* as given: bytes for a system call */
const char *ql_source_shown(const ql_source *source); /* the same made printable, for messages */

/* Bytes [offset, offset + size). Returns a pointer to them: `buffer`[size], filled, or the memory itself. NULL with a
   message when they are not all there (the file shrank since it was opened) or cannot be read. */
const void *ql_source_fetch(const ql_source *source, uint64_t offset, size_t size, void *buffer, ql_error *error);

/* The same for values, which come without a copy where the file is mapped: they may change while they are looked at, so
   nothing that must hold together (a header) is read like this; and they are good only if ql_source_check says so
   afterwards. */
const void *ql_source_view(const ql_source *source, uint64_t offset, size_t size, void *buffer, ql_error *error);

/* Bytes [offset, offset + size) where they are in memory, or mapped; NULL when they have to be read, or are not there. As
   ql_source_view, but nothing is counted as read. */
const void *ql_source_in_memory(const ql_source *source, uint64_t offset, uint64_t size);

/* How many bytes ql_source_fetch and ql_source_view have given so far, of a file or of memory; a reader: 0. Any thread. */
uint64_t ql_source_bytes_read(const ql_source *source);

/* Notices that the file was changed since it was opened (size or time), or could not be read: QL_BAD_FILE in words. Call
   before a long pass and after it: of a mapped file that was cut, the missing pages are zeros. */
ql_status ql_source_check(const ql_source *source, ql_error *error);

/* The check after a pass that ended with `status`; returns how it ends with it. Values that changed under way may have made
   it fail in any words: then that they changed is what is said. */
ql_status ql_source_check_after(const ql_source *source, ql_status status, ql_error *error);

#endif
