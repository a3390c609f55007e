/* Order, filter and search of the tensors' names. */
#include "tui/list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/plain.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The run of digits at *at: its first digit that is not 0 and how many follow; *at moves past it. */
static size_t take_digits(ql_text text, size_t *at, size_t *first)
{
    while (*at < text.size && text.data[*at] == '0')
        ++*at;
    *first = *at;
    while (*at < text.size && is_digit(text.data[*at]))
        ++*at;
    return *at - *first;
}

int tui_natural_compare(ql_text a, ql_text b)
{
    size_t i = 0, j = 0;
    while (i < a.size && j < b.size) {
        if (is_digit(a.data[i]) && is_digit(b.data[j])) {
            size_t first_a, first_b;
            size_t digits_a = take_digits(a, &i, &first_a), digits_b = take_digits(b, &j, &first_b);
            int order = digits_a != digits_b ? (digits_a > digits_b) - (digits_a < digits_b)
                                             : memcmp(a.data + first_a, b.data + first_b, digits_a);
            if (order != 0)
                return order;
        } else if (a.data[i] != b.data[j]) {
            return (unsigned char)a.data[i] < (unsigned char)b.data[j] ? -1 : 1;
        } else {
            i++;
            j++;
        }
    }
    return (i < a.size) - (j < b.size);
}

typedef struct named {
    ql_text name;
    size_t index;
} named;

