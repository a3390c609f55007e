/* The list of tensors: natural order (h.2 before h.10) or sorted by a number, filter, find. Positions count the visible
   tensors. */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include "tui/columns.h"

enum { TUI_PATTERN_SIZE = 1204 }; /* a line of text in UTF-8 */

typedef struct tui_list {
    const ql_model *model;
    size_t *order;   /* owned [tensor count]: all tensors in natural order */
    size_t *sorted;  /* owned [tensor count]: all tensors as they are sorted */
    size_t *visible; /* owned [tensor count], visible_count used */
    size_t *place;   /* owned [tensor count]: position of a tensor, tensor count when it is not visible */
    size_t *matches; /* owned [tensor count]: scratch of filter and sort */
    uint64_t *keys;  /* owned [2 * tensor count]: scratch of the sort */
    bool *chosen;    /* owned [tensor count]: scratch of find */
    bool *passes;    /* owned [tensor count]: the filter lets it through */
    size_t visible_count;
    int column;              /* that it is sorted by */
    bool reversed;           /* against the column's usual order */
    int shape_cols;          /* cells of the widest shape */
    unsigned sorted_version; /* of the findings that it was sorted by */
    size_t top;              /* position of the first line on the screen */
    bool inverted;           /* the filter hides what it matches */
    char filter[TUI_PATTERN_SIZE], find[TUI_PATTERN_SIZE];
} tui_list;

ql_status tui_list_start(tui_list *list, const ql_model *model, ql_error *error);
void tui_list_free(tui_list *list);

/* Sorts by another column (of columns.h), or the other way round. Tensors whose number is not known come last. */
void tui_list_sort(tui_list *list, const tui_findings *findings, int column, bool reversed);

/* Sorts anew when the numbers have changed. Linear in the tensors then, else nothing to do. */
void tui_list_refresh(tui_list *list, const tui_findings *findings);

/* Shows the tensors whose name contains `filter`, or fits it when it has * ? or [. "" shows all. Words dtype:F16 in it ask for
   a type: one of those whose name begins so, in any case; one of several. `inverted`: the others instead. */
void tui_list_set_filter(tui_list *list, const char *filter, bool inverted);

/* The position of a tensor, visible_count when it is not visible. */
size_t tui_list_position(const tui_list *list, size_t tensor);

/* The next visible tensor after `tensor` (before it when direction < 0) that matches list->find, around the ends; when
   `here`, `tensor` itself may be the answer. Returns false when there is none. */
bool tui_list_find(tui_list *list, size_t tensor, int direction, bool here, size_t *out);

/* Less, equal, greater in natural order: runs of digits compare by value. */
int tui_natural_compare(ql_text a, ql_text b);

#endif
