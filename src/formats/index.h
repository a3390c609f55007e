/*
 * The index of a sharded model as a list: which file of its folder holds which tensor.
 *
 *   { "metadata": { "total_size": 1424, ... }, "weight_map": { TENSOR: FILE, ... } }      metadata may be missing
 */
#ifndef QL_FORMATS_INDEX_H
#define QL_FORMATS_INDEX_H

#include "formats/formats.h"
#include "formats/json.h"
#include "formats/list.h"

/* What to do about an index that breaks the rules: the end of a message. */
#define QL_INDEX_DAMAGED "the index is damaged or badly written, fetch or export it again"

/* One pair of weight_map. `file` is a plain name: 1 to 255 bytes without separators and controls, not "." or "..". */
typedef struct ql_index_entry {
    ql_text tensor, file; /* decoded, inside the JSON text */
    size_t file_at;       /* place of the file's name in the text */
    bool found;           /* for the reader of the files: false at first */
} ql_index_entry;

typedef struct ql_index {
    const ql_source *source; /* for messages */
    ql_error *error;
    ql_json json;
    ql_list entries;  /* of ql_index_entry, by file and then by tensor; no tensor twice */
    ql_list metadata; /* of ql_metadata: texts, numbers and truth values; all else is left out */
} ql_index;

/* Reads text[size], which is changed (strings are decoded in place) and must outlive the names. Call the free function in
   any case. */
ql_status ql_index_read(ql_index *index, const ql_source *source, char *text, size_t size, ql_error *error);
void ql_index_free(ql_index *index);

/* QL_BAD_FILE with "INDEX: tensor 'NAME': its file 'FILE' (byte N) WHAT". */
ql_status ql_index_refuse_file(const ql_index *index, const ql_index_entry *entry, const char *what);

/* Order of texts, by bytes. */
int ql_index_compare(ql_text a, ql_text b);

#endif
