/* What keys do with the list: order, filter, scan. */
#include "tui/actions.h"

#include <stdio.h>

static void sort(tui_app *app, int column, bool reversed)
{
    tui_list_sort(&app->list, &app->document.findings, column, reversed);
    const tui_column info = tui_column_describe(column);
    const char *order = info.falls != reversed ? "the largest first" : "the smallest first";
    if (column == TUI_COLUMN_NAME)
        order = reversed ? "from the end" : "h.2 before h.10";
    const bool is_partial = info.is_found && !app->document.scan_set && app->list.visible_count > 1;
    tui_document_say(&app->document, false, "sorted by %s, %s%s", info.about, order, is_partial ? "; m measures all" : "");
}

void tui_act_sort(tui_app *app, int direction)
{
    const int count = tui_column_count();
    sort(app, (app->list.column + count + direction) % count, false);
}

void tui_act_sort_back(tui_app *app, int unused)
{
    (void)unused;
    sort(app, app->list.column, !app->list.reversed);
}

void tui_filter_accepted(tui_app *app)
{
    tui_list *list = &app->list;
    if (!*list->filter)
        tui_list_set_filter(list, "", false);
    if (list->visible_count == 0) {
        tui_list_set_filter(list, app->filter_before, app->inverted_before);
        tui_document_say(&app->document, true, "no tensor matches that filter");
    } else if (tui_list_position(list, app->document.tensor) == list->visible_count) {
        tui_document_select(&app->document, list->visible[0]);
    }
}

void tui_act_invert(tui_app *app, int unused)
{
    (void)unused;
    tui_list *list = &app->list;
    if (!*list->filter) {
        tui_document_say(&app->document, false, "no filter to invert: & asks for one");
        return;
    }
    snprintf(app->filter_before, sizeof app->filter_before, "%s", list->filter);
    app->inverted_before = list->inverted;
    tui_list_set_filter(list, app->filter_before, !list->inverted);
    tui_filter_accepted(app);
}

void tui_act_scan(tui_app *app, int unused)
{
    (void)unused;
    tui_document_scan(&app->document, app->list.visible, app->list.visible_count);
}
