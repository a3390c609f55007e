/* The tables of looks. Blue is the original and orange the result; they differ for every kind of colour blindness. */
#include "tui/theme.h"

enum { RED = 1, GREEN = 2, YELLOW = 3, BLUE = 4, MAGENTA = 5, CYAN = 6 };

/* For a dark background. The other themes say where they differ from it: a look of zeros is this one's. */
static const tui_look dark[TUI_STYLE_COUNT] = {
    [TUI_TEXT] = { -1, -1, 0, 0 },
    [TUI_FADED] = { 245, -1, 0, TUI_DIM },
    [TUI_STRONG] = { -1, -1, TUI_BOLD, TUI_BOLD },
    [TUI_BAR] = { -1, -1, TUI_BOLD, TUI_BOLD },
    [TUI_FRAME] = { 240, -1, 0, 0 },
    [TUI_FRAME_FOCUS] = { 75, CYAN, TUI_BOLD, TUI_BOLD },
    [TUI_KEY] = { 215, YELLOW, TUI_BOLD, TUI_BOLD },
    [TUI_SELECTED] = { -1, -1, TUI_REVERSE, TUI_REVERSE },
    [TUI_ORIGINAL] = { 75, CYAN, 0, 0 },
    [TUI_QUANTIZED] = { 215, YELLOW, 0, 0 },
    [TUI_ERROR_BARS] = { 176, MAGENTA, 0, 0 },
    [TUI_CLIP] = { 203, RED, TUI_BOLD, TUI_BOLD },
    [TUI_GOOD] = { 78, GREEN, TUI_BOLD, TUI_BOLD },
    [TUI_FAIR] = { 221, YELLOW, TUI_BOLD, TUI_BOLD },
    [TUI_POOR] = { 203, RED, TUI_BOLD, TUI_BOLD },
    [TUI_WARNING] = { 203, RED, TUI_BOLD, TUI_BOLD | TUI_REVERSE },
    [TUI_BUSY] = { 78, GREEN, 0, 0 },
};

/* For a light background: the same hues; what is to be read has a contrast of 4 to white, or more. */
static const tui_look light[TUI_STYLE_COUNT] = {
    [TUI_FADED] = { 242, -1, 0, TUI_DIM },
    [TUI_FRAME] = { 247, -1, 0, 0 },
    [TUI_FRAME_FOCUS] = { 25, BLUE, TUI_BOLD, TUI_BOLD },
    [TUI_KEY] = { 130, MAGENTA, TUI_BOLD, TUI_BOLD },
    [TUI_ORIGINAL] = { 25, BLUE, 0, 0 },
    [TUI_QUANTIZED] = { 130, RED, 0, 0 },
    [TUI_ERROR_BARS] = { 90, MAGENTA, 0, 0 },
    [TUI_CLIP] = { 124, RED, TUI_BOLD, TUI_BOLD },
    [TUI_GOOD] = { 28, GREEN, TUI_BOLD, TUI_BOLD },
    [TUI_FAIR] = { 94, MAGENTA, TUI_BOLD, TUI_BOLD },
    [TUI_POOR] = { 124, RED, TUI_BOLD, TUI_BOLD },
    [TUI_WARNING] = { 124, RED, TUI_BOLD, TUI_BOLD | TUI_REVERSE },
    [TUI_BUSY] = { 28, GREEN, 0, 0 },
};

/* Without red beside green: good, fair and poor are sky blue, yellow and vermilion, after the palette of Okabe and Ito
   (Color Universal Design, 2008). Words say the same. */
static const tui_look safe[TUI_STYLE_COUNT] = {
    [TUI_ERROR_BARS] = { 182, MAGENTA, 0, 0 },
    [TUI_CLIP] = { 227, YELLOW, TUI_BOLD, TUI_BOLD },
    [TUI_GOOD] = { 117, CYAN, TUI_BOLD, TUI_BOLD },
    [TUI_FAIR] = { 227, YELLOW, TUI_BOLD, TUI_BOLD },
    [TUI_POOR] = { 202, -1, TUI_BOLD, TUI_BOLD | TUI_REVERSE },
    [TUI_WARNING] = { 202, -1, TUI_BOLD, TUI_BOLD | TUI_REVERSE },
    [TUI_BUSY] = { 117, CYAN, 0, 0 },
};

static const struct {
    const char *name;
    const tui_look *looks;
    bool has_colors;
    uint32_t foreground, background;
} themes[] = {
    { "dark", dark, true, 0xd4d7dd, 0x16181d },
    { "light", light, true, 0x24272e, 0xfafafa },
    { "safe", safe, true, 0xd4d7dd, 0x16181d },
    { "mono", dark, false, 0xd4d7dd, 0x16181d },
};

static size_t in_use;

const tui_look *tui_theme(tui_style style)
{
    const tui_look *look = &themes[in_use].looks[style];
    const bool is_dark = look->color_256 == 0 && look->color_8 == 0 && !look->attributes && !look->plain;
    return is_dark ? &dark[style] : look;
}

const char *tui_theme_name(size_t index)
{
    return index < sizeof themes / sizeof themes[0] ? themes[index].name : NULL;
}

size_t tui_theme_index(void)
{
    return in_use;
}

void tui_theme_use(size_t index)
{
    in_use = index;
}

bool tui_theme_has_colors(void)
{
    return themes[in_use].has_colors;
}

uint32_t tui_theme_foreground(void)
{
    return themes[in_use].foreground;
}

uint32_t tui_theme_background(void)
{
    return themes[in_use].background;
}
