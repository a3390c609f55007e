/* The picture of a text screen: its measures, and the characters that are drawn as shapes and not as text. Lengths in
 * pixels. */
#ifndef QL_PLOT_SCREEN_H
#define QL_PLOT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A cell fits DejaVu Sans Mono at 15 pixels, whose characters advance by 9.03. */
enum { QL_CELL_WIDTH = 9, QL_CELL_HEIGHT = 18, QL_CELL_FONT = 15, QL_CELL_BASELINE = 14, QL_SCREEN_MARGIN = 9 };

/* Where to paint: pixels[row * stride + column] is 0x00RRGGBB; (left, top) is the corner of the cell. */
typedef struct ql_canvas {
    uint32_t *pixels;
    size_t stride; /* in pixels */
    unsigned left, top;
    uint32_t foreground, background;
} ql_canvas;

/* Fills columns [x, x + width) and rows [y, y + height) of the cell; what sticks out of the cell is left away. */
void ql_canvas_fill(const ql_canvas *canvas, int x, int y, int width, int height, uint32_t color);

/* Whether a character is painted as a shape: box drawing (U+2500-257F but for the diagonals),
   block elements (U+2580-259F) and braille (U+2800-28FF). */
bool ql_glyph_is_shape(uint32_t codepoint);

/* Paints a shape so that it joins its neighbours without a gap; does nothing for other characters. */
void ql_glyph_draw(const ql_canvas *canvas, uint32_t codepoint);

#endif
