/* The tensor as stored: one of the sub-views, of which the statistics need no report. */
#include <stdio.h>

#include "tui/panes.h"
#include "tui/sub.h"

const tui_sub *const tui_tensor_subs[] = {
    &tui_sub_statistics, &tui_sub_loud_columns, &tui_sub_loud_rows, &tui_sub_table, &tui_sub_bits, &tui_sub_bytes, NULL
};

/* "NAME", "NAME · loudest columns": the name gives way. */
static void print_title(const tui_app *app, const tui_sub *sub, bool is_estimate, int cols, char *out, size_t size)
{
    enum { FRAME = 10 };
    const bool is_first = sub == tui_tensor_subs[0];
    const int taken = FRAME + (is_first ? 0 : tui_canvas_width(&app->canvas, sub->name) + 3), room = cols - taken;
    char name[512];
    ql_text_print(name, sizeof name, tui_document_tensor(&app->document)->name, room > 2 ? (size_t)room : 2);
    if (is_first)
        snprintf(out, size, "%s%s", is_estimate ? "≈ " : "", name);
    else
        tui_sub_title(app, sub, room > 8 ? name : "Tensor", cols, out, size);
}

void tui_pane_tensor(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    const tui_facts facts = tui_facts_of(app);
    const tui_sub *sub = tui_sub_of(app, TUI_EXPLORE_TENSOR);
    char title[700];
    print_title(app, sub, facts.is_sampled && !tui_document_profile(&app->document), rect.cols, title, sizeof title);
    const tui_rect in = tui_canvas_box(canvas, rect, focused, title, "v view");
    if (sub == tui_tensor_subs[0] || facts.report) {
        canvas->faded = facts.is_old && sub != tui_tensor_subs[0];
        sub->draw(app, in, app->document.shown);
        canvas->faded = false;
    } else {
        tui_canvas_wrap(canvas, (tui_rect) { in.y, in.x + 1, in.rows, in.cols - 2 }, TUI_TEXT, facts.missing);
    }
}
