/*
 * Single weights as in a spreadsheet, around the one that is looked at: as stored, or their codes, values and errors.
 *
 *                  192       193     ▾ 194       195
 *         653   0.0123   -0.0456    0.0789    0.0012
 *       ▸ 654   0.0100    0.0021   [0.3147]   0.0042
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"
#include "tui/panes.h"
#include "tui/sub.h"

enum { CELL_COLS = 11, LEAST_ROWS = 8, CAPTION_ROWS = 4 /* from so many lines on there is one */ };

static void print_cell(char out[TEXT_NUMBER_SIZE], const ql_window *window, size_t at, int field)
{
    if (field == TUI_FIELD_CODE)
        snprintf(out, TEXT_NUMBER_SIZE, window->is_outlier[at] ? "half" : "%d", window->codes[at]);
    else
        text_number(out,
                    field == TUI_FIELD_W   ? window->w[at]
                    : field == TUI_FIELD_Y ? (double)window->y[at]
                                           : (double)(window->x[at] - window->y[at]),
                    TEXT_SIGNIFICANT);
}

/* All four numbers of the weight that is looked at. */
static void draw_caption(tui_canvas *canvas, tui_rect line, const tui_scope *scope, const ql_window *window, size_t at)
{
    int used = tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_STRONG, "W[%" PRIu64 "][%" PRIu64 "]", scope->row,
                                 scope->col);
    for (int field = 0; field < TUI_FIELD_COUNT; field++) {
        char number[TEXT_NUMBER_SIZE], text[TEXT_NUMBER_SIZE + 16];
        print_cell(number, window, at, field);
        snprintf(text, sizeof text, "  %s %s", tui_field_at(field)->name, number);
        if (tui_canvas_width(canvas, text) > line.cols - used)
            break;
        used += tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_TEXT, text);
    }
}

/* Of rows on the left. */
static int label_cells(const ql_tensor *tensor)
{
    char last[24];
    return snprintf(last, sizeof last, "%" PRIu64, tensor->rows - 1) + 1;
}

static void draw_heads(tui_app *app, tui_rect line, int labels)
{
    const tui_table *table = &app->table;
    const uint64_t here = app->document.scope.col;
    for (int col = 0; col < table->cols; col++) {
        char text[24];
        const uint64_t at = table->left + (uint64_t)col;
        snprintf(text, sizeof text, "%" PRIu64, at);
        tui_canvas_right(&app->canvas, line.y, line.x + labels + col * CELL_COLS, CELL_COLS - 1,
                         at == here ? TUI_STRONG : TUI_FADED, text);
    }
}

static void draw_row(tui_app *app, tui_rect line, int labels, const ql_window *window, uint64_t row, bool has_focus)
{
    const tui_table *table = &app->table;
    const tui_scope *scope = &app->document.scope;
    const ql_region *r = &window->region;
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, row);
    tui_canvas_right(&app->canvas, line.y, line.x, labels - 1, row == scope->row ? TUI_STRONG : TUI_FADED, text);
    for (int i = 0; i < table->cols; i++) {
        const uint64_t col = table->left + (uint64_t)i;
        const tui_rect cell = { line.y, line.x + labels + i * CELL_COLS, 1, CELL_COLS };
        const bool is_here = row == scope->row && col == scope->col;
        if (row < r->row || row - r->row >= r->rows || col < r->col || col - r->col >= r->cols)
            continue; /* of an older window */
        char number[TEXT_NUMBER_SIZE], marked[TEXT_NUMBER_SIZE + 2];
        print_cell(number, window, (size_t)((row - r->row) * r->cols + (col - r->col)), table->field);
        snprintf(marked, sizeof marked, is_here ? "[%s]" : "%s ", number);
        tui_canvas_right(&app->canvas, cell.y, cell.x, cell.cols, is_here && has_focus ? TUI_SELECTED : TUI_TEXT, marked);
    }
}

static void click(tui_app *app, int labels)
{
    const tui_table *table = &app->table;
    const tui_rect *rect = &app->table.rect;
    const int row = app->hits.y - rect->y, col = (app->hits.x - rect->x - labels) / CELL_COLS;
    app->pane = TUI_EXPLORE_TENSOR;
    if (row >= 0 && row < table->rows && col >= 0 && col < table->cols)
        tui_scope_go(&app->document, table->top + (uint64_t)row, table->left + (uint64_t)col);
}

