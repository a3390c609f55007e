/*
 * SQNR against true bits per weight: the columns as capital letters, what else was tried as small ones. A point is on the
 * Pareto edge (marked) when none has as few bits and a higher SQNR; dots mark the edge.
 *
 *   43┤                 ······k◆        spec                 bits/wt   dB
 *   24┤        ····i◆··       A      b  absmax:bits=4...     4.125  17.73
 *    4┤ a◆··D◆·                    ▶ c◆ int4g                4.156  19.77
 *     └ 4        6         8 bits
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/number.h"
#include "tui/actions.h"
#include "tui/compare.h"

enum { LABEL_COLS = 5, LEAST_LIST = 34, MOST_LIST = 52, POINTS_MOST = TUI_PINS_MOST + TUI_TRIALS_MOST };

typedef struct point {
    char letter;
    const char *spec_text;
    double bits, db;
    size_t index; /* of the column, or of the trial */
    bool is_column, is_selected;
    bool is_edge;
} point;

static void add_hit(tui_app *app, tui_rect rect, const point *p)
{
    if (p->is_column)
        tui_hit_add(app, rect, tui_act_column_at, TUI_COLUMN_AT(TUI_COMPARE_BITS, (int)p->index), NULL);
    else
        tui_hit_add(app, rect, tui_act_trial_at, (int)p->index, NULL);
}

static void mark_edge(point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        points[i].is_edge = true;
        for (size_t k = 0; k < count; k++)
            if (points[k].bits <= points[i].bits &&
                (points[k].db > points[i].db || (points[k].db == points[i].db && points[k].bits < points[i].bits)))
                points[i].is_edge = false;
    }
}

/* Returns how many. */
static size_t list_points(const tui_app *app, point out[POINTS_MOST])
{
    const tui_document *document = &app->document;
    const tui_trials *trials = &document->pins.trials;
    size_t count = 0;
    for (size_t i = 0; i < trials->count; i++) {
        const tui_trial *trial = &trials->trials[i];
        if (trial->is_known && trial->tensor == document->tensor && isfinite(trial->sqnr_db))
            out[count++] = (point) { .letter = (char)('a' + i),
                                     .spec_text = trial->spec_text,
                                     .bits = trial->bits,
                                     .db = trial->sqnr_db,
                                     .index = i,
                                     .is_selected = i == trials->at };
    }
    for (size_t i = 0; i < document->pins.count; i++) {
        const tui_shown_column column = tui_shown_column_of(app, i);
        if (column.is_exact && column.report && isfinite(column.report->metrics[QL_SQNR_DB]))
            out[count++] = (point) { .letter = column.letter,
                                     .spec_text = column.spec_text,
                                     .bits = column.report->bits_per_weight,
                                     .db = column.report->metrics[QL_SQNR_DB],
                                     .index = i,
                                     .is_column = true,
                                     .is_selected = column.is_selected };
    }
    mark_edge(out, count);
    return count;
}

typedef struct scale {
    tui_rect plot;
    double bits_lo, bits_hi, db_lo, db_hi;
} scale;

static scale scale_of(tui_rect plot, const point *points, size_t count)
{
    scale s = { plot, INFINITY, -INFINITY, INFINITY, -INFINITY };
    for (size_t i = 0; i < count; i++) {
        s.bits_lo = fmin(s.bits_lo, floor(points[i].bits));
        s.bits_hi = fmax(s.bits_hi, ceil(points[i].bits));
        s.db_lo = fmin(s.db_lo, points[i].db);
        s.db_hi = fmax(s.db_hi, points[i].db);
    }
    s.bits_hi = fmax(s.bits_hi, s.bits_lo + 1);
    s.db_hi = fmax(s.db_hi, s.db_lo + 1);
    return s;
}

static int x_of(const scale *s, double bits)
{
    return s->plot.x + (int)((bits - s->bits_lo) / (s->bits_hi - s->bits_lo) * (s->plot.cols - 2) + 0.5);
}

static int y_of(const scale *s, double db)
{
    return s->plot.y + s->plot.rows - 1 - (int)((db - s->db_lo) / (s->db_hi - s->db_lo) * (s->plot.rows - 1) + 0.5);
}

