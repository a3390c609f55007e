/* Files that are often mistaken for weights that this build reads: what they are, in words. */
#ifndef QL_FORMATS_FOREIGN_H
#define QL_FORMATS_FOREIGN_H

#include "base/source.h"
#include "formats/zip.h"

typedef struct ql_foreign {
    const char *what, *advice; /* "FILE: is WHAT; ADVICE" */
} ql_foreign;

/* NULL when the file is none of them. `head` is its first head_size bytes. */
const ql_foreign *ql_foreign_find(const ql_source *source, const uint8_t *head, size_t head_size);

/* What a zip archive is, by the names of its entries; NULL when they tell nothing. */
const ql_foreign *ql_foreign_find_in_zip(const ql_zip *zip);

#endif
