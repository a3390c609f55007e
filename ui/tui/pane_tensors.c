/* The list of tensors. */
#include <stdio.h>

#include "tui/actions.h"
#include "tui/panes.h"
#include "tui/rows.h"
#include "tui/summary.h"

/* Moves the first line as little as needed to keep the cursor on the screen, with some lines around it. */
static void scroll(tui_app *app, int lines)
{
    tui_list *list = &app->list;
    const size_t count = tui_list_row_count(list), shown = lines > 0 ? (size_t)lines : 1;
    size_t at = tui_list_cursor(list, app->document.tensor), around = shown > 8 ? 3 : 0;
    app->page = lines;
    if (at == count)
        at = 0;
    if (at < list->top + around)
        list->top = at > around ? at - around : 0;
    if (at + around >= list->top + shown)
        list->top = at + around - shown + 1;
    if (list->top + shown > count)
        list->top = count > shown ? count - shown : 0;
}

void tui_pane_tensors(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    tui_list *list = &app->list;
    size_t count = ql_model_tensor_count(app->model);
    char note[64] = "";
    if (list->visible_count < count)
        snprintf(note, sizeof note, "%zu of %zu", list->visible_count, count);
    else
        snprintf(note, sizeof note, "%zu", count);
    tui_rect in = tui_canvas_box(canvas, rect, focused, "Tensors", note);
    list->shown_at = app->frame;
    list->has_focus = focused;

    tui_hit_add(app, rect, NULL, 0, tui_act_move);
    bool has_foot = *list->filter != 0;
    int rows = in.rows - (has_foot ? 1 : 0);
    rows -= tui_summary_draw(app, (tui_rect) { in.y, in.x, rows, in.cols });
    scroll(app, rows - 1);
    tui_rows_draw(app, (tui_rect) { in.y, in.x, rows, in.cols });
    if (has_foot)
        tui_canvas_format(canvas, in.y + in.rows - 1, in.x, in.cols, TUI_KEY, " & %s%s", list->inverted ? "not " : "",
                          list->filter);
}
