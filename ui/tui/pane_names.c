/* Which of the panes is shown where there is room for one. */
#include "tui/actions.h"
#include "tui/panes.h"

void tui_pane_names(tui_app *app, tui_rect line, const char *const *names, int count)
{
    int x = line.x + 1, end = line.x + line.cols;
    x += tui_canvas_text(&app->canvas, line.y, x, end - x, TUI_KEY, "Tab") + 1;
    for (int pane = 0; pane < count; pane++) {
        const bool is_shown = pane == app->pane;
        const int used = tui_canvas_format(&app->canvas, line.y, x, end - x, is_shown ? TUI_FRAME_FOCUS : TUI_FADED,
                                           is_shown ? "[%s]" : " %s ", names[pane]);
        tui_hit_add(app, (tui_rect) { line.y, x, 1, used }, tui_act_pane_at, pane, NULL);
        x += used;
    }
    char name[256];
    ql_text_print(name, sizeof name, tui_document_tensor(&app->document)->name, 0);
    x += 2;
    if (end - x > 12)
        tui_canvas_middle(&app->canvas, line.y, x, end - x - 1, TUI_TEXT, name);
}
