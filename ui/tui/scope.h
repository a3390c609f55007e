/*
 * The microscope: a few neighbouring weights of the selected tensor under the current spec, and one of them to look at. It
 * starts where the weight of largest magnitude is. Part of the document, used while the columns are open (pins.h).
 */
#ifndef TUI_SCOPE_H
#define TUI_SCOPE_H

#include "tui/jobs.h"

typedef struct tui_scope {
    bool is_placed; /* row, col and at are of `tensor` */
    size_t tensor;
    uint64_t row, col;            /* of the first weight: col is a multiple of QL_STRIP_MOST */
    size_t at;                    /* the selected weight, from col on */
    ql_strip *strip;              /* owned, NULL: none yet */
    tui_measure *measure, *asked; /* one reference each: what the strip is of, and what was asked for last */
    uint64_t asked_row, asked_col;
    uint64_t ticket;
    bool busy;
} tui_scope;

struct tui_document;

void tui_scope_free(tui_scope *scope);

/* Asks for the strip if it is wanted, not there and not asked for; takes it; no longer wants it. */
void tui_scope_measure(struct tui_document *document);
void tui_scope_take(struct tui_document *document, tui_event *event);
void tui_scope_stop(struct tui_document *document);

/* What was asked for in vain may be asked for again. */
void tui_scope_forget(struct tui_document *document);

/* To the next or previous block, or weight. */
void tui_scope_move_block(struct tui_document *document, int direction);
void tui_scope_move_weight(struct tui_document *document, int direction);

/* It has a place in the selected tensor, which is known once that was read. */
bool tui_scope_is_placed(const struct tui_document *document);

/* How many weights the block at (row, col) has. */
size_t tui_scope_count(const struct tui_document *document);

/* The strip is of the current spec, the selected tensor and the place. */
bool tui_scope_is_exact(const struct tui_document *document);

#endif
