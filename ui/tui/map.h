/*
 * What the map shows: which part of the selected tensor, and which quantity. Its cursor is the weight that is looked at
 * (scope.h): the part follows it, and keys move it from cell to cell.
 */
#ifndef TUI_MAP_H
#define TUI_MAP_H

#include "qloupe.h"
#include "tui/canvas.h"
#include "tui/spread.h"

/* Where one moves to, by keys. */
typedef enum tui_step {
    TUI_STEP_LEFT,
    TUI_STEP_RIGHT,
    TUI_STEP_UP,
    TUI_STEP_DOWN,
    TUI_STEP_PAGE_UP,
    TUI_STEP_PAGE_DOWN,
    TUI_STEP_FIRST,
    TUI_STEP_LAST,
} tui_step;

/* A quantity that a map can show. */
typedef struct tui_map_kind {
    ql_heat_kind heat;
    const char *name;  /* in the title: "map of ..." */
    const char *label; /* of a number; NULL: what the report calls its scales */
    const char *most;  /* of the largest: "the worst of the map" */
    const char *none;  /* when all are 0 */
    bool is_signed;
} tui_map_kind;

typedef struct tui_map {
    size_t tensor;    /* that the region is of */
    ql_region region; /* rows 0: all of it */
    int kind;         /* of tui_map_kind_at */
    /* of the last frame that showed it */
    int room_rows, room_cols; /* cells that there are */
    tui_rect rect;            /* of those that are drawn */
    ql_region drawn;
    tui_cells down, across; /* their bands on the screen */
} tui_map;

struct tui_app;

const tui_map_kind *tui_map_kind_at(int index); /* NULL at the end */

/* The part of the selected tensor that is shown. */
ql_region tui_map_region(const struct tui_app *app);

/* Moves the part so that the weight that is looked at lies in it. */
void tui_map_follow(struct tui_app *app);

/* As many bands as the region fills of the room. */
unsigned tui_map_bands(uint64_t count, int room);

/* What keys and the mouse do. */
void tui_map_step(struct tui_app *app, tui_step step);
void tui_map_zoom(struct tui_app *app, int direction); /* > 0: closer, at the weight that is looked at */
void tui_map_show_all(struct tui_app *app);
void tui_map_next_kind(struct tui_app *app, int direction);
void tui_map_point(struct tui_app *app, int y, int x); /* to the cell of the screen */

#endif
