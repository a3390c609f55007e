/*
 * The program's own UTF-8 texts on terminals that cannot show them.
 *
 * Text from files never comes here first: ql_text_print has made it printable before.
 */
#ifndef TEXT_PLAIN_H
#define TEXT_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* True when only ASCII may be shown: the locale's character set is not UTF-8, or text_set_ascii(true) was called. */
bool text_ascii(void);

/* For the whole process; call before threads start. */
void text_set_ascii(bool only_ascii);

/* `utf8` as it is, or with every character beyond ASCII spelled out when text_ascii() says so: × as x, … as ..., others as
   \uXXXX. Always terminated; a text that does not fit is cut between characters. */
void text_plain(char *out, size_t size, const char *utf8);

/* Columns that a printable text takes on the screen. */
size_t text_width(const char *text);

/* Cuts the text in place to at most `cells` columns, ending in "…" (ASCII: "..."); `size` is that of the array. */
void text_cut(char *text, size_t size, size_t cells);

/* The next character of a terminated UTF-8 string: its length in bytes, its number through *codepoint. A byte that starts no
   valid character counts as one character, U+FFFD. 0 at the end. */
size_t text_next(const char *at, unsigned *codepoint);

#endif
