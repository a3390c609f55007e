/*
 * The list of tensors: natural order (h.2 before h.10) or sorted by a number, filter, find. Positions count the visible
 * tensors. On the screen they are rows: the tensors one by one, a tree by the parts of their names, or repeated layers
 * together; groups have rows, too. tui_list_refresh brings rows up to date after any change.
 */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include "tui/columns.h"
#include "tui/tree.h"

enum { TUI_PATTERN_SIZE = 1204 }; /* a line of text in UTF-8 */

typedef enum tui_shape { TUI_SHAPE_FLAT, TUI_SHAPE_TREE, TUI_SHAPE_LAYERS, TUI_SHAPE_COUNT } tui_shape;

typedef struct tui_list {
    const ql_model *model;
    size_t *order;   /* owned [tensor count]: all tensors in natural order */
    size_t *sorted;  /* owned [tensor count]: all tensors as they are sorted */
    size_t *visible; /* owned [tensor count], visible_count used */
    size_t *place;   /* owned [tensor count]: position of a tensor, tensor count when it is not visible */
    size_t *matches; /* owned [tensor count]: scratch of filter and find */
    uint64_t *keys;  /* owned [2 * tensor count]: scratch of the sort */
    double *values;  /* owned [tensor count]: the numbers of `valued`, NAN where unknown */
    int valued;      /* the column that they are of */
    bool *chosen;    /* owned [tensor count]: scratch of find */
    bool *passes;    /* owned [tensor count]: the filter lets it through */
    size_t visible_count;
    int column;       /* that it is sorted by */
    bool reversed;    /* against the column's usual order */
    int shape_cols;   /* cells of the widest shape */
    unsigned version; /* of the findings that it is arranged by */
    size_t top;       /* row of the first line on the screen */
    tui_shape shape;
    tui_tree trees[TUI_SHAPE_COUNT]; /* that of TUI_SHAPE_FLAT is empty */
    size_t cursor;                   /* item of a tree: the group under the cursor; TUI_NOBODY: the selected tensor is */
    bool is_stale;                   /* rows have to be arranged anew */
    unsigned shown_at;               /* number of the last frame that showed it, */
    bool has_focus;                  /* and how */
    bool inverted;                   /* the filter hides what it matches */
    char filter[TUI_PATTERN_SIZE], find[TUI_PATTERN_SIZE];
} tui_list;

ql_status tui_list_start(tui_list *list, const ql_model *model, ql_error *error);
void tui_list_free(tui_list *list);

/* Sorts by another column (of columns.h), or the other way round. Tensors whose number is not known come last. */
void tui_list_sort(tui_list *list, tui_findings *findings, int column, bool reversed);

/* Sorts and arranges anew when something has changed. Linear in the tensors then, else nothing to do. */
void tui_list_refresh(tui_list *list, tui_findings *findings);

/* ---- Rows ------------------------------------------------------------------------------------------------------ */

void tui_list_set_shape(tui_list *list, tui_shape shape, size_t tensor); /* opening what hides that tensor */

/* The tree that is shown, NULL when tensors stand one by one. */
tui_tree *tui_list_tree(const tui_list *list);

size_t tui_list_row_count(const tui_list *list);

/* What stands in a row: a tensor, or an item of the tree; TUI_NOBODY beyond the last. */
size_t tui_list_item(const tui_list *list, size_t row);

/* The row of the cursor when `tensor` is selected; the row count when that is not visible. */
size_t tui_list_cursor(const tui_list *list, size_t tensor);

/* ---- Filter and find --------------------------------------------------------------------------------------------- */

/* Shows the tensors whose name contains `filter`, or fits it when it has * ? or [. "" shows all. Words dtype:F16 in it ask
   for a type: one of those whose name begins so, in any case; one of several. `inverted`: the others instead. */
void tui_list_set_filter(tui_list *list, const char *filter, bool inverted);

/* The position of a tensor, visible_count when it is not visible. */
size_t tui_list_position(const tui_list *list, size_t tensor);

/* The next visible tensor after `tensor` (before it when direction < 0) that matches list->find, around the ends; when
   `here`, `tensor` itself may be the answer. Returns false when there is none. */
bool tui_list_find(tui_list *list, size_t tensor, int direction, bool here, size_t *out);

/* Less, equal, greater in natural order: runs of digits compare by value. */
int tui_natural_compare(ql_text a, ql_text b);

#endif
