/* Box-drawing lines, block elements and braille as exact rectangles: no font has them all, and few join without a gap. */
#include "plot/screen.h"

enum { WIDTH = QL_CELL_WIDTH, HEIGHT = QL_CELL_HEIGHT, MIDDLE_X = WIDTH / 2, MIDDLE_Y = HEIGHT / 2 };

void ql_canvas_fill(const ql_canvas *canvas, int x, int y, int width, int height, uint32_t color)
{
    int x_end = x + width < WIDTH ? x + width : WIDTH, y_end = y + height < HEIGHT ? y + height : HEIGHT;
    for (int row = y > 0 ? y : 0; row < y_end; row++)
        for (int column = x > 0 ? x : 0; column < x_end; column++)
            canvas->pixels[(canvas->top + (unsigned)row) * canvas->stride + canvas->left + (unsigned)column] = color;
}

static void ink(const ql_canvas *canvas, int x, int y, int width, int height)
{
    ql_canvas_fill(canvas, x, y, width, height, canvas->foreground);
}

/* `share` of 4 of the foreground over the background. */
static uint32_t mix(const ql_canvas *canvas, unsigned share)
{
    uint32_t mixed = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        unsigned above = canvas->foreground >> shift & 255, below = canvas->background >> shift & 255;
        mixed |= (uint32_t)((above * share + below * (4 - share) + 2) / 4) << shift;
    }
    return mixed;
}

/*
 * Lines. Each character is up to four arms that leave the middle of the cell:
 *
 *        up            weight: 0 none, 1 light, 2 heavy, 3 double
 *   left -+- right     stored as two bits each: left, up, right, down
 *       down
 */
#define ARMS(left, up, right, down) ((left) | (up) << 2 | (right) << 4 | (down) << 6)