/* What the best SQNR is up to so many bits. */
static void draw_edge(tui_canvas *canvas, const scale *s, const point *points, size_t count)
{
    for (int x = s->plot.x; x < s->plot.x + s->plot.cols; x++) {
        double best = -INFINITY;
        for (size_t i = 0; i < count; i++)
            if (x_of(s, points[i].bits) <= x)
                best = fmax(best, points[i].db);
        if (isfinite(best))
            tui_canvas_put(canvas, y_of(s, best), x, 0x00B7, TUI_FADED);
    }
}

static void draw_axes(tui_canvas *canvas, const scale *s)
{
    const tui_rect plot = s->plot;
    const int middle = plot.y + plot.rows / 2;
    char text[TEXT_NUMBER_SIZE];
    for (int y = plot.y; y < plot.y + plot.rows; y++) {
        const bool is_told = y == plot.y || y == plot.y + plot.rows - 1 || (y == middle && plot.rows >= 5);
        if (is_told) {
            const double db = s->db_hi - (s->db_hi - s->db_lo) * (y - plot.y) / (plot.rows > 1 ? plot.rows - 1 : 1);
            snprintf(text, sizeof text, "%.0f", db);
            tui_canvas_right(canvas, y, plot.x - LABEL_COLS, LABEL_COLS - 1, TUI_FADED, text);
        }
        tui_canvas_put(canvas, y, plot.x - 1, is_told ? 0x2524 : 0x2502, TUI_FRAME);
    }
    const int y = plot.y + plot.rows;
    tui_canvas_text(canvas, y, plot.x - LABEL_COLS, LABEL_COLS - 1, TUI_FADED, " dB");
    int last = plot.x - 2;
    for (double bits = s->bits_lo; bits <= s->bits_hi; bits++) {
        const int x = x_of(s, bits);
        if (x <= last + 1)
            continue;
        last = x + tui_canvas_format(canvas, y, x, plot.x + plot.cols - x, TUI_FADED, "%.0f", bits);
    }
    if (plot.x + plot.cols - last > 6)
        tui_canvas_right(canvas, y, last, plot.x + plot.cols - last, TUI_FADED, "bits");
}

typedef struct place {
    int x, y;
} place;

/* A letter and its mark take two cells: where they would cover others they move a little aside. False when there is no room:
 * the point is in the list all the same. */
static bool find_place(const scale *s, const point *p, const place *taken, size_t taken_count, place *out)
{
    static const int aside[] = { 0, -1, 1, -2, 2 };
    for (size_t i = 0; i < sizeof aside / sizeof aside[0]; i++) {
        *out = (place) { x_of(s, p->bits) + aside[i], y_of(s, p->db) };
        bool is_free = out->x >= s->plot.x && out->x + 1 < s->plot.x + s->plot.cols;
        for (size_t k = 0; k < taken_count; k++)
            is_free &= taken[k].y != out->y || abs(taken[k].x - out->x) >= 2;
        if (is_free)
            return true;
    }
    return false;
}

/* The columns first, then what is on the edge. */
static void draw_points(tui_app *app, const scale *s, const point *points, size_t count)
{
    tui_canvas *canvas = &app->canvas;
    place taken[POINTS_MOST];
    size_t taken_count = 0;
    draw_edge(canvas, s, points, count);
    for (int turn = 0; turn < 3; turn++)
        for (size_t i = 0; i < count; i++) {
            const point *p = &points[i];
            place at;
            if (turn != (p->is_column ? 0 : p->is_edge ? 1 : 2) || !find_place(s, p, taken, taken_count, &at))
                continue;
            taken[taken_count++] = at;
            add_hit(app, (tui_rect) { at.y, at.x, 1, 2 }, p);
            tui_canvas_put(canvas, at.y, at.x + 1, p->is_edge ? 0x25C6 : ' ', TUI_GOOD);
            tui_canvas_put(canvas, at.y, at.x, (uint32_t)p->letter,
                           p->is_column ? p->is_selected ? TUI_SELECTED : TUI_QUANTIZED : TUI_ORIGINAL);
        }
}