static int compare(const void *left, const void *right)
{
    const named *a = left, *b = right;
    int order = tui_natural_compare(a->name, b->name);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static ql_status complain(tui_list *list, size_t count, ql_error *error)
{
    tui_list_free(list);
    snprintf(error->message, sizeof error->message, "out of memory for a list of %zu tensors", count);
    return error->status = QL_NO_MEMORY;
}

ql_status tui_list_start(tui_list *list, const ql_model *model, ql_error *error)
{
    size_t count = ql_model_tensor_count(model);
    *list = (tui_list) { .model = model, .column = TUI_COLUMN_NAME, .cursor = TUI_NOBODY };
    named *names = calloc(count + 1, sizeof *names);
    list->order = calloc(count + 1, sizeof *list->order);
    list->sorted = calloc(count + 1, sizeof *list->sorted);
    list->visible = calloc(count + 1, sizeof *list->visible);
    list->place = calloc(count + 1, sizeof *list->place);
    list->matches = calloc(count + 1, sizeof *list->matches);
    list->keys = calloc(2 * count + 1, sizeof *list->keys);
    list->chosen = calloc(count + 1, sizeof *list->chosen);
    list->passes = calloc(count + 1, sizeof *list->passes);
    list->values = calloc(count + 1, sizeof *list->values);
    if (!names || !list->order || !list->sorted || !list->visible || !list->place || !list->matches || !list->keys ||
        !list->chosen || !list->passes || !list->values) {
        free(names);
        return complain(list, count, error);
    }
    for (size_t i = 0; i < count; i++)
        names[i] = (named) { ql_model_tensor(model, i)->name, i };
    qsort(names, count, sizeof *names, compare);
    for (size_t i = 0; i < count; i++) {
        char shape[64];
        list->order[i] = list->sorted[i] = names[i].index;
        text_shape(shape, sizeof shape, ql_model_tensor(model, i));
        const int cols = (int)text_width(shape);
        list->shape_cols = cols > list->shape_cols ? cols : list->shape_cols;
    }
    free(names);
    if (!tui_tree_by_parts(&list->trees[TUI_SHAPE_TREE], model, list->order) ||
        !tui_tree_by_layers(&list->trees[TUI_SHAPE_LAYERS], model, list->order))
        return complain(list, count, error);
    tui_list_set_filter(list, "", false);
    return QL_OK;
}

void tui_list_free(tui_list *list)
{
    free(list->order);
    free(list->sorted);
    free(list->visible);
    free(list->place);
    free(list->matches);
    free(list->keys);
    free(list->chosen);
    free(list->passes);
    free(list->values);
    for (int shape = 0; shape < TUI_SHAPE_COUNT; shape++)
        tui_tree_free(&list->trees[shape]);
    *list = (tui_list) { 0 };
}

static void show_what_passes(tui_list *list)
{
    const size_t count = ql_model_tensor_count(list->model);
    list->visible_count = 0;
    list->is_stale = true;
    for (size_t i = 0; i < count; i++) {
        const size_t tensor = list->sorted[i];
        list->place[tensor] = list->passes[tensor] ? list->visible_count : count;
        if (list->passes[tensor])
            list->visible[list->visible_count++] = tensor;
    }
}

/* ---- Sort ------------------------------------------------------------------------------------------------------ */

/* Brings list->values up to date. */
static void take_values(tui_list *list, tui_findings *findings)
{
    const int column = tui_column_shown(list->column);
    const bool takes_all = findings->all_changed || list->valued != column;
    const size_t count = takes_all ? findings->count : findings->changed_count;
    for (size_t i = 0; i < count; i++) {
        const size_t tensor = takes_all ? i : findings->changed[i];
        list->values[tensor] = tui_column_value(column, list->model, findings, tensor);
    }
    list->valued = column;
    findings->all_changed = false;
    findings->changed_count = 0;
}

enum { KEY_BITS = 32, DIGIT_BITS = 11, DIGITS = (KEY_BITS + DIGIT_BITS - 1) / DIGIT_BITS, DIGIT_VALUES = 1 << DIGIT_BITS };

/* A key whose unsigned order is that of the numbers, or the reverse; what is not known comes last either way. Of the number
 * it has sign, exponent and 20 bits: those that look the same on the screen are the same. */
static uint64_t key_of(double value, bool falls)
{
    const uint64_t last = UINT32_MAX;
    if (isnan(value))
        return last;
    uint64_t bits;
    value += 0.0; /* no negative zero */
    memcpy(&bits, &value, sizeof bits);
    bits = (bits >> 63 ? ~bits : bits | (uint64_t)1 << 63) >> KEY_BITS;
    return falls ? last - bits : bits;
}

/* A radix sort from the natural order, which equal numbers keep: linear, so that a list of 100,000 can be sorted between two
 * frames. An entry is a key, and below it the place in natural order. */
static void sort_by_numbers(tui_list *list, bool falls)
{
    const size_t count = ql_model_tensor_count(list->model);
    uint64_t *from = list->keys, *to = list->keys + count;
    size_t at[DIGITS][DIGIT_VALUES] = { { 0 } };
    for (size_t i = 0; i < count; i++) {
        const uint64_t key = key_of(list->values[list->order[i]], falls);
        from[i] = key << KEY_BITS | i;
        for (int digit = 0; digit < DIGITS; digit++)
            at[digit][key >> digit * DIGIT_BITS & (DIGIT_VALUES - 1)]++;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        size_t before = 0;
        for (int value = 0; value < DIGIT_VALUES; value++) {
            const size_t size = at[digit][value];
            at[digit][value] = before;
            before += size;
        }
        for (size_t i = 0; i < count; i++)
            to[at[digit][from[i] >> (KEY_BITS + digit * DIGIT_BITS) & (DIGIT_VALUES - 1)]++] = from[i];
        uint64_t *other = from;
        from = to;
        to = other;
    }
    for (size_t i = 0; i < count; i++)
        list->sorted[i] = list->order[from[i] & UINT32_MAX];
}

void tui_list_sort(tui_list *list, tui_findings *findings, int column, bool reversed)
{
    const size_t count = ql_model_tensor_count(list->model);
    list->column = column;
    list->reversed = reversed;
    take_values(list, findings);
    if (column != TUI_COLUMN_NAME)
        sort_by_numbers(list, tui_column_describe(column).falls != reversed);
    for (size_t i = 0; i < count && column == TUI_COLUMN_NAME; i++)
        list->sorted[i] = list->order[reversed ? count - 1 - i : i];
    show_what_passes(list);
}

/* ---- Rows ------------------------------------------------------------------------------------------------------ */

void tui_list_refresh(tui_list *list, tui_findings *findings)
{
    const bool has_news = list->version != findings->version;
    list->version = findings->version;
    if (has_news && tui_column_describe(list->column).is_found)
        tui_list_sort(list, findings, list->column, list->reversed);
    else if (has_news)
        take_values(list, findings);
    tui_tree *tree = tui_list_tree(list);
    if (!tree || (!has_news && !list->is_stale))
        return;
    list->is_stale = false;
    tui_tree_arrange(tree, list->visible, list->visible_count, list->values);
    if (list->cursor != TUI_NOBODY && tree->row_of[list->cursor] == TUI_NOBODY)
        list->cursor = TUI_NOBODY;
}

tui_tree *tui_list_tree(const tui_list *list)
{
    return list->shape == TUI_SHAPE_FLAT ? NULL : (tui_tree *)&list->trees[list->shape];
}

void tui_list_set_shape(tui_list *list, tui_shape shape, size_t tensor)
{
    list->shape = shape;
    list->cursor = TUI_NOBODY;
    list->is_stale = true;
    if (shape == TUI_SHAPE_TREE)
        tui_tree_reveal(&list->trees[shape], tensor);
}

size_t tui_list_row_count(const tui_list *list)
{
    return list->shape == TUI_SHAPE_FLAT ? list->visible_count : list->trees[list->shape].row_count;
}

size_t tui_list_item(const tui_list *list, size_t row)
{
    if (row >= tui_list_row_count(list))
        return TUI_NOBODY;
    return list->shape == TUI_SHAPE_FLAT ? list->visible[row] : list->trees[list->shape].rows[row];
}

size_t tui_list_cursor(const tui_list *list, size_t tensor)
{
    if (list->shape == TUI_SHAPE_FLAT)
        return tui_list_position(list, tensor);
    return tui_tree_row(&list->trees[list->shape], list->cursor == TUI_NOBODY ? tensor : list->cursor);
}

/* ---- Filter and find --------------------------------------------------------------------------------------------- */

/* Which names fit, to list->chosen; returns how many. A word means "contains the word"; with * ? or [ it is a pattern for the
 * whole name. */
static size_t match(tui_list *list, const char *word)
{
    const size_t count = ql_model_tensor_count(list->model), size = strlen(word);
    size_t matched = 0;
    if (!strpbrk(word, "*?[")) {
        for (size_t i = 0; i < count; i++) {
            const ql_text name = ql_model_tensor(list->model, i)->name;
            list->chosen[i] = memmem(name.data, name.size, word, size) != NULL;
            matched += list->chosen[i];
        }
        return matched;
    }
    matched = ql_model_match(list->model, word, list->matches, count);
    memset(list->chosen, 0, count * sizeof *list->chosen);
    for (size_t i = 0; i < matched && i < count; i++)
        list->chosen[list->matches[i]] = true;
    return matched;
}

/* Takes the words dtype:TYPE out of a filter; the rest, without blanks around it, to `rest`. Returns whether there were any,
 * and to wanted[] which types begin so. */
static bool take_dtypes(const char *filter, char rest[TUI_PATTERN_SIZE], bool wanted[QL_DTYPE_COUNT])
{
    static const char mark[] = "dtype:";
    const size_t mark_size = sizeof mark - 1;
    bool has_any = false;
    size_t used = 0;
    for (const char *at = filter; *at;) {
        const bool begins = at == filter || at[-1] == ' ';
        if (!begins || strncasecmp(at, mark, mark_size) != 0) {
            rest[used++] = *at++;
            continue;
        }
        const char *type = at + mark_size;
        const size_t size = strcspn(type, " ");
        for (int dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
            wanted[dtype] |= strncasecmp(ql_dtype_describe((ql_dtype)dtype)->name, type, size) == 0;
        has_any = true;
        at = type + size;
    }
    while (used > 0 && rest[used - 1] == ' ')
        used--;
    rest[used] = 0;
    const size_t blanks = strspn(rest, " ");
    memmove(rest, rest + blanks, used - blanks + 1);
    return has_any;
}

void tui_list_set_filter(tui_list *list, const char *filter, bool inverted)
{
    char name[TUI_PATTERN_SIZE];
    bool wanted[QL_DTYPE_COUNT] = { false };
    snprintf(list->filter, sizeof list->filter, "%s", filter);
    list->inverted = inverted;
    const bool has_dtype = take_dtypes(list->filter, name, wanted), has_name = *name != 0;
    if (has_name)
        match(list, name);
    for (size_t i = 0; i < ql_model_tensor_count(list->model); i++) {
        const bool fits = (!has_name || list->chosen[i]) && (!has_dtype || wanted[ql_model_tensor(list->model, i)->dtype]);
        list->passes[i] = fits != inverted;
    }
    show_what_passes(list);
}

size_t tui_list_position(const tui_list *list, size_t tensor)
{
    const size_t place = list->place[tensor];
    return place < list->visible_count ? place : list->visible_count;
}

bool tui_list_find(tui_list *list, size_t tensor, int direction, bool here, size_t *out)
{
    size_t count = list->visible_count, at = tui_list_position(list, tensor);
    if (count == 0 || !*list->find || match(list, list->find) == 0)
        return false;
    if (at == count)
        at = 0;
    size_t step = direction < 0 ? count - 1 : 1;
    for (size_t tried = here ? 0 : 1; tried <= count; tried++) {
        size_t position = (at + tried * step) % count;
        if (list->chosen[list->visible[position]]) {
            *out = list->visible[position];
            return true;
        }
    }
    return false;
}
