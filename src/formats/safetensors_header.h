/*
 * The JSON header of a safetensors file as a list of entries.
 *
 *   { "__metadata__": { KEY: VALUE, ... }, NAME: { "dtype": "F16", "shape": [2, 3], "data_offsets": [BEGIN, END] }, ... }
 */
#ifndef QL_FORMATS_SAFETENSORS_HEADER_H
#define QL_FORMATS_SAFETENSORS_HEADER_H

#include "formats/formats.h"
#include "formats/json.h"
#include "formats/list.h"
#include "qloupe.h"

enum { QL_SAFETENSORS_PREFIX = 8 }; /* bytes before the JSON text: its length */

/* What to do about a file that breaks the rules: the end of a message. */
#define QL_SAFETENSORS_DAMAGED "the file is damaged or badly written, fetch or export it again"

/* One tensor. shape x dtype is a whole number of bytes and equals end - begin; begin and end themselves are not checked. */
typedef struct ql_safetensors_entry {
    ql_text name;                  /* decoded, inside the JSON text */
    size_t number;                 /* position in the header */
    size_t name_at;                /* place of the name in the JSON text */
    size_t shape;                  /* index of its first dimension among all dimensions */
    uint64_t elements, begin, end; /* offsets from the start of the data */
    uint32_t rank;
    ql_dtype dtype;
} ql_safetensors_entry;

typedef struct ql_safetensors_header {
    const ql_source *source; /* for messages */
    ql_error *error;
    ql_json json;
    ql_list entries;    /* of ql_safetensors_entry, in the order of the header */
    ql_list dimensions; /* of uint64_t: the shapes, one after the other */
    ql_list metadata;   /* of ql_metadata */
} ql_safetensors_header;

/* Reads text[size], which is changed (strings are decoded in place) and must outlive the names. Call the free function in
   any case. */
ql_status ql_safetensors_header_read(ql_safetensors_header *header, const ql_source *source, char *text, size_t size,
                                     ql_error *error);
void ql_safetensors_header_free(ql_safetensors_header *header);

/* QL_BAD_FILE with "FILE: [tensor 'NAME': ]what (where); what to do". `name` may be NULL; `at` is in the JSON text. */
ql_status ql_safetensors_refuse(const ql_safetensors_header *header, const ql_text *name, size_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
