/* Shell patterns over names of any bytes. */
#ifndef QL_FORMATS_GLOB_H
#define QL_FORMATS_GLOB_H

#include "qloupe.h"

/* `*` any run of characters, dots included; `?` one character; [a-z] one of a set, [!a-z] none of it; all else is itself. A
   character is one in UTF-8, or a byte that belongs to none. A '[' without its ']' is itself. Time is at most the product of
   the two lengths. */
bool ql_glob_matches(const char *pattern, ql_text name);

#endif
