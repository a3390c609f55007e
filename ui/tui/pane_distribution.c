/* The distribution of the values: one of its sub-views. */
#include <stdio.h>

#include "tui/panes.h"
#include "tui/sub.h"

const tui_sub *const tui_distribution_subs[] = { &tui_sub_values, NULL };

void tui_pane_distribution(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    tui_facts facts = tui_facts_of(app);
    char name[256], title[300];
    const bool is_part = tui_window_is_part(app);
    char note[80];
    const char *axis = app->linear ? "linear y" : "log y";
    if (is_part)
        snprintf(note, sizeof note, "%d bins · %s · 0 all", QL_BINS, axis);
    else
        snprintf(note, sizeof note, "%s · x closer", axis);
    const int around = tui_canvas_width(canvas, note) + 26; /* corners, spaces, "Distribution" */
    const size_t room = rect.cols > around + 10 ? (size_t)(rect.cols - around) : 10;
    ql_text_print(name, sizeof name, tui_document_tensor(&app->document)->name, room);
    snprintf(title, sizeof title, "Distribution · %s", name);
    tui_rect in = tui_pane_frame(app, rect, focused, title, note);
    if (!facts.original || in.rows < 7 || in.cols < 30) {
        const char *text = facts.original ? "more room is needed here" : facts.missing;
        tui_canvas_wrap(canvas, (tui_rect) { in.y + 1, in.x + 1, in.rows - 1, in.cols - 2 }, TUI_TEXT, text);
        return;
    }
    canvas->faded = facts.is_old;
    tui_sub_of(app, TUI_EXPLORE_DISTRIBUTION)->draw(app, in, app->document.shown);
    canvas->faded = false;
    if (!facts.report && facts.missing)
        tui_canvas_wrap(canvas, (tui_rect) { in.y + in.rows - 1, in.x + 1, 1, in.cols - 2 }, TUI_STRONG, facts.missing);
}
