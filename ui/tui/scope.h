/*
 * The microscope: a few neighbouring weights of the selected tensor under the current spec, and one of them to look at. It
 * starts where the weight of largest magnitude is. Part of the document, used while the columns are open (pins.h).
 */
#ifndef TUI_SCOPE_H
#define TUI_SCOPE_H

#include "tui/look.h"

typedef struct tui_scope {
    bool is_placed; /* row, col and at are of `tensor` */
    size_t tensor;
    uint64_t row, col; /* of the first weight: col is a multiple of QL_STRIP_MOST */
    size_t at;         /* the selected weight, from col on */
} tui_scope;

struct tui_document;

/* Gives it a place in the selected tensor when it has none and what is shown is of that tensor. */
void tui_scope_place(struct tui_document *document);

/* To the next or previous block, or weight. */
void tui_scope_move_block(struct tui_document *document, int direction);
void tui_scope_move_weight(struct tui_document *document, int direction);

/* It has a place in the selected tensor, which is known once that was read. */
bool tui_scope_is_placed(const struct tui_document *document);

/* How many weights the block at (row, col) has. */
size_t tui_scope_count(const struct tui_document *document);

/* What to wish for: the strip there. */
tui_wish tui_scope_wish(const struct tui_document *document);

#endif
