/* Words as a POSIX shell reads them: see quote.h. */
#include "text/quote.h"

#include "text/plain.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct sink {
    char *out;
    size_t size, used; /* used counts what was asked for, also beyond size */
} sink;

static void put(sink *to, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++, to->used++)
        if (to->used + 1 < to->size)
            to->out[to->used] = bytes[i];
}

static bool is_plain(unsigned codepoint)
{
    return (codepoint >= '0' && codepoint <= '9') || (codepoint >= 'A' && codepoint <= 'Z') ||
           (codepoint >= 'a' && codepoint <= 'z') || (codepoint && codepoint < 0x80 && strchr("_./,:=@%+-", (int)codepoint));
}

/* Invisible or dangerous on a terminal: C0, DEL, C1, and what was no valid character. */
static bool is_hidden(unsigned codepoint)
{
    return codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0) || codepoint == 0xfffd ||
           (codepoint >= 0x200b && codepoint <= 0x200f) || (codepoint >= 0x2028 && codepoint <= 0x202e) ||
           (codepoint >= 0x2060 && codepoint <= 0x2069) || codepoint == 0xfeff;
}

/* `bytes` as $'\xNN...', outside single quotes. */
static void put_escaped(sink *to, const char *bytes, size_t length)
{
    put(to, "$'", 2);
    for (size_t i = 0; i < length; i++) {
        char escape[8];
        int escape_length = snprintf(escape, sizeof escape, "\\x%02x", (unsigned char)bytes[i]);
        put(to, escape, (size_t)escape_length);
    }
    put(to, "'", 1);
}

size_t text_quote(char *out, size_t size, const char *word)
{
    sink to = { out, size, 0 };
    bool plain = *word != '\0';
    unsigned codepoint;
    size_t length;
    for (const char *at = word; plain && (length = text_next(at, &codepoint)) != 0; at += length)
        plain = is_plain(codepoint);
    if (plain)
        put(&to, word, strlen(word));
    else if (*word == '\0')
        put(&to, "''", 2);
    bool inside = false; /* single quotes are open */
    for (const char *at = word; !plain && (length = text_next(at, &codepoint)) != 0; at += length) {
        bool escape = is_hidden(codepoint) || codepoint == '\'';
        if (inside == escape) {
            put(&to, "'", 1);
            inside = !inside;
        }
        if (codepoint == '\'')
            put(&to, "\\'", 2);
        else if (escape)
            put_escaped(&to, at, length);
        else
            put(&to, at, length);
    }
    if (inside)
        put(&to, "'", 1);
    if (size)
        out[to.used < size ? to.used : size - 1] = '\0';
    return to.used;
}
