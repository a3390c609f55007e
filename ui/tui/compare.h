/* The panes of the Compare view, one file each, and what they share. Each draws itself into a rectangle of any size. */
#ifndef TUI_COMPARE_H
#define TUI_COMPARE_H

#include "tui/app.h"

/* A column as it is shown. */
typedef struct tui_shown_column {
    char letter;
    const char *spec_text;
    const ql_report *report; /* NULL: none yet */
    bool has_product;        /* `product` is known; NAN: there is none */
    double product;
    bool is_exact;   /* the report is of its spec and the selected tensor */
    bool is_current; /* the same, exact or an estimate */
    bool is_sampled; /* the report is an estimate, current or not */
    tui_whole whole; /* of its spec, over all tensors of a scan */
    bool is_selected, is_baseline;
    const char *missing; /* why there is no exact report; NULL: there is one */
} tui_shown_column;
tui_shown_column tui_shown_column_of(const tui_app *app, size_t column);

/* Of `fit` columns beside each other the first: the selected one is among them. */
size_t tui_first_column(const tui_app *app, size_t fit);

void tui_compare_columns(tui_app *app, tui_rect rect, bool focused);
void tui_compare_metrics(tui_app *app, tui_rect rect, bool focused);
void tui_compare_bits(tui_app *app, tui_rect rect, bool focused);
void tui_compare_block(tui_app *app, tui_rect rect, bool focused);

/* Chooses another trial of the list, around its ends: lines < 0 up. */
void tui_compare_bits_move(tui_app *app, int lines);

/* The panes, for keys that do what the pane with the focus says. */
enum { TUI_COMPARE_METRICS, TUI_COMPARE_COLUMNS, TUI_COMPARE_BITS, TUI_COMPARE_BLOCK, TUI_COMPARE_PANES };

/* What the numbers say, in a sentence or two. */
bool tui_compare_words(const tui_app *app, char *out, size_t size);

#endif
