/*
 * Rows of the list:   > name      shape dtype  number bar     a tensor
 *                       v mlp          3 · 28.81...36.56      a group of a tree: how many, and the range of their numbers
 *                       v h.#.mlp   sparkline  worst bar      repeated layers
 */
#include "tui/rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"
#include "text/ramp.h"
#include "tui/actions.h"
#include "tui/panes.h"
#include "tui/spark.h"

enum { DTYPE_COLS = 5, ROOMY_COLS = 56, MARK_COLS = 2 };

typedef struct columns {
    int name, shape, dtype, number; /* widths, each with the gap before it */
    int bar;                        /* of the bar behind the number: 2 or 0 */
    int indent;                     /* of a level of a tree */
    tui_column shown;
    int column; /* that is shown */
} columns;

static columns divide(const tui_app *app, int cols)
{
    const bool is_roomy = cols >= ROOMY_COLS;
    columns widths = { .column = tui_column_shown(app->list.column), .dtype = cols >= 54 ? DTYPE_COLS + 1 : 0 };
    widths.shown = tui_column_describe(widths.column);
    widths.bar = widths.shown.full > 0 ? 2 : 0;
    widths.number = 1 + widths.shown.width;
    widths.indent = is_roomy ? 2 : 1;
    const int shape_least = app->list.shape == TUI_SHAPE_LAYERS ? 8 : 5, shape_most = is_roomy ? 14 : 9;
    const int shape = app->list.shape_cols > shape_least ? app->list.shape_cols : shape_least;
    widths.shape = 1 + (shape < shape_most ? shape : shape_most);
    widths.name = cols - MARK_COLS - widths.shape - widths.dtype - widths.number - widths.bar;
    if (widths.name < 8) {
        widths.name += widths.shape;
        widths.shape = 0;
    }
    return widths;
}

/* Where the first part of a name begins that is a number, or the mark of one; its start when there is none. */
static const char *first_number(const char *name)
{
    for (const char *part = name; *part; part += strcspn(part, "./"), part += *part != 0) {
        const size_t digits = strspn(part, "0123456789#");
        if (digits > 0 && strchr("./", part[digits]))
            return part;
    }
    return name;
}

int tui_rows_name(tui_canvas *canvas, int y, int x, int width, tui_style style, const char *name)
{
    enum { WORTH = 2 }; /* cells; for fewer the start of the name stays */
    const char *number = first_number(name);
    char brief[600];
    snprintf(brief, sizeof brief, "…%s", number);
    const bool helps =
        tui_canvas_width(canvas, name) > width && tui_canvas_width(canvas, brief) + WORTH < tui_canvas_width(canvas, name);
    return tui_canvas_middle(canvas, y, x, width, style, helps ? brief : name);
}

/* "28.81 ▆" */
static void draw_number(tui_app *app, int y, int x, double value, const columns *widths, bool selected)
{
    char text[TEXT_NUMBER_SIZE];
    tui_style style = TUI_TEXT;
    text_number(text, value, widths->shown.form);
    if (widths->bar)
        tui_sqnr_word(value, &style);
    style = selected ? TUI_SELECTED : style;
    tui_canvas_right(&app->canvas, y, x + 1, widths->shown.width, style, text);
    if (!widths->bar)
        return;
    const double height = value > 0 ? value / widths->shown.full * TEXT_EIGHTHS : 1;
    tui_canvas_put(&app->canvas, y, x + widths->number + 1,
                   text_block(height > 1 ? (unsigned)fmin(height, TEXT_EIGHTHS) : 1), style);
}

/* `name_x`: where its name begins. */
static void draw_tensor(tui_app *app, int y, int x, int name_x, size_t tensor, const columns *widths, bool selected)
{
    tui_canvas *canvas = &app->canvas;
    const ql_tensor *info = ql_model_tensor(app->model, tensor);
    const tui_findings *findings = &app->document.findings;
    const tui_tree *tree = tui_list_tree(&app->list);
    const tui_style faded = selected ? TUI_SELECTED : TUI_FADED;
    const tui_style style = selected ? TUI_SELECTED : tensor == app->document.tensor ? TUI_STRONG : TUI_TEXT;
    char name[512], shape[64];
    ql_text_print(name, sizeof name, tree ? tui_tree_label(tree, app->model, tensor) : info->name, 0);
    x += MARK_COLS + widths->name;
    tui_rows_name(canvas, y, name_x, x - name_x, style, name);
    text_shape(shape, sizeof shape, info);
    tui_canvas_right(canvas, y, x + 1, widths->shape - 1, faded, shape);
    x += widths->shape;
    tui_canvas_text(canvas, y, x + 1, widths->dtype - 1, faded, ql_dtype_describe(info->dtype)->shown);
    const double value = tui_column_value(widths->column, app->model, findings, tensor);
    if (!isnan(value) || tui_findings_is_measured(findings, tensor))
        draw_number(app, y, x + widths->dtype, value, widths, selected);
}