static void turn_wheel(tui_app *app, int towards)
{
    app->pane = TUI_EXPLORE_TENSOR;
    tui_table_step(app, towards < 0 ? TUI_STEP_UP : TUI_STEP_DOWN);
}

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    tui_canvas *canvas = &app->canvas;
    tui_table *table = &app->table;
    const ql_tensor *tensor = ql_model_tensor(app->document.model, measure->tensor);
    const int labels = label_cells(tensor), captions = in.rows >= CAPTION_ROWS;
    const tui_rect line = { in.y, in.x + 1, 1, in.cols - 2 };
    if (!tui_scope_is_placed(&app->document))
        return;
    const tui_wish wish = tui_table_follow(app, in.rows - 1 - captions, (line.cols - labels) / CELL_COLS);
    const tui_seen seen = tui_looks_wish(&app->document, TUI_LOOK_WEIGHTS, &wish);
    const ql_window *window = seen.made;
    if (!window) {
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, seen.missing);
        return;
    }
    const bool was_faded = canvas->faded, has_focus = app->pane == TUI_EXPLORE_TENSOR && app->home == TUI_IN_VIEW;
    const ql_region *r = &window->region;
    const tui_scope *scope = &app->document.scope;
    canvas->faded |= !seen.is_exact;
    if (captions && scope->row >= r->row && scope->row - r->row < r->rows && scope->col >= r->col &&
        scope->col - r->col < r->cols)
        draw_caption(canvas, line, scope, window, (size_t)((scope->row - r->row) * r->cols + (scope->col - r->col)));
    draw_heads(app, (tui_rect) { line.y + captions, line.x, 1, line.cols }, labels);
    table->rect = (tui_rect) { line.y + captions + 1, line.x, table->rows, line.cols };
    for (int i = 0; i < table->rows && i < in.rows - 1 - captions; i++)
        draw_row(app, (tui_rect) { table->rect.y + i, line.x, 1, line.cols }, labels, window, table->top + (uint64_t)i,
                 has_focus);
    tui_hit_add(app, table->rect, click, labels, turn_wheel);
    canvas->faded = was_faded;
}

/* What the cell of the cursor holds. */
static bool find_number(tui_app *app, tui_number *out)
{
    const tui_table *table = &app->table;
    const tui_scope *scope = &app->document.scope;
    const ql_region *r = &table->window;
    if (!tui_scope_is_placed(&app->document) || table->tensor != app->document.tensor || r->rows == 0)
        return false;
    const tui_wish wish = { .row = r->row, .col = r->col, .rows = r->rows, .cols = r->cols };
    const tui_seen seen = tui_looks_wish(&app->document, TUI_LOOK_WEIGHTS, &wish);
    const ql_window *window = seen.made;
    if (!window || !seen.is_exact)
        return false;
    const size_t at = (size_t)((scope->row - r->row) * r->cols + (scope->col - r->col));
    out->value = table->field == TUI_FIELD_W      ? window->w[at]
                 : table->field == TUI_FIELD_CODE ? window->codes[at]
                 : table->field == TUI_FIELD_Y    ? (double)window->y[at]
                                                  : (double)(window->x[at] - window->y[at]);
    snprintf(out->what, sizeof out->what, "%s of W[%" PRIu64 "][%" PRIu64 "]", tui_field_at(table->field)->name, scope->row,
             scope->col);
    return true;
}

/* "weights as stored [640-655,192-195]" */
static void print_title(const tui_app *app, bool is_short, char *out, size_t size)
{
    const tui_table *table = &app->table;
    const tui_field *field = tui_field_at(table->field);
    if (is_short)
        snprintf(out, size, "%s", field->meaning);
    else
        snprintf(out, size, "%s [%" PRIu64 "-%" PRIu64 ",%" PRIu64 "-%" PRIu64 "]", field->meaning, table->top,
                 table->top + (uint64_t)(table->rows > 0 ? table->rows - 1 : 0), table->left,
                 table->left + (uint64_t)(table->cols > 0 ? table->cols - 1 : 0));
}

const tui_sub tui_sub_table = {
    .name = "weights",
    .draw = draw,
    .title = print_title,
    .least_rows = LEAST_ROWS,
    .context = TUI_IN_CELLS | TUI_IN_KINDS,
    .step = tui_table_step,
    .next = tui_table_next_field,
    .number = find_number,
};