/* One line of the list; the spec gives way to the numbers. */
static void draw_entry(tui_canvas *canvas, tui_rect line, const point *entry, bool selected)
{
    char numbers[64], spec[TUI_SPEC_SHOWN];
    tui_show_spec(spec, entry->spec_text);
    snprintf(numbers, sizeof numbers, " %6.3f %6.2f", entry->bits, entry->db);
    const tui_style style = selected ? TUI_SELECTED : TUI_TEXT;
    if (selected)
        tui_canvas_clear(canvas, line, TUI_SELECTED);
    tui_canvas_put(canvas, line.y, line.x, (uint32_t)entry->letter,
                   selected           ? TUI_SELECTED
                   : entry->is_column ? TUI_QUANTIZED
                                      : TUI_ORIGINAL);
    if (entry->is_edge)
        tui_canvas_put(canvas, line.y, line.x + 1, 0x25C6, selected ? TUI_SELECTED : TUI_GOOD);
    const int room = line.cols - 3 - tui_canvas_width(canvas, numbers);
    tui_canvas_middle(canvas, line.y, line.x + 3, room, style, spec);
    tui_canvas_right(canvas, line.y, line.x + 3 + room, line.cols - 3 - room, style, numbers);
}

/* By falling SQNR. */
static void sort_points(const point *points, size_t count, size_t order[POINTS_MOST])
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && points[order[at - 1]].db < points[i].db; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

void tui_compare_bits_move(tui_app *app, int lines)
{
    point points[POINTS_MOST];
    size_t order[POINTS_MOST], trials[POINTS_MOST], trial_count = 0, at = 0;
    const size_t count = list_points(app, points);
    sort_points(points, count, order);
    for (size_t i = 0; i < count; i++) {
        if (points[order[i]].is_column)
            continue;
        at = points[order[i]].is_selected ? trial_count : at;
        trials[trial_count++] = points[order[i]].index;
    }
    app->pane = TUI_COMPARE_BITS;
    if (trial_count == 0)
        return;
    const size_t step = lines < 0 ? trial_count - (size_t)-lines % trial_count : (size_t)lines;
    app->document.pins.trials.at = trials[(at + step) % trial_count];
}

/* Around the selected trial when not all fit. */
static void draw_list(tui_app *app, tui_rect rect, const point *points, size_t count, bool focused)
{
    size_t order[POINTS_MOST], selected = 0;
    sort_points(points, count, order);
    for (size_t i = 0; i < count; i++)
        if (points[order[i]].is_selected && points[order[i]].is_column != focused)
            selected = i;
    enum { HEADED_ROWS = 4 };
    if (rect.rows >= HEADED_ROWS) {
        tui_canvas_text(&app->canvas, rect.y, rect.x + 3, rect.cols - 3, TUI_FADED, "spec");
        tui_canvas_right(&app->canvas, rect.y, rect.x + 8, rect.cols - 8, TUI_FADED, "bits/wt     dB");
        rect.y++;
        rect.rows--;
    }
    const size_t lines = rect.rows > 0 ? (size_t)rect.rows : 0;
    size_t first = selected >= lines / 2 ? selected - lines / 2 : 0;
    first = first + lines > count ? count > lines ? count - lines : 0 : first;
    for (size_t i = first; i < count && i < first + lines; i++) {
        const point *entry = &points[order[i]];
        const tui_rect line = { rect.y + (int)(i - first), rect.x, 1, rect.cols };
        add_hit(app, line, entry);
        draw_entry(&app->canvas, line, entry, focused && entry->is_selected && !entry->is_column);
    }
}

void tui_compare_bits(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    point points[POINTS_MOST];
    const size_t count = list_points(app, points);
    const tui_rect in = tui_canvas_box(canvas, rect, focused, "SQNR against bits",
                                       focused ? "[ ] choose · Enter adds · ◆ Pareto" : "◆ on the Pareto edge");
    if (count == 0 || in.rows < 3 || in.cols < LABEL_COLS + 8) {
        tui_canvas_wrap(canvas, (tui_rect) { in.y, in.x + 1, in.rows, in.cols - 2 }, TUI_TEXT,
                        count ? "more room is needed here" : "measuring");
        return;
    }
    int list = in.cols / 2 > MOST_LIST ? MOST_LIST : in.cols / 2;
    list = list < LEAST_LIST && in.cols < LEAST_LIST + 24 ? 0 : list < LEAST_LIST ? LEAST_LIST : list;
    const scale s = scale_of(
        (tui_rect) { in.y, in.x + LABEL_COLS, in.rows - 1, in.cols - LABEL_COLS - (list ? list + 2 : 1) }, points, count);
    draw_axes(canvas, &s);
    draw_points(app, &s, points, count);
    if (list)
        draw_list(app, (tui_rect) { in.y, in.x + in.cols - list - 1, in.rows, list }, points, count, focused);
}
