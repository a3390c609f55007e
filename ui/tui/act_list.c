/* What keys do with the list: order, scan. */
#include "tui/actions.h"

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

void tui_act_scan(tui_app *app, int unused)
{
    (void)unused;
    tui_document_scan(&app->document, app->list.visible, app->list.visible_count);
}
