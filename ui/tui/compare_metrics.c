/*
 * The metrics of every column, the best of each row marked, and how far they are from the baseline:
 *
 *                 A absmax (base)   B absmax:bits=4
 *   bits/weight   8.000             4.000 ▼4.000 ★
 *   SQNR dB       36.56 ★           11.59 ▼24.97
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/number.h"
#include "tui/actions.h"
#include "tui/compare.h"

enum { LABEL_COLS = 13, LEAST_COLS = 16, MOST_COLS = 30, ROOMY_COLS = 100 };

static double bits_of(const tui_shown_column *column)
{
    return column->report->bits_per_weight;
}

static double size_of(const tui_shown_column *column)
{
    return (double)column->report->byte_count;
}

static double product_of(const tui_shown_column *column)
{
    return column->has_product ? column->product : NAN;
}

static double whole_bits_of(const tui_shown_column *column)
{
    return tui_whole_bits(&column->whole);
}

static double mean_of(const tui_shown_column *column)
{
    return tui_whole_mean_db(&column->whole);
}

static double worst_of(const tui_shown_column *column)
{
    return tui_whole_worst_db(&column->whole);
}

/* In order of importance: where the screen is short the last ones are left out. */
static const struct {
    const char *label;
    ql_metric metric;
    double (*value)(const tui_shown_column *column); /* NULL: the metric, in its own form */
    text_form form;
    int better;    /* of a value: +1: higher, -1: lower */
    bool is_whole; /* of all tensors: there once they are scanned */
} rows[] = {
    { "bits/weight", 0, bits_of, TEXT_FIXED_3, -1, false },
    { "size", 0, size_of, TEXT_BYTES, -1, false },
    { "SQNR dB", QL_SQNR_DB, NULL, 0, 0, false },
    { "product err", 0, product_of, TEXT_SIGNIFICANT, -1, false },
    { "bits/wt, all", 0, whole_bits_of, TEXT_FIXED_3, -1, true },
    { "mean dB, all", 0, mean_of, TEXT_FIXED_2, 1, true },
    { "worst dB,all", 0, worst_of, TEXT_FIXED_2, 1, true },
    { "RMSE/σ", QL_RMSE_OVER_STD, NULL, 0, 0, false },
    { "max |e|", QL_MAX_ABS, NULL, 0, 0, false },
    { "p99 |e|", QL_P99_ABS, NULL, 0, 0, false },
    { "MAE", QL_MAE, NULL, 0, 0, false },
    { "cosine", QL_COSINE, NULL, 0, 0, false },
    { "clipped", QL_FRAC_CLIPPED, NULL, 0, 0, false },
    { "entropy bits", QL_ENTROPY_BITS, NULL, 0, 0, false },
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static double value_of(const tui_shown_column *column, size_t row)
{
    return rows[row].value ? rows[row].value(column) : column->report->metrics[rows[row].metric];
}

static text_form form_of(size_t row)
{
    return rows[row].value ? rows[row].form : text_metric_form(rows[row].metric);
}

/* +1: higher is better, -1: lower, 0: neither. */
static int better_of(size_t row)
{
    return rows[row].value ? rows[row].better : ql_metric_describe(rows[row].metric)->better;
}

/* The rows that are shown, in order; returns how many. */
static size_t list_rows(const tui_app *app, size_t out[ROW_COUNT])
{
    size_t count = 0;
    for (size_t row = 0; row < ROW_COUNT; row++)
        if (!rows[row].is_whole || app->document.scan_set)
            out[count++] = row;
    return count;
}

/* Exact also where the rest is an estimate. */
static bool is_known(size_t row)
{
    return rows[row].value == bits_of || rows[row].value == size_of || rows[row].is_whole;
}

/* The best value among the exact columns; false when all are the same, or there is no better. */
static bool find_best(const tui_app *app, size_t row, double *best)
{
    const int better = better_of(row);
    double worst = NAN;
    *best = NAN;
    for (size_t i = 0; i < app->document.pins.count; i++) {
        const tui_shown_column column = tui_shown_column_of(app, i);
        if (!column.is_exact || !column.report)
            continue;
        const double value = value_of(&column, row);
        if (isnan(value))
            continue;
        if (isnan(*best) || better * value > better * *best)
            *best = value;
        if (isnan(worst) || better * value < better * worst)
            worst = value;
    }
    return better != 0 && *best != worst;
}

/* "▲2.49", "=" for the same number. */
static void print_difference(double value, double base, size_t row, char *out, size_t size)
{
    char number[TEXT_NUMBER_SIZE];
    if (value == base) {
        snprintf(out, size, "=");
        return;
    }
    text_number(number, fabs(value - base), form_of(row));
    if (strtod(number, NULL) == 0) /* less than the form shows */
        text_number(number, fabs(value - base), TEXT_SIGNIFICANT);
    snprintf(out, size, "%s%s", value > base ? "▲" : "▼", number);
}

/* The number will come. */
static bool is_awaited(const tui_app *app, const tui_shown_column *column, size_t row)
{
    if (rows[row].is_whole)
        return app->document.scanning;
    return rows[row].value == product_of && !column->has_product && tui_pins_have_product(&app->document);
}

static void draw_cell(tui_app *app, tui_rect cell, size_t row, const tui_shown_column *column, const tui_shown_column *base)
{
    tui_canvas *canvas = &app->canvas;
    char text[TEXT_NUMBER_SIZE], difference[TEXT_NUMBER_SIZE + 8] = "";
    double best;
    const double value = value_of(column, row);
    const bool is_best = column->is_exact && find_best(app, row, &best) && value == best;
    if (isnan(value))
        snprintf(text, sizeof text, is_awaited(app, column, row) ? "…" : "-");
    else
        text_number(text, value, form_of(row));
    int x = cell.x, end = cell.x + cell.cols;
    if (column->is_sampled && !isnan(value) && !is_known(row))
        x += tui_canvas_text(canvas, cell.y, x, end - x, TUI_TEXT, "≈");
    x += tui_canvas_text(canvas, cell.y, x, end - x, is_best ? TUI_STRONG : TUI_TEXT, text) + 1;
    if (is_best && x < end) {
        tui_canvas_put(canvas, cell.y, x, 0x2605, TUI_GOOD);
        x += 2;
    }
    if (!base || column->is_baseline || !isfinite(value) || !isfinite(value_of(base, row)))
        return;
    const double from = value_of(base, row);
    const int better = better_of(row), direction = (value > from) - (value < from);
    print_difference(value, from, row, difference, sizeof difference);
    if (tui_canvas_width(canvas, difference) <= end - x)
        tui_canvas_text(canvas, cell.y, x, end - x,
                        direction * better > 0   ? TUI_GOOD
                        : direction * better < 0 ? TUI_POOR
                                                 : TUI_FADED,
                        difference);
}

static void draw_heading(tui_app *app, tui_rect cell, const tui_shown_column *column, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    char spec[TUI_SPEC_SHOWN];
    tui_show_spec(spec, column->spec_text);
    const tui_style style = column->is_selected ? focused ? TUI_SELECTED : TUI_STRONG : TUI_KEY;
    const int used = tui_canvas_format(canvas, cell.y, cell.x, cell.cols, style, "%c%s ", column->letter,
                                       column->is_baseline ? "=base" : "");
    tui_canvas_middle(canvas, cell.y, cell.x + used, cell.cols - used, column->is_selected ? TUI_STRONG : TUI_TEXT, spec);
}

static void draw_column(tui_app *app, tui_rect cell, const tui_shown_column *column, const tui_shown_column *base,
                        bool focused)
{
    tui_canvas *canvas = &app->canvas;
    draw_heading(app, (tui_rect) { cell.y, cell.x, 1, cell.cols }, column, focused);
    if (!column->report) {
        tui_canvas_wrap(canvas, (tui_rect) { cell.y + 1, cell.x, cell.rows - 1, cell.cols }, TUI_TEXT, column->missing);
        return;
    }
    canvas->faded = !column->is_current;
    size_t shown[ROW_COUNT];
    const size_t count = list_rows(app, shown);
    for (size_t i = 0; i < count && (int)i + 1 < cell.rows; i++)
        draw_cell(app, (tui_rect) { cell.y + 1 + (int)i, cell.x, 1, cell.cols }, shown[i], column, base);
    canvas->faded = false;
}

/* What the product is of, on the lower frame. */
static void draw_activations(tui_app *app, tui_rect rect)
{
    const tui_document *document = &app->document;
    const ql_tensor *tensor = tui_document_tensor(document);
    char text[700], what[300];
    ql_error misfit;
    ql_activations_describe(document->inputs->activations, tensor, what, sizeof what);
    if (ql_activations_fit(document->inputs->activations, tensor, &misfit) == QL_OK)
        snprintf(text, sizeof text, " product err: ‖X·ΔW‖/‖X·W‖, X %s%s ", what,
                 rect.cols >= ROOMY_COLS && !ql_activations_are_real(document->inputs->activations, tensor) ? " (:x FILE)" : "");
    else
        snprintf(text, sizeof text, " no product: %s ", misfit.message);
    const int used = tui_canvas_text(&app->canvas, rect.y + rect.rows - 1, rect.x + 2, rect.cols - 4, TUI_FADED, text);
    if (document->scan_set && rect.cols - 4 - used > 24)
        tui_canvas_format(&app->canvas, rect.y + rect.rows - 1, rect.x + 2 + used, rect.cols - 4 - used, TUI_FADED,
                          "· all: %zu tensors ", document->scan_count);
}

void tui_compare_metrics(tui_app *app, tui_rect rect, bool focused)
{
    tui_canvas *canvas = &app->canvas;
    const tui_pins *pins = &app->document.pins;
    const tui_shown_column baseline = tui_shown_column_of(app, pins->baseline);
    const int room = rect.cols - 3 - LABEL_COLS;
    size_t fit = room < 2 * LEAST_COLS ? 1 : (size_t)(room / LEAST_COLS);
    fit = fit < pins->count ? fit : pins->count;
    const size_t first = tui_first_column(app, fit);
    char name[256], part[32] = "", place[64] = "", title[400], note[96];
    ql_text_print(name, sizeof name, tui_document_tensor(&app->document)->name,
                  rect.cols > 80 ? (size_t)rect.cols - 60 : 20);
    if (fit < pins->count)
        snprintf(part, sizeof part, " · %c-%c of %zu", (char)('A' + first), (char)('A' + first + fit - 1), pins->count);
    if (rect.cols >= ROOMY_COLS)
        snprintf(place, sizeof place, " · tensor %zu of %zu", tui_list_position(&app->list, app->document.tensor) + 1,
                 app->list.visible_count);
    snprintf(title, sizeof title, "Metrics · %s%s%s", name, place, part);
    snprintf(note, sizeof note, "★ best · ▲▼ against baseline %c", baseline.letter);
    const tui_rect in = tui_canvas_box(canvas, rect, focused, title, note);
    draw_activations(app, rect);
    size_t shown[ROW_COUNT];
    const size_t count = list_rows(app, shown);
    for (size_t i = 0; i < count && (int)i + 1 < in.rows; i++)
        tui_canvas_text(canvas, in.y + 1 + (int)i, in.x + 1, LABEL_COLS - 1, TUI_FADED, rows[shown[i]].label);
    const int cols = room / (int)fit > MOST_COLS ? MOST_COLS : room / (int)fit;
    for (size_t i = 0; i < fit; i++) {
        const tui_shown_column column = tui_shown_column_of(app, first + i);
        const tui_rect cells = { in.y, in.x + 1 + LABEL_COLS + (int)i * cols, in.rows, cols - 1 };
        tui_hit_add(app, cells, tui_act_column_at, TUI_COLUMN_AT(TUI_COMPARE_METRICS, (int)(first + i)), NULL);
        draw_column(app, cells, &column, baseline.is_exact && baseline.report ? &baseline : NULL, focused);
    }
}
