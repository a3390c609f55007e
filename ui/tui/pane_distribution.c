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
#include "tui/panes.h"
#include "tui/plot.h"

enum { COUNT_COLS = 5 }; /* beside the plots */

static void print_outside(const ql_histogram *histogram, char *out, size_t size)
{
    char below[TEXT_NUMBER_SIZE], above[TEXT_NUMBER_SIZE];
    text_count(below, histogram->below);
    text_count(above, histogram->above);
    if (histogram->below == 0 && histogram->above == 0)
        snprintf(out, size, "0 outside");
    else if (histogram->below == 0 || histogram->above == 0)
        snprintf(out, size, histogram->below ? "%s below" : "%s above", histogram->below ? below : above);
    else
        snprintf(out, size, "%s below, %s above", below, above);
}

static void draw_original_label(tui_canvas *canvas, tui_rect line, const ql_histogram *original)
{
    char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE], outside[128];
    text_number(low, original->lo, TEXT_SIGNIFICANT);
    text_number(high, original->hi, TEXT_SIGNIFICANT);
    print_outside(original, outside, sizeof outside);
    int used = tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_ORIGINAL, "█ original ");
    tui_canvas_format(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, " %s … %s · %d bins · %s", low, high,
                      QL_BINS, outside);
}

static void draw_dequantized_label(tui_canvas *canvas, tui_rect line, const ql_report *report)
{
    char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE], groups[TEXT_NUMBER_SIZE], outside[128], scales[160] = "", text[400];
    const char *word = text_scale_word(report);
    text_number(low, (double)report->scale_min, TEXT_SIGNIFICANT);
    text_number(high, (double)report->scale_max, TEXT_SIGNIFICANT);
    text_count(groups, report->group_count);
    print_outside(&report->dequantized, outside, sizeof outside);
    if (word && report->scale_min == report->scale_max)
        snprintf(scales, sizeof scales, " · %s %s", word, low);
    else if (word)
        snprintf(scales, sizeof scales, " · %s %s … %s", word, low, high);
    if (report->group_count > 1)
        snprintf(text, sizeof text, " %s groups%s · %s", groups, scales, outside);
    else if (report->levels > 0)
        snprintf(text, sizeof text, " %u levels%s · %s", report->levels, scales, outside);
    else
        snprintf(text, sizeof text, " as stored · %s", outside);
    int used = tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_QUANTIZED, "█ dequantized ");
    used += tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, text);
    static const char legend[] = "··· original";
    if (line.cols - used > tui_canvas_width(canvas, legend) + 2)
        tui_canvas_right(canvas, line.y, line.x + used, line.cols - used, TUI_ORIGINAL, legend);
}

/* Writes `text` between the brackets at columns left and right, or beside them; false when it fits nowhere. */
static bool draw_clip_text(tui_canvas *canvas, tui_rect line, int left, int right, int count, const char *text)
{
    int width = tui_canvas_width(canvas, text), at;
    if (right - left > width + 2)
        at = left + (right - left + 1 - width) / 2;
    else if (count - right > width + 2)
        at = right + 2;
    else if (left > width + 2)
        at = left - 2 - width;
    else
        return false;
    tui_canvas_text(canvas, line.y, line.x + at, width, TUI_CLIP, text);
    return true;
}

/* The line between the plots, with the clip range in brackets. */
static void draw_clip(tui_canvas *canvas, tui_rect line, const tui_columns *columns, const ql_report *report)
{
    for (int x = 0; x < columns->count; x++)
        tui_canvas_put(canvas, line.y, line.x + x, 0x2500, TUI_FRAME);
    if (!report)
        return;
    char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE], share[TEXT_NUMBER_SIZE], clipped[80] = "", text[320];
    const bool is_clip = ql_spec_takes(&report->spec, QL_KEY_CLIP);
    text_number(low, report->clip_lo, TEXT_SIGNIFICANT);
    text_number(high, report->clip_hi, TEXT_SIGNIFICANT);
    text_number(share, report->metrics[QL_FRAC_CLIPPED], TEXT_PERCENT);
    if (is_clip || report->metrics[QL_FRAC_CLIPPED] > 0)
        snprintf(clipped, sizeof clipped, "· %s clipped ", share);
    const char *what = report->group_count == 1 ? is_clip ? "clip" : "range" : is_clip ? "widest clip" : "widest range";
    snprintf(text, sizeof text, " %s [%s … %s] %s", what, low, high, clipped);
    int left = tui_column_of(columns, report->clip_lo), right = tui_column_of(columns, report->clip_hi);
    bool fits = draw_clip_text(canvas, line, left, right, columns->count, text);
    if (report->clip_lo == -report->clip_hi)
        snprintf(text, sizeof text, " ±%s %s", high, clipped);
    else
        snprintf(text, sizeof text, " %s … %s %s", low, high, clipped);
    fits = fits || draw_clip_text(canvas, line, left, right, columns->count, text);
    snprintf(text, sizeof text, " %s clipped ", share);
    if (!fits && *clipped)
        draw_clip_text(canvas, line, left, right, columns->count, text);
    tui_canvas_put(canvas, line.y, line.x + left, '[', TUI_CLIP);
    tui_canvas_put(canvas, line.y, line.x + right, ']', TUI_CLIP);
}

