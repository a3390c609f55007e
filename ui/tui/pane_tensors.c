/* The list of tensors. */
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "text/ramp.h"
#include "tui/panes.h"

enum { DTYPE_COLS = 5 };

typedef struct columns {
    int name, shape, dtype, number; /* widths, each with the gap before it */
    int bar;                        /* of the bar behind the number: 2 or 0 */
    tui_column shown;
    int column; /* that is shown */
} columns;

static columns divide(const tui_app *app, int cols)
{
    columns widths = { .column = tui_column_shown(app->list.column), .dtype = cols >= 54 ? DTYPE_COLS + 1 : 0 };
    widths.shown = tui_column_describe(widths.column);
    widths.bar = widths.shown.full > 0 ? 2 : 0;
    widths.number = 1 + widths.shown.width;
    const int shape_most = cols >= 56 ? 14 : 9, shape = app->list.shape_cols > 5 ? app->list.shape_cols : 5;
    widths.shape = 1 + (shape < shape_most ? shape : shape_most);
    widths.name = cols - 2 - widths.shape - widths.dtype - widths.number - widths.bar;
    if (widths.name < 8) {
        widths.name += widths.shape;
        widths.shape = 0;
    }
    return widths;
}

/* "28.81 ▆": the number of the column, as far as it is known. */
static void draw_number(tui_app *app, int y, int x, size_t tensor, const columns *widths, bool selected)
{
    const tui_findings *findings = &app->document.findings;
    const double value = tui_column_value(widths->column, app->model, findings, tensor);
    const bool is_known = !widths->shown.is_found || tui_findings_is_measured(findings, tensor) ||
                          (findings->of[tensor].has_stats && !isnan(value));
    if (!is_known)
        return;
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

static void draw_line(tui_app *app, int y, int x, int cols, size_t tensor, const columns *widths)
{
    tui_canvas *canvas = &app->canvas;
    const ql_tensor *info = ql_model_tensor(app->model, tensor);
    bool selected = tensor == app->document.tensor;
    tui_style style = selected ? TUI_SELECTED : TUI_TEXT, faded = selected ? TUI_SELECTED : TUI_FADED;
    if (selected) {
        tui_canvas_clear(canvas, (tui_rect) { y, x, 1, cols }, TUI_SELECTED);
        tui_canvas_put(canvas, y, x, 0x25B6, TUI_SELECTED);
    }
    char name[512], shape[64];
    ql_text_print(name, sizeof name, info->name, 0);
    tui_canvas_middle(canvas, y, x + 2, widths->name, style, name);
    x += 2 + widths->name;
    text_shape(shape, sizeof shape, info);
    tui_canvas_right(canvas, y, x + 1, widths->shape - 1, faded, shape);
    x += widths->shape;
    tui_canvas_text(canvas, y, x + 1, widths->dtype - 1, faded, ql_dtype_describe(info->dtype)->shown);
    draw_number(app, y, x + widths->dtype, tensor, widths, selected);
}

/* The names of the columns, with a mark at the one that the list is sorted by when that is not as usual. */
static void draw_heads(tui_app *app, int y, int x, const columns *widths)
{
    tui_canvas *canvas = &app->canvas;
    const tui_list *list = &app->list;
    const bool by_name = list->column == TUI_COLUMN_NAME, falls = tui_column_describe(list->column).falls != list->reversed;
    char title[64];
    tui_canvas_text(canvas, y, x + 2, widths->name, TUI_FADED, by_name && list->reversed ? "name ▼" : "name");
    x += 2 + widths->name;
    tui_canvas_right(canvas, y, x + 1, widths->shape - 1, TUI_FADED, "shape");
    x += widths->shape;
    tui_canvas_text(canvas, y, x + 1, widths->dtype - 1, TUI_FADED, "dtype");
    snprintf(title, sizeof title, "%s%s", by_name ? "" : falls ? "▼" : "▲", widths->shown.title);
    tui_canvas_right(canvas, y, x + widths->dtype, widths->number + widths->bar, by_name ? TUI_FADED : TUI_KEY, title);
}

/* Moves the first line as little as needed to keep the selected one on the screen, with some lines around it. */
static void scroll(tui_app *app, int lines)
{
    tui_list *list = &app->list;
    size_t at = tui_list_position(list, app->document.tensor), shown = lines > 0 ? (size_t)lines : 1;
    size_t around = shown > 8 ? 3 : 0;
    app->page = lines;
    if (at == list->visible_count)
        at = 0;
    if (at < list->top + around)
        list->top = at > around ? at - around : 0;
    if (at + around >= list->top + shown)
        list->top = at + around - shown + 1;
    if (list->top + shown > list->visible_count)
        list->top = list->visible_count > shown ? list->visible_count - shown : 0;
}

void tui_pane_tensors(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    tui_list *list = &app->list;
    size_t count = ql_model_tensor_count(app->model);
    char note[64] = "";
    if (list->visible_count < count)
        snprintf(note, sizeof note, "%zu of %zu", list->visible_count, count);
    else
        snprintf(note, sizeof note, "%zu", count);
    tui_rect in = tui_canvas_box(canvas, rect, focused, "Tensors", note);

    columns widths = divide(app, in.cols);
    draw_heads(app, in.y, in.x, &widths);

    bool has_foot = *list->filter != 0;
    int lines = in.rows - 1 - (has_foot ? 1 : 0);
    scroll(app, lines);
    for (int line = 0; line < lines && list->top + (size_t)line < list->visible_count; line++)
        draw_line(app, in.y + 1 + line, in.x, in.cols, list->visible[list->top + (size_t)line], &widths);
    if (list->visible_count == 0)
        tui_canvas_text(canvas, in.y + 2, in.x + 2, in.cols - 3, TUI_TEXT, "no tensor matches");
    if (has_foot)
        tui_canvas_format(canvas, in.y + in.rows - 1, in.x, in.cols, TUI_KEY, " & %s%s", list->inverted ? "not " : "",
                          list->filter);
}
