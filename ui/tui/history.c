/* Undo and redo. */
#include "tui/history.h"

#include <stdlib.h>
#include <string.h>

void tui_history_begin(tui_history *history, const ql_spec *now)
{
    history->specs = malloc(TUI_UNDO_SIZE * sizeof *history->specs);
    history->count = history->specs != NULL;
    history->at = 0;
    if (history->specs)
        history->specs[0] = *now;
}

void tui_history_copy(tui_history *out, const tui_history *from)
{
    if (!from->specs)
        return;
    tui_history_begin(out, from->specs);
    if (!out->specs)
        return;
    memcpy(out->specs, from->specs, from->count * sizeof *out->specs);
    out->count = from->count;
    out->at = from->at;
}

void tui_history_free(tui_history *history)
{
    free(history->specs);
    *history = (tui_history) { 0 };
}

void tui_history_add(tui_history *history, const ql_spec *spec)
{
    if (!history->specs)
        return;
    if (history->at + 1 == TUI_UNDO_SIZE) {
        memmove(history->specs, history->specs + 1, (TUI_UNDO_SIZE - 1) * sizeof *history->specs);
        history->at--;
    }
    history->specs[++history->at] = *spec;
    history->count = history->at + 1;
}

const ql_spec *tui_history_step(tui_history *history, int direction)
{
    if (direction < 0 ? history->at == 0 : history->at + 1 >= history->count)
        return NULL;
    history->at = direction < 0 ? history->at - 1 : history->at + 1;
    return &history->specs[history->at];
}
