/* What a person may have meant: the names nearest to a mistyped one. */
#ifndef TEXT_NEAR_H
#define TEXT_NEAR_H

#include "qloupe.h"

/* Name number `index` of a list. */
typedef ql_text (*text_name_at)(const void *context, size_t index);

/* The names nearest to `word` by typing mistakes (a letter wrong, missing, too many, or two swapped), or that contain it;
   nearest first, at most `capacity` (and 8) indices to out. Returns how many; 0 when none is near. */
size_t text_near(const char *word, text_name_at name_at, const void *context, size_t count, size_t *out, size_t capacity);

#endif