/* "12 · 28.81…36.56", or as much of it as fits; "12 t" before anything is known. */
static void print_range(const tui_canvas *canvas, const tui_group *group, const tui_column *shown, int width, char *out,
                        size_t size)
{
    char lo[TEXT_NUMBER_SIZE], hi[TEXT_NUMBER_SIZE], range[2 * TEXT_NUMBER_SIZE + 8];
    snprintf(out, size, "%zu t", group->count);
    if (group->known == 0)
        return;
    text_number(lo, group->lo, shown->form);
    text_number(hi, group->hi, shown->form);
    const bool is_range = strcmp(lo, hi) != 0;
    snprintf(range, sizeof range, "%s%s%s", lo, is_range ? "…" : "", is_range ? hi : "");
    snprintf(out, size, "%zu · %s", group->count, range);
    if (tui_canvas_width(canvas, out) > width)
        snprintf(out, size, "%s", range);
    if (tui_canvas_width(canvas, out) > width)
        snprintf(out, size, "%zu t", group->count);
}

static void draw_group(tui_app *app, int y, int x, int name_x, const tui_group *group, const columns *widths, bool selected)
{
    tui_canvas *canvas = &app->canvas;
    const tui_tree *tree = tui_list_tree(&app->list);
    const tui_style style = selected ? TUI_SELECTED : TUI_TEXT, faded = selected ? TUI_SELECTED : TUI_FADED;
    char name[512], text[160];
    ql_text_print(name, sizeof name, group->name, 0);
    x += MARK_COLS + widths->name;
    tui_canvas_put(canvas, y, name_x, group->folded ? 0x25B8 : 0x25BE, style);
    tui_rows_name(canvas, y, name_x + 2, x - name_x - 2, style, name);
    const int middle = widths->shape + widths->dtype, rest = middle + widths->number + widths->bar;
    if (group->member_count == 0 || group->known == 0) {
        print_range(canvas, group, &widths->shown, rest - 1, text, sizeof text);
        tui_canvas_right(canvas, y, x + 1, group->known ? rest - 1 : middle - 1, faded, text);
        return;
    }
    const size_t *members = tree->members + group->member;
    tui_spark_draw(canvas, y, x + 1, middle - 1, app->list.values, members, group->member_count, widths->shown.falls, faded);
    draw_number(app, y, x + middle, widths->shown.falls ? group->hi : group->lo, widths, selected);
}

static void draw_row(tui_app *app, int y, int x, int cols, size_t item, const columns *widths, bool selected)
{
    const tui_tree *tree = tui_list_tree(&app->list);
    if (selected) {
        tui_canvas_clear(&app->canvas, (tui_rect) { y, x, 1, cols }, TUI_SELECTED);
        tui_canvas_put(&app->canvas, y, x, 0x25B6, TUI_SELECTED);
    }
    if (!tree) {
        draw_tensor(app, y, x, x + MARK_COLS, item, widths, selected);
        return;
    }
    const tui_group *group = tui_tree_group(tree, item);
    const size_t outer = tui_tree_parent(tree, item) - tree->tensor_count;
    const int depth = outer == 0 ? 0 : tree->groups[outer].depth + 1, most = widths->name / 2;
    const int indent = depth * widths->indent < most ? depth * widths->indent : most;
    if (group)
        draw_group(app, y, x, x + MARK_COLS + indent, group, widths, selected);
    else
        draw_tensor(app, y, x, x + MARK_COLS + indent + (depth > 0 ? 1 : 0), item, widths, selected);
}

/* The names of the columns, with a mark at the one that the list is sorted by when that is not as usual. */
static void draw_heads(tui_app *app, int y, int x, const columns *widths)
{
    tui_canvas *canvas = &app->canvas;
    const tui_list *list = &app->list;
    const bool by_name = list->column == TUI_COLUMN_NAME, falls = tui_column_describe(list->column).falls != list->reversed;
    char title[64];
    tui_canvas_text(canvas, y, x + MARK_COLS, widths->name, TUI_FADED, by_name && list->reversed ? "name ▼" : "name");
    x += MARK_COLS + widths->name;
    tui_canvas_right(canvas, y, x + 1, widths->shape - 1, TUI_FADED, list->shape == TUI_SHAPE_LAYERS ? "layers" : "shape");
    x += widths->shape;
    tui_canvas_text(canvas, y, x + 1, widths->dtype - 1, TUI_FADED, "dtype");
    snprintf(title, sizeof title, "%s%s", by_name ? "" : falls ? "▼" : "▲", widths->shown.title);
    tui_canvas_right(canvas, y, x + widths->dtype, widths->number + widths->bar, by_name ? TUI_FADED : TUI_KEY, title);
}

void tui_rows_draw(tui_app *app, tui_rect rect)
{
    const tui_list *list = &app->list;
    const columns widths = divide(app, rect.cols);
    const size_t cursor = tui_list_cursor(list, app->document.tensor), count = tui_list_row_count(list);
    draw_heads(app, rect.y, rect.x, &widths);
    for (int line = 1; line < rect.rows && list->top + (size_t)line <= count; line++) {
        const size_t row = list->top + (size_t)line - 1;
        draw_row(app, rect.y + line, rect.x, rect.cols, tui_list_item(list, row), &widths, row == cursor);
        tui_hit_add(app, (tui_rect) { rect.y + line, rect.x, 1, rect.cols }, tui_act_select, (int)row, NULL);
    }
    if (count == 0)
        tui_canvas_text(&app->canvas, rect.y + 2, rect.x + MARK_COLS, rect.cols - 3, TUI_TEXT, "no tensor matches");
}
