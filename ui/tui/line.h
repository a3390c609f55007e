/* A line of text that is being typed. */
#ifndef TUI_LINE_H
#define TUI_LINE_H

#include <stddef.h>

#include "tui/canvas.h"
#include "tui/key.h"

enum { TUI_LINE_LIMIT = 300, TUI_LINE_BYTES = 4 * TUI_LINE_LIMIT + 1 };

typedef struct tui_line {
    uint32_t characters[TUI_LINE_LIMIT];
    size_t count, cursor; /* cursor <= count: before that character */
    bool is_offer;        /* the first character that is typed replaces all */
} tui_line;

void tui_line_set(tui_line *line, const char *text);   /* cursor at the end */
void tui_line_offer(tui_line *line, const char *text); /* the same, as a proposal */
void tui_line_get(const tui_line *line, char out[TUI_LINE_BYTES]);

/* Inserts a printable character or moves and deletes with <BS> <Del> <Left> <Right> <Home> <End> <C-u>. Returns true when
   the text changed. */
bool tui_line_key(tui_line *line, tui_key key);

/* Draws the end of the line that holds the cursor; returns the cursor's column. */
int tui_line_draw(const tui_line *line, tui_canvas *canvas, int y, int x, int width, tui_style style);

#endif
