/*
 * One weight of the selected tensor that is looked at: by the map, the table, the bits and the bytes of Explore, and by the
 * microscope of Compare, which shows the block of QL_STRIP_MOST neighbours that it is in. At first it is the weight of
 * largest magnitude. Part of the document.
 */
#ifndef TUI_SCOPE_H
#define TUI_SCOPE_H

#include "tui/look.h"

typedef struct tui_scope {
    bool is_placed; /* row and col are of `tensor` */
    size_t tensor;
    uint64_t row, col;
} tui_scope;

struct tui_document;

/* Gives it a place in the selected tensor when it has none and what is shown is of that tensor. */
void tui_scope_place(struct tui_document *document);

/* It has a place in the selected tensor, which is known once that was read. */
bool tui_scope_is_placed(const struct tui_document *document);

/* To a weight of the selected tensor, to the nearest one where there is none. */
void tui_scope_go(struct tui_document *document, uint64_t row, uint64_t col);

/* To the next or previous block, or weight. */
void tui_scope_move_block(struct tui_document *document, int direction);
void tui_scope_move_weight(struct tui_document *document, int direction);

/* The first column of its block, and how many weights that has. */
uint64_t tui_scope_block(const struct tui_document *document);
size_t tui_scope_count(const struct tui_document *document);

/* What to wish for: the strip there. */
tui_wish tui_scope_wish(const struct tui_document *document);

#endif
