/*
 * The distribution: the original above, the dequantized values below on the same axes, the grid between them.
 *
 *      original  -1.64 … 1.15 · 512 bins
 *   1k           ▁▃██▃▁
 *      ──[─────────────────────]── -0.5…0.5     the clip range
 *      dequantized · step 0.0129                dots: where the original's bars end
 *   1k          · █·█ █
 *      ╵   ╵   ╵   ╵   ╵   ╵   ╵   ╵            the grid: values that a weight can take
 *     -1.64               0              1.15
 *      codes ▕·░▒▓█▓▒░·▏ 126 of 255
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/formula.h"
#include "text/number.h"
#include "text/ramp.h"
#include "tui/sub.h"
#include "tui/values.h"

enum { COUNT_COLS = 5 }; /* beside the plots */

static void print_outside(tui_outside counts, bool is_brief, char *out, size_t size)
{
    char below[TEXT_NUMBER_SIZE], above[TEXT_NUMBER_SIZE];
    const char *about = counts.is_rough ? "≈" : "";
    text_count(below, counts.below);
    text_count(above, counts.above);
    if (counts.below == 0 && counts.above == 0)
        snprintf(out, size, "%s0 outside", about);
    else if (is_brief)
        snprintf(out, size, "%s%s ◂ ▸ %s%s", about, below, about, above);
    else if (counts.below == 0 || counts.above == 0)
        snprintf(out, size, "%s%s %s", about, counts.below ? below : above, counts.below ? "below" : "above");
    else
        snprintf(out, size, "%s%s below, %s%s above", about, below, about, above);
}

/* As many words as fit of what is drawn of the original. */
static void draw_original_label(tui_canvas *canvas, tui_rect line, const tui_values *values, const ql_histogram *whole,
                                tui_outside counts)
{
    static const struct {
        const char *form;
        bool is_brief; /* of what lies outside */
    } forms[] = {
        { " view %s … %s of %s … %s · 512 bins · %s", false },
        { " view %s … %s of %s … %s · %s", false },
        { " %s…%s of %s…%s · %s", false },
        { " %s…%s of %s…%s · %s", true },
    };
    enum { FORM_COUNT = sizeof forms / sizeof forms[0] };
    char lo[TEXT_NUMBER_SIZE], hi[TEXT_NUMBER_SIZE], least[TEXT_NUMBER_SIZE], most[TEXT_NUMBER_SIZE];
    char words[160], text[512];
    text_number(lo, values->original.lo, TEXT_SIGNIFICANT);
    text_number(hi, values->original.hi, TEXT_SIGNIFICANT);
    text_number(least, whole->lo, TEXT_SIGNIFICANT);
    text_number(most, whole->hi, TEXT_SIGNIFICANT);
    const int used = tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_ORIGINAL, "█ original ");
    print_outside(counts, false, words, sizeof words);
    snprintf(text, sizeof text, " %s … %s · %d bins · %s", lo, hi, QL_BINS, words);
    for (int form = 0; values->is_part && form < FORM_COUNT; form++) {
        print_outside(counts, forms[form].is_brief, words, sizeof words);
        snprintf(text, sizeof text, forms[form].form, lo, hi, least, most, words);
        if (tui_canvas_width(canvas, text) <= line.cols - used)
            break;
    }
    tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, text);
}

static void draw_dequantized_label(tui_canvas *canvas, tui_rect line, const ql_report *report, tui_outside counts)
{
    char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE], groups[TEXT_NUMBER_SIZE], words[160], scales[160] = "", text[500];
    const char *word = text_scale_word(report);
    text_number(low, (double)report->scale_min, TEXT_SIGNIFICANT);
    text_number(high, (double)report->scale_max, TEXT_SIGNIFICANT);
    text_count(groups, report->group_count);
    if (word && report->scale_min == report->scale_max)
        snprintf(scales, sizeof scales, " · %s %s", word, low);
    else if (word)
        snprintf(scales, sizeof scales, " · %s %s … %s", word, low, high);
    int used = tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_QUANTIZED, "█ dequantized ");
    for (int is_brief = 0; is_brief < 2; is_brief++) {
        print_outside(counts, is_brief, words, sizeof words);
        if (report->group_count > 1)
            snprintf(text, sizeof text, " %s groups%s · %s", groups, scales, words);
        else if (report->levels > 0)
            snprintf(text, sizeof text, " %u levels%s · %s", report->levels, scales, words);
        else
            snprintf(text, sizeof text, " as stored · %s", words);
        if (tui_canvas_width(canvas, text) <= line.cols - used)
            break;
    }
    used += tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, text);
    static const char legend[] = "··· original";
    if (line.cols - used > tui_canvas_width(canvas, legend) + 2)
        tui_canvas_right(canvas, line.y, line.x + used, line.cols - used, TUI_ORIGINAL, legend);
}

