/* The table of looks. Blue is the original and orange the result; they differ for every kind of colour blindness. */
#include "tui/theme.h"

enum { RED = 1, GREEN = 2, YELLOW = 3, BLUE = 4, MAGENTA = 5, CYAN = 6 };

static const tui_look looks[TUI_STYLE_COUNT] = {
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

const tui_look *tui_theme(tui_style style)
{
    return &looks[style];
}
