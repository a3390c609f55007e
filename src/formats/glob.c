/* Shell patterns: see glob.h. */
#include "formats/glob.h"

#include "base/text.h"

#include <string.h>

/* The character at bytes[0] and its length; an invalid byte is a character beyond Unicode. */
static size_t character(const char *bytes, size_t size, uint32_t *codepoint)
{
    size_t length = ql_utf8_decode(bytes, size, codepoint);
    if (length == 0)
        *codepoint = 0x80000000u + (uint8_t)*bytes;
    return length ? length : 1;
}

/* Matches a set against one character. pattern[0] is '['; *length is that of the set, 0 when it has no end. */
static bool in_set(const char *pattern, size_t size, uint32_t wanted, size_t *length)
{
    size_t at = 1;
    bool negated = at < size && pattern[at] == '!', found = false;
    at += negated;
    for (size_t first = at; at < size && (pattern[at] != ']' || at == first);) {
        uint32_t low, high;
        at += character(pattern + at, size - at, &low);
        high = low;
        if (at + 1 < size && pattern[at] == '-' && pattern[at + 1] != ']') {
            at++;
            at += character(pattern + at, size - at, &high);
        }
        found |= wanted >= low && wanted <= high;
    }
    *length = at < size ? at + 1 : 0;
    return found != negated;
}

/* Matches what is not a star against one character; *length is how much of the pattern that was. */
static bool matches_one(const char *pattern, size_t size, uint32_t wanted, size_t *length)
{
    if (pattern[0] == '[') {
        bool found = in_set(pattern, size, wanted, length);
        if (*length > 0)
            return found;
    }
    uint32_t own;
    *length = character(pattern, size, &own);
    return own == '?' || own == wanted;
}

bool ql_glob_matches(const char *pattern, ql_text name)
{
    size_t pattern_size = strlen(pattern), p = 0, n = 0;
    size_t star = SIZE_MAX, resume = 0; /* the last star, and where the name goes on if it takes one character more */
    while (n < name.size) {
        uint32_t wanted;
        size_t taken = character(name.data + n, name.size - n, &wanted), length;
        if (p < pattern_size && pattern[p] == '*') {
            star = p++;
            resume = n;
        } else if (p < pattern_size && matches_one(pattern + p, pattern_size - p, wanted, &length)) {
            p += length;
            n += taken;
        } else if (star != SIZE_MAX) {
            resume += character(name.data + resume, name.size - resume, &wanted);
            p = star + 1;
            n = resume;
        } else {
            return false;
        }
    }
    while (p < pattern_size && pattern[p] == '*')
        p++;
    return p == pattern_size;
}
