/* Glyph ramps, the table of ASCII stand-ins, the xterm palette. */
#include "text/ramp.h"

#include <stdlib.h>

typedef struct stand_in {
    uint32_t codepoint;
    const char *ascii;
} stand_in;

/* Ascending by codepoint. A glyph that fills one cell on a screen has a stand-in of one character. */
/* clang-format off */
static const stand_in stand_ins[] = {
    { 0x00B1, "+-" }, /* plus-minus */
    { 0x00B2, "^2" },
    { 0x00B7, "." }, /* middle dot */
    { 0x00BD, "1/2 " },
    { 0x00D7, "x" },
    { 0x00F7, "/" },
    { 0x0175, "y" }, /* w with circumflex: the dequantized weight */
    { 0x0394, "d" },
    { 0x03A3, "sum" },
    { 0x03B1, "alpha" },
    { 0x03B2, "beta" },
    { 0x03BC, "mean" },
    { 0x03C3, "std" },
    { 0x2013, "-" },
    { 0x2014, "-" },
    { 0x2016, "||" },
    { 0x2018, "'" },
    { 0x2019, "'" },
    { 0x201C, "\"" },
    { 0x201D, "\"" },
    { 0x2026, "..." },
    { 0x2080, "0" },
    { 0x2081, "1" },
    { 0x2082, "2" },
    { 0x2190, "<-" },
    { 0x2191, "^" },
    { 0x2192, "->" },
    { 0x2193, "v" },
    { 0x2208, "in" },
    { 0x2211, "sum" },
    { 0x2212, "-" },
    { 0x221A, "sqrt" },
    { 0x221E, "inf" },
    { 0x2248, "~" },
    { 0x2264, "<=" },
    { 0x2265, ">=" },
    { 0x230A, "floor(" },
    { 0x230B, ")" },
    { 0x2500, "-" }, /* box drawing */
    { 0x2502, "|" },
    { 0x250A, ":" },
    { 0x250C, "+" },
    { 0x2510, "+" },
    { 0x2514, "+" },
    { 0x2518, "+" },
    { 0x251C, "+" },
    { 0x2524, "+" },
    { 0x2534, "+" },
    { 0x2575, "'" },
    { 0x2581, "_" }, /* blocks, from one eighth to full */
    { 0x2582, "." },
    { 0x2583, ":" },
    { 0x2584, "-" },
    { 0x2585, "=" },
    { 0x2586, "+" },
    { 0x2587, "*" },
    { 0x2588, "#" },
    { 0x2589, "#" }, /* blocks from the left, seven eighths to one */
    { 0x258A, "#" },
    { 0x258B, "=" },
    { 0x258C, "=" },
    { 0x258D, "-" },
    { 0x258E, "-" },
    { 0x258F, "|" },
    { 0x2591, ":" }, /* shades */
    { 0x2592, "+" },
    { 0x2593, "*" },
    { 0x2595, "|" },
    { 0x25B2, "^" },
    { 0x25B6, ">" },
    { 0x25B8, ">" },
    { 0x25BC, "v" },
    { 0x25BE, "v" },
    { 0x25C2, "<" },
    { 0x25C6, "*" },
    { 0x2605, "*" },
};
/* clang-format on */

static int compare(const void *key, const void *element)
{
    uint32_t a = *(const uint32_t *)key, b = ((const stand_in *)element)->codepoint;
    return (a > b) - (a < b);
}

const char *text_to_ascii(uint32_t codepoint)
{
    const stand_in *found =
        bsearch(&codepoint, stand_ins, sizeof stand_ins / sizeof stand_ins[0], sizeof stand_ins[0], compare);
    return found ? found->ascii : "?";
}

uint32_t text_block(unsigned eighths)
{
    return eighths == 0 ? ' ' : 0x2580 + (eighths > 8 ? 8 : eighths);
}

uint32_t text_block_left(unsigned eighths)
{
    return eighths == 0 ? ' ' : 0x2590 - (eighths > 8 ? 8 : eighths);
}

uint32_t text_shade(unsigned level)
{
    static const uint32_t shades[TEXT_SHADES + 1] = { ' ', 0x00B7, 0x2591, 0x2592, 0x2593, 0x2588 };
    return shades[level > TEXT_SHADES ? TEXT_SHADES : level];
}

uint32_t text_palette(unsigned index)
{
    static const uint32_t basic[16] = {
        0x000000, 0xcd3131, 0x2fa35a, 0xc7a52b, 0x3b78d8, 0xb04fb4, 0x2aa1b3, 0xcccccc,
        0x767676, 0xf14c4c, 0x4ec98a, 0xf5d547, 0x6aa5f8, 0xd670d6, 0x56c8d8, 0xffffff,
    };
    static const uint32_t steps[6] = { 0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff };
    if (index < 16)
        return basic[index];
    if (index < 232) { /* a cube of 6 x 6 x 6 */
        unsigned cube = index - 16;
        return steps[cube / 36] << 16 | steps[cube / 6 % 6] << 8 | steps[cube % 6];
    }
    uint32_t gray = 8 + 10 * ((index > 255 ? 255 : index) - 232);
    return gray << 16 | gray << 8 | gray;
}

size_t text_encode(uint32_t codepoint, char out[5])
{
    size_t size = codepoint < 0x80 ? 1 : codepoint < 0x800 ? 2 : codepoint < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = size; i-- > 1; codepoint >>= 6)
        out[i] = (char)(0x80 | (codepoint & 0x3F));
    out[0] = (char)(lead[size] | codepoint);
    out[size] = 0;
    return size;
}