/* clang-format off */
static const uint8_t arms[0x80] = {
    [0x00] = ARMS(1, 0, 1, 0), ARMS(2, 0, 2, 0), ARMS(0, 1, 0, 1), ARMS(0, 2, 0, 2),
    [0x04] = ARMS(1, 0, 1, 0), ARMS(2, 0, 2, 0), ARMS(0, 1, 0, 1), ARMS(0, 2, 0, 2), /* three dashes */
    [0x08] = ARMS(1, 0, 1, 0), ARMS(2, 0, 2, 0), ARMS(0, 1, 0, 1), ARMS(0, 2, 0, 2), /* four dashes */
    [0x0c] = ARMS(0, 0, 1, 1), ARMS(0, 0, 2, 1), ARMS(0, 0, 1, 2), ARMS(0, 0, 2, 2),
    [0x10] = ARMS(1, 0, 0, 1), ARMS(2, 0, 0, 1), ARMS(1, 0, 0, 2), ARMS(2, 0, 0, 2),
    [0x14] = ARMS(0, 1, 1, 0), ARMS(0, 1, 2, 0), ARMS(0, 2, 1, 0), ARMS(0, 2, 2, 0),
    [0x18] = ARMS(1, 1, 0, 0), ARMS(2, 1, 0, 0), ARMS(1, 2, 0, 0), ARMS(2, 2, 0, 0),
    [0x1c] = ARMS(0, 1, 1, 1), ARMS(0, 1, 2, 1), ARMS(0, 2, 1, 1), ARMS(0, 1, 1, 2),
    [0x20] = ARMS(0, 2, 1, 2), ARMS(0, 2, 2, 1), ARMS(0, 1, 2, 2), ARMS(0, 2, 2, 2),
    [0x24] = ARMS(1, 1, 0, 1), ARMS(2, 1, 0, 1), ARMS(1, 2, 0, 1), ARMS(1, 1, 0, 2),
    [0x28] = ARMS(1, 2, 0, 2), ARMS(2, 2, 0, 1), ARMS(2, 1, 0, 2), ARMS(2, 2, 0, 2),
    [0x2c] = ARMS(1, 0, 1, 1), ARMS(2, 0, 1, 1), ARMS(1, 0, 2, 1), ARMS(2, 0, 2, 1),
    [0x30] = ARMS(1, 0, 1, 2), ARMS(2, 0, 1, 2), ARMS(1, 0, 2, 2), ARMS(2, 0, 2, 2),
    [0x34] = ARMS(1, 1, 1, 0), ARMS(2, 1, 1, 0), ARMS(1, 1, 2, 0), ARMS(2, 1, 2, 0),
    [0x38] = ARMS(1, 2, 1, 0), ARMS(2, 2, 1, 0), ARMS(1, 2, 2, 0), ARMS(2, 2, 2, 0),
    [0x3c] = ARMS(1, 1, 1, 1), ARMS(2, 1, 1, 1), ARMS(1, 1, 2, 1), ARMS(2, 1, 2, 1),
    [0x40] = ARMS(1, 2, 1, 1), ARMS(1, 1, 1, 2), ARMS(1, 2, 1, 2), ARMS(2, 2, 1, 1),
    [0x44] = ARMS(1, 2, 2, 1), ARMS(2, 1, 1, 2), ARMS(1, 1, 2, 2), ARMS(2, 2, 2, 1),
    [0x48] = ARMS(2, 1, 2, 2), ARMS(2, 2, 1, 2), ARMS(1, 2, 2, 2), ARMS(2, 2, 2, 2),
    [0x4c] = ARMS(1, 0, 1, 0), ARMS(2, 0, 2, 0), ARMS(0, 1, 0, 1), ARMS(0, 2, 0, 2), /* two dashes */
    [0x50] = ARMS(3, 0, 3, 0), ARMS(0, 3, 0, 3), ARMS(0, 0, 3, 1), ARMS(0, 0, 1, 3),
    [0x54] = ARMS(0, 0, 3, 3), ARMS(3, 0, 0, 1), ARMS(1, 0, 0, 3), ARMS(3, 0, 0, 3),
    [0x58] = ARMS(0, 1, 3, 0), ARMS(0, 3, 1, 0), ARMS(0, 3, 3, 0), ARMS(3, 1, 0, 0),
    [0x5c] = ARMS(1, 3, 0, 0), ARMS(3, 3, 0, 0), ARMS(0, 1, 3, 1), ARMS(0, 3, 1, 3),
    [0x60] = ARMS(0, 3, 3, 3), ARMS(3, 1, 0, 1), ARMS(1, 3, 0, 3), ARMS(3, 3, 0, 3),
    [0x64] = ARMS(3, 0, 3, 1), ARMS(1, 0, 1, 3), ARMS(3, 0, 3, 3), ARMS(3, 1, 3, 0),
    [0x68] = ARMS(1, 3, 1, 0), ARMS(3, 3, 3, 0), ARMS(3, 1, 3, 1), ARMS(1, 3, 1, 3),
    [0x6c] = ARMS(3, 3, 3, 3),
    [0x6d] = ARMS(0, 0, 1, 1), ARMS(1, 0, 0, 1), ARMS(1, 1, 0, 0), ARMS(0, 1, 1, 0), /* round corners */
    [0x74] = ARMS(1, 0, 0, 0), ARMS(0, 1, 0, 0), ARMS(0, 0, 1, 0), ARMS(0, 0, 0, 1),
    [0x78] = ARMS(2, 0, 0, 0), ARMS(0, 2, 0, 0), ARMS(0, 0, 2, 0), ARMS(0, 0, 0, 2),
    [0x7c] = ARMS(1, 0, 2, 0), ARMS(0, 1, 0, 2), ARMS(2, 0, 1, 0), ARMS(0, 2, 0, 1),
};
/* clang-format on */

static bool is_round(unsigned index)
{
    return index >= 0x6d && index <= 0x70;
}

/* How many dashes a line is broken into, 1 for a whole one. */
static int dash_count(unsigned index)
{
    return index >= 0x04 && index <= 0x07 ? 3 : index >= 0x08 && index <= 0x0b ? 4 : index >= 0x4c && index <= 0x4f ? 2 : 1;
}

