/* The mouse: which rectangle it is in. */
#include "tui/hits.h"

#include "tui/actions.h"

void tui_hit_add(tui_app *app, tui_rect rect, tui_act click, int argument, tui_act wheel)
{
    if (app->hits.count < TUI_HITS)
        app->hits.at[app->hits.count++] = (tui_hit) { rect, click, argument, wheel };
}

static void do_nothing(tui_app *app, int unused)
{
    (void)app;
    (void)unused;
}

void tui_hit_cover(tui_app *app, tui_rect rect)
{
    tui_hit_add(app, rect, do_nothing, 0, do_nothing);
}

static bool contains(tui_rect rect, int y, int x)
{
    return y >= rect.y && y < rect.y + rect.rows && x >= rect.x && x < rect.x + rect.cols;
}

/* A name that is being looked for is kept, anything else that is half typed is not. */
static void end_typing(tui_app *app)
{
    if (app->context & (TUI_IN_FILTER | TUI_IN_FIND))
        tui_act_accept(app, 0);
    else if (app->context & TUI_TYPING)
        tui_act_back(app, 0);
}

void tui_hits_press(tui_app *app, tui_key key)
{
    const tui_key kind = TUI_MOUSE_KIND(key);
    const int y = TUI_MOUSE_ROW(key), x = TUI_MOUSE_COL(key);
    for (size_t i = app->hits.count; i-- > 0;) {
        const tui_hit hit = app->hits.at[i]; /* a copy: what it does may draw anew */
        if (!contains(hit.rect, y, x) || !(kind == TUI_KEY_CLICK ? hit.click : hit.wheel))
            continue;
        if (kind != TUI_KEY_CLICK) {
            hit.wheel(app, kind == TUI_KEY_WHEEL_UP ? -1 : 1);
            return;
        }
        if (i < app->hits.outside)
            end_typing(app);
        hit.click(app, hit.argument);
        return;
    }
}