/* Dashed lines up from the brackets, through what is empty of the plot, where something lies outside of them. */
static void draw_clip_walls(tui_canvas *canvas, tui_rect plot, const tui_columns *columns, const ql_report *report)
{
    const int walls[2] = { tui_column_of(columns, report->clip_lo), tui_column_of(columns, report->clip_hi) };
    for (int i = 0; i < 2; i++)
        for (int y = plot.y; y < plot.y + plot.rows; y++) {
            int x = plot.x + walls[i];
            if (walls[i] > 0 && walls[i] < columns->count - 1 && y < canvas->rows && x < canvas->cols &&
                canvas->cells[y * canvas->cols + x].codepoint == ' ')
                tui_canvas_put(canvas, y, x, 0x250A, TUI_CLIP);
        }
}

static void draw_grid(tui_canvas *canvas, tui_rect line, const tui_columns *columns, const ql_report *report)
{
    if (report->group_count > 1)
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, "each group has a grid of its own");
    else if (report->grid_count == 0 && report->levels > 0)
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, "a grid too fine to show");
    for (unsigned i = 0; i < report->grid_count; i++)
        if (report->grid[i] >= columns->lo && report->grid[i] <= columns->hi)
            tui_canvas_put(canvas, line.y, line.x + tui_column_of(columns, report->grid[i]), 0x2575, TUI_QUANTIZED);
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

/* Both plots in `in`: labels, bars, clip, grid, axis; `rows` of bars each. */
static void draw_plots(tui_app *app, tui_rect in, const tui_facts *facts)
{
    tui_canvas *canvas = &app->canvas;
    const ql_report *report = facts->report;
    tui_rect line = { in.y, in.x + COUNT_COLS + 1, 1, in.cols - COUNT_COLS - 2 };
    tui_columns original = tui_columns_of(facts->original, line.cols);
    bool has_codes = in.rows >= 12;
    int bars = in.rows - 5 - has_codes, upper = report ? bars / 2 : bars, lower = bars - upper;

    draw_original_label(canvas, line, facts->original);
    tui_rect plot = { in.y + 1, line.x, upper, original.count };
    tui_columns dequantized = report ? tui_columns_of(&report->dequantized, line.cols) : original;
    double peak = fmax(original.peak, dequantized.peak); /* the same axis for both */
    tui_plot_bars(canvas, plot, &original, peak, app->linear, TUI_ORIGINAL);
    tui_plot_counts(canvas, plot, COUNT_COLS, peak, app->linear);
    line.y = plot.y + upper;
    draw_clip(canvas, line, &original, report);
    if (report) {
        draw_clip_walls(canvas, plot, &original, report);
        line.y++;
        draw_dequantized_label(canvas, line, report);
        plot = (tui_rect) { line.y + 1, line.x, lower, dequantized.count };
        tui_plot_bars(canvas, plot, &dequantized, peak, app->linear, TUI_QUANTIZED);
        tui_plot_dots(canvas, plot, &original, peak, app->linear, TUI_ORIGINAL);
        tui_plot_counts(canvas, plot, COUNT_COLS, peak, app->linear);
        line.y = plot.y + lower;
        draw_grid(canvas, line, &original, report);
    }
    line.y++;
    draw_axis(canvas, line, &original);
    if (has_codes && report)
        draw_codes(canvas, (tui_rect) { line.y + 1, in.x + 1, 1, in.cols - 2 }, report);
}

void tui_pane_distribution(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    tui_facts facts = tui_facts_of(app);
    char name[256], title[300];
    size_t room = rect.cols > 50 ? (size_t)rect.cols - 40 : 10;
    ql_text_print(name, sizeof name, tui_document_tensor(&app->document)->name, room);
    snprintf(title, sizeof title, "Distribution · %s", name);
    tui_rect in = tui_pane_frame(app, rect, focused, title, app->linear ? "linear y" : "log y");
    if (!facts.original || in.rows < 7 || in.cols < 30) {
        const char *text = facts.original ? "more room is needed here" : facts.missing;
        tui_canvas_wrap(canvas, (tui_rect) { in.y + 1, in.x + 1, in.rows - 1, in.cols - 2 }, TUI_TEXT, text);
        return;
    }
    canvas->faded = facts.is_old;
    draw_plots(app, in, &facts);
    canvas->faded = false;
    if (!facts.report && facts.missing)
        tui_canvas_wrap(canvas, (tui_rect) { in.y + in.rows - 1, in.x + 1, 1, in.cols - 2 }, TUI_STRONG, facts.missing);
}
