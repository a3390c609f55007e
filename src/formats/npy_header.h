/*
 * The header of an .npy file: the text of one Python dictionary, parsed by a fixed grammar and never evaluated.
 *
 *   header := ws "{" pair ("," pair)* ","? "}" ws     exactly the keys descr, fortran_order and shape, in any order
 *   string := '...' or "..." without a backslash
 *   shape  := "(" ")" | "(" int "," ")" | "(" int ("," int)+ ","? ")"
 *   int    := digits, optionally an L (Python 2)      0 .. 2^63-1
 */
#ifndef QL_FORMATS_NPY_HEADER_H
#define QL_FORMATS_NPY_HEADER_H

#include "base/source.h"

typedef struct ql_npy_header {
    ql_dtype dtype;
    bool big_endian, column_major;
    unsigned rank;
    uint64_t shape[QL_MAX_RANK]; /* [rank] */
    uint64_t element_count, byte_count;
} ql_npy_header;

/* Where an array is, for messages. */
typedef struct ql_npy_place {
    const ql_source *source;
    const ql_text *name; /* of the array in an archive; NULL: it is the file */
} ql_npy_place;

/* Reads text[size], which begins at byte `begin` of the file, or of the entry of the archive. QL_BAD_FILE names what is
   wrong or, for arrays that hold no plain real numbers, what they hold. */
ql_status ql_npy_header_read(ql_npy_header *header, const ql_npy_place *place, const void *text, size_t size, size_t begin,
                             ql_error *error);

/* QL_BAD_FILE: "FILE: [tensor 'NAME': ]" and the words. */
ql_status ql_npy_refuse(const ql_npy_place *place, ql_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What the array is in, "file" or "entry". */
const char *ql_npy_whole(const ql_npy_place *place);

#endif
