/*
 * A canvas: the screen as it should look, in memory. Views draw the whole of it for every frame, which costs microseconds;
 * the terminal then sends what differs from the frame before (terminal.h). Nothing here knows of curses.
 *
 * Everything drawn outside the canvas is cut off silently, so a view works on a screen of any size down to 1 x 1. Texts are
 * UTF-8 without control characters (text from files has gone through ql_text_print); on an ASCII canvas their characters
 * are replaced by stand-ins (text/ramp.h).
 */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/theme.h"

typedef struct tui_cell {
    uint32_t codepoint; /* 0: the right half of the wide character before it */
    tui_style style;
} tui_cell;

typedef struct tui_canvas {
    int rows, cols;
    tui_cell *cells; /* owned [rows][cols] */
    bool ascii;
    bool faded; /* while true everything is drawn in TUI_FADED: numbers that are no longer exact */
} tui_canvas;

typedef struct tui_rect {
    int y, x, rows, cols;
} tui_rect;

/* Makes the canvas rows x cols (at least 1 x 1) and blank. False when memory is short; the canvas is then as before. */
bool tui_canvas_resize(tui_canvas *canvas, int rows, int cols);
void tui_canvas_free(tui_canvas *canvas);

void tui_canvas_clear(tui_canvas *canvas, tui_rect rect, tui_style style);

/* One glyph of width 1. */
void tui_canvas_put(tui_canvas *canvas, int y, int x, uint32_t glyph, tui_style style);

/* Text in at most `width` cells; what does not fit ends in an ellipsis. Returns the cells used. */
int tui_canvas_text(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *text);
int tui_canvas_format(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The same, but what does not fit is left out of the middle: the ends of names tell most. */
int tui_canvas_middle(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *text);

/* The same as tui_canvas_text, ending before column x + width. */
int tui_canvas_right(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *text);

/* Cells that a text takes. */
int tui_canvas_width(const tui_canvas *canvas, const char *text);

/* Text over at most `rows` lines of rect.cols cells, broken at spaces. Returns the lines used. */
int tui_canvas_wrap(tui_canvas *canvas, tui_rect rect, tui_style style, const char *text);

/* A frame with a title at the left and a note at the right (NULL: none). Returns the inside. */
tui_rect tui_canvas_box(tui_canvas *canvas, tui_rect rect, bool focused, const char *title, const char *note);

/* A bar of `width` cells between two marks, filled to `share` (0..1). */
void tui_canvas_gauge(tui_canvas *canvas, int y, int x, int width, double share, tui_style style);

#endif
