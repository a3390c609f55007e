/* What keys and the mouse do in the Compare view, and the pin of Explore. */
#include "tui/actions.h"

#include "tui/compare.h"

/* ---- Columns --------------------------------------------------------------------------------------------------- */

void tui_act_pin(tui_app *app, int unused)
{
    (void)unused;
    tui_pins_keep(&app->document);
}

void tui_act_column_add(tui_app *app, int unused)
{
    (void)unused;
    tui_pins_add(&app->document);
}

void tui_act_column_drop(tui_app *app, int unused)
{
    (void)unused;
    tui_pins_drop(&app->document);
}

void tui_act_column_move(tui_app *app, int columns)
{
    tui_pins_move(&app->document, columns);
}

void tui_act_column_end(tui_app *app, int direction)
{
    const tui_pins *pins = &app->document.pins;
    tui_pins_move(&app->document, direction < 0 ? -(int)pins->at : (int)(pins->count - 1 - pins->at));
}

void tui_act_column_at(tui_app *app, int argument)
{
    app->pane = argument / TUI_PINS_MOST;
    tui_pins_move(&app->document, argument % TUI_PINS_MOST - (int)app->document.pins.at);
}

void tui_act_baseline(tui_app *app, int unused)
{
    (void)unused;
    tui_pins_set_baseline(&app->document);
}

/* ---- What the panes have to choose from -------------------------------------------------------------------------- */

void tui_act_choose(tui_app *app, int direction)
{
    if (app->pane == TUI_COMPARE_BLOCK) {
        tui_scope_move_block(&app->document, direction);
        return;
    }
    app->pane = TUI_COMPARE_BITS;
    tui_pins_next_trial(&app->document, direction);
}

void tui_act_trial_line(tui_app *app, int lines)
{
    tui_compare_bits_move(app, lines);
}

void tui_act_trial_at(tui_app *app, int trial)
{
    const bool is_chosen = app->pane == TUI_COMPARE_BITS && app->document.pins.trials.at == (size_t)trial;
    app->pane = TUI_COMPARE_BITS;
    if (is_chosen)
        tui_pins_add_trial(&app->document);
    else
        app->document.pins.trials.at = (size_t)trial;
}

void tui_act_weight(tui_app *app, int direction)
{
    app->pane = TUI_COMPARE_BLOCK;
    tui_scope_move_weight(&app->document, direction);
}

void tui_act_weight_at(tui_app *app, int weight)
{
    app->pane = TUI_COMPARE_BLOCK;
    tui_scope_go(&app->document, app->document.scope.row, tui_scope_block(&app->document) + (uint64_t)weight);
}

/* Down and up: in the plot its list, in the microscope the rows of W, elsewhere the tensors. */
void tui_act_compare_line(tui_app *app, int lines)
{
    const tui_scope *scope = &app->document.scope;
    if (app->pane == TUI_COMPARE_BITS)
        tui_compare_bits_move(app, lines);
    else if (app->pane == TUI_COMPARE_BLOCK && tui_scope_is_placed(&app->document))
        tui_scope_go(&app->document, lines < 0 && scope->row == 0 ? 0 : scope->row + (uint64_t)(int64_t)lines, scope->col);
    else
        tui_act_move(app, lines);
}

void tui_act_take(tui_app *app, int unused)
{
    (void)unused;
    if (app->pane == TUI_COMPARE_BITS)
        tui_pins_add_trial(&app->document);
    else if (app->pane == TUI_COMPARE_BLOCK)
        tui_document_say(&app->document, false, "n and N step through the weights, [ and ] through the blocks");
    else
        tui_act_spec_type(app, 0);
}
