/*
 * What is remembered from one session to the next, in $XDG_STATE_HOME/qloupe/state: the theme, and for the files opened last
 * the tensor, the spec and the columns of Compare. A text of lines:
 *
 *     qloupe-state 1
 *     theme light
 *     file /home/a/model.safetensors     then the newest file first; control characters and % are %XX
 *     tensor h.2.mlp.c_fc.weight
 *     spec absmax:bits=4
 *     pins 1 0                           where there are columns: which one is selected, and the baseline, from 0;
 *     pin absmax                         2 to 6 of them
 *     pin absmax:bits=4
 *
 * A file that is anything else is damaged: as if there were none, and said so.
 */
#ifndef TUI_STATE_H
#define TUI_STATE_H

#include "qloupe.h"

enum { TUI_STATE_FILES = 32, TUI_STATE_PINS = 6 };
typedef struct tui_known {
    char *path, *tensor, *spec; /* owned; the path is absolute */
    size_t pin_count, pin_at, baseline;
    char *pins[TUI_STATE_PINS]; /* owned [pin_count]: specs; pins[pin_at] is `spec` */
} tui_known;

/* The same to be noted, borrowed; the path by any of the file's names. */
typedef struct tui_place {
    const char *path, *spec;
    ql_text tensor;
    size_t pin_count, pin_at, baseline; /* pin_count 0: there are no columns */
    const char *pins[TUI_STATE_PINS];
} tui_place;

typedef struct tui_state {
    bool is_used; /* else nothing is read, kept or written */
    size_t theme; /* as tui_theme_name counts them */
    size_t count;
    tui_known files[TUI_STATE_FILES]; /* newest first */
} tui_state;

/* Reads what there is. QL_BAD_FILE when it is damaged or cannot be read, with what to tell; the state is then empty. */
ql_status tui_state_load(tui_state *out, ql_error *error);
void tui_state_free(tui_state *state);

/* What is known of a file, by any of its names; NULL: nothing. */
const tui_known *tui_state_find(const tui_state *state, const char *path);

/* Keeps where a person is in a file. What cannot be kept (a file that is gone, a spec that still lacks
   something, no memory) is not. */
void tui_state_note(tui_state *state, const tui_place *place);

/* Writes it, whole or not at all, with the folders that it takes. */
ql_status tui_state_save(const tui_state *state, ql_error *error);

#endif
