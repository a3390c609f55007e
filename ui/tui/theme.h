/*
 * Styles: what a piece of the screen means. Tables say how each looks with 256 colours, with 8, and with none; the
 * background is always the terminal's own. One theme at a time, for the whole program; the thread of the screen changes it.
 */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum tui_style {
    TUI_TEXT,
    TUI_FADED,  /* labels of less weight; numbers that are not of the current spec */
    TUI_STRONG, /* what to look at first */
    TUI_BAR,    /* the title bar */
    TUI_FRAME,
    TUI_FRAME_FOCUS,
    TUI_KEY,       /* a key in the footer */
    TUI_SELECTED,  /* the line under the cursor */
    TUI_ORIGINAL,  /* the values as stored */
    TUI_QUANTIZED, /* the values after the round trip */
    TUI_ERROR_BARS,
    TUI_CLIP, /* marks of the clip range */
    TUI_GOOD,
    TUI_FAIR,
    TUI_POOR,
    TUI_WARNING, /* errors in the status line */
    TUI_BUSY,
    TUI_STYLE_COUNT
} tui_style;

enum { TUI_BOLD = 1, TUI_DIM = 2, TUI_REVERSE = 4 };

typedef struct tui_look {
    short color_256, color_8; /* -1: the terminal's own */
    unsigned attributes;      /* where it has a colour, and with 256 colours */
    unsigned plain;           /* where it has none: without colours, or where 8 are too few */
} tui_look;

/* How a style looks in the theme in use. Never NULL. */
const tui_look *tui_theme(tui_style style);

/* The themes in display order: "dark", "light", ...; NULL at the end. */
const char *tui_theme_name(size_t index);

/* The theme in use, 0 at the start, and its change. */
size_t tui_theme_index(void);
void tui_theme_use(size_t index);

/* Whether the theme in use has colours at all. */
bool tui_theme_has_colors(void);

/* What stands for the terminal's own colours in a picture of the screen: 0xRRGGBB. */
uint32_t tui_theme_foreground(void);
uint32_t tui_theme_background(void);

#endif
