/* Drawing into memory: clipped glyphs, measured text, frames. */
#include "tui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "text/plain.h"
#include "text/ramp.h"

bool tui_canvas_resize(tui_canvas *canvas, int rows, int cols)
{
    rows = rows < 1 ? 1 : rows;
    cols = cols < 1 ? 1 : cols;
    tui_cell *cells = calloc((size_t)rows * (size_t)cols, sizeof *cells);
    if (!cells)
        return false;
    free(canvas->cells);
    canvas->cells = cells;
    canvas->rows = rows;
    canvas->cols = cols;
    tui_canvas_clear(canvas, (tui_rect) { 0, 0, rows, cols }, TUI_TEXT);
    return true;
}

void tui_canvas_free(tui_canvas *canvas)
{
    free(canvas->cells);
    *canvas = (tui_canvas) { 0 };
}

static void put_cell(tui_canvas *canvas, int y, int x, uint32_t codepoint, tui_style style)
{
    if (y < 0 || y >= canvas->rows || x < 0 || x >= canvas->cols)
        return;
    canvas->cells[y * canvas->cols + x] = (tui_cell) { codepoint, canvas->faded ? TUI_FADED : style };
}

void tui_canvas_clear(tui_canvas *canvas, tui_rect rect, tui_style style)
{
    for (int y = rect.y; y < rect.y + rect.rows; y++)
        for (int x = rect.x; x < rect.x + rect.cols; x++)
            put_cell(canvas, y, x, ' ', style);
}

void tui_canvas_put(tui_canvas *canvas, int y, int x, uint32_t glyph, tui_style style)
{
    if (canvas->ascii && glyph >= 0x80)
        glyph = (unsigned char)text_to_ascii(glyph)[0];
    put_cell(canvas, y, x, glyph, style);
}

/* Cells of one character as drawn on this canvas. */
static int cell_count(const tui_canvas *canvas, uint32_t codepoint)
{
    if (codepoint < 0x80)
        return 1;
    if (canvas->ascii)
        return (int)strlen(text_to_ascii(codepoint));
    int width = wcwidth((wchar_t)codepoint);
    return width < 0 ? 1 : width;
}

int tui_canvas_width(const tui_canvas *canvas, const char *text)
{
    int width = 0;
    unsigned c;
    for (size_t size; (size = text_next(text, &c)) > 0; text += size)
        width += cell_count(canvas, c);
    return width;
}

static int put_character(tui_canvas *canvas, int y, int x, tui_style style, uint32_t codepoint)
{
    int width = cell_count(canvas, codepoint);
    if (canvas->ascii && codepoint >= 0x80) {
        const char *ascii = text_to_ascii(codepoint);
        for (int i = 0; i < width; i++)
            put_cell(canvas, y, x + i, (unsigned char)ascii[i], style);
    } else if (width > 0) { /* combining marks are left out: a cell holds one character */
        put_cell(canvas, y, x, codepoint, style);
        if (width == 2) {
            if (x + 1 < canvas->cols)
                put_cell(canvas, y, x + 1, 0, style);
            else
                put_cell(canvas, y, x, ' ', style);
        }
    }
    return width;
}

int tui_canvas_text(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *text)
{
    const uint32_t ellipsis = 0x2026;
    int limit = width;
    bool cut = tui_canvas_width(canvas, text) > width;
    if (cut)
        limit = width - cell_count(canvas, ellipsis);
    int used = 0;
    unsigned c;
    for (size_t size; (size = text_next(text, &c)) > 0; text += size) {
        if (used + cell_count(canvas, c) > limit)
            break;
        used += put_character(canvas, y, x + used, style, c);
    }
    if (cut && limit >= 0)
        used += put_character(canvas, y, x + used, style, ellipsis);
    return used;
}

int tui_canvas_format(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return tui_canvas_text(canvas, y, x, width, style, text);
}

