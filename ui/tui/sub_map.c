/*
 * Where in the tensor the error is, or the large weights, or the scales: rows down, columns across, a shade for each cell.
 * Where the map is older than the screen and bands share a cell it shows the largest of them.
 *
 *      MSE 7.111e-05 at [576-591,14-15]      rows, columns of the worst
 *      here [648-655,194-195]: MSE 4.1e-05   the cell of the weight that is looked at
 *      ·░▒░░·▒▓
 *      ░·░░▒█░·
 *      · 2.4e-05 … █ 7.111e-05               what the shades mean
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "text/formula.h"
#include "text/number.h"
#include "text/ramp.h"
#include "tui/actions.h"
#include "tui/panes.h"
#include "tui/sub.h"

enum { SIGNED_SHADES = 4, LEAST_ROWS = 9, CAPTION_ROWS = 3 /* from so many on beside as many rows of cells */ };

/* Of negative numbers: bars, so that they differ from shades without colours, too. */
static uint32_t glyph_of(unsigned shade, double value, bool is_signed)
{
    static const uint32_t negative[SIGNED_SHADES + 1] = { ' ', 0x2581, 0x2582, 0x2584, 0x2585 };
    if (!is_signed || shade == 0)
        return text_shade(shade);
    return value < 0 ? negative[shade] : text_shade(shade + 1);
}

static tui_style style_of(double value, const tui_map_kind *kind)
{
    return !kind->is_signed ? (kind->heat == QL_HEAT_MSE ? TUI_ERROR_BARS : TUI_ORIGINAL)
           : value < 0      ? TUI_QUANTIZED
                            : TUI_ORIGINAL;
}

/* Its cell of the map. */
static unsigned find_most(const ql_heat_map *map)
{
    unsigned most = 0;
    for (unsigned i = 1; i < map->row_bands * map->col_bands; i++)
        most = fabs(map->values[i]) > fabs(map->values[most]) ? i : most;
    return most;
}

/* "704-719" of a band, "7" where that is one row or column. */
static void print_band(char *out, size_t size, uint64_t begin, uint64_t count, unsigned bands, unsigned band)
{
    const uint64_t first = begin + ql_band_start(count, bands, band),
                   last = begin + ql_band_start(count, bands, band + 1) - 1;
    if (first == last)
        snprintf(out, size, "%" PRIu64, first);
    else
        snprintf(out, size, "%" PRIu64 "-%" PRIu64, first, last);
}

/* "[704-719,12-15]" of a cell. */
enum { PLACE_SIZE = 100 };
static void print_place(char out[PLACE_SIZE], const ql_heat_map *map, unsigned cell)
{
    char rows[48], cols[48];
    print_band(rows, sizeof rows, map->region.row, map->region.rows, map->row_bands, cell / map->col_bands);
    print_band(cols, sizeof cols, map->region.col, map->region.cols, map->col_bands, cell % map->col_bands);
    snprintf(out, PLACE_SIZE, "[%s,%s]", rows, cols);
}

static const char *label_of(const tui_map_kind *kind, const ql_report *report)
{
    const char *word = text_scale_word(report);
    return kind->label ? kind->label : word ? word : "scale";
}

static void draw_most(tui_canvas *canvas, tui_rect line, const ql_heat_map *map, const tui_map_kind *kind, const char *label,
                      unsigned most)
{
    char place[PLACE_SIZE], value[TEXT_NUMBER_SIZE], more[64];
    print_place(place, map, most);
    text_number(value, map->values[most], TEXT_SIGNIFICANT);
    int used = tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_STRONG, "%s %s", label, value);
    used += tui_canvas_format(canvas, line.y, line.x + used, line.cols - used, TUI_TEXT, " at %s", place);
    snprintf(more, sizeof more, " · %s", kind->most); /* where there is room */
    if (tui_canvas_width(canvas, more) <= line.cols - used)
        tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, more);
}

static void draw_here(tui_canvas *canvas, tui_rect line, const ql_heat_map *map, const char *label, unsigned cell)
{
    char place[PLACE_SIZE], value[TEXT_NUMBER_SIZE];
    print_place(place, map, cell);
    text_number(value, map->values[cell], TEXT_SIGNIFICANT);
    tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_TEXT, "here %s: %s %s", place, label, value);
}

/* What the shades go from and to: magnitudes, of negative and positive numbers alike. */
typedef struct scale {
    double least, most; /* least: above 0 */
    unsigned shades;
    bool is_linear;
} scale;

/* 1 for the least above 0, s->shades for the most. */
static unsigned shade_of(const scale *s, double value)
{
    const double size = fabs(value);
    if (!(size > 0))
        return 0;
    const double from = s->is_linear ? 0 : log(s->least), to = s->is_linear ? s->most : log(s->most);
    const double share = to > from ? ((s->is_linear ? size : log(size)) - from) / (to - from) : 1;
    return 1 + (unsigned)fmax(0, fmin(share * s->shades, s->shades - 1));
}

