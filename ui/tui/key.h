/* Keys and how they are written: in key strings (--keys), in the table of keys, in the help. */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdint.h>

#include "qloupe.h"

/* A Unicode character, a control character, one of the names below, or something that the mouse did (TUI_MOUSE). */
typedef uint32_t tui_key;

enum {
    TUI_KEY_NONE = 0,
    TUI_KEY_TAB = 9,
    TUI_KEY_ENTER = 13,
    TUI_KEY_ESC = 27,
    TUI_KEY_BACKSPACE = 127,
    TUI_KEY_UP = 0x110000, /* beyond Unicode */
    TUI_KEY_DOWN,
    TUI_KEY_LEFT,
    TUI_KEY_RIGHT,
    TUI_KEY_PAGE_UP,
    TUI_KEY_PAGE_DOWN,
    TUI_KEY_HOME,
    TUI_KEY_END,
    TUI_KEY_DELETE,
    TUI_KEY_BACK_TAB,
    TUI_KEY_F1,                       /* F2 to F12 follow */
    TUI_KEY_SETTLE = TUI_KEY_F1 + 12, /* in a script only: wait until every number is exact */
};

enum { TUI_KEY_TEXT = 32 };

/* What the mouse did, and in which cell (from 0; the screen's corner beyond 16383 is not reached). A click is a press of the
   button; while it is held the mouse is dragged, until the release. */
enum {
    TUI_KEY_CLICK = 0x40000000,
    TUI_KEY_WHEEL_UP = 0x50000000,
    TUI_KEY_WHEEL_DOWN = 0x60000000,
    TUI_KEY_DRAG = 0x70000000,
    TUI_KEY_RELEASE = 0x30000000,
    TUI_MOUSE_MOST = 0x3fff,
};
#define TUI_MOUSE(kind, row, col) ((tui_key)(kind) | (tui_key)(row) << 14 | (tui_key)(col))
#define TUI_MOUSE_KIND(key)       ((key)&0xf0000000)
#define TUI_MOUSE_ROW(key)        ((int)((key) >> 14 & TUI_MOUSE_MOST))
#define TUI_MOUSE_COL(key)        ((int)((key)&TUI_MOUSE_MOST))

#define TUI_CONTROL(letter) ((tui_key)((letter)&31))

/* Takes the next key of a key string: a character is itself, `<Enter>`, `<C-x>` and the like are keys, `<lt>` is "<", `<Hash>` is "#",
 `<Click:ROW,COL>`, `<Drag:ROW,COL>`, `<Release:ROW,COL>` and `<WheelUp:ROW,COL>` are the mouse (from 1, as terminals count). Moves *text past it. TUI_KEY_NONE at the end, and at a `<` that starts no key (then *text stays). */
tui_key tui_key_read(const char **text);

/* The key as a key string spells it. */
void tui_key_spell(tui_key key, char out[TUI_KEY_TEXT]);

/* A script: the keys of an option (its name begins the messages) that takes a key string or @FILE. In a file `#` starts a
   comment that runs to the end of the line, and line ends and the spaces around a line mean nothing. QL_BAD_USAGE names
   what is no key; QL_BAD_FILE. */
typedef struct tui_script {
    tui_key *keys; /* owned [count] */
    size_t count, next;
} tui_script;
ql_status tui_script_read(const char *option, const char *argument, tui_script *out, ql_error *error);
void tui_script_free(tui_script *script);

#endif
