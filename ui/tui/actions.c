/* What keys do. */
#include "tui/actions.h"

#include <stdio.h>
#include <string.h>

#include "tui/copy.h"
#include "tui/export.h"
#include "tui/file.h"
#include "tui/help.h"
#include "tui/knobs.h"
#include "tui/panes.h"
#include "tui/sub.h"
#include "tui/values.h"

/* ---- Knobs ----------------------------------------------------------------------------------------------------- */

void tui_act_turn(tui_app *app, int argument)
{
    tui_document_turn(&app->document, (argument < 0 ? -argument : argument) - 1, argument < 0 ? -1 : 1);
}

void tui_act_undo(tui_app *app, int direction)
{
    tui_document_undo(&app->document, direction);
}

void tui_act_remedy(tui_app *app, int unused)
{
    (void)unused;
    tui_document *document = &app->document;
    if (!tui_document_is_exact(document) || !document->shown->has_why)
        tui_document_say(document, false, "the remedy is not known yet");
    else if (!document->shown->why.has_remedy)
        tui_document_say(document, false, "no remedy to try");
    else
        tui_document_set_spec(document, &document->shown->why.remedy);
}

void tui_act_measure(tui_app *app, int unused)
{
    (void)unused;
    tui_document_measure(&app->document);
}

void tui_act_knobs(tui_app *app, int unused)
{
    (void)unused;
    app->home = app->context = app->context == TUI_IN_VIEW ? TUI_IN_KNOBS : TUI_IN_VIEW;
}

void tui_act_knob_move(tui_app *app, int lines)
{
    tui_knobs_move(app, lines);
}

void tui_act_knob_at(tui_app *app, int knob)
{
    app->knob = knob;
}

void tui_act_knob_turn(tui_app *app, int direction)
{
    tui_document_turn(&app->document, tui_knobs_selected(app), direction);
}

void tui_act_knob_type(tui_app *app, int unused)
{
    (void)unused;
    tui_knobs_offer(app);
    app->context = TUI_IN_VALUE;
}

void tui_act_spec_type(tui_app *app, int unused)
{
    (void)unused;
    tui_line_set(&app->line, app->document.spec_text);
    app->context = TUI_IN_SPEC;
}

/* ---- The list -------------------------------------------------------------------------------------------------- */

void tui_act_filter(tui_app *app, int unused)
{
    (void)unused;
    app->context = TUI_IN_FILTER;
    snprintf(app->filter_before, sizeof app->filter_before, "%s", app->list.filter);
    app->inverted_before = app->list.inverted;
    tui_line_set(&app->line, app->list.filter);
}

/* What is found while the name is being typed: groups stay folded. */
static void preview(tui_app *app, size_t tensor)
{
    app->list.cursor = TUI_NOBODY;
    tui_document_select(&app->document, tensor);
}

void tui_act_find(tui_app *app, int unused)
{
    (void)unused;
    app->context = TUI_IN_FIND;
    app->tensor_before = app->document.tensor;
    tui_line_set(&app->line, "");
}

void tui_act_find_again(tui_app *app, int direction)
{
    size_t found;
    if (!*app->list.find)
        tui_document_say(&app->document, false, "nothing to find yet: / asks for a name");
    else if (!tui_list_find(&app->list, app->document.tensor, direction, false, &found))
        tui_document_say(&app->document, false, "no other tensor here matches '%s'", app->list.find);
    else
        tui_select(app, found);
}

/* ---- The screen ------------------------------------------------------------------------------------------------ */

void tui_act_pane(tui_app *app, int direction)
{
    app->pane = (app->pane + app->view->pane_count + direction) % app->view->pane_count;
}

void tui_act_pane_at(tui_app *app, int pane)
{
    app->pane = pane % app->view->pane_count;
}

void tui_act_zoom(tui_app *app, int unused)
{
    (void)unused;
    app->zoomed = !app->zoomed;
}

/* What is done to the histogram is seen. */
static void show_values(tui_app *app)
{
    app->pane = TUI_EXPLORE_DISTRIBUTION;
    app->subs[TUI_EXPLORE_DISTRIBUTION] = 0;
}

void tui_act_closer(tui_app *app, int direction)
{
    show_values(app);
    tui_window_zoom(app, direction, 0.5);
}

void tui_act_along(tui_app *app, int direction)
{
    show_values(app);
    tui_window_pan(app, direction);
}

void tui_act_whole(tui_app *app, int unused)
{
    (void)unused;
    show_values(app);
    tui_window_reset(app);
}

void tui_act_fit(tui_app *app, int unused)
{
    (void)unused;
    show_values(app);
    tui_window_next_fit(app);
}

void tui_act_range(tui_app *app, int direction)
{
    tui_clip_move(app, direction);
}

void tui_act_range_end(tui_app *app, int unused)
{
    (void)unused;
    tui_clip_next_end(app);
}

void tui_act_axis(tui_app *app, int unused)
{
    (void)unused;
    app->linear = !app->linear;
}

void tui_act_redraw(tui_app *app, int unused)
{
    (void)unused;
    app->redraw = true;
}

