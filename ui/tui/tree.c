/* Rows of a tree: what is visible of its groups. How they are made is in tree_make.c. */
#include "tui/tree.h"

#include <math.h>
#include <stdlib.h>

void tui_tree_free(tui_tree *tree)
{
    free(tree->groups);
    free(tree->home);
    free(tree->label_at);
    free(tree->members);
    free(tree->pool);
    free(tree->next);
    free(tree->rows);
    free(tree->row_of);
    *tree = (tui_tree) { 0 };
}

tui_group *tui_tree_group(const tui_tree *tree, size_t item)
{
    return item < tree->tensor_count ? NULL : &tree->groups[item - tree->tensor_count];
}

static size_t home_of(const tui_tree *tree, size_t item)
{
    return item < tree->tensor_count ? tree->home[item] : tree->groups[item - tree->tensor_count].parent;
}

size_t tui_tree_parent(const tui_tree *tree, size_t item)
{
    return tree->tensor_count + home_of(tree, item);
}

/* ---- Arranging ------------------------------------------------------------------------------------------------- */

/* Puts an item at the end of its group's, and its group where that is not there yet into its own. */
static void link_item(tui_tree *tree, size_t item)
{
    for (;;) {
        const size_t home = home_of(tree, item);
        tui_group *group = &tree->groups[home];
        const bool is_linked = group->first != TUI_NOBODY;
        tree->next[item] = TUI_NOBODY;
        if (is_linked)
            tree->next[group->last] = item;
        else
            group->first = item;
        group->last = item;
        if (is_linked || home == 0)
            return;
        item = tree->tensor_count + home;
    }
}

static void count_number(tui_group *group, double value)
{
    group->count++;
    if (isnan(value))
        return;
    group->known++;
    group->lo = fmin(group->lo, value);
    group->hi = fmax(group->hi, value);
}

/* Groups count what is in those below them; these have higher numbers. */
static void sum_up(tui_tree *tree)
{
    for (size_t i = tree->group_count; i-- > 1;) {
        const tui_group *group = &tree->groups[i];
        tui_group *parent = &tree->groups[group->parent];
        parent->count += group->count;
        parent->known += group->known;
        parent->lo = fmin(parent->lo, group->lo);
        parent->hi = fmax(parent->hi, group->hi);
    }
}

/* The item whose row follows, TUI_NOBODY after the last. */
static size_t item_after(const tui_tree *tree, size_t item)
{
    const tui_group *group = tui_tree_group(tree, item);
    if (group && !group->folded)
        return group->first;
    while (tree->next[item] == TUI_NOBODY) {
        if (home_of(tree, item) == 0)
            return TUI_NOBODY;
        item = tui_tree_parent(tree, item);
    }
    return tree->next[item];
}

void tui_tree_arrange(tui_tree *tree, const size_t *visible, size_t count, const double *values)
{
    for (size_t i = 0; i < tree->group_count; i++) {
        tui_group *group = &tree->groups[i];
        group->first = group->last = TUI_NOBODY;
        group->count = group->known = 0;
        group->lo = group->hi = NAN;
    }
    for (size_t i = 0; i < tree->tensor_count + tree->group_count; i++)
        tree->row_of[i] = TUI_NOBODY;
    for (size_t i = 0; i < count; i++) {
        link_item(tree, visible[i]);
        count_number(&tree->groups[tree->home[visible[i]]], values[visible[i]]);
    }
    sum_up(tree);
    tree->row_count = 0;
    for (size_t item = tree->groups[0].first; item != TUI_NOBODY; item = item_after(tree, item)) {
        tree->row_of[item] = tree->row_count;
        tree->rows[tree->row_count++] = item;
    }
}

/* ---- Looking up -------------------------------------------------------------------------------------------------- */

size_t tui_tree_row(const tui_tree *tree, size_t item)
{
    while (tree->row_of[item] == TUI_NOBODY) {
        if (home_of(tree, item) == 0)
            return tree->row_count;
        item = tui_tree_parent(tree, item);
    }
    return tree->row_of[item];
}

bool tui_tree_reveal(tui_tree *tree, size_t tensor)
{
    bool is_opened = false;
    for (size_t group = tree->home[tensor]; group != 0; group = tree->groups[group].parent) {
        is_opened |= tree->groups[group].folded;
        tree->groups[group].folded = false;
    }
    return is_opened;
}

ql_text tui_tree_label(const tui_tree *tree, const ql_model *model, size_t tensor)
{
    const ql_text name = ql_model_tensor(model, tensor)->name;
    const size_t at = tree->label_at[tensor];
    return (ql_text) { name.data + at, name.size - at };
}