/* One arm, `thickness` pixels wide, from its end at the edge of the cell to `beyond` pixels past the middle. side: 0 left, 1
 * up, 2 right, 3 down. */
static void draw_arm(const ql_canvas *canvas, int side, int thickness, int beyond, uint32_t color)
{
    int half = thickness / 2;
    switch (side) {
    case 0:
        ql_canvas_fill(canvas, 0, MIDDLE_Y - half, MIDDLE_X + 1 + beyond, thickness, color);
        break;
    case 1:
        ql_canvas_fill(canvas, MIDDLE_X - half, 0, thickness, MIDDLE_Y + 1 + beyond, color);
        break;
    case 2:
        ql_canvas_fill(canvas, MIDDLE_X - beyond, MIDDLE_Y - half, WIDTH, thickness, color);
        break;
    default:
        ql_canvas_fill(canvas, MIDDLE_X - half, MIDDLE_Y - beyond, thickness, HEIGHT, color);
        break;
    }
}

/* A double arm is a band of three pixels whose middle is then taken out; single arms come last and stop at the band where
   the band passes by. */
static void draw_lines(const ql_canvas *canvas, unsigned index)
{
    unsigned weight[4];
    for (int side = 0; side < 4; side++)
        weight[side] = arms[index] >> 2 * side & 3;
    for (int side = 0; side < 4; side++)
        if (weight[side] == 3)
            draw_arm(canvas, side, 3, weight[(side + 1) % 4] == 3 || weight[(side + 3) % 4] == 3 ? 1 : 0,
                     canvas->foreground);
    for (int side = 0; side < 4; side++) {
        bool crossed = weight[(side + 1) % 4] == 3 || weight[(side + 3) % 4] == 3;
        if (weight[side] == 3)
            draw_arm(canvas, side, 1, crossed || weight[(side + 2) % 4] == 3 ? 0 : -1, canvas->background);
    }
    for (int side = 0; side < 4; side++) {
        bool one = weight[(side + 1) % 4] == 3, other = weight[(side + 3) % 4] == 3, through = weight[(side + 2) % 4] != 0;
        int corner = one || other || weight[side] == 2 ? 1 : 0;
        if (weight[side] == 1 || weight[side] == 2)
            draw_arm(canvas, side, weight[side] == 2 ? 3 : 1, one && other && !through ? -1 : corner, canvas->foreground);
    }
}

/* A corner of two light arms that stop short of the middle and are joined by one pixel beside it. */
static void draw_round(const ql_canvas *canvas, unsigned index)
{
    int across = arms[index] & ARMS(0, 0, 1, 0) ? 1 : -1, along = arms[index] & ARMS(0, 0, 0, 1) ? 1 : -1;
    draw_arm(canvas, across > 0 ? 2 : 0, 1, -2, canvas->foreground);
    draw_arm(canvas, along > 0 ? 3 : 1, 1, -2, canvas->foreground);
    ink(canvas, MIDDLE_X + across, MIDDLE_Y + along, 1, 1);
}

static void draw_dashes(const ql_canvas *canvas, unsigned index, int dashes)
{
    bool level = (arms[index] & 3) != 0;
    int length = level ? WIDTH : HEIGHT, thickness = (arms[index] & ARMS(2, 2, 0, 0)) ? 3 : 1;
    for (int i = 0; i < dashes; i++) {
        int from = i * length / dashes, to = (i + 1) * length / dashes - (length / dashes > 4 ? 2 : 1);
        if (level)
            ink(canvas, from, MIDDLE_Y - thickness / 2, to - from, thickness);
        else
            ink(canvas, MIDDLE_X - thickness / 2, from, thickness, to - from);
    }
}