void tui_act_view(tui_app *app, const tui_view *view)
{
    if (app->view == view)
        return;
    if (app->view->close)
        app->view->close(app);
    app->view = view;
    app->pane = view->first_pane;
    app->home = app->context = (tui_context)view->context;
    if (view->open)
        view->open(app);
}

void tui_act_view_at(tui_app *app, int index)
{
    tui_act_view(app, tui_view_at((size_t)index));
}

void tui_act_help(tui_app *app, int unused)
{
    (void)unused;
    app->context = TUI_IN_HELP;
    app->help_at = 0;
    tui_line_set(&app->line, "");
}

void tui_act_help_move(tui_app *app, int lines)
{
    tui_help_move(app, lines);
}

void tui_act_help_at(tui_app *app, int line)
{
    app->help_at = (size_t)line;
    tui_act_accept(app, 0);
}

void tui_act_export(tui_app *app, int unused)
{
    (void)unused;
    tui_export_open(app);
}

void tui_act_export_row(tui_app *app, int rows)
{
    tui_export_step(app, rows);
}

void tui_act_export_format(tui_app *app, int formats)
{
    tui_export_step_format(app, formats);
}

void tui_act_copy(tui_app *app, int unused)
{
    (void)unused;
    tui_copy_ask(app);
}

void tui_act_copy_what(tui_app *app, int what)
{
    static void (*const copies[])(tui_app *app) = {
        [TUI_COPY_NUMBER] = tui_copy_number,
        [TUI_COPY_ROW] = tui_copy_row,
        [TUI_COPY_TABLE] = tui_copy_table,
        [TUI_COPY_COMMAND] = tui_copy_command,
    };
    copies[what](app);
    if (app->context == TUI_IN_COPY)
        app->context = app->home;
}

void tui_act_command(tui_app *app, int unused)
{
    (void)unused;
    tui_prompt_open(app, "");
}

void tui_act_complete(tui_app *app, int direction)
{
    tui_prompt_complete(app, direction);
}

void tui_act_recall(tui_app *app, int direction)
{
    tui_prompt_recall(app, direction);
}

/* ---- Everywhere ------------------------------------------------------------------------------------------------ */

void tui_act_stop(tui_app *app, int unused)
{
    (void)unused;
    const bool was_opening = app->opener != NULL;
    tui_opener_abandon(&app->opener);
    tui_document_stop(&app->document);
    if (was_opening)
        tui_document_say(&app->document, false, "stopped; this file stays");
}

void tui_act_suspend(tui_app *app, int unused)
{
    (void)unused;
    app->suspend = true;
}

void tui_act_quit(tui_app *app, int unused)
{
    (void)unused;
    app->quit = true;
}

/* One step back in a view: the pane that is alone, a view that is not the first, the filter. */
static void go_back(tui_app *app)
{
    if (app->zoomed)
        app->zoomed = false;
    else if (app->view != tui_view_at(0))
        tui_act_view(app, tui_view_at(0));
    else
        tui_list_set_filter(&app->list, "", false);
}

void tui_act_back(tui_app *app, int unused)
{
    (void)unused;
    if (app->context == TUI_IN_FILTER)
        tui_list_set_filter(&app->list, app->filter_before, app->inverted_before);
    else if (app->context == TUI_IN_FIND)
        preview(app, app->tensor_before);
    else if (app->context == app->home)
        go_back(app);
    app->context = app->home;
}

void tui_act_accept(tui_app *app, int unused)
{
    (void)unused;
    tui_context context = app->context;
    char text[TUI_LINE_BYTES];
    tui_line_get(&app->line, text);
    if ((context == TUI_IN_SPEC && !tui_document_type_spec(&app->document, text)) ||
        (context == TUI_IN_VALUE && !tui_document_type_value(&app->document, tui_knobs_selected(app), text)))
        return; /* the message says what is wrong: it can be put right */
    if (context == TUI_IN_EXPORT) {
        tui_export_accept(app);
        return; /* until it is written */
    }
    app->context = app->home;
    if (context == TUI_IN_FILTER)
        tui_filter_accepted(app);
    else if (context == TUI_IN_FIND)
        tui_select(app, app->document.tensor);
    else if (context == TUI_IN_HELP)
        tui_help_run(app);
    else if (context == TUI_IN_COMMAND)
        tui_prompt_run(app);
}

void tui_line_changed(tui_app *app)
{
    char text[TUI_LINE_BYTES];
    tui_line_get(&app->line, text);
    if (app->context == TUI_IN_FILTER) {
        tui_list_set_filter(&app->list, text, app->list.inverted);
    } else if (app->context == TUI_IN_FIND) {
        size_t found;
        snprintf(app->list.find, sizeof app->list.find, "%s", text);
        if (tui_list_find(&app->list, app->tensor_before, 1, true, &found))
            preview(app, found);
        else if (*text)
            tui_document_say(&app->document, true, "no tensor matches");
    } else if (app->context == TUI_IN_HELP) {
        app->help_at = 0;
    } else if (app->context == TUI_IN_COMMAND) {
        tui_prompt_changed(app);
    } else if (app->context == TUI_IN_EXPORT) {
        tui_export_changed(app);
    }
}
