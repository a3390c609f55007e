/*
 * Looks at rows, columns and groups one by one: charts of all of them, and lists of the loudest or worst. Which line of a
 * list is chosen, each pane knows by itself.
 */
#ifndef TUI_RANKS_H
#define TUI_RANKS_H

#include "tui/look.h"
#include "tui/map.h"
#include "tui/spread.h"

enum { TUI_RANKS = 64 }; /* lines of a list */

/* What TUI_LOOK_CHANNELS makes. */
typedef struct tui_channels {
    ql_channels *numbers; /* owned */
    tui_spread col_mse;
    size_t loud_row_count, loud_col_count;
    uint64_t loud_rows[TUI_RANKS], loud_cols[TUI_RANKS]; /* by rms, the largest first */
} tui_channels;
ql_status tui_channels_make(const tui_look_work *work, void **out, ql_error *error);
void tui_channels_free(void *made);

/* What TUI_LOOK_GROUPS makes. */
typedef struct tui_groups {
    tui_spread mse;
    size_t worst_count;
    uint64_t worst[TUI_RANKS]; /* by mse, the largest first */
    double worst_mse[TUI_RANKS];
    ql_group_place places[TUI_RANKS];
} tui_groups;
ql_status tui_groups_make(const tui_look_work *work, void **out, ql_error *error);
void tui_groups_free(void *made);

/* Of one pane. */
typedef struct tui_choice {
    int at;          /* the chosen line */
    int count, page; /* lines of the list, and of them on the screen, in the last frame */
} tui_choice;

void tui_choice_step(tui_choice *choice, tui_step step);

/* The first line to show of a list of `count` in `rows` lines, so that the chosen one is among them. */
int tui_choice_first(tui_choice *choice, int count, int rows);

#endif