/* U+2580-259F. Halves meet at the same pixel, so that neighbours tile the cell. */
static void draw_block(const ql_canvas *canvas, unsigned index)
{
    enum { HALF_X = (WIDTH + 1) / 2, HALF_Y = HEIGHT / 2, TOP_LEFT = 1, TOP_RIGHT = 2, BOTTOM_LEFT = 4, BOTTOM_RIGHT = 8 };
    static const uint8_t quadrants[] = {
        BOTTOM_LEFT,
        BOTTOM_RIGHT,
        TOP_LEFT,
        TOP_LEFT | BOTTOM_LEFT | BOTTOM_RIGHT,
        TOP_LEFT | BOTTOM_RIGHT,
        TOP_LEFT | TOP_RIGHT | BOTTOM_LEFT,
        TOP_LEFT | TOP_RIGHT | BOTTOM_RIGHT,
        TOP_RIGHT,
        TOP_RIGHT | BOTTOM_LEFT,
        TOP_RIGHT | BOTTOM_LEFT | BOTTOM_RIGHT,
    };
    int eighths_y = ((int)index * HEIGHT + 4) / 8, eighths_x = ((16 - (int)index) * WIDTH + 4) / 8;
    if (index == 0x00) {
        ink(canvas, 0, 0, WIDTH, HALF_Y);
    } else if (index <= 0x08) {
        ink(canvas, 0, HEIGHT - eighths_y, WIDTH, eighths_y);
    } else if (index <= 0x0f) {
        ink(canvas, 0, 0, eighths_x, HEIGHT);
    } else if (index == 0x10) {
        ink(canvas, HALF_X, 0, WIDTH, HEIGHT);
    } else if (index <= 0x13) {
        ql_canvas_fill(canvas, 0, 0, WIDTH, HEIGHT, mix(canvas, index - 0x10));
    } else if (index == 0x14) {
        ink(canvas, 0, 0, WIDTH, (HEIGHT + 4) / 8);
    } else if (index == 0x15) {
        ink(canvas, WIDTH - (WIDTH + 4) / 8, 0, WIDTH, HEIGHT);
    } else {
        for (int i = 0; i < 4; i++)
            if (quadrants[index - 0x16] >> i & 1)
                ink(canvas, i & 1 ? HALF_X : 0, i & 2 ? HALF_Y : 0, i & 1 ? WIDTH : HALF_X, HALF_Y);
    }
}

/* U+2800-28FF: bits 0 1 2 are the upper three dots on the left, 3 4 5 on the right, 6 and 7 the lowest row. */
static void draw_braille(const ql_canvas *canvas, unsigned dots)
{
    static const struct {
        int8_t x, y;
    } places[8] = { { 1, 1 }, { 1, 6 }, { 1, 10 }, { 6, 1 }, { 6, 6 }, { 6, 10 }, { 1, 15 }, { 6, 15 } };
    for (int i = 0; i < 8; i++)
        if (dots >> i & 1)
            ink(canvas, places[i].x, places[i].y, 2, 2);
}

static bool is_line(uint32_t codepoint)
{
    return codepoint >= 0x2500 && codepoint <= 0x257f && arms[codepoint - 0x2500] != 0;
}

bool ql_glyph_is_shape(uint32_t codepoint)
{
    return is_line(codepoint) || (codepoint >= 0x2580 && codepoint <= 0x259f) ||
           (codepoint >= 0x2800 && codepoint <= 0x28ff);
}

void ql_glyph_draw(const ql_canvas *canvas, uint32_t codepoint)
{
    if (!ql_glyph_is_shape(codepoint))
        return;
    if (codepoint >= 0x2800)
        draw_braille(canvas, codepoint - 0x2800);
    else if (codepoint >= 0x2580)
        draw_block(canvas, codepoint - 0x2580);
    else if (dash_count(codepoint - 0x2500) > 1)
        draw_dashes(canvas, codepoint - 0x2500, dash_count(codepoint - 0x2500));
    else if (is_round(codepoint - 0x2500))
        draw_round(canvas, codepoint - 0x2500);
    else
        draw_lines(canvas, codepoint - 0x2500);
}
