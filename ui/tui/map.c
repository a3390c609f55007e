/* Which part of a tensor the map shows, and how keys move it. */
#include "tui/map.h"

#include "tui/app.h"

static const tui_map_kind kinds[] = {
    { QL_HEAT_MSE, "the error", "MSE", "the worst of the map", "no error anywhere", false },
    { QL_HEAT_PEAK, "the largest weights", "w", "the largest of the map", "no weight but 0", true },
    { QL_HEAT_MEAN_ABS, "mean |w|", "mean |w|", "the largest of the map", "no weight but 0", false },
    { QL_HEAT_SCALE, "the scales", NULL, "the largest of the map", "no scale but 0", false },
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

const tui_map_kind *tui_map_kind_at(int index)
{
    return index >= 0 && index < KIND_COUNT ? &kinds[index] : NULL;
}

ql_region tui_map_region(const tui_app *app)
{
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    const tui_map *map = &app->map;
    return map->tensor == app->document.tensor && map->region.rows > 0 ? map->region
                                                                       : (ql_region) { 0, 0, tensor->rows, tensor->cols };
}

unsigned tui_map_bands(uint64_t count, int room)
{
    const unsigned cells = room < 1 ? 1 : (unsigned)room;
    return count < cells ? (unsigned)count : cells;
}

/* The first of `size` of `total` in a row, so that `at` lies among them: where they are now, or as close to it as can be. */
static uint64_t follow(uint64_t first, uint64_t size, uint64_t total, uint64_t at)
{
    first = at < first ? at : at >= first + size ? at - size + 1 : first;
    return first > total - size ? total - size : first;
}

static void set_region(tui_app *app, ql_region region)
{
    app->map.tensor = app->document.tensor;
    app->map.region = region;
}

void tui_map_follow(tui_app *app)
{
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    const tui_scope *scope = &app->document.scope;
    ql_region r = tui_map_region(app);
    if (!tui_scope_is_placed(&app->document))
        return;
    r.row = follow(r.row, r.rows, tensor->rows, scope->row);
    r.col = follow(r.col, r.cols, tensor->cols, scope->col);
    set_region(app, r);
}

/* ---- From cell to cell ------------------------------------------------------------------------------------------ */

/* Of one direction: a region [first, first + size) of `total`, in bands. */
typedef struct axis {
    uint64_t first, size, total, at;
    unsigned bands;
} axis;

static unsigned band_of(const axis *a)
{
    unsigned band = 0;
    while (band + 1 < a->bands && ql_band_start(a->size, a->bands, band + 1) <= a->at - a->first)
        band++;
    return band;
}

/* Where `at` comes to by so many bands; what is shown moves with it at the ends. */
static uint64_t move(const axis *a, int bands)
{
    const int64_t band = (int64_t)band_of(a) + bands;
    if (band >= 0 && band < a->bands)
        return a->first + ql_band_start(a->size, a->bands, (unsigned)band);
    const uint64_t width = a->size / a->bands, far = width * (uint64_t)(bands < 0 ? -bands : bands);
    const uint64_t last = a->total - 1;
    return bands < 0 ? (a->at > far ? a->at - far : 0) : (last - a->at > far ? a->at + far : last);
}

static const struct {
    int down, right; /* in cells, or in pages: of what is shown */
    bool is_page;
} steps[] = {
    [TUI_STEP_LEFT] = { 0, -1, false }, [TUI_STEP_RIGHT] = { 0, 1, false },   [TUI_STEP_UP] = { -1, 0, false },
    [TUI_STEP_DOWN] = { 1, 0, false },  [TUI_STEP_PAGE_UP] = { -1, 0, true }, [TUI_STEP_PAGE_DOWN] = { 1, 0, true },
    [TUI_STEP_FIRST] = { 0, -1, true }, [TUI_STEP_LAST] = { 0, 1, true },
};

void tui_map_step(tui_app *app, tui_step step)
{
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    const tui_scope *scope = &app->document.scope;
    tui_map_follow(app);
    const ql_region r = tui_map_region(app);
    axis rows = { r.row, r.rows, tensor->rows, scope->row, tui_map_bands(r.rows, app->map.room_rows) };
    axis cols = { r.col, r.cols, tensor->cols, scope->col, tui_map_bands(r.cols, app->map.room_cols) };
    const int down = steps[step].down * (steps[step].is_page ? (int)rows.bands : 1);
    const int right = steps[step].right * (steps[step].is_page ? (int)cols.bands : 1);
    const uint64_t row = down ? move(&rows, down) : scope->row, col = right ? move(&cols, right) : scope->col;
    tui_scope_go(&app->document, row, col);
    tui_map_follow(app);
}

void tui_map_point(tui_app *app, int y, int x)
{
    const tui_map *map = &app->map;
    const ql_region *r = &map->drawn;
    int end;
    if (map->down.count == 0 || map->across.count == 0)
        return;
    const int line = y - map->rect.y, place = x - map->rect.x;
    const int row = tui_cells_items(map->down, line < map->down.count ? line : map->down.count - 1, &end);
    const int col = tui_cells_items(map->across, place < map->across.count ? place : map->across.count - 1, &end);
    tui_scope_go(&app->document, r->row + ql_band_start(r->rows, (unsigned)map->down.items, (unsigned)row),
                 r->col + ql_band_start(r->cols, (unsigned)map->across.items, (unsigned)col));
}

/* ---- Closer and farther ------------------------------------------------------------------------------------------ */

/* Half as many, but as many as there are cells. */
static uint64_t closer(uint64_t size, int room)
{
    const uint64_t cells = room < 1 ? 1 : (uint64_t)room, half = size / 2 + size % 2;
    return size <= cells ? size : half > cells ? half : cells;
}

static uint64_t farther(uint64_t size, uint64_t total)
{
    return size < total - size ? 2 * size : total;
}

/* The first of the new ones, so that `at` stays where it is on the screen. */
static uint64_t keep_place(uint64_t first, uint64_t size, uint64_t at, uint64_t new_size, uint64_t total)
{
    const double share = size ? (double)(at - first) / (double)size : 0;
    const uint64_t before = (uint64_t)(share * (double)new_size);
    const uint64_t begin = at > before ? at - before : 0;
    return begin > total - new_size ? total - new_size : begin;
}

void tui_map_zoom(tui_app *app, int direction)
{
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    const tui_scope *scope = &app->document.scope;
    tui_map_follow(app);
    const ql_region r = tui_map_region(app);
    ql_region to = { .rows = direction > 0 ? closer(r.rows, app->map.room_rows) : farther(r.rows, tensor->rows),
                     .cols = direction > 0 ? closer(r.cols, app->map.room_cols) : farther(r.cols, tensor->cols) };
    if (to.rows == r.rows && to.cols == r.cols) {
        tui_document_say(&app->document, false,
                         direction > 0 ? "every weight has a cell of its own" : "that is the whole tensor");
        return;
    }
    to.row = keep_place(r.row, r.rows, scope->row, to.rows, tensor->rows);
    to.col = keep_place(r.col, r.cols, scope->col, to.cols, tensor->cols);
    set_region(app, to);
}

void tui_map_show_all(tui_app *app)
{
    app->map.region = (ql_region) { 0 };
}

void tui_map_next_kind(tui_app *app, int direction)
{
    app->map.kind = (app->map.kind + KIND_COUNT + direction) % KIND_COUNT;
}
