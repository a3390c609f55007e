/* Which sub-view each pane shows. */
#include "tui/sub.h"

#include <stdio.h>

#include "tui/panes.h"

static const tui_sub *const *table_of(const tui_app *app, int pane)
{
    return app->view->subs && pane < app->view->pane_count ? app->view->subs[pane] : NULL;
}

const tui_sub *tui_sub_of(const tui_app *app, int pane)
{
    const tui_sub *const *table = table_of(app, pane);
    return table ? table[app->subs[pane]] : NULL;
}

void tui_sub_title(const tui_app *app, const tui_sub *sub, const char *pane, int cols, char *out, size_t size)
{
    enum { FRAME = 8, NOTE = 8 }; /* cells around the title; of "v view" */
    char text[160];
    snprintf(out, size, "%s · %s", pane, sub->name);
    if (!sub->title)
        return;
    sub->title(app, true, text, sizeof text);
    if (tui_canvas_width(&app->canvas, text) <= cols - FRAME)
        snprintf(out, size, "%s", text);
    sub->title(app, false, text, sizeof text);
    if (tui_canvas_width(&app->canvas, pane) + tui_canvas_width(&app->canvas, text) <= cols - FRAME - NOTE)
        snprintf(out, size, "%s · %s", pane, text);
}

unsigned tui_sub_context(const tui_app *app)
{
    const tui_sub *sub = app->context & TUI_IN_VIEWS ? tui_sub_of(app, app->pane) : NULL;
    return sub ? sub->context : 0;
}

void tui_sub_step(tui_app *app, int direction)
{
    int count = 0;
    if (!table_of(app, app->pane))
        app->pane = TUI_EXPLORE_ERROR;
    while (table_of(app, app->pane)[count])
        count++;
    app->subs[app->pane] = (app->subs[app->pane] + count + direction) % count;
    app->choices[app->pane] = (tui_choice) { 0 };
}

void tui_sub_forget(tui_app *app)
{
    tui_map_show_all(app);
    app->table = (tui_table) { .field = app->table.field };
    app->seeks_worst = false;
    for (int pane = 0; pane < TUI_PANES_MOST; pane++)
        app->choices[pane] = (tui_choice) { 0 };
}

void tui_sub_show(tui_app *app, int pane, const tui_sub *sub)
{
    const tui_sub *const *table = table_of(app, pane);
    for (int i = 0; table && table[i]; i++)
        if (table[i] == sub) {
            app->pane = pane;
            app->subs[pane] = i;
        }
}
