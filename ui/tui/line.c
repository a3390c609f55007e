/* Editing one line. */
#include "tui/line.h"

#include <string.h>
#include <wctype.h>

#include "text/plain.h"
#include "text/ramp.h"

void tui_line_set(tui_line *line, const char *text)
{
    unsigned character;
    line->count = 0;
    for (size_t size; line->count < TUI_LINE_LIMIT && (size = text_next(text, &character)) > 0; text += size)
        line->characters[line->count++] = character;
    line->cursor = line->count;
    line->is_offer = false;
}

void tui_line_offer(tui_line *line, const char *text)
{
    tui_line_set(line, text);
    line->is_offer = true;
}

static void get_range(const tui_line *line, size_t begin, size_t end, char out[TUI_LINE_BYTES])
{
    size_t used = 0;
    for (size_t i = begin; i < end; i++) {
        char utf8[5];
        size_t size = text_encode(line->characters[i], utf8);
        memcpy(out + used, utf8, size);
        used += size;
    }
    out[used] = 0;
}

void tui_line_get(const tui_line *line, char out[TUI_LINE_BYTES])
{
    get_range(line, 0, line->count, out);
}

static bool erase(tui_line *line, size_t begin, size_t end)
{
    memmove(line->characters + begin, line->characters + end, (line->count - end) * sizeof line->characters[0]);
    line->count -= end - begin;
    line->cursor = begin;
    return end > begin;
}

bool tui_line_key(tui_line *line, tui_key key)
{
    if (line->is_offer && key >= ' ' && key < TUI_KEY_UP && key != TUI_KEY_BACKSPACE)
        erase(line, 0, line->count);
    line->is_offer = false;
    size_t at = line->cursor;
    switch (key) {
    case TUI_KEY_BACKSPACE:
        return at > 0 && erase(line, at - 1, at);
    case TUI_KEY_DELETE:
        return at < line->count && erase(line, at, at + 1);
    case TUI_CONTROL('u'):
        return erase(line, 0, at);
    case TUI_KEY_LEFT:
        line->cursor = at > 0 ? at - 1 : 0;
        return false;
    case TUI_KEY_RIGHT:
        line->cursor = at < line->count ? at + 1 : at;
        return false;
    case TUI_KEY_HOME:
        line->cursor = 0;
        return false;
    case TUI_KEY_END:
        line->cursor = line->count;
        return false;
    default:
        break;
    }
    if (key < ' ' || key >= TUI_KEY_UP || !iswprint((wint_t)key) || line->count == TUI_LINE_LIMIT)
        return false;
    memmove(line->characters + at + 1, line->characters + at, (line->count - at) * sizeof line->characters[0]);
    line->characters[at] = key;
    line->count++;
    line->cursor++;
    return true;
}

int tui_line_draw(const tui_line *line, tui_canvas *canvas, int y, int x, int width, tui_style style)
{
    char text[TUI_LINE_BYTES];
    size_t first = 0; /* the first character shown, so that the cursor fits */
    get_range(line, first, line->cursor, text);
    while (first < line->cursor && tui_canvas_width(canvas, text) >= width)
        get_range(line, ++first, line->cursor, text);
    int column = tui_canvas_width(canvas, text);
    get_range(line, first, line->count, text);
    tui_canvas_text(canvas, y, x, width, line->is_offer ? TUI_SELECTED : style, text);
    return x + column;
}
