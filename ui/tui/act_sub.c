/* What keys do in the sub-views: moving the weight that is looked at, or what is chosen in a list. */
#include <inttypes.h>
#include <stdio.h>

#include "text/number.h"
#include "tui/actions.h"
#include "tui/panes.h"
#include "tui/sub.h"

/* The weight has its place as soon as the tensor is read. What the steps depend on is found by drawing. */
static bool has_place(tui_app *app)
{
    const unsigned contexts = tui_sub_context(app);
    if (!tui_scope_is_placed(&app->document))
        tui_document_say(&app->document, false,
                         app->document.busy ? "the tensor is still being read" : "no weights to look at here");
    else if (contexts & TUI_IN_SUBS)
        tui_app_draw(app);
    return tui_scope_is_placed(&app->document);
}

void tui_act_sub(tui_app *app, int direction)
{
    tui_sub_step(app, direction);
}

void tui_act_step(tui_app *app, int step)
{
    app->seeks_worst = false;
    const tui_sub *sub = tui_sub_of(app, app->pane);
    if (sub && sub->step && has_place(app))
        sub->step(app, (tui_step)step);
}

void tui_act_pick(tui_app *app, int unused)
{
    (void)unused;
    const tui_sub *sub = tui_sub_of(app, app->pane);
    if (sub && sub->take && has_place(app))
        sub->take(app);
}

void tui_act_next(tui_app *app, int direction)
{
    const tui_sub *sub = tui_sub_of(app, app->pane);
    if (sub && sub->next)
        sub->next(app, direction);
}

void tui_act_map_zoom(tui_app *app, int direction)
{
    if (has_place(app))
        tui_map_zoom(app, direction);
}

void tui_act_map_all(tui_app *app, int unused)
{
    (void)unused;
    tui_map_show_all(app);
}

static void say_place(tui_app *app, const char *what)
{
    const tui_scope *scope = &app->document.scope;
    tui_document_say(&app->document, false, "W[%" PRIu64 "][%" PRIu64 "]%s", scope->row, scope->col, what);
}

void tui_act_largest(tui_app *app, int unused)
{
    (void)unused;
    uint64_t row, col;
    const ql_profile *profile = tui_document_profile(&app->document); /* there where there is a place */
    app->seeks_worst = false;
    if (!has_place(app) || !profile)
        return;
    ql_tensor_place(tui_document_tensor(&app->document), profile->stats.max_abs_index, &row, &col);
    tui_scope_go(&app->document, row, col);
    say_place(app, ": the largest weight");
}

void tui_act_worst(tui_app *app, int unused)
{
    (void)unused;
    app->seeks_worst = has_place(app);
}

void tui_seek_worst(tui_app *app)
{
    uint64_t row, col;
    char text[TEXT_NUMBER_SIZE + 32], number[TEXT_NUMBER_SIZE];
    if (!app->seeks_worst)
        return;
    const tui_seen seen = tui_looks_wish(&app->document, TUI_LOOK_CHANNELS, &(tui_wish) { 0 });
    if (!seen.made || !seen.is_exact)
        return;
    const ql_channels *numbers = ((const tui_channels *)seen.made)->numbers;
    app->seeks_worst = false;
    ql_tensor_place(tui_document_tensor(&app->document), numbers->worst_index, &row, &col);
    tui_scope_go(&app->document, row, col);
    text_number(number, numbers->worst_error, TEXT_SIGNIFICANT);
    snprintf(text, sizeof text, ": the largest error, %s", number);
    say_place(app, text);
}

void tui_go_to_weight(tui_app *app, const char *text)
{
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    uint64_t row = 0, col = 0;
    int end = 0;
    const int count = sscanf(text, "%" SCNu64 " ,%" SCNu64 " %n", &row, &col, &end);
    if (count == 1 && tensor->rows == 1) { /* a vector */
        col = row;
        row = 0;
        end = -1;
    }
    if ((count == 2 && text[end] == 0) || end < 0) {
        if (row < tensor->rows && col < tensor->cols) {
            tui_scope_go(&app->document, row, col);
            say_place(app, "; map, weights, bits and bytes are around it");
            return;
        }
        char rows[TEXT_NUMBER_SIZE], cols[TEXT_NUMBER_SIZE];
        text_count(rows, tensor->rows);
        text_count(cols, tensor->cols);
        tui_document_say(&app->document, true, "the tensor has %s rows and %s columns, counted from 0", rows, cols);
        return;
    }
    tui_document_say(&app->document, true, "which weight? a row and a column, such as 12,34");
}
