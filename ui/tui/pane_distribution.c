/* The distribution of the values: one of its sub-views. */
#include <stdio.h>
#include <string.h>

#include "tui/panes.h"
#include "tui/sub.h"

const tui_sub *const tui_distribution_subs[] = { &tui_sub_values, &tui_sub_curve, NULL };

/* What is beside the title: the longest that leaves room for it. */
static void print_note(const tui_app *app, bool is_values, int room, char *out, size_t size)
{
    static const char *const forms[2][2][3] = {
        { { "%s · x closer · v loss", "%s · x closer", "%s" }, { "512 bins · %s · 0 all", "512 bins · %s", "%s" } },
        { { "%s · v view", "v view", "" }, { "%s · v view", "v view", "" } },
    };
    for (int i = 0; i < 3; i++) {
        snprintf(out, size, forms[!is_values][tui_window_is_part(app)][i], app->linear ? "linear y" : "log y");
        if (tui_canvas_width(&app->canvas, out) <= room)
            return;
    }
}

void tui_pane_distribution(tui_app *app, tui_rect rect, bool focused)
{
    enum { AROUND = 12 }; /* corners, spaces, the mark of the focus */
    tui_canvas *canvas = &app->canvas;
    tui_facts facts = tui_facts_of(app);
    const tui_sub *sub = tui_sub_of(app, TUI_EXPLORE_DISTRIBUTION);
    const bool is_values = sub == &tui_sub_values;
    char name[256], title[300], note[80];
    const size_t room = rect.cols > 50 ? (size_t)rect.cols - 40 : 10;
    ql_text_print(name, sizeof name, tui_document_tensor(&app->document)->name, room);
    snprintf(title, sizeof title, "%s · %s", is_values ? "Distribution" : "Loss of a clip", name);
    print_note(app, is_values, rect.cols - AROUND - tui_canvas_width(canvas, title), note, sizeof note);
    tui_rect in = tui_pane_frame(app, rect, focused, title, note);
    if (!facts.original || in.rows < 7 || in.cols < 30) {
        const char *text = facts.original ? "more room is needed here" : facts.missing;
        tui_canvas_wrap(canvas, (tui_rect) { in.y + 1, in.x + 1, in.rows - 1, in.cols - 2 }, TUI_TEXT, text);
        return;
    }
    canvas->faded = facts.is_old;
    sub->draw(app, in, app->document.shown);
    canvas->faded = false;
    if (is_values && !facts.report && facts.missing)
        tui_canvas_wrap(canvas, (tui_rect) { in.y + in.rows - 1, in.x + 1, 1, in.cols - 2 }, TUI_STRONG, facts.missing);
}
