/* The program's own UTF-8 texts on terminals that cannot show them: see plain.h. */
#include "text/plain.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static bool forced_ascii;

typedef struct spelling {
    unsigned codepoint;
    const char *ascii;
} spelling;

static const spelling SPELLINGS[] = {
    { 0x00b1, "+-" }, { 0x00b2, "^2" },   { 0x00b7, "*" },     { 0x00bd, "1/2" },   { 0x00d7, "x" },   { 0x00f7, "/" },
    { 0x0394, "d" },  { 0x03a3, "sum" },  { 0x03b1, "alpha" }, { 0x03b8, "theta" }, { 0x03bc, "mu" },  { 0x03c3, "sigma" },
    { 0x1d40, "^T" }, { 0x2013, "-" },    { 0x2014, "-" },     { 0x2016, "||" },    { 0x2018, "'" },   { 0x2019, "'" },
    { 0x201c, "\"" }, { 0x201d, "\"" },   { 0x2022, "*" },     { 0x2026, "..." },   { 0x207b, "^-" },  { 0x2190, "<-" },
    { 0x2191, "^" },  { 0x2192, "->" },   { 0x2193, "v" },     { 0x2208, "in" },    { 0x2211, "sum" }, { 0x2212, "-" },
    { 0x2215, "/" },  { 0x221a, "sqrt" }, { 0x221e, "inf" },   { 0x2223, "|" },     { 0x2248, "~" },   { 0x2260, "!=" },
    { 0x2264, "<=" }, { 0x2265, ">=" },   { 0x22c5, "*" },     { 0x2308, "ceil(" }, { 0x2309, ")" },   { 0x230a, "floor(" },
    { 0x230b, ")" },  { 0x2500, "-" },    { 0x2502, "|" },     { 0x2605, "*" },     { 0x2713, "ok" },  { 0x27e8, "<" },
    { 0x27e9, ">" },
};

bool text_ascii(void)
{
    return forced_ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

void text_set_ascii(bool only_ascii)
{
    forced_ascii = only_ascii;
}

size_t text_next(const char *at, unsigned *codepoint)
{
    const unsigned char *byte = (const unsigned char *)at;
    if (byte[0] < 0x80) {
        *codepoint = byte[0];
        return byte[0] != 0;
    }
    size_t length = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
    unsigned value = byte[0] & (0x7fu >> length);
    *codepoint = 0xfffd;
    if (byte[0] < 0xc2 || byte[0] > 0xf4)
        return 1;
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (byte[i] & 0x3fu);
    }
    *codepoint = value;
    return length;
}

/* A spelling from the table, or \uXXXX written to scratch. */
static const char *spell(unsigned codepoint, char scratch[16])
{
    for (size_t i = 0; i < sizeof SPELLINGS / sizeof SPELLINGS[0]; i++)
        if (SPELLINGS[i].codepoint == codepoint)
            return SPELLINGS[i].ascii;
    snprintf(scratch, 16, codepoint > 0xffff ? "\\U%08x" : "\\u%04x", codepoint);
    return scratch;
}

void text_plain(char *out, size_t size, const char *utf8)
{
    bool ascii = text_ascii();
    size_t used = 0;
    unsigned codepoint;
    for (size_t length; (length = text_next(utf8, &codepoint)) != 0; utf8 += length) {
        char scratch[16];
        const char *part = ascii && codepoint > 0x7e ? spell(codepoint, scratch) : utf8;
        size_t part_length = part == utf8 ? length : strlen(part);
        if (used + part_length >= size)
            break;
        memcpy(out + used, part, part_length);
        used += part_length;
    }
    out[used] = '\0';
}

/* Columns of one character; the locale may know nothing of UTF-8, then everything beyond ASCII counts as one. */
static size_t cell_width(unsigned codepoint)
{
    if (codepoint < 0x80)
        return 1;
    int width = wcwidth((wchar_t)codepoint);
    return width < 0 ? 1 : (size_t)width;
}

size_t text_width(const char *text)
{
    size_t cells = 0;
    unsigned codepoint;
    for (size_t length; (length = text_next(text, &codepoint)) != 0; text += length)
        cells += cell_width(codepoint);
    return cells;
}

void text_cut(char *text, size_t size, size_t cells)
{
    if (text_width(text) <= cells)
        return;
    const char *mark = text_ascii() ? "..." : "…";
    size_t mark_cells = text_width(mark);
    size_t used_cells = 0;
    char *at = text;
    unsigned codepoint;
    for (size_t length; (length = text_next(at, &codepoint)) != 0; at += length) {
        size_t width = cell_width(codepoint);
        if (used_cells + width + mark_cells > cells)
            break;
        used_cells += width;
    }
    size_t left = size - (size_t)(at - text);
    if (cells >= mark_cells && strlen(mark) < left)
        memcpy(at, mark, strlen(mark) + 1);
    else
        *at = '\0';
}
