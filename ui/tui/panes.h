/* The panes of the Explore view, one file each. Each draws itself into a rectangle of any size. */
#ifndef TUI_PANES_H
#define TUI_PANES_H

#include "tui/app.h"

/* What a pane shows: the numbers that there are, which may be old ones while new ones are being made. */
typedef struct tui_facts {
    const ql_report *report; /* NULL: none yet, or there is a reason why not */
    const ql_stats *stats;   /* NULL: not known yet, or no values */
    const ql_histogram *original;
    bool is_old;         /* not of the selected tensor and spec */
    bool is_sampled;     /* `report` is an estimate */
    const char *missing; /* why there is no report: a reason or "measuring"; NULL when there is one */
} tui_facts;
tui_facts tui_facts_of(const tui_app *app);

/* A message without "FILE: tensor 'NAME': ", which the screen says elsewhere. */
const char *tui_reason_in(const char *message);

/* A frame with the pane's title, which says when the numbers are an estimate; `note` gives way to a mark when they are old.
   Returns the inside. */
tui_rect tui_pane_frame(tui_app *app, tui_rect rect, bool focused, const char *title, const char *note);

/* The panes in their order, for keys that lead to one. */
enum { TUI_EXPLORE_TENSORS, TUI_EXPLORE_DISTRIBUTION, TUI_EXPLORE_ERROR, TUI_EXPLORE_TENSOR, TUI_EXPLORE_PANES };

void tui_pane_tensors(tui_app *app, tui_rect rect, bool focused);
void tui_pane_distribution(tui_app *app, tui_rect rect, bool focused);
void tui_pane_error(tui_app *app, tui_rect rect, bool focused);
void tui_pane_tensor(tui_app *app, tui_rect rect, bool focused);

/* One line where panes share the screen one after the other: their names, to be clicked, and the tensor. */
void tui_pane_names(tui_app *app, tui_rect line, const char *const *names, int count);

/* "poor", "fair", "good", "excellent" for an SQNR, with its style. */
const char *tui_sqnr_word(double sqnr_db, tui_style *style);

/* A label with its value, right-aligned in `width` cells. */
void tui_pane_pair(tui_canvas *canvas, int y, int x, int width, const char *label, const char *value);

#endif
