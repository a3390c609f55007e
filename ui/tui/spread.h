/*
 * Many values in few cells, so that no extreme is lost: runs of them with their least and most, made once by whoever has the
 * values; and items over the cells of a line.
 */
#ifndef TUI_SPREAD_H
#define TUI_SPREAD_H

#include "qloupe.h"

/* value i is part of run i * count / total, about; with at most QL_BINS values each is a run of its own. */
typedef struct tui_spread {
    uint64_t total; /* values */
    int count;      /* runs */
    double least[QL_BINS], most[QL_BINS];
    double peak;         /* the largest value, 0 when there are none */
    uint64_t peak_at;    /* the first of that size */
    double least_beyond; /* the smallest above 0, 0 when there are none */
} tui_spread;
void tui_spread_make(tui_spread *out, const double *values, uint64_t count);

/* The run that value `at` is in. */
int tui_spread_run(const tui_spread *spread, uint64_t at);

/* `items` in a line: equally wide where all have room, else several to a cell. */
typedef struct tui_cells {
    int items, count; /* cells: at most the room and QL_BINS */
} tui_cells;
tui_cells tui_cells_of(int items, int room);

/* The items of a cell: *from (included), which is returned, to *end (not). */
int tui_cells_items(tui_cells cells, int cell, int *end);

/* The first cell of an item. */
int tui_cells_find(tui_cells cells, int item);

#endif
