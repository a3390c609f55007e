/* Values in metadata as GGUF stores them: little endian, one after the other; a string is its length (u64) and its bytes. */
#ifndef QL_FORMATS_VALUE_H
#define QL_FORMATS_VALUE_H

#include "base/cursor.h"
#include "qloupe.h"

enum { QL_VALUE_TYPE_STRING = 8, QL_VALUE_TYPE_ARRAY = 9, QL_VALUE_TYPE_COUNT = 13 };

/* By the number of the type in a file, below QL_VALUE_TYPE_COUNT. */
typedef struct ql_value_type {
    const char *name;
    ql_value_kind kind;
    unsigned size; /* bytes of a value; of a string at least; 0: an array */
} ql_value_type;
extern const ql_value_type ql_value_types[QL_VALUE_TYPE_COUNT];

/* Takes one value of any type but array. Texts point to where the cursor reads: a cursor that grows may move them. */
ql_value ql_value_read(ql_cursor *cursor, unsigned type);

#endif
