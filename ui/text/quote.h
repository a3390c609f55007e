/* Words as a POSIX shell reads them. */
#ifndef TEXT_QUOTE_H
#define TEXT_QUOTE_H

#include <stddef.h>

/* Writes `word` so that a shell reads exactly these bytes as one word: as it is when nothing in it is special, else in
   single quotes, with control characters and invalid UTF-8 as $'\xNN' pieces so that the result can be shown. Always
   terminated; returns the length needed without the terminator, like snprintf. */
size_t text_quote(char *out, size_t size, const char *word);

#endif
