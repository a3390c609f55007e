/* How groups are made of names. */
#include <stdlib.h>
#include <string.h>

#include "tui/tree.h"

enum { DEPTH_MOST = 12 }; /* parts of a name that become groups; the rest stays together */

static bool is_separator(char c)
{
    return c == '.' || c == '/';
}

/* Room for what every tensor and group has. */
static bool make_rows(tui_tree *tree)
{
    const size_t items = tree->tensor_count + tree->group_count;
    tree->next = malloc(items * sizeof *tree->next);
    tree->rows = malloc(items * sizeof *tree->rows);
    tree->row_of = malloc(items * sizeof *tree->row_of);
    return tree->next && tree->rows && tree->row_of;
}

static bool start(tui_tree *tree, size_t tensor_count)
{
    *tree = (tui_tree) { .tensor_count = tensor_count };
    tree->home = calloc(tensor_count + 1, sizeof *tree->home);
    tree->label_at = calloc(tensor_count + 1, sizeof *tree->label_at);
    return tree->home && tree->label_at;
}

/* A new group below `parent`; its number, TUI_NOBODY when memory is short. */
static size_t add_group(tui_tree *tree, size_t parent, ql_text name)
{
    if (tree->group_count == tree->group_room) {
        const size_t room = tree->group_room ? 2 * tree->group_room : 256;
        tui_group *groups = realloc(tree->groups, room * sizeof *groups);
        if (!groups)
            return TUI_NOBODY;
        tree->groups = groups;
        tree->group_room = room;
    }
    tree->groups[tree->group_count] = (tui_group) { .parent = parent, .name = name, .folded = true };
    return tree->group_count++;
}

/* ---- By the parts of names ----------------------------------------------------------------------------------------- */

/* What the groups of the name before were: group[i] ends before byte end[i]. */
typedef struct way {
    size_t group[DEPTH_MOST], end[DEPTH_MOST];
    int depth;
    ql_text name;
} way;

/* The groups of a name to *path, which holds those of the name before. The name of a group goes from the start of the
 * tensor's name, until shorten() has seen which of its parts are needed. */
static bool follow(tui_tree *tree, way *path, ql_text name)
{
    size_t common = 0, parent = 0;
    int depth = 0;
    while (common < name.size && common < path->name.size && name.data[common] == path->name.data[common])
        common++;
    bool is_same = true;
    for (size_t i = 0; i + 1 < name.size && depth < DEPTH_MOST; i++) {
        if (!is_separator(name.data[i]))
            continue;
        is_same = is_same && depth < path->depth && path->end[depth] == i + 1 && i + 1 <= common;
        if (!is_same)
            path->group[depth] = add_group(tree, parent, (ql_text) { name.data, i });
        if (path->group[depth] == TUI_NOBODY)
            return false;
        path->end[depth] = i + 1;
        parent = path->group[depth++];
    }
    path->depth = depth;
    path->name = name;
    return true;
}

/* How many children a group has, of which kind. */
typedef struct children {
    size_t groups, tensors, group, tensor; /* `group`, `tensor`: one of them */
    size_t name_at;                        /* where the group's own part of its name begins */
    bool is_gone;
} children;

/* A group of one tensor is that tensor, and a group of one group is one with it: lm_head.weight, model.layers. */
static void shorten(tui_tree *tree, children *have)
{
    for (size_t i = tree->group_count; i-- > 1;) {
        children *mine = &have[i], *outer = &have[tree->groups[i].parent];
        if (mine->groups > 0 || mine->tensors != 1)
            continue;
        mine->is_gone = true;
        tree->home[mine->tensor] = tree->groups[i].parent;
        tree->label_at[mine->tensor] = mine->name_at;
        outer->groups--;
        outer->tensors++;
        outer->tensor = mine->tensor;
    }
    for (size_t i = tree->group_count; i-- > 1;)
        if (!have[i].is_gone)
            have[tree->groups[i].parent].group = i;
    for (size_t i = 1; i < tree->group_count; i++) {
        if (have[i].is_gone || have[i].groups != 1 || have[i].tensors > 0)
            continue;
        const size_t inner = have[i].group;
        tree->groups[inner].parent = tree->groups[i].parent;
        have[inner].name_at = have[i].name_at;
        have[i].is_gone = true;
    }
}

static void name_groups(tui_tree *tree, const children *have)
{
    for (size_t i = 1; i < tree->group_count; i++) {
        tui_group *group = &tree->groups[i];
        group->name.data += have[i].name_at;
        group->name.size -= have[i].name_at;
        group->depth = group->parent ? tree->groups[group->parent].depth + 1 : 0;
    }
}

