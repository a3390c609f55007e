/* The table of key names, and key strings. */
#include "tui/key.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text/plain.h"
#include "text/ramp.h"

static const struct {
    tui_key key;
    const char *name;
} names[] = {
    { TUI_KEY_ENTER, "Enter" },
    { TUI_KEY_ESC, "Esc" },
    { TUI_KEY_TAB, "Tab" },
    { TUI_KEY_BACK_TAB, "S-Tab" },
    { TUI_KEY_UP, "Up" },
    { TUI_KEY_DOWN, "Down" },
    { TUI_KEY_LEFT, "Left" },
    { TUI_KEY_RIGHT, "Right" },
    { TUI_KEY_PAGE_UP, "PgUp" },
    { TUI_KEY_PAGE_DOWN, "PgDn" },
    { TUI_KEY_HOME, "Home" },
    { TUI_KEY_END, "End" },
    { TUI_KEY_BACKSPACE, "BS" },
    { TUI_KEY_DELETE, "Del" },
    { '<', "lt" },
    { '#', "Hash" }, /* which begins a comment in a file */
    { ' ', "Space" },
    { TUI_KEY_SETTLE, "settle" },
};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

static const struct {
    tui_key kind;
    const char *name;
} mouse[] = {
    { TUI_KEY_CLICK, "Click" },
    { TUI_KEY_WHEEL_UP, "WheelUp" },
    { TUI_KEY_WHEEL_DOWN, "WheelDown" },
    { TUI_KEY_DRAG, "Drag" },
    { TUI_KEY_RELEASE, "Release" },
};
enum { MOUSE_COUNT = sizeof mouse / sizeof mouse[0] };

/* "Click:3,40". */
static tui_key find_mouse(const char *name, size_t size)
{
    const size_t kind = strcspn(name, ":>");
    unsigned row, col;
    int used = 0;
    for (size_t i = 0; i < MOUSE_COUNT; i++)
        if (strlen(mouse[i].name) == kind && strncasecmp(mouse[i].name, name, kind) == 0 &&
            sscanf(name + kind, ":%5u,%5u%n", &row, &col, &used) == 2 && kind + (size_t)used == size && row >= 1 &&
            col >= 1 && row <= TUI_MOUSE_MOST && col <= TUI_MOUSE_MOST)
            return TUI_MOUSE(mouse[i].kind, row - 1, col - 1);
    return TUI_KEY_NONE;
}

/* The key that is called `name`[size]. */
static tui_key find_name(const char *name, size_t size)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (strlen(names[i].name) == size && strncasecmp(names[i].name, name, size) == 0)
            return names[i].key;
    unsigned number = 0;
    if (size <= 3 && (name[0] == 'F' || name[0] == 'f') && sscanf(name + 1, "%2u>", &number) == 1 && number >= 1 &&
        number <= 12)
        return TUI_KEY_F1 + number - 1;
    if (size == 3 && strncasecmp(name, "C-", 2) == 0 && name[2] >= '@' && name[2] < 127)
        return TUI_CONTROL(name[2]);
    return find_mouse(name, size);
}

tui_key tui_key_read(const char **text)
{
    if (**text == '<') {
        const char *end = strchr(*text, '>');
        tui_key key = end ? find_name(*text + 1, (size_t)(end - *text - 1)) : TUI_KEY_NONE;
        if (key != TUI_KEY_NONE)
            *text = end + 1;
        return key;
    }
    unsigned character = 0;
    *text += text_next(*text, &character);
    return character;
}

void tui_key_spell(tui_key key, char out[TUI_KEY_TEXT])
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (names[i].key == key) {
            snprintf(out, TUI_KEY_TEXT, "<%s>", names[i].name);
            return;
        }
    for (size_t i = 0; i < MOUSE_COUNT; i++)
        if (mouse[i].kind == TUI_MOUSE_KIND(key)) {
            snprintf(out, TUI_KEY_TEXT, "<%s:%d,%d>", mouse[i].name, TUI_MOUSE_ROW(key) + 1, TUI_MOUSE_COL(key) + 1);
            return;
        }
    char character[5];
    if (key >= TUI_KEY_F1 && key < TUI_KEY_F1 + 12) {
        snprintf(out, TUI_KEY_TEXT, "<F%u>", (unsigned)(key - TUI_KEY_F1 + 1));
    } else if (key < 32) {
        snprintf(out, TUI_KEY_TEXT, "<C-%c>", (int)(key + (key >= 1 && key <= 26 ? 96 : 64)));
    } else {
        text_encode(key, character);
        snprintf(out, TUI_KEY_TEXT, "%s", character);
    }
}
