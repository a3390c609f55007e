/* Order, filter and search of the tensors' names. */
#include "tui/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

ql_status tui_list_start(tui_list *list, const ql_model *model, ql_error *error)
{
    size_t count = ql_model_tensor_count(model);
    *list = (tui_list) { .model = model };
    named *names = calloc(count + 1, sizeof *names);
    list->order = calloc(count + 1, sizeof *list->order);
    list->visible = calloc(count + 1, sizeof *list->visible);
    list->matches = calloc(count + 1, sizeof *list->matches);
    list->chosen = calloc(count + 1, sizeof *list->chosen);
    if (!names || !list->order || !list->visible || !list->matches || !list->chosen) {
        free(names);
        tui_list_free(list);
        snprintf(error->message, sizeof error->message, "out of memory for a list of %zu tensors", count);
        return error->status = QL_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++)
        names[i] = (named) { ql_model_tensor(model, i)->name, i };
    qsort(names, count, sizeof *names, compare);
    for (size_t i = 0; i < count; i++)
        list->order[i] = names[i].index;
    free(names);
    tui_list_set_filter(list, "");
    return QL_OK;
}

void tui_list_free(tui_list *list)
{
    free(list->order);
    free(list->visible);
    free(list->matches);
    free(list->chosen);
    *list = (tui_list) { 0 };
}

/* A word means "contains the word"; with * ? or [ it is a pattern for the whole name. */
static size_t match(tui_list *list, const char *word)
{
    char pattern[TUI_PATTERN_SIZE + 2];
    snprintf(pattern, sizeof pattern, strpbrk(word, "*?[") ? "%s" : "*%s*", word);
    size_t count = ql_model_tensor_count(list->model);
    size_t matched = ql_model_match(list->model, pattern, list->matches, count);
    memset(list->chosen, 0, count * sizeof *list->chosen);
    for (size_t i = 0; i < matched && i < count; i++)
        list->chosen[list->matches[i]] = true;
    return matched;
}

void tui_list_set_filter(tui_list *list, const char *pattern)
{
    snprintf(list->filter, sizeof list->filter, "%s", pattern);
    if (*pattern)
        match(list, list->filter);
    list->visible_count = 0;
    for (size_t i = 0; i < ql_model_tensor_count(list->model); i++)
        if (!*pattern || list->chosen[list->order[i]])
            list->visible[list->visible_count++] = list->order[i];
}

size_t tui_list_position(const tui_list *list, size_t tensor)
{
    for (size_t i = 0; i < list->visible_count; i++)
        if (list->visible[i] == tensor)
            return i;
    return list->visible_count;
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