static void draw_axis(tui_canvas *canvas, tui_rect line, const tui_columns *columns)
{
    char text[TEXT_NUMBER_SIZE];
    text_number(text, columns->lo, TEXT_SIGNIFICANT);
    int left = tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, text);
    text_number(text, columns->hi, TEXT_SIGNIFICANT);
    tui_canvas_right(canvas, line.y, line.x, columns->count, TUI_FADED, text);
    int zero = tui_column_of(columns, 0);
    if (columns->lo < 0 && columns->hi > 0 && zero > left && zero < columns->count - tui_canvas_width(canvas, text) - 1)
        tui_canvas_put(canvas, line.y, line.x + zero, '0', TUI_FADED);
}

/* How often each level is used, lowest first: where there is a grid by value, else by the levels of the widest group, else
   (too many codes) by code. Returns [*count], in `scratch` or of the report. */
static const uint64_t *list_uses(const ql_report *report, uint64_t scratch[QL_MAX_GRID], int *count)
{
    unsigned order[QL_MAX_GRID];
    const unsigned levels = text_level_order(report, order);
    const float *values = report->widest.levels;
    *count = report->grid_count ? (int)report->grid_count : levels ? 0 : report->code_hi - report->code_lo + 1;
    if (*count > 0)
        return report->grid_count ? report->grid_counts : report->code_counts;
    for (unsigned i = 0; i < levels; i++) {
        if (i == 0 || values[order[i]] != values[order[i - 1]])
            scratch[(*count)++] = 0;
        scratch[*count - 1] += report->code_counts[order[i]];
    }
    return scratch;
}

/* Codes count upwards with their values. */
static bool is_in_order(const ql_report *report)
{
    const ql_widest *w = &report->widest;
    for (unsigned i = 1; i < w->level_count; i++)
        if (!(w->levels[i - 1] <= w->levels[i]))
            return false;
    return true;
}

/* Which levels are used, and how much: shades on a logarithmic scale. */
static void draw_codes(tui_canvas *canvas, tui_rect line, const ql_report *report)
{
    char low[32], high[16] = "", tail[80];
    if (report->levels == 0) {
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, "no codes of its own: the values as they are stored");
        return;
    }
    const bool in_order = is_in_order(report);
    if (in_order)
        snprintf(high, sizeof high, "%d · ", report->code_hi);
    snprintf(low, sizeof low, in_order ? "codes %d" : "levels by value", report->code_lo);
    snprintf(tail, sizeof tail, "%s%.0f of %u used", high, report->metrics[QL_LEVELS_USED], report->levels);
    if (line.cols < 56) {
        snprintf(low, sizeof low, "codes");
        snprintf(tail, sizeof tail, "%.0f/%u", report->metrics[QL_LEVELS_USED], report->levels);
    }
    int x = line.x + tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, low);
    int end = line.x + line.cols - tui_canvas_width(canvas, tail);
    int room = end - x - 2;
    if (room < 8)
        return;
    int count;
    uint64_t scratch[QL_MAX_GRID];
    const uint64_t *counts = list_uses(report, scratch, &count);
    int wide = count <= room ? room / count : 1; /* cells of a level */
    int cells = count <= room ? wide * count : room;
    uint64_t most = 1;
    for (int i = 0; i < count; i++)
        most = counts[i] > most ? counts[i] : most;
    tui_canvas_put(canvas, line.y, x++, 0x2595, TUI_FRAME);
    for (int cell = 0; cell < cells; cell++) {
        uint64_t uses = 0;
        int from = (int)((int64_t)cell * count / cells), to = (int)(((int64_t)cell + 1) * count / cells);
        for (int i = from; i < (to > from ? to : from + 1); i++)
            uses = counts[i] > uses ? counts[i] : uses;
        double level = uses == 0 ? 0 : 1 + log((double)uses) / log((double)most + 1) * (TEXT_SHADES - 0.01);
        tui_canvas_put(canvas, line.y, x + cell, text_shade((unsigned)fmin(level, TEXT_SHADES)), TUI_QUANTIZED);
    }
    tui_canvas_put(canvas, line.y, x + cells, 0x258F, TUI_FRAME);
    tui_canvas_text(canvas, line.y, x + cells + 1, line.cols, TUI_FADED, tail);
}

