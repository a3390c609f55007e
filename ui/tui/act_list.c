/* What keys do with the list: moves, folds, order, filter, scan. */
#include "tui/actions.h"

#include <stdio.h>

#include "tui/panes.h"

/* ---- Moves ----------------------------------------------------------------------------------------------------- */

void tui_select(tui_app *app, size_t tensor)
{
    app->list.cursor = TUI_NOBODY;
    if (app->list.shape == TUI_SHAPE_TREE && tui_tree_reveal(tui_list_tree(&app->list), tensor))
        app->list.is_stale = true;
    tui_document_select(&app->document, tensor);
}

/* `at` moved by `steps` among `count` places; from outside (at = count) to an end. */
static size_t step_from(size_t at, int steps, size_t count)
{
    const size_t far = (size_t)(steps < 0 ? -steps : steps);
    if (at == count)
        return steps > 0 ? 0 : count - 1;
    if (steps < 0)
        return at > far ? at - far : 0;
    return at + far < count ? at + far : count - 1;
}

void tui_act_move(tui_app *app, int tensors)
{
    const size_t count = app->list.visible_count, at = tui_list_position(&app->list, app->document.tensor);
    if (count > 0)
        tui_select(app, app->list.visible[step_from(at, tensors, count)]);
}

static void select_row(tui_app *app, size_t row)
{
    const size_t item = tui_list_item(&app->list, row);
    if (app->list.shape != TUI_SHAPE_FLAT && tui_tree_group(tui_list_tree(&app->list), item))
        app->list.cursor = item;
    else
        tui_select(app, item);
}

void tui_act_select(tui_app *app, int row)
{
    if ((size_t)row < tui_list_row_count(&app->list))
        select_row(app, (size_t)row);
}

static bool is_list_shown(const tui_app *app)
{
    return app->list.shown_at == app->frame;
}

/* Rows of a list that is not on the screen would be moves that nobody sees: the tensors then. */
void tui_act_row(tui_app *app, int rows)
{
    tui_list_refresh(&app->list, &app->document.findings);
    const size_t count = tui_list_row_count(&app->list);
    if (!is_list_shown(app))
        tui_act_move(app, rows);
    else if (count > 0)
        select_row(app, step_from(tui_list_cursor(&app->list, app->document.tensor), rows, count));
}

void tui_act_page(tui_app *app, int pages)
{
    tui_act_row(app, pages * (app->page > 1 ? app->page - 1 : 1));
}

void tui_act_end(tui_app *app, int direction)
{
    tui_list_refresh(&app->list, &app->document.findings);
    const size_t count = tui_list_row_count(&app->list);
    if (count > 0)
        select_row(app, direction < 0 ? 0 : count - 1);
}

/* ---- Folds ----------------------------------------------------------------------------------------------------- */

static const char *const shape_words[TUI_SHAPE_COUNT] = {
    [TUI_SHAPE_FLAT] = "tensors one by one",
    [TUI_SHAPE_TREE] = "a tree of names: Space folds and unfolds, f all",
    [TUI_SHAPE_LAYERS] = "repeated layers together: Space unfolds, f all",
};

void tui_act_shape(tui_app *app, int direction)
{
    const int shape = ((int)app->list.shape + TUI_SHAPE_COUNT + direction) % TUI_SHAPE_COUNT;
    tui_list_set_shape(&app->list, (tui_shape)shape, app->document.tensor);
    tui_document_say(&app->document, false, "%s", shape_words[shape]);
}

/* What the cursor is on: a tensor or an item of the tree; TUI_NOBODY when it is not visible. */
static size_t item_at_cursor(tui_app *app)
{
    tui_list_refresh(&app->list, &app->document.findings);
    return tui_list_item(&app->list, tui_list_cursor(&app->list, app->document.tensor));
}

/* The group under the cursor, NULL when it is on a tensor. */
static tui_group *group_at_cursor(tui_app *app)
{
    const tui_tree *tree = tui_list_tree(&app->list);
    const size_t item = tree ? item_at_cursor(app) : TUI_NOBODY;
    return item == TUI_NOBODY ? NULL : tui_tree_group(tree, item);
}

static void fold_item(tui_app *app, size_t item, bool folded)
{
    tui_tree_group(tui_list_tree(&app->list), item)->folded = folded;
    app->list.cursor = item;
    app->list.is_stale = true;
}

