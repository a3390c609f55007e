/* The mouse: which rectangle it is in. */
#include "tui/hits.h"

#include "tui/actions.h"

void tui_hit_add(tui_app *app, tui_rect rect, tui_act click, int argument, tui_act wheel)
{
    if (app->hits.count < TUI_HITS)
        app->hits.at[app->hits.count++] = (tui_hit) { rect, click, argument, wheel, NULL };
}

void tui_hit_add_drag(tui_app *app, tui_rect rect, tui_drag drag, int argument)
{
    if (app->hits.count < TUI_HITS)
        app->hits.at[app->hits.count++] = (tui_hit) { rect, NULL, argument, NULL, drag };
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
    else if (app->context != app->home)
        tui_act_back(app, 0);
}

static bool is_of_drag(tui_key kind)
{
    return kind == TUI_KEY_DRAG || kind == TUI_KEY_RELEASE;
}

bool tui_hits_take(const tui_app *app, tui_key key)
{
    return !is_of_drag(TUI_MOUSE_KIND(key)) || app->hits.held;
}

/* One step of the drag that is held. */
static void go_on(tui_app *app, tui_drag_step step)
{
    const tui_drag held = app->hits.held;
    if (step == TUI_DRAG_END)
        app->hits.held = NULL;
    if (held)
        held(app, app->hits.held_argument, step);
}

void tui_hits_let_go(tui_app *app)
{
    go_on(app, TUI_DRAG_END);
}

void tui_hits_press(tui_app *app, tui_key key)
{
    const tui_key kind = TUI_MOUSE_KIND(key);
    const int y = TUI_MOUSE_ROW(key), x = TUI_MOUSE_COL(key);
    app->hits.y = y;
    app->hits.x = x;
    if (is_of_drag(kind)) {
        go_on(app, kind == TUI_KEY_DRAG ? TUI_DRAG_MOVE : TUI_DRAG_END);
        return;
    }
    tui_hits_let_go(app);
    for (size_t i = app->hits.count; i-- > 0;) {
        const tui_hit hit = app->hits.at[i]; /* a copy: what it does may draw anew */
        const bool answers = kind == TUI_KEY_CLICK ? hit.click || hit.drag : hit.wheel != NULL;
        if (!contains(hit.rect, y, x) || !answers)
            continue;
        if (kind != TUI_KEY_CLICK) {
            hit.wheel(app, kind == TUI_KEY_WHEEL_UP ? -1 : 1);
            return;
        }
        if (i < app->hits.outside)
            end_typing(app);
        if (hit.drag) {
            app->hits.held = hit.drag;
            app->hits.held_argument = hit.argument;
            go_on(app, TUI_DRAG_BEGIN);
        } else {
            hit.click(app, hit.argument);
        }
        return;
    }
}
