/*
 * Single weights around the one that is looked at (scope.h): which of them the table shows, and how keys go on from weight
 * to weight, in the order of the matrix or of the file.
 */
#ifndef TUI_WEIGHTS_H
#define TUI_WEIGHTS_H

#include "tui/look.h"
#include "tui/map.h"

/* What a cell of the table holds. */
typedef struct tui_field {
    const char *name, *meaning; /* "w", "weights as stored" */
} tui_field;
typedef enum tui_field_kind { TUI_FIELD_W, TUI_FIELD_CODE, TUI_FIELD_Y, TUI_FIELD_E, TUI_FIELD_COUNT } tui_field_kind;
const tui_field *tui_field_at(int index);

typedef struct tui_table {
    size_t tensor;      /* that the rest is of */
    uint64_t top, left; /* the first that is shown */
    ql_region window;   /* that is asked for: what is shown and some around it; rows 0: none yet */
    int field;          /* tui_field_kind */
    int rows, cols;     /* of weights, in the last frame */
    tui_rect rect;      /* of their cells */
    int line_elements;  /* of a line of bytes, in the last frame */
    int lines;          /* of bytes */
} tui_table;

struct tui_app;

/* Shows the weight that is looked at in so many rows and columns of cells; returns what to wish for: TUI_LOOK_WEIGHTS. */
tui_wish tui_table_follow(struct tui_app *app, int rows, int cols);

/* TUI_LOOK_BYTES around the weight that is looked at. */
tui_wish tui_bytes_wish(const struct tui_app *app);

/* From weight to weight: in the matrix; in the file. */
void tui_table_step(struct tui_app *app, tui_step step);
void tui_bytes_step(struct tui_app *app, tui_step step);
void tui_table_next_field(struct tui_app *app, int direction);

/* The makers of looks. */
ql_status tui_weights_make(const tui_look_work *work, void **out, ql_error *error);
void tui_weights_free(void *made);
ql_status tui_bytes_make(const tui_look_work *work, void **out, ql_error *error);
void tui_bytes_free(void *made);

#endif
