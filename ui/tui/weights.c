/* Single weights: which are shown, and from one to the next. */
#include "tui/weights.h"

#include "tui/app.h"

enum { WINDOW_ROWS = 64, WINDOW_COLS = 64 }; /* at most QL_WINDOW_MOST */
enum { BYTES_AROUND = 1600 };

static const tui_field fields[TUI_FIELD_COUNT] = {
    [TUI_FIELD_W] = { "w", "weights as stored" },
    [TUI_FIELD_CODE] = { "code", "codes" },
    [TUI_FIELD_Y] = { "y", "values after the round trip" },
    [TUI_FIELD_E] = { "e", "errors w - y" },
};

const tui_field *tui_field_at(int index)
{
    return index >= 0 && index < TUI_FIELD_COUNT ? &fields[index] : NULL;
}

void tui_table_next_field(tui_app *app, int direction)
{
    app->table.field = (app->table.field + TUI_FIELD_COUNT + direction) % TUI_FIELD_COUNT;
}

/* ---- What is shown ---------------------------------------------------------------------------------------------- */

/* The first of `shown` of `total`, moved as little as needed to have `at` among them. */
static uint64_t follow(uint64_t first, uint64_t shown, uint64_t total, uint64_t at)
{
    const uint64_t last = total > shown ? total - shown : 0;
    first = at < first ? at : at >= first + shown ? at - shown + 1 : first;
    return first > last ? last : first;
}

/* `size` of `total` with [first, first + shown) in their middle. */
static void surround(uint64_t first, uint64_t shown, uint64_t total, uint64_t size, uint64_t *begin, uint64_t *count)
{
    *count = total < size ? total : size;
    const uint64_t margin = *count > shown ? (*count - shown) / 2 : 0;
    *begin = first > margin ? first - margin : 0;
    *begin = *begin > total - *count ? total - *count : *begin;
}

static bool holds(const ql_region *window, uint64_t top, uint64_t rows, uint64_t left, uint64_t cols)
{
    return window->row <= top && top + rows <= window->row + window->rows && window->col <= left &&
           left + cols <= window->col + window->cols;
}

tui_wish tui_table_follow(tui_app *app, int rows, int cols)
{
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    const tui_scope *scope = &app->document.scope;
    tui_table *table = &app->table;
    if (table->tensor != app->document.tensor) {
        table->tensor = app->document.tensor;
        table->top = table->left = 0;
        table->window = (ql_region) { 0 };
    }
    rows = rows > WINDOW_ROWS ? WINDOW_ROWS : rows < 1 ? 1 : rows;
    cols = cols > WINDOW_COLS ? WINDOW_COLS : cols < 1 ? 1 : cols;
    table->rows = tensor->rows < (uint64_t)rows ? (int)tensor->rows : rows;
    table->cols = tensor->cols < (uint64_t)cols ? (int)tensor->cols : cols;
    table->top = follow(table->top, (uint64_t)table->rows, tensor->rows, scope->row);
    table->left = follow(table->left, (uint64_t)table->cols, tensor->cols, scope->col);
    if (!holds(&table->window, table->top, (uint64_t)table->rows, table->left, (uint64_t)table->cols)) {
        ql_region *w = &table->window;
        surround(table->top, (uint64_t)table->rows, tensor->rows, WINDOW_ROWS, &w->row, &w->rows);
        surround(table->left, (uint64_t)table->cols, tensor->cols, WINDOW_COLS, &w->col, &w->cols);
    }
    return (tui_wish) {
        .row = table->window.row, .col = table->window.col, .rows = table->window.rows, .cols = table->window.cols
    };
}

tui_wish tui_bytes_wish(const tui_app *app)
{
    return (tui_wish) { .row = app->document.scope.row, .col = app->document.scope.col };
}

/* ---- From one to the next --------------------------------------------------------------------------------------- */

/* at + by, inside 0 ... total - 1. */
static uint64_t move(uint64_t at, int64_t by, uint64_t total)
{
    const uint64_t far = (uint64_t)(by < 0 ? -by : by);
    return by < 0 ? (at > far ? at - far : 0) : (total - 1 - at > far ? at + far : total - 1);
}

void tui_table_step(tui_app *app, tui_step step)
{
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    uint64_t row = app->document.scope.row, col = app->document.scope.col;
    const int64_t page = app->table.rows > 1 ? app->table.rows - 1 : 1;
    switch (step) {
    case TUI_STEP_LEFT:
    case TUI_STEP_RIGHT:
        col = move(col, step == TUI_STEP_LEFT ? -1 : 1, tensor->cols);
        break;
    case TUI_STEP_UP:
    case TUI_STEP_DOWN:
        row = move(row, step == TUI_STEP_UP ? -1 : 1, tensor->rows);
        break;
    case TUI_STEP_PAGE_UP:
    case TUI_STEP_PAGE_DOWN:
        row = move(row, step == TUI_STEP_PAGE_UP ? -page : page, tensor->rows);
        break;
    case TUI_STEP_FIRST:
    case TUI_STEP_LAST:
        col = step == TUI_STEP_FIRST ? 0 : tensor->cols - 1;
        break;
    }
    tui_scope_go(&app->document, row, col);
}

void tui_bytes_step(tui_app *app, tui_step step)
{
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    const int64_t line = app->table.line_elements > 1 ? app->table.line_elements : 1;
    const int64_t page = line * (app->table.lines > 1 ? app->table.lines - 1 : 1);
    const uint64_t total = tensor->element_count;
    uint64_t at = ql_tensor_index(tensor, app->document.scope.row, app->document.scope.col);
    const int64_t by[] = {
        [TUI_STEP_LEFT] = -1,
        [TUI_STEP_RIGHT] = 1,
        [TUI_STEP_UP] = -line,
        [TUI_STEP_DOWN] = line,
        [TUI_STEP_PAGE_UP] = -page,
        [TUI_STEP_PAGE_DOWN] = page,
        [TUI_STEP_FIRST] = INT64_MIN + 1,
        [TUI_STEP_LAST] = INT64_MAX,
    };
    uint64_t row, col;
    at = move(at, by[step], total);
    ql_tensor_place(tensor, at, &row, &col);
    tui_scope_go(&app->document, row, col);
}

/* ---- Looks -------------------------------------------------------------------------------------------------------- */

ql_status tui_weights_make(const tui_look_work *work, void **out, ql_error *error)
{
    ql_window *window = NULL;
    const ql_region region = { work->wish.row, work->wish.col, work->wish.rows, work->wish.cols };
    const ql_status status =
        ql_window_make(work->engine, work->profile, work->report, &region, work->monitor, &window, error);
    *out = window;
    return status;
}

void tui_weights_free(void *made)
{
    ql_window *window = made;
    ql_window_free(&window);
}

ql_status tui_bytes_make(const tui_look_work *work, void **out, ql_error *error)
{
    ql_stored_bytes *bytes = NULL;
    const ql_tensor *tensor = work->profile->tensor;
    const ql_status status = ql_stored_bytes_make(tensor, ql_tensor_index(tensor, work->wish.row, work->wish.col),
                                                  BYTES_AROUND, BYTES_AROUND, &bytes, error);
    *out = bytes;
    return status;
}

void tui_bytes_free(void *made)
{
    ql_stored_bytes *bytes = made;
    ql_stored_bytes_free(&bytes);
}
