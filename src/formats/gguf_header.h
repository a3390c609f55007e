/*
 * The header of a GGUF file, taken record by record: see gguf.c for the whole.
 *
 *   | 'GGUF' | u32 version | u64 tensors | u64 keys | records of the keys | records of the tensors |
 *   0        4             8             16         24
 *
 * It is taken twice: first over a cursor that brings it into memory as it goes on, which moves what was taken before and
 * shows that all records are there; then over the same bytes, which now stay, to keep what they say.
 */
#ifndef QL_FORMATS_GGUF_HEADER_H
#define QL_FORMATS_GGUF_HEADER_H

#include "base/head.h"
#include "formats/formats.h"
#include "formats/limits.h"

enum {
    QL_GGUF_PREFIX = 24,       /* bytes before the first record */
    QL_GGUF_LEAST_KEY = 14,    /* bytes of the shortest record: a key of one byte with a value of one */
    QL_GGUF_LEAST_TENSOR = 24, /* no name, no dimensions */
    QL_GGUF_ALIGNMENT = 32,    /* of the data where no key says otherwise */
};

/* What to do about a file: the end of a message. */
#define QL_GGUF_DAMAGED "the file is damaged or badly written, fetch or convert it again"
#define QL_GGUF_CUT     "the file is cut short or damaged, fetch it again"

typedef struct ql_gguf {
    const ql_source *source;
    ql_error *error;
    ql_cursor *cursor;        /* at the next record */
    const ql_status *failure; /* why the cursor failed, when that is not the end of the file */
    uint64_t key_count, tensor_count;
    uint64_t alignment; /* as far as the keys were taken */

    /* The place that a message names: the record, and the field in it that is taken. */
    const char *kind; /* "metadata key", "tensor"; NULL before the first record */
    uint64_t number;  /* from 1 */
    size_t name_at, name_size;
    bool has_name; /* it was taken */
    size_t field_at;
} ql_gguf;

/* Takes magic, version and counts. */
ql_status ql_gguf_take_prefix(ql_gguf *g);

/* Takes a record. What it points to in the header is good until the next one, or for ever over bytes that stay. */
ql_status ql_gguf_take_key(ql_gguf *g, ql_metadata *out);

/* The same for a tensor: all but file, layout and storage, and its offset counts from the beginning of the data. `shape` has
   room for QL_LIMIT_GGUF_RANK. */
ql_status ql_gguf_take_tensor(ql_gguf *g, uint64_t *shape, ql_tensor *out);

/* ---- Their parts ----------------------------------------------------------------------------------------------- */

/* Begins a record. */
void ql_gguf_begin(ql_gguf *g, const char *kind);

/* Begins a field of it. */
void ql_gguf_begin_field(ql_gguf *g);

/* Bytes of the file behind the cursor, in memory or not. */
uint64_t ql_gguf_left(const ql_gguf *g);

/* A string, called `what` in messages, of at most `limit` bytes. */
ql_status ql_gguf_take_text(ql_gguf *g, const char *what, size_t limit, ql_text *out);

/* The same for the name of the record. */
ql_status ql_gguf_take_name(ql_gguf *g, const char *what, size_t limit);
ql_text ql_gguf_name(const ql_gguf *g);

/* QL_OK unless a field that was taken was not there. */
ql_status ql_gguf_check(const ql_gguf *g);

/* QL_BAD_FILE with "FILE: [metadata key 7 ('NAME') at ]byte N: what; advice". */
ql_status ql_gguf_refuse(const ql_gguf *g, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
