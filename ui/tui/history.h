/* The specs that a column has had, for undo and redo. Where memory is short there is nothing to undo. */
#ifndef TUI_HISTORY_H
#define TUI_HISTORY_H

#include "qloupe.h"

enum { TUI_UNDO_SIZE = 256 }; /* the oldest are forgotten */

typedef struct tui_history {
    ql_spec *specs;   /* owned [TUI_UNDO_SIZE], oldest first; NULL: none */
    size_t count, at; /* specs[at] is the one now, those behind it were undone */
} tui_history;

void tui_history_begin(tui_history *history, const ql_spec *now); /* from { 0 } */
void tui_history_copy(tui_history *out, const tui_history *from); /* to { 0 } */
void tui_history_free(tui_history *history);

/* Another spec takes the place of the one now; what was undone is forgotten. */
void tui_history_add(tui_history *history, const ql_spec *spec);

/* The spec before (direction < 0) or after, which is then the one now; NULL: there is none. */
const ql_spec *tui_history_step(tui_history *history, int direction);

#endif
