/* Which sub-view each pane shows. */
#include "tui/sub.h"

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

void tui_sub_step(tui_app *app, int direction)
{
    int count = 0;
    if (!table_of(app, app->pane))
        app->pane = TUI_EXPLORE_ERROR;
    while (table_of(app, app->pane)[count])
        count++;
    app->subs[app->pane] = (app->subs[app->pane] + count + direction) % count;
}
