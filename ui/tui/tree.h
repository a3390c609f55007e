/*
 * Tensors in groups that fold: by the parts of their names (model.layers, 0, mlp), or those that differ only in numbers
 * together (h.#.mlp.c_fc.weight). An item is a tensor (its index) or a group (tensor count + its number); group 0 is the
 * root and has no row.
 *
 * Groups are made once. What is shown of them is arranged anew whenever the visible tensors, their order, a fold or a number
 * has changed: linear in the tensors.
 */
#ifndef TUI_TREE_H
#define TUI_TREE_H

#include "qloupe.h"

#define TUI_NOBODY SIZE_MAX

typedef struct tui_group {
    size_t parent; /* smaller than its own number */
    ql_text name;  /* for its row */
    int depth;     /* of its row, 0 for the outermost */
    bool folded;
    size_t first, last;          /* of the items that it holds and that are visible, chained by next[]; TUI_NOBODY: none */
    size_t count, known;         /* visible tensors in it and below; how many of them have a number */
    double lo, hi;               /* their range */
    size_t member, member_count; /* of repeated layers: where all of them stand in members[], in natural order */
} tui_group;

typedef struct tui_tree {
    size_t tensor_count, group_count, group_room;
    tui_group *groups; /* owned [group_count], group 0 the root */
    size_t *home;      /* owned [tensor_count]: the group of a tensor */
    size_t *label_at;  /* owned [tensor_count]: where the part of its name begins that its row shows */
    size_t *members;   /* owned [tensor_count], of repeated layers */
    char *pool;        /* owned: names of groups, of repeated layers */
    size_t *next;      /* owned [tensor_count + group_count] */
    size_t *rows;      /* owned [tensor_count + group_count]: items, row_count used */
    size_t *row_of;    /* owned [tensor_count + group_count]: the row of an item, TUI_NOBODY when it has none */
    size_t row_count;
} tui_tree;

/* `order`: all tensors in natural order. All groups are folded. False when memory is short. */
bool tui_tree_by_parts(tui_tree *tree, const ql_model *model, const size_t *order);
bool tui_tree_by_layers(tui_tree *tree, const ql_model *model, const size_t *order);
void tui_tree_free(tui_tree *tree);

/* Rows of the visible tensors; a group stands where the first of its tensors does. values: [tensor count], NAN where not
   known. */
void tui_tree_arrange(tui_tree *tree, const size_t *visible, size_t count, const double *values);

/* The group of an item, NULL when it is a tensor; the group that holds an item. */
tui_group *tui_tree_group(const tui_tree *tree, size_t item);
size_t tui_tree_parent(const tui_tree *tree, size_t item);

/* The row of an item, or of the folded group that hides it; row_count when it is not visible. */
size_t tui_tree_row(const tui_tree *tree, size_t item);

/* Opens what hides a tensor; false when nothing does. */
bool tui_tree_reveal(tui_tree *tree, size_t tensor);

/* The label of a tensor's row. */
ql_text tui_tree_label(const tui_tree *tree, const ql_model *model, size_t tensor);

#endif
