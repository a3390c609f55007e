/*
 * UTF-8, one character at a time. Printing text that comes from outside: ql_text_print and ql_text_json in qloupe.h.
 */
#ifndef QL_BASE_TEXT_H
#define QL_BASE_TEXT_H

#include "qloupe.h"

/* Cells that a message spends on one name from a file, and the buffer for it. */
enum { QL_NAME_CELLS = 60, QL_NAME_BUFFER = 4 * QL_NAME_CELLS + 16 };

/* "262,144". */
enum { QL_COUNT_SIZE = 32 };
void ql_text_count(char out[QL_COUNT_SIZE], uint64_t count);

/* Whether the bytes are those of a C string. */
bool ql_text_is(ql_text text, const char *string);

/* Decodes the character that begins at bytes[0], strictly: no overlong form, no surrogate, nothing above U+10FFFF. Returns
   its length 1..4 and the character, or 0 when the bytes are no character (size 0 included). */
size_t ql_utf8_decode(const char *bytes, size_t size, uint32_t *codepoint);

/* Writes a character (at most U+10FFFF) to out[4]; returns its length 1..4. */
size_t ql_utf8_encode(char *out, uint32_t codepoint);

/* Of a text that was cut: takes away the character at its end when it is not whole. */
void ql_utf8_end_whole(char *text);

/* True for what no person sees or what changes its surroundings, whatever the locale prints: control characters, bidi
   controls, zero-width characters, fillers, tags. */
bool ql_utf8_is_hidden(uint32_t codepoint);

/* Writes \x1b, \u202e or \U000e0041 and a terminator to out[QL_ESCAPE_SIZE]; returns the length. */
enum { QL_ESCAPE_SIZE = 16 };
size_t ql_utf8_escape(char *out, uint32_t codepoint);

#endif
