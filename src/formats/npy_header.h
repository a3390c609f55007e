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

#include "qloupe.h"

typedef struct ql_npy_header {
    ql_dtype dtype;
    bool big_endian, column_major;
    unsigned rank;
    uint64_t shape[QL_MAX_RANK]; /* [rank] */
    uint64_t element_count, byte_count;
} ql_npy_header;

/* Reads text[size], which begins at byte `begin` of the file; `shown` is the file's printable name. QL_BAD_FILE names what
   is wrong or, for arrays that hold no plain real numbers, what they hold. */
ql_status ql_npy_header_read(ql_npy_header *header, const char *shown, const void *text, size_t size, size_t begin,
                             ql_error *error);

#endif