bool tui_tree_by_parts(tui_tree *tree, const ql_model *model, const size_t *order)
{
    const size_t count = ql_model_tensor_count(model);
    way path = { .depth = 0 };
    bool is_made = start(tree, count) && add_group(tree, 0, (ql_text) { "", 0 }) != TUI_NOBODY;
    for (size_t i = 0; i < count && is_made; i++) {
        is_made = follow(tree, &path, ql_model_tensor(model, order[i])->name);
        tree->home[order[i]] = is_made && path.depth > 0 ? path.group[path.depth - 1] : 0;
        tree->label_at[order[i]] = path.depth > 0 ? path.end[path.depth - 1] : 0;
    }
    children *have = is_made ? calloc(tree->group_count, sizeof *have) : NULL;
    if (!have)
        return false;
    for (size_t i = 1; i < tree->group_count; i++) {
        const size_t parent = tree->groups[i].parent;
        have[parent].groups++;
        have[i].name_at = parent ? tree->groups[parent].name.size + 1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        have[tree->home[i]].tensors++;
        have[tree->home[i]].tensor = i;
    }
    shorten(tree, have);
    name_groups(tree, have);
    free(have);
    return make_rows(tree);
}

/* ---- Repeated layers ----------------------------------------------------------------------------------------------- */

/* The next byte of a name in which every part that is a number is '#'; -1 at the end. */
static int next_masked(ql_text name, size_t *at)
{
    if (*at >= name.size)
        return -1;
    size_t end = *at;
    while ((*at == 0 || is_separator(name.data[*at - 1])) && end < name.size && name.data[end] >= '0' &&
           name.data[end] <= '9')
        end++;
    if (end > *at && (end == name.size || is_separator(name.data[end]))) {
        *at = end;
        return '#';
    }
    return (unsigned char)name.data[(*at)++];
}

static uint64_t hash_masked(ql_text name, size_t *size)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    size_t at = 0;
    *size = 0;
    for (int c; (c = next_masked(name, &at)) >= 0; ++*size)
        hash = (hash ^ (uint64_t)c) * 1099511628211u;
    return hash ^ hash >> 32;
}

static bool are_masked_alike(ql_text a, ql_text b)
{
    size_t i = 0, j = 0;
    int c, d;
    do {
        c = next_masked(a, &i);
        d = next_masked(b, &j);
    } while (c == d && c >= 0);
    return c == d;
}

/* Puts every tensor into the group of its masked name. slots[mask + 1]: numbers of groups, 0 where free. A group's name is
 * that of its first tensor until the names are made. */
static bool sort_into_layers(tui_tree *tree, const ql_model *model, const size_t *order, size_t *slots, size_t mask,
                             size_t *pool_size)
{
    for (size_t i = 0; i < tree->tensor_count; i++) {
        const ql_text name = ql_model_tensor(model, order[i])->name;
        size_t size, slot = (size_t)hash_masked(name, &size) & mask;
        while (slots[slot] && !are_masked_alike(tree->groups[slots[slot]].name, name))
            slot = (slot + 1) & mask;
        if (!slots[slot]) {
            slots[slot] = add_group(tree, 0, name);
            *pool_size += size;
        }
        if (slots[slot] == TUI_NOBODY)
            return false;
        tree->home[order[i]] = slots[slot];
        tree->groups[slots[slot]].member_count++;
    }
    return true;
}

/* Names with their marks; tensors that stand alone go to the root. */
static void name_layers(tui_tree *tree, const size_t *order)
{
    char *text = tree->pool;
    size_t member = 0;
    for (size_t i = 1; i < tree->group_count; i++) {
        tui_group *group = &tree->groups[i];
        const ql_text name = group->name;
        size_t at = 0;
        group->name = (ql_text) { text, 0 };
        for (int c; (c = next_masked(name, &at)) >= 0; group->name.size++)
            *text++ = (char)c;
        group->member = member;
        member += group->member_count;
        group->count = 0; /* members so far */
    }
    for (size_t i = 0; i < tree->tensor_count; i++) {
        tui_group *group = &tree->groups[tree->home[order[i]]];
        tree->members[group->member + group->count++] = order[i];
    }
    for (size_t i = 0; i < tree->tensor_count; i++)
        if (tree->groups[tree->home[i]].member_count == 1)
            tree->home[i] = 0;
}

bool tui_tree_by_layers(tui_tree *tree, const ql_model *model, const size_t *order)
{
    const size_t count = ql_model_tensor_count(model);
    size_t mask = 1, pool_size = 0;
    while (mask < 2 * count)
        mask = 2 * mask + 1;
    size_t *slots = calloc(mask + 1, sizeof *slots);
    const bool is_sorted = slots && start(tree, count) && add_group(tree, 0, (ql_text) { "", 0 }) != TUI_NOBODY &&
                           sort_into_layers(tree, model, order, slots, mask, &pool_size);
    free(slots);
    tree->members = malloc((count + 1) * sizeof *tree->members);
    tree->pool = malloc(pool_size + 1);
    if (!is_sorted || !tree->members || !tree->pool)
        return false;
    name_layers(tree, order);
    return make_rows(tree);
}