int tui_canvas_middle(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *text)
{
    int whole = tui_canvas_width(canvas, text), dots = cell_count(canvas, 0x2026);
    if (whole <= width || width < 3 * dots)
        return tui_canvas_text(canvas, y, x, width, style, text);
    int head = (width - dots) / 5, tail = width - dots - head, used = 0;
    bool is_cut = false;
    unsigned c;
    int at = 0; /* cells of the text before c */
    for (size_t size; (size = text_next(text, &c)) > 0; text += size) {
        int cells = cell_count(canvas, c);
        if (at + cells <= head || at >= whole - tail)
            used += put_character(canvas, y, x + used, style, c);
        else if (!is_cut)
            used += put_character(canvas, y, x + used, style, 0x2026);
        is_cut |= at + cells > head;
        at += cells;
    }
    return used;
}

int tui_canvas_right(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *text)
{
    int used = tui_canvas_width(canvas, text);
    return used < width ? tui_canvas_text(canvas, y, x + width - used, used, style, text)
                        : tui_canvas_text(canvas, y, x, width, style, text);
}

int tui_canvas_wrap(tui_canvas *canvas, tui_rect rect, tui_style style, const char *text)
{
    int lines = 0;
    while (*text && lines < rect.rows) {
        if (lines == rect.rows - 1) {
            tui_canvas_text(canvas, rect.y + lines, rect.x, rect.cols, style, text);
            return lines + 1;
        }
        const char *end = text, *at = text; /* end: where the line may be broken */
        int used = 0;
        for (;;) {
            unsigned c;
            size_t size = text_next(at, &c);
            if (size == 0 || c == ' ')
                end = at;
            if (size == 0 || used + cell_count(canvas, c) > rect.cols)
                break;
            at += size;
            used += cell_count(canvas, c);
        }
        char line[1024];
        if (end == text) /* a word longer than the line */
            end = at > text ? at : text + strlen(text);
        snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        tui_canvas_text(canvas, rect.y + lines++, rect.x, rect.cols, style, line);
        for (text = end; *text == ' '; text++)
            ;
    }
    return lines;
}

tui_rect tui_canvas_box(tui_canvas *canvas, tui_rect rect, bool focused, const char *title, const char *note)
{
    tui_style style = focused ? TUI_FRAME_FOCUS : TUI_FRAME;
    int right = rect.x + rect.cols - 1, bottom = rect.y + rect.rows - 1;
    for (int x = rect.x + 1; x < right; x++) {
        tui_canvas_put(canvas, rect.y, x, 0x2500, style);
        tui_canvas_put(canvas, bottom, x, 0x2500, style);
    }
    for (int y = rect.y + 1; y < bottom; y++) {
        tui_canvas_put(canvas, y, rect.x, 0x2502, style);
        tui_canvas_put(canvas, y, right, 0x2502, style);
    }
    tui_canvas_put(canvas, rect.y, rect.x, 0x250C, style);
    tui_canvas_put(canvas, rect.y, right, 0x2510, style);
    tui_canvas_put(canvas, bottom, rect.x, 0x2514, style);
    tui_canvas_put(canvas, bottom, right, 0x2518, style);

    char text[256];
    snprintf(text, sizeof text, focused ? " ▸ %.*s " : " %.*s ", 240, title);
    int room = rect.cols - 4;
    int used = tui_canvas_text(canvas, rect.y, rect.x + 2, room, focused ? TUI_FRAME_FOCUS : TUI_STRONG, text);
    if (note && *note && room - used > 8) {
        snprintf(text, sizeof text, " %.*s ", 240, note);
        tui_canvas_right(canvas, rect.y, rect.x + 3 + used, room - used - 1, TUI_FADED, text);
    }
    return (tui_rect) { rect.y + 1, rect.x + 1, rect.rows > 2 ? rect.rows - 2 : 0, rect.cols > 2 ? rect.cols - 2 : 0 };
}

void tui_canvas_gauge(tui_canvas *canvas, int y, int x, int width, double share, tui_style style)
{
    tui_canvas_put(canvas, y, x, 0x2595, TUI_FRAME);
    tui_canvas_put(canvas, y, x + width - 1, 0x258F, TUI_FRAME);
    int eighths = (int)((share < 0 ? 0 : share > 1 ? 1 : share) * 8 * (width - 2) + 0.5);
    for (int i = 1; i<width - 1; i++, eighths = eighths> 8 ? eighths - 8 : 0)
        tui_canvas_put(canvas, y, x + i, text_block_left((unsigned)(eighths > 8 ? 8 : eighths)), style);
}