static void draw_legend(tui_canvas *canvas, tui_rect line, const scale *s, bool is_signed)
{
    char least[TEXT_NUMBER_SIZE], most[TEXT_NUMBER_SIZE], from[5], to[5], text[160];
    text_number(least, s->is_linear ? 0 : s->least, TEXT_SIGNIFICANT);
    text_number(most, s->most, TEXT_SIGNIFICANT);
    text_encode(glyph_of(1, 1, is_signed), from);
    text_encode(glyph_of(s->shades, 1, is_signed), to);
    int used = 0;
    if (is_signed) {
        char negative_from[5], negative_to[5];
        text_encode(glyph_of(1, -1, true), negative_from);
        text_encode(glyph_of(s->shades, -1, true), negative_to);
        snprintf(text, sizeof text, "%s%s<0 ", negative_from, negative_to);
        used = tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_QUANTIZED, text);
        snprintf(text, sizeof text, "%s%s>0 ", from, to);
        used += tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_ORIGINAL, text);
        snprintf(text, sizeof text, "|w| %s…%s%s", least, most, s->is_linear ? "" : " log");
    } else {
        snprintf(text, sizeof text, "%s %s … %s %s%s", from, least, to, most, s->is_linear ? "" : " · log");
    }
    tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, text);
}

/* What a cell of the screen shows: the largest of its bands. */
static double largest_of(const ql_heat_map *map, tui_cells down, tui_cells across, int y, int x)
{
    int row_end, col_end;
    const int first_row = tui_cells_items(down, y, &row_end), first_col = tui_cells_items(across, x, &col_end);
    double largest = 0;
    for (int row = first_row; row < row_end; row++)
        for (int col = first_col; col < col_end; col++) {
            const double value = map->values[(unsigned)row * map->col_bands + (unsigned)col];
            largest = fabs(value) > fabs(largest) ? value : largest;
        }
    return largest;
}

/* The band that holds place `at` of a region's `count`. */
static int band_of(uint64_t count, unsigned bands, uint64_t at)
{
    unsigned band = 0;
    while (band + 1 < bands && ql_band_start(count, bands, band + 1) <= at)
        band++;
    return (int)band;
}

/* The band of the weight that is looked at; false when it is not on the map. */
static bool find_here(const tui_document *document, const ql_heat_map *map, int *row, int *col)
{
    const tui_scope *scope = &document->scope;
    const ql_region *r = &map->region;
    if (!tui_scope_is_placed(document) || scope->row < r->row || scope->row - r->row >= r->rows || scope->col < r->col ||
        scope->col - r->col >= r->cols)
        return false;
    *row = band_of(r->rows, map->row_bands, scope->row - r->row);
    *col = band_of(r->cols, map->col_bands, scope->col - r->col);
    return true;
}

static void draw_cells(tui_app *app, tui_rect rect, const ql_heat_map *map, const tui_map_kind *kind, scale s)
{
    const tui_cells down = tui_cells_of((int)map->row_bands, rect.rows);
    const tui_cells across = tui_cells_of((int)map->col_bands, rect.cols);
    int row = -1, col = -1, end;
    find_here(&app->document, map, &row, &col);
    for (int y = 0; y < down.count; y++)
        for (int x = 0; x < across.count; x++) {
            const double value = largest_of(map, down, across, y, x);
            const int first_row = tui_cells_items(down, y, &end);
            const bool in_row = row >= first_row && row < end;
            const int first_col = tui_cells_items(across, x, &end);
            const bool is_here = in_row && col >= first_col && col < end;
            tui_canvas_put(&app->canvas, rect.y + y, rect.x + x, glyph_of(shade_of(&s, value), value, kind->is_signed),
                           is_here ? TUI_SELECTED : style_of(value, kind));
        }
    app->map.rect = (tui_rect) { rect.y, rect.x, down.count, across.count };
    app->map.drawn = map->region;
    app->map.down = down;
    app->map.across = across;
}

/* The least above 0 that is shown, and the most. */
static scale scale_of(const ql_heat_map *map, const tui_map_kind *kind, bool is_linear)
{
    scale s = { INFINITY, 0, kind->is_signed ? SIGNED_SHADES : TEXT_SHADES, is_linear };
    for (unsigned i = 0; i < map->row_bands * map->col_bands; i++) {
        const double size = fabs(map->values[i]);
        s.least = size > 0 ? fmin(s.least, size) : s.least;
        s.most = fmax(s.most, size);
    }
    return s;
}

static void click(tui_app *app, int unused)
{
    (void)unused;
    app->pane = TUI_EXPLORE_ERROR;
    tui_map_point(app, app->hits.y, app->hits.x);
}

