/* The table of views. */
#include "tui/views.h"

static const tui_view *const views[] = {
    &tui_view_explore,
    &tui_view_compare,
    &tui_view_matmul,
};

const tui_view *tui_view_at(size_t index)
{
    return index < sizeof views / sizeof views[0] ? views[index] : NULL;
}
