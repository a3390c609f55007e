/* What a file says about itself, for people and for programs. */
#ifndef SHEET_METADATA_H
#define SHEET_METADATA_H

#include "sheet/table.h"

#include <stdio.h>

/* Arrays longer than this are printed as their type and length only, unless all of it is asked for. */
enum { SHEET_ARRAY_MOST = 64 };

/* The value on one line, printable: text as it is, an array as its elements with commas between. Of one that takes more than
   `cells` columns (0: no limit), what comes after those may be missing. */
void sheet_metadata_write(FILE *out, const ql_value *value, size_t cells);

/* The value as JSON; a long array as {"array":TYPE,"count":N}. */
void sheet_metadata_write_json(FILE *out, const ql_value *value, bool full);

#endif