static void turn_wheel(tui_app *app, int towards)
{
    click(app, 0);
    tui_map_zoom(app, -towards);
}

static void draw_map(tui_app *app, tui_rect in, tui_rect line, const tui_seen *seen)
{
    const ql_heat_map *map = seen->made;
    tui_canvas *canvas = &app->canvas;
    const tui_map_kind *kind = tui_map_kind_at(app->map.kind);
    for (int i = 0; tui_map_kind_at(i); i++) /* of an older one while the newer is made */
        kind = tui_map_kind_at(i)->heat == map->kind ? tui_map_kind_at(i) : kind;
    const scale s = scale_of(map, kind, app->linear);
    const char *label = label_of(kind, seen->measure->report);
    int row, col;
    if (s.most <= 0) {
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, kind->none);
        return;
    }
    draw_most(canvas, line, map, kind, label, find_most(map));
    line.y++;
    if (in.rows >= 2 * CAPTION_ROWS) {
        if (find_here(&app->document, map, &row, &col))
            draw_here(canvas, line, map, label, (unsigned)row * map->col_bands + (unsigned)col);
        line.y++;
        draw_legend(canvas, (tui_rect) { in.y + in.rows - 1, line.x, 1, line.cols }, &s, kind->is_signed);
    }
    draw_cells(app, (tui_rect) { line.y, line.x, app->map.room_rows, line.cols }, map, kind, s);
    tui_hit_add(app, app->map.rect, click, 0, turn_wheel);
}

static tui_seen look_at_map(tui_app *app)
{
    const ql_region r = tui_map_region(app);
    const tui_wish wish = { .row = r.row,
                            .col = r.col,
                            .rows = r.rows,
                            .cols = r.cols,
                            .what = tui_map_kind_at(app->map.kind)->heat,
                            .down = app->map.room_rows,
                            .across = app->map.room_cols };
    return tui_looks_wish(&app->document, TUI_LOOK_MAP, &wish);
}

static void take(tui_app *app)
{
    tui_sub_show(app, TUI_EXPLORE_TENSOR, &tui_sub_table);
}

/* Of the cell of the cursor. */
static bool find_number(tui_app *app, tui_number *out)
{
    const tui_seen seen = look_at_map(app);
    const ql_heat_map *map = seen.made;
    char place[PLACE_SIZE];
    int row, col;
    if (!map || !seen.is_exact || !find_here(&app->document, map, &row, &col))
        return false;
    const unsigned cell = (unsigned)row * map->col_bands + (unsigned)col;
    print_place(place, map, cell);
    out->value = map->values[cell];
    snprintf(out->what, sizeof out->what, "%s of %s", label_of(tui_map_kind_at(app->map.kind), seen.measure->report), place);
    return true;
}

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    tui_canvas *canvas = &app->canvas;
    const tui_rect line = { in.y, in.x + 1, 1, in.cols - 2 };
    tui_map *state = &app->map;
    const tui_map_kind *kind = tui_map_kind_at(state->kind);
    const int rows = in.rows - (in.rows >= 2 * CAPTION_ROWS ? CAPTION_ROWS : 1);
    state->room_rows = rows < 1 ? 1 : rows > QL_HEAT_ROWS ? QL_HEAT_ROWS : rows;
    state->room_cols = line.cols < 1 ? 1 : line.cols > QL_HEAT_COLS ? QL_HEAT_COLS : line.cols;
    if (kind->heat == QL_HEAT_SCALE && !measure->report->scales && !measure->is_sampled) {
        tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_FADED, "%s has no scales",
                          ql_mapping_describe(measure->report->spec.mapping)->name);
        return;
    }
    tui_map_follow(app);
    const tui_seen seen = look_at_map(app);
    if (!seen.made) {
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, seen.missing);
        return;
    }
    const bool was_faded = canvas->faded;
    canvas->faded |= !seen.is_exact;
    draw_map(app, in, line, &seen);
    canvas->faded = was_faded;
}

/* "map of the error [0-1023,0-255]" */
static void print_title(const tui_app *app, bool is_short, char *out, size_t size)
{
    const ql_region r = tui_map_region(app);
    snprintf(out, size, "map%s%s [%" PRIu64 "-%" PRIu64 ",%" PRIu64 "-%" PRIu64 "]", is_short ? "" : " of ",
             is_short ? "" : tui_map_kind_at(app->map.kind)->name, r.row, r.row + r.rows - 1, r.col, r.col + r.cols - 1);
}

const tui_sub tui_sub_map = {
    .name = "map",
    .draw = draw,
    .title = print_title,
    .least_rows = LEAST_ROWS,
    .context = TUI_IN_CELLS | TUI_IN_MAP | TUI_IN_KINDS,
    .step = tui_map_step,
    .next = tui_map_next_kind,
    .take = take,
    .number = find_number,
};
