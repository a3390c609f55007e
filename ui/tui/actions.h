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

/* The list: by lines, by pages, to an end (argument < 0: towards the first). */
void tui_act_move(tui_app *app, int lines);
void tui_act_page(tui_app *app, int pages);
void tui_act_end(tui_app *app, int direction);
void tui_act_select(tui_app *app, int position);
void tui_act_filter(tui_app *app, int unused);
void tui_act_find(tui_app *app, int unused);
void tui_act_find_again(tui_app *app, int direction);

/* The screen. */
void tui_act_pane(tui_app *app, int direction);
void tui_act_pane_at(tui_app *app, int pane);
void tui_act_view_at(tui_app *app, int index);
void tui_act_zoom(tui_app *app, int unused);
void tui_act_axis(tui_app *app, int unused);
void tui_act_redraw(tui_app *app, int unused);
void tui_act_help(tui_app *app, int unused);
void tui_act_export(tui_app *app, int unused);

void tui_act_copy(tui_app *app, int unused);
void tui_act_copy_row(tui_app *app, int unused);

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
