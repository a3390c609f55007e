/* The list of tensors. */
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "text/ramp.h"
#include "tui/actions.h"
#include "tui/panes.h"

enum { DTYPE_COLS = 5, SQNR_COLS = 8, DB_FULL = 50 }; /* a full bar at 50 dB */

typedef struct columns {
    int name, shape, dtype; /* widths */
    bool has_dtype;
} columns;

static columns divide(int cols)
{
    columns widths = { .shape = cols >= 56 ? 14 : 9, .has_dtype = cols >= 52 };
    widths.dtype = widths.has_dtype ? DTYPE_COLS + 1 : 0;
    widths.name = cols - 2 - widths.shape - 1 - widths.dtype - SQNR_COLS;
    if (widths.name < 8) {
        widths.name += widths.shape;
        widths.shape = 0;
    }
    return widths;
}

/* "28.81 ▆" when this tensor was measured under the current spec. */
static void draw_sqnr(tui_app *app, int y, int x, size_t tensor, bool selected)
{
    double sqnr;
    if (!tui_document_sqnr(&app->document, tensor, &sqnr))
        return;
    char text[TEXT_NUMBER_SIZE];
    tui_style style;
    text_number(text, sqnr, TEXT_FIXED_2);
    tui_sqnr_word(sqnr, &style);
    style = selected ? TUI_SELECTED : style;
    tui_canvas_right(&app->canvas, y, x, SQNR_COLS - 2, style, text);
    double height = sqnr > 0 ? sqnr / DB_FULL * TEXT_EIGHTHS : 1;
    tui_canvas_put(&app->canvas, y, x + SQNR_COLS - 1, text_block(height > 1 ? (unsigned)fmin(height, TEXT_EIGHTHS) : 1),
                   style);
}

static void draw_line(tui_app *app, int y, int x, int cols, size_t position, const columns *widths)
{
    const size_t tensor = app->list.visible[position];
    tui_canvas *canvas = &app->canvas;
    const ql_tensor *info = ql_model_tensor(app->model, tensor);
    bool selected = tensor == app->document.tensor;
    tui_style style = selected ? TUI_SELECTED : TUI_TEXT, faded = selected ? TUI_SELECTED : TUI_FADED;
    if (selected) {
        tui_canvas_clear(canvas, (tui_rect) { y, x, 1, cols }, TUI_SELECTED);
        tui_canvas_put(canvas, y, x, 0x25B6, TUI_SELECTED);
    }
    tui_hit_add(app, (tui_rect) { y, x, 1, cols }, tui_act_select, (int)position, NULL);
    char name[512], shape[64];
    ql_text_print(name, sizeof name, info->name, 0);
    tui_canvas_middle(canvas, y, x + 2, widths->name, style, name);
    x += 2 + widths->name;
    text_shape(shape, sizeof shape, info);
    tui_canvas_right(canvas, y, x, widths->shape, faded, shape);
    x += widths->shape + 1;
    if (widths->has_dtype)
        tui_canvas_text(canvas, y, x, DTYPE_COLS, faded, ql_dtype_describe(info->dtype)->shown);
    draw_sqnr(app, y, x + widths->dtype, tensor, selected);
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

    columns widths = divide(in.cols);
    tui_canvas_text(canvas, in.y, in.x + 2, widths.name, TUI_FADED, "name");
    if (widths.shape > 0)
        tui_canvas_right(canvas, in.y, in.x + 2 + widths.name, widths.shape, TUI_FADED, "shape");
    int x = in.x + 2 + widths.name + widths.shape + 1;
    if (widths.has_dtype)
        tui_canvas_text(canvas, in.y, x, DTYPE_COLS, TUI_FADED, "dtype");
    tui_canvas_right(canvas, in.y, x + widths.dtype, SQNR_COLS, TUI_FADED, "SQNR dB");

    tui_hit_add(app, rect, NULL, 0, tui_act_move);
    bool has_foot = *list->filter != 0;
    int lines = in.rows - 1 - (has_foot ? 1 : 0);
    scroll(app, lines);
    for (int line = 0; line < lines && list->top + (size_t)line < list->visible_count; line++)
        draw_line(app, in.y + 1 + line, in.x, in.cols, list->top + (size_t)line, &widths);
    if (list->visible_count == 0)
        tui_canvas_text(canvas, in.y + 2, in.x + 2, in.cols - 3, TUI_TEXT, "no tensor matches");
    if (has_foot)
        tui_canvas_format(canvas, in.y + in.rows - 1, in.x, in.cols, TUI_KEY, " & %s", list->filter);
}
