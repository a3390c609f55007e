/*
 * Text from files and command lines, made safe: the one door through which it reaches a terminal or a JSON document.
 *
 * Text is walked in units: a character, or one byte that belongs to no character. A unit is written as it is when a reader
 * can see it and no terminal acts on it, otherwise as an escape of ASCII characters.
 */
#include "base/text.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* Characters that some locales call printable but that are unseen or reorder their neighbours (UAX 9, UTS 39). */
static const struct {
    uint32_t first, last;
} hidden[] = {
    { 0x00ad, 0x00ad },   /* soft hyphen */
    { 0x034f, 0x034f },   /* combining grapheme joiner */
    { 0x061c, 0x061c },   /* Arabic letter mark (bidi) */
    { 0x115f, 0x1160 },   /* Hangul fillers */
    { 0x180b, 0x180f },   /* Mongolian selectors and vowel separator */
    { 0x200b, 0x200f },   /* zero-width space, joiners; bidi marks */
    { 0x2028, 0x202e },   /* line and paragraph separators; bidi embeddings and overrides */
    { 0x2060, 0x206f },   /* word joiner, invisible operators, bidi isolates */
    { 0x3164, 0x3164 },   /* Hangul filler */
    { 0xfe00, 0xfe0f },   /* variation selectors */
    { 0xfeff, 0xfeff },   /* byte order mark */
    { 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
    { 0xfff9, 0xfffb },   /* interlinear annotation */
    { 0xe0000, 0xe0fff }, /* tags, more variation selectors */
};

/* UTF-8 by the number of bytes: a first byte f has f & mask == mark, the rest of its bits are the character's highest. */
static const struct {
    uint8_t mask, mark;
    uint32_t smallest; /* character that needs so many bytes */
} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

typedef struct unit {
    size_t length;      /* bytes of the input, at least 1 */
    uint32_t codepoint; /* the character, or the byte when it is none */
    bool valid;
    int width; /* columns when it is shown as it is; -1: it must be escaped */
} unit;

size_t ql_utf8_decode(const char *bytes, size_t size, uint32_t *codepoint)
{
    if (size == 0)
        return 0;
    uint8_t first = (uint8_t)bytes[0];
    for (size_t length = 1; length <= 4; length++) {
        if ((first & forms[length - 1].mask) != forms[length - 1].mark)
            continue;
        if (length > size)
            return 0;
        uint32_t value = (uint32_t)first & ~forms[length - 1].mask;
        for (size_t i = 1; i < length; i++) {
            uint8_t next = (uint8_t)bytes[i];
            if ((next & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (next & 0x3f);
        }
        if (value < forms[length - 1].smallest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
            return 0;
        *codepoint = value;
        return length;
    }
    return 0;
}

size_t ql_utf8_encode(char *out, uint32_t codepoint)
{
    size_t length = codepoint < 0x80 ? 1 : codepoint < 0x800 ? 2 : codepoint < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (codepoint & 0x3f));
        codepoint >>= 6;
    }
    out[0] = (char)(forms[length - 1].mark | codepoint);
    return length;
}

void ql_utf8_end_whole(char *text)
{
    const size_t size = strlen(text);
    size_t last = size;
    uint32_t codepoint;
    while (last > 0 && ((uint8_t)text[--last] & 0xc0) == 0x80)
        ;
    if (size > 0 && ql_utf8_decode(text + last, size - last, &codepoint) == 0)
        text[last] = '\0';
}

bool ql_utf8_is_hidden(uint32_t codepoint)
{
    if (codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0))
        return true;
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (codepoint >= hidden[i].first && codepoint <= hidden[i].last)
            return true;
    return false;
}

/* A character or byte in hexadecimal digits behind `before`. */
static size_t spell(char *out, const char *before, uint32_t codepoint, unsigned digits)
{
    const size_t length = strlen(before);
    memcpy(out, before, length);
    for (unsigned i = 0; i < digits; i++)
        out[length + i] = "0123456789abcdef"[codepoint >> 4 * (digits - 1 - i) & 15];
    out[length + digits] = '\0';
    return length + digits;
}

size_t ql_utf8_escape(char *out, uint32_t codepoint)
{
    return codepoint < 0x80      ? spell(out, "\\x", codepoint, 2)
           : codepoint < 0x10000 ? spell(out, "\\u", codepoint, 4)
                                 : spell(out, "\\U", codepoint, 8);
}

/* Columns of a character on a terminal of the current locale, -1 when it must not or cannot be shown. */
static int columns(uint32_t codepoint, bool locale_is_utf8)
{
    if (ql_utf8_is_hidden(codepoint) || (codepoint >= 0x80 && !locale_is_utf8))
        return -1;
    if (codepoint < 0x80)
        return 1;
    return iswprint((wint_t)codepoint) ? wcwidth((wchar_t)codepoint) : -1;
}

static unit next_unit(ql_text text, size_t at, bool locale_is_utf8)
{
    unit u = { .length = 1, .codepoint = (uint8_t)text.data[at], .valid = false, .width = -1 };
    size_t length = ql_utf8_decode(text.data + at, text.size - at, &u.codepoint);
    if (length > 0) {
        u.length = length;
        u.valid = true;
        u.width = columns(u.codepoint, locale_is_utf8);
    }
    return u;
}

static bool locale_shows_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The escape of a unit for a person: a byte that belongs to no character as \xff. */
static size_t escape_for_terminal(char out[QL_ESCAPE_SIZE], const unit *u)
{
    return u->valid ? ql_utf8_escape(out, u->codepoint) : spell(out, "\\x", u->codepoint, 2);
}

static size_t escape_for_json(char out[QL_ESCAPE_SIZE], const unit *u)
{
    if (!u->valid)
        return spell(out, "\\ufffd", 0, 0);
    if (u->codepoint == '"' || u->codepoint == '\\')
        return spell(out, u->codepoint == '"' ? "\\\"" : "\\\\", 0, 0);
    if (u->codepoint < 0x10000)
        return spell(out, "\\u", u->codepoint, 4);
    const uint32_t high = 0xd800 + ((u->codepoint - 0x10000) >> 10), low = 0xdc00 + (u->codepoint & 0x3ff);
    const size_t length = spell(out, "\\u", high, 4);
    return length + spell(out + length, "\\u", low, 4);
}

size_t ql_text_print(char *out, size_t out_size, ql_text text, size_t max_cells)
{
    if (out_size == 0)
        return 0;
    bool utf8 = locale_shows_utf8();
    size_t room = out_size - 1, cells_allowed = max_cells ? max_cells : SIZE_MAX;
    size_t used = 0, cells = 0;
    size_t cut_used = 0, cut_cells = 0; /* the last place from which "..." still fits */
    for (size_t at = 0; at < text.size;) {
        unit u = next_unit(text, at, utf8);
        char escaped[QL_ESCAPE_SIZE];
        const char *shown = u.width >= 0 ? text.data + at : escaped;
        size_t size = u.width >= 0 ? u.length : escape_for_terminal(escaped, &u);
        size_t width = u.width >= 0 ? (size_t)u.width : size;
        if (size > room - used || width > cells_allowed - cells) {
            size_t dots = 3;
            if (dots > room - cut_used)
                dots = room - cut_used;
            if (dots > cells_allowed - cut_cells)
                dots = cells_allowed - cut_cells;
            memset(out + cut_used, '.', dots);
            used = cut_used + dots;
            cells = cut_cells + dots;
            break;
        }
        memcpy(out + used, shown, size);
        used += size;
        cells += width;
        if (room - used >= 3 && cells_allowed - cells >= 3) {
            cut_used = used;
            cut_cells = cells;
        }
        at += u.length;
    }
    out[used] = '\0';
    return cells;
}

size_t ql_text_json(char *out, size_t out_size, ql_text text)
{
    bool utf8 = locale_shows_utf8(), fits = true;
    size_t needed = 0, used = 0;
    for (size_t at = 0; at < text.size;) {
        unit u = next_unit(text, at, utf8);
        bool as_is = u.width >= 0 && u.codepoint != '"' && u.codepoint != '\\';
        char escaped[QL_ESCAPE_SIZE];
        const char *shown = as_is ? text.data + at : escaped;
        size_t size = as_is ? u.length : escape_for_json(escaped, &u);
        needed += size;
        fits = fits && needed < out_size;
        if (fits) {
            memcpy(out + used, shown, size);
            used += size;
        }
        at += u.length;
    }
    if (out_size > 0)
        out[used] = '\0';
    return needed;
}

void ql_text_count(char out[QL_COUNT_SIZE], uint64_t count)
{
    char digits[24];
    const int size = snprintf(digits, sizeof digits, "%" PRIu64, count);
    for (int i = 0; i < size; i++) {
        *out++ = digits[i];
        if (i + 1 < size && (size - i - 1) % 3 == 0) {
            *out++ = ',';
        }
    }
    *out = '\0';
}

bool ql_text_is(ql_text text, const char *string)
{
    return text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

ql_text ql_text_from(const char *string)
{
    return (ql_text) { .data = string, .size = strlen(string) };
}
