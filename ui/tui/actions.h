/* What keys do. Each action gets the argument of its row in the table of keys. */
#ifndef TUI_ACTIONS_H
#define TUI_ACTIONS_H

#include "tui/app.h"

/* Knobs: `argument` is the knob with its direction, TUI_NEXT(knob) or TUI_PREVIOUS(knob). */
#define TUI_NEXT(knob)     ((knob) + 1)
#define TUI_PREVIOUS(knob) (-((knob) + 1))
void tui_act_turn(tui_app *app, int argument);
void tui_act_undo(tui_app *app, int direction);
void tui_act_remedy(tui_app *app, int unused);
void tui_act_measure(tui_app *app, int unused);

/* The list of knobs: open or close, move, change what is selected, type its value; type a whole spec. */
void tui_act_knobs(tui_app *app, int unused);
void tui_act_knob_move(tui_app *app, int lines);
void tui_act_knob_at(tui_app *app, int knob);
void tui_act_knob_turn(tui_app *app, int direction);
void tui_act_knob_type(tui_app *app, int unused);
void tui_act_spec_type(tui_app *app, int unused);

/* Columns of the Compare view. */
void tui_act_pin(tui_app *app, int unused);
void tui_act_column_add(tui_app *app, int unused);
void tui_act_column_drop(tui_app *app, int unused);
void tui_act_column_move(tui_app *app, int columns);
void tui_act_column_end(tui_app *app, int direction);
void tui_act_column_at(tui_app *app, int argument);                   /* TUI_COLUMN_AT */
#define TUI_COLUMN_AT(pane, column) ((pane)*TUI_PINS_MOST + (column)) /* with the focus on that pane */
void tui_act_baseline(tui_app *app, int unused);

/* What the pane with the focus has to choose from, and what Enter does with it. */
void tui_act_choose(tui_app *app, int direction);
void tui_act_compare_line(tui_app *app, int lines);
void tui_act_trial_line(tui_app *app, int lines);
void tui_act_trial_at(tui_app *app, int trial); /* chosen already: adds it */
void tui_act_weight(tui_app *app, int direction);
void tui_act_weight_at(tui_app *app, int weight); /* of the block */
void tui_act_take(tui_app *app, int unused);

/* The list: by tensors, by rows (groups, too), by pages, to an end (argument < 0: towards the first). */
void tui_act_move(tui_app *app, int tensors);
void tui_act_row(tui_app *app, int rows);
void tui_act_page(tui_app *app, int pages);
void tui_act_end(tui_app *app, int direction);
void tui_act_select(tui_app *app, int row);
void tui_act_filter(tui_app *app, int unused);
void tui_act_find(tui_app *app, int unused);
void tui_act_find_again(tui_app *app, int direction);
void tui_act_shape(tui_app *app, int direction); /* one by one, tree, layers */
void tui_act_fold(tui_app *app, int unused);
void tui_act_fold_all(tui_app *app, int unused);
void tui_act_enter(tui_app *app, int unused);
void tui_act_side(tui_app *app, int direction); /* < 0: left */
void tui_act_sort(tui_app *app, int direction); /* by the next column */
void tui_act_sort_back(tui_app *app, int unused);
void tui_act_scan(tui_app *app, int unused);
void tui_act_invert(tui_app *app, int unused);
/* Selects a tensor, and opens the group that hides it in a tree. */
void tui_select(tui_app *app, size_t tensor);
/* A filter was chosen: one that hides everything is taken back; one that hides the selected tensor selects the first that it
   shows. */
void tui_filter_accepted(tui_app *app);

/* Sub-views (act_sub.c): where the cursor goes (tui_step), the next quantity, the map from closer by (argument > 0) and as a
   whole, the weights of largest magnitude and error. */
void tui_act_step(tui_app *app, int step);
void tui_act_next(tui_app *app, int direction);
void tui_act_pick(tui_app *app, int unused); /* what is chosen in a list */
void tui_act_map_zoom(tui_app *app, int direction);
void tui_act_map_all(tui_app *app, int unused);
void tui_act_largest(tui_app *app, int unused);
void tui_act_worst(tui_app *app, int unused);
/* Before a frame: goes to the weight of largest error once its place is known. */
void tui_seek_worst(tui_app *app);
/* Looks at weight "ROW,COLUMN", or says why it cannot. */
void tui_go_to_weight(tui_app *app, const char *text);

/* The MatMul view: the threshold by fine steps, the method of the map, multiplying anew; the command line with one of
   ":rows ", ":multiply-threads ", ":x ". */
void tui_act_threshold(tui_app *app, int steps);
void tui_act_threshold_wheel(tui_app *app, int direction);
void tui_act_threshold_to(tui_app *app, int index); /* one of the sweep */
void tui_act_method(tui_app *app, int rows);
void tui_act_map_of(tui_app *app, int rows); /* with the focus on the map */
void tui_act_method_at(tui_app *app, int row);
void tui_act_rerun(tui_app *app, int unused);
void tui_act_ask(tui_app *app, int which);
/* What is typed for it: "64", or nothing for what is usual. */
void tui_take_rows(tui_app *app, const char *text);
void tui_take_threads(tui_app *app, const char *text);

/* The screen. */
void tui_act_pane(tui_app *app, int direction);
void tui_act_pane_at(tui_app *app, int pane);
void tui_act_view_at(tui_app *app, int index);
void tui_act_zoom(tui_app *app, int unused);
void tui_act_sub(tui_app *app, int direction); /* the next sub-view of the pane with the focus */
/* The distribution: closer (argument > 0) or further away, along, everything, what `a` goes through; its clipping range. */
void tui_act_closer(tui_app *app, int direction);
void tui_act_along(tui_app *app, int direction);
void tui_act_whole(tui_app *app, int unused);
void tui_act_fit(tui_app *app, int unused);
void tui_act_range(tui_app *app, int direction);
void tui_act_range_end(tui_app *app, int unused);

void tui_act_axis(tui_app *app, int unused);
void tui_act_redraw(tui_app *app, int unused);
void tui_act_help(tui_app *app, int unused);
void tui_act_export(tui_app *app, int unused);
void tui_act_export_row(tui_app *app, int rows); /* in its dialog: what to write, */
void tui_act_export_format(tui_app *app, int formats);

/* Asks what to copy; copies it. */
void tui_act_copy(tui_app *app, int unused);
enum { TUI_COPY_NUMBER, TUI_COPY_ROW, TUI_COPY_TABLE, TUI_COPY_COMMAND };
void tui_act_copy_what(tui_app *app, int what);

/* The command line: open, Tab (argument < 0: backwards), the history (argument < 0: older). */
void tui_act_command(tui_app *app, int unused);
void tui_act_complete(tui_app *app, int direction);
void tui_act_recall(tui_app *app, int direction);

/* Everywhere. */
void tui_act_stop(tui_app *app, int unused);
void tui_act_suspend(tui_app *app, int unused);
void tui_act_back(tui_app *app, int unused);
void tui_act_accept(tui_app *app, int unused);
void tui_act_quit(tui_app *app, int unused);

/* In the help: move, do what a line says. */
void tui_act_help_move(tui_app *app, int lines);
void tui_act_help_at(tui_app *app, int line);

/* A view of the table of views. */
void tui_act_view(tui_app *app, const tui_view *view);

/* The line that is being typed has changed. */
void tui_line_changed(tui_app *app);

#endif