static tui_columns columns_of(const ql_histogram *histogram, const tui_counts *counts, int count)
{
    return histogram->lo == counts->lo && histogram->hi == counts->hi
               ? tui_columns_of(histogram, count)
               : tui_columns_over(histogram, counts->lo, counts->hi, count);
}

/* Drags the view along. */
static void drag(tui_app *app, int unused, tui_drag_step step)
{
    (void)unused;
    app->pane = TUI_EXPLORE_DISTRIBUTION;
    if (step == TUI_DRAG_BEGIN)
        tui_window_hold(app);
    else if (step == TUI_DRAG_MOVE)
        tui_window_drag(app);
}

static void zoom_at_mouse(tui_app *app, int towards)
{
    app->pane = TUI_EXPLORE_DISTRIBUTION;
    tui_window_zoom(app, -towards, tui_window_mouse(app));
}

static void draw_plot(tui_canvas *canvas, tui_rect plot, const tui_columns *columns, double peak, bool linear,
                      tui_style style)
{
    tui_plot_bars(canvas, plot, columns, peak, linear, style);
    tui_plot_counts(canvas, plot, COUNT_COLS, peak, linear);
}

/* Both plots in `in`: labels, bars, clip, grid, axis; `rows` of bars each. */
static void draw_plots(tui_app *app, tui_rect in, const tui_facts *facts)
{
    tui_canvas *canvas = &app->canvas;
    const ql_report *report = facts->report;
    tui_rect line = { in.y, in.x + COUNT_COLS + 1, 1, in.cols - COUNT_COLS - 2 };
    tui_counts counts;
    tui_counts_find(app, facts, &counts);
    tui_values values = { .is_part = counts.is_part, .original = columns_of(counts.original, &counts, line.cols) };
    values.dequantized = report ? columns_of(counts.dequantized, &counts, line.cols) : values.original;
    values.peak = fmax(values.original.peak, values.dequantized.peak);
    const bool has_codes = in.rows >= 12;
    const int bars = in.rows - 5 - has_codes, upper = report ? bars / 2 : bars, cols = values.original.count;
    values.upper = (tui_rect) { in.y + 1, line.x, upper, cols };
    values.clip = (tui_rect) { in.y + 1 + upper, line.x, 1, cols };
    values.lower = (tui_rect) { in.y + 3 + upper, line.x, bars - upper, cols };
    values.grid = (tui_rect) { in.y + 3 + bars, line.x, 1, cols };
    app->window.x = line.x;
    app->window.cols = cols;
    tui_hit_add(app, (tui_rect) { in.y, in.x, in.rows, in.cols }, NULL, 0, zoom_at_mouse);
    tui_hit_add_drag(app, (tui_rect) { in.y, in.x, in.rows, in.cols }, drag, 0);

    draw_original_label(canvas, line, &values, facts->original, counts.outside_original);
    draw_plot(canvas, values.upper, &values.original, values.peak, app->linear, TUI_ORIGINAL);
    if (report) {
        line.y = values.clip.y + 1;
        draw_dequantized_label(canvas, line, report, counts.outside_dequantized);
        draw_plot(canvas, values.lower, &values.dequantized, values.peak, app->linear, TUI_QUANTIZED);
        tui_plot_dots(canvas, values.lower, &values.original, values.peak, app->linear, TUI_ORIGINAL);
    }
    if (report)
        tui_grid_draw(canvas, &values, report);
    tui_clip_draw(app, &values, facts);
    line.y = values.grid.y + 1;
    draw_axis(canvas, line, &values.original);
    if (has_codes && report)
        draw_codes(canvas, (tui_rect) { line.y + 1, in.x + 1, 1, in.cols - 2 }, report);
}

static void draw(tui_app *app, tui_rect in, const tui_measure *unused)
{
    (void)unused;
    const tui_facts facts = tui_facts_of(app);
    draw_plots(app, in, &facts);
}

const tui_sub tui_sub_values = { .name = "histogram", .draw = draw };