/* On a tensor: folds what it is in. */
void tui_act_fold(tui_app *app, int unused)
{
    (void)unused;
    const tui_tree *tree = tui_list_tree(&app->list);
    size_t item = item_at_cursor(app);
    if (!tree) {
        tui_document_say(&app->document, false, "nothing to fold: t shows the tensors as a tree");
        return;
    }
    if (item != TUI_NOBODY && !tui_tree_group(tree, item))
        item = tui_tree_parent(tree, item);
    if (item != TUI_NOBODY && item != tree->tensor_count)
        fold_item(app, item, !tui_tree_group(tree, item)->folded);
}

void tui_act_fold_all(tui_app *app, int unused)
{
    (void)unused;
    tui_tree *tree = tui_list_tree(&app->list);
    bool is_open = false;
    if (!tree) {
        tui_act_fold(app, 0);
        return;
    }
    tui_list_refresh(&app->list, &app->document.findings); /* for what is visible */
    for (size_t i = 1; i < tree->group_count; i++)
        is_open |= !tree->groups[i].folded && tree->groups[i].count > 0;
    for (size_t i = 1; i < tree->group_count; i++)
        tree->groups[i].folded = is_open;
    app->list.cursor = TUI_NOBODY;
    app->list.is_stale = true;
}

/* Enter on a group folds or unfolds it, elsewhere it tries the remedy. */
void tui_act_enter(tui_app *app, int unused)
{
    (void)unused;
    if (is_list_shown(app) && group_at_cursor(app))
        tui_act_fold(app, 0);
    else
        tui_act_remedy(app, 0);
}

/* In a tree with the focus: into a group, or out to the one around; elsewhere and at its ends to the next pane. */
void tui_act_side(tui_app *app, int direction)
{
    const tui_tree *tree = tui_list_tree(&app->list);
    const size_t item = item_at_cursor(app);
    if (!tree || item == TUI_NOBODY || !is_list_shown(app) || !app->list.has_focus) {
        tui_act_pane(app, direction);
        return;
    }
    const tui_group *group = tui_tree_group(tree, item);
    const size_t outer = tui_tree_parent(tree, item);
    if (group && group->folded == (direction > 0))
        fold_item(app, item, direction < 0);
    else if (group && direction > 0)
        tui_act_row(app, 1);
    else if (direction > 0 || outer == tree->tensor_count)
        tui_act_pane(app, direction);
    else
        app->list.cursor = outer;
}

/* ---- Order, filter, scan ----------------------------------------------------------------------------------------- */

static void sort(tui_app *app, int column, bool reversed)
{
    tui_list_sort(&app->list, &app->document.findings, column, reversed);
    const tui_column info = tui_column_describe(column);
    const char *order = info.falls != reversed ? "the largest first" : "the smallest first";
    if (column == TUI_COLUMN_NAME)
        order = reversed ? "from the end" : "h.2 before h.10";
    const bool is_partial = info.is_found && !app->document.scan_set && app->list.visible_count > 1;
    tui_document_say(&app->document, false, "sorted by %s, %s%s", info.about, order, is_partial ? "; m measures all" : "");
}

void tui_act_sort(tui_app *app, int direction)
{
    const int count = tui_column_count();
    sort(app, (app->list.column + count + direction) % count, false);
}

void tui_act_sort_back(tui_app *app, int unused)
{
    (void)unused;
    sort(app, app->list.column, !app->list.reversed);
}

void tui_filter_accepted(tui_app *app)
{
    tui_list *list = &app->list;
    if (!*list->filter)
        tui_list_set_filter(list, "", false);
    if (list->visible_count == 0) {
        tui_list_set_filter(list, app->filter_before, app->inverted_before);
        tui_document_say(&app->document, true, "no tensor matches that filter");
    } else if (tui_list_position(list, app->document.tensor) == list->visible_count) {
        tui_select(app, list->visible[0]);
    }
}

void tui_act_invert(tui_app *app, int unused)
{
    (void)unused;
    tui_list *list = &app->list;
    if (!*list->filter) {
        tui_document_say(&app->document, false, "no filter to invert: & asks for one");
        return;
    }
    snprintf(app->filter_before, sizeof app->filter_before, "%s", list->filter);
    app->inverted_before = list->inverted;
    tui_list_set_filter(list, app->filter_before, !list->inverted);
    tui_filter_accepted(app);
}

void tui_act_scan(tui_app *app, int unused)
{
    (void)unused;
    tui_document_scan(&app->document, app->list.visible, app->list.visible_count);
}
