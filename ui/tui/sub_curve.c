/*
 * What a clipping range costs: the losses that the searches weigh, over the threshold (of ranges with two ends: over the share
 * of the whole range), and where every way to choose one clips.
 *
 *      mse: least 2.9e-06 at ±0.2409 = p99.9996
 *      █▇▅▄▃▂▁▁▁▁▁▁▂▂▃▃        the least is marked ▾, the clip of this spec is dashed
 *      ───g─l──k────e──p──m    a letter for each way
 *      0               0.3147
 *      m minmax 36.56 dB   p p99.9 38.11 dB ...
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/formula.h"
#include "text/number.h"
#include "tui/panes.h"
#include "tui/plot.h"
#include "tui/sub.h"
#include "tui/ways.h"

enum { LEAST_ROWS = 3, COUNT_COLS = 5 };

/* ---- A curve ----------------------------------------------------------------------------------------------------- */

/* The least loss of the candidates in a column, which the minimum is then part of; between two candidates what lies on the
   line from one to the other; NAN beyond the last. */
static double loss_in(const ql_curve *curve, double from, double to)
{
    double least = NAN;
    for (size_t i = 0; i < curve->count; i++)
        if (curve->threshold[i] >= from && curve->threshold[i] <= to)
            least = fmin(least, curve->loss[i]);
    for (size_t i = 1; i < curve->count && isnan(least); i++)
        if (curve->threshold[i] < from && curve->threshold[i - 1] > to) {
            const double share = ((from + to) / 2 - curve->threshold[i]) / (curve->threshold[i - 1] - curve->threshold[i]);
            least = curve->loss[i] + share * (curve->loss[i - 1] - curve->loss[i]);
        }
    return least;
}

typedef struct extent {
    double least, most; /* of those above 0 that are finite */
} extent;

static extent extent_of(const ql_curve *curve)
{
    extent e = { INFINITY, 0 };
    for (size_t i = 0; i < curve->count; i++)
        if (curve->loss[i] > 0 && isfinite(curve->loss[i])) {
            e.least = fmin(e.least, curve->loss[i]);
            e.most = fmax(e.most, curve->loss[i]);
        }
    return e;
}

/* Height of a loss, 0..1. The least one is seen, too. */
static double height_of(double loss, extent e, bool linear)
{
    static const double least_height = 0.03;
    if (!isfinite(loss))
        return 0;
    if (!(loss > 0) || !(e.most > 0))
        return least_height;
    if (linear || !(e.most > e.least))
        return fmax(loss / e.most, least_height);
    return least_height + (1 - least_height) * (log(loss) - log(e.least)) / (log(e.most) - log(e.least));
}

static tui_columns columns_of(const tui_ways *w, const ql_curve *curve, extent e, bool linear)
{
    tui_columns columns = { .count = w->plot.cols, .lo = 0, .hi = w->whole, .peak = 1 };
    for (int column = 0; column < columns.count; column++) {
        const double from = w->whole * column / columns.count, to = w->whole * (column + 1) / columns.count;
        columns.counts[column] = height_of(loss_in(curve, from, to), e, linear);
    }
    return columns;
}

/* Dashed, above the bars. */
static void draw_now(tui_canvas *canvas, tui_rect plot, const tui_columns *columns, int column)
{
    const int free_rows = plot.rows - tui_plot_reach(columns, column, 1, true, plot.rows);
    for (int row = 0; row < free_rows; row++)
        tui_canvas_put(canvas, plot.y + row, plot.x + column, 0x250A, TUI_CLIP);
}

/* "99.93", "99.9996": two digits of what is left out. */
static void print_percentile(char out[TEXT_NUMBER_SIZE], uint64_t inside, uint64_t count)
{
    const double left = 100 * (double)(count - inside) / (double)count;
    const int decimals = left <= 0 ? 0 : left >= 0.1 ? 2 : (int)ceil(-log10(left)) + 1;
    snprintf(out, TEXT_NUMBER_SIZE, "%.*f", decimals, 100 - left);
}

static bool has_infinite(const ql_curve *curve)
{
    for (size_t i = 0; i < curve->count; i++)
        if (!isfinite(curve->loss[i]))
            return true;
    return false;
}

/* In as many words as fit: the loss, where it is least, how many values that is. */
static void draw_label(tui_canvas *canvas, tui_rect line, const tui_ways *w, const ql_curve *curve)
{
    const bool is_kl = curve->spec.clip == QL_CLIP_KL;
    char group[96] = "", of[112] = "", loss[TEXT_NUMBER_SIZE], lo[TEXT_NUMBER_SIZE], hi[TEXT_NUMBER_SIZE];
    char percentile[TEXT_NUMBER_SIZE], share[TEXT_NUMBER_SIZE], where[256], text[512];
    text_group(group, sizeof group, w->ways->reports[0], w->tensor, curve->group);
    if (*group)
        snprintf(of, sizeof of, " of %s", group);
    int used = tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_ERROR_BARS, "█ %s%s", is_kl ? "kl" : "mse", of);
    if (curve->count == 0) {
        tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, ": all 0, nothing to search");
        return;
    }
    const double at = curve->threshold[curve->best];
    text_number(loss, curve->loss[curve->best], TEXT_SIGNIFICANT);
    text_number(lo, w->is_symmetric ? -at : at * curve->lo, TEXT_SIGNIFICANT);
    text_number(hi, w->is_symmetric ? at : at * curve->hi, TEXT_SIGNIFICANT);
    text_number(share, at, TEXT_PERCENT);
    print_percentile(percentile, curve->inside, curve->elements);
    if (w->is_symmetric)
        snprintf(where, sizeof where, "±%s = p%s of |x|", hi, percentile);
    else
        snprintf(where, sizeof where, "%s … %s, %s %% of the values", lo, hi, percentile);
    snprintf(text, sizeof text, "  least %s%s at %s", loss, is_kl ? " nats" : " mean e²", where);
    if (tui_canvas_width(canvas, text) > line.cols - used)
        snprintf(text, sizeof text, "  least at %s", where);
    used += tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_STRONG, text);
    *text = 0;
    if (!w->is_symmetric)
        snprintf(text, sizeof text, " · %s of the range", share);
    else if (has_infinite(curve))
        snprintf(text, sizeof text, " · blank: ∞");
    if (tui_canvas_width(canvas, text) <= line.cols - used)
        tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, text);
}

/* In five cells. */
static void print_loss(double loss, char out[24])
{
    snprintf(out, 24, loss <= 0 ? "0" : loss >= 0.01 && loss < 100 ? "%.2g" : "%.0e", loss);
}

/* The losses at the ends of the axis, beside it. */
static void draw_axis_of(tui_canvas *canvas, tui_rect plot, extent e, bool linear)
{
    const double ends[2] = { e.most, linear ? 0 : e.least };
    for (int i = 0; i < 2 && e.most > 0; i++) {
        char text[24];
        print_loss(ends[i], text);
        tui_canvas_right(canvas, i == 0 ? plot.y : plot.y + plot.rows - 1, plot.x - 1 - COUNT_COLS, COUNT_COLS, TUI_FADED,
                         text);
    }
}

/* A label and bars below it. */
static void draw_curve(tui_app *app, tui_rect rect, const tui_ways *w, const ql_curve *curve)
{
    tui_canvas *canvas = &app->canvas;
    draw_label(canvas, (tui_rect) { rect.y, rect.x, 1, rect.cols }, w, curve);
    if (curve->count == 0 || rect.rows < 2)
        return;
    const tui_rect plot = { rect.y + 1, rect.x, rect.rows - 1, rect.cols };
    const extent e = extent_of(curve);
    const tui_columns columns = columns_of(w, curve, e, app->linear);
    tui_plot_bars(canvas, plot, &columns, 1, true, TUI_ERROR_BARS);
    draw_axis_of(canvas, plot, e, app->linear);
    const int best = tui_ways_column(w, curve->threshold[curve->best]);
    tui_columns least = { .count = columns.count };
    least.counts[best] = columns.counts[best];
    tui_plot_bars(canvas, plot, &least, 1, true, TUI_GOOD);
    if (!isnan(w->now_at))
        draw_now(canvas, plot, &columns, tui_ways_column(w, w->now_at));
    const int reach = tui_plot_reach(&columns, best, 1, true, plot.rows);
    if (reach < plot.rows)
        tui_canvas_put(canvas, plot.y + plot.rows - 1 - reach, plot.x + best, 0x25BE, TUI_GOOD);
}

/* ---- All ----------------------------------------------------------------------------------------------------------- */

/* The ways are those of the current spec, whatever its clip. */
static bool are_of(const ql_ways *ways, const ql_spec *spec)
{
    ql_spec base = *spec;
    char text[QL_SPEC_TEXT];
    for (int i = 0; i < QL_CLIP_COUNT && base.clip != QL_CLIP_MINMAX; i++)
        ql_spec_step(&base, QL_KEY_CLIP, 1, NULL);
    ql_spec_format(&base, text);
    return strcmp(text, ways->spec_text) == 0;
}

/* Where the current spec clips. */
static void find_now(const tui_document *document, tui_ways *w)
{
    double lo, hi;
    w->now = -1;
    w->now_at = NAN;
    for (size_t i = 0; i < w->ways->count; i++)
        if (strcmp(w->ways->reports[i]->spec_text, document->spec_text) == 0) {
            w->now = (int)i;
            w->now_at = tui_ways_place(w, w->ways->lo[i], w->ways->hi[i]);
        }
    if (w->now < 0 && document->spec.clip == QL_CLIP_MANUAL && tui_range_of(&document->spec, NULL, &lo, &hi))
        w->now_at = tui_ways_place(w, lo, hi);
}

static void draw_all(tui_app *app, tui_rect in, tui_ways *w)
{
    tui_canvas *canvas = &app->canvas;
    const tui_legend at = tui_ways_layout(w, in.rows, in.cols - 2);
    const ql_curve *curves[2] = { NULL };
    int count = 0, used = 0;
    for (size_t i = 0; i < w->ways->count && count < 2; i++)
        if (w->ways->curves[i])
            curves[count++] = w->ways->curves[i];
    const int rest = in.rows - 2 - at.lines;
    count = rest < 2 * LEAST_ROWS && count > 1 ? 1 : count;
    for (int i = 0; i < count; i++) {
        const int rows = (rest - used) / (count - i);
        draw_curve(app, (tui_rect) { in.y + used, w->plot.x, rows, w->plot.cols }, w, curves[i]);
        used += rows;
    }
    tui_rect line = { in.y + used, w->plot.x, 1, w->plot.cols };
    tui_ways_marks(canvas, line, w);
    line.y++;
    char text[TEXT_NUMBER_SIZE];
    text_number(text, w->whole, TEXT_SIGNIFICANT);
    tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, w->is_symmetric ? "0 threshold" : "0 % kept");
    tui_canvas_right(canvas, line.y, line.x, line.cols, TUI_FADED, w->is_symmetric ? text : "100 % of the range");
    tui_ways_legend(canvas, (tui_rect) { line.y + 1, in.x + 1, at.lines, in.cols - 2 }, w, at);
}

/* The axis of these ways; false when none of them is a search. */
static bool make_axis(const void *made, tui_ways *out)
{
    *out = (tui_ways) { .ways = made };
    for (size_t i = 0; i < out->ways->count && !out->curve; i++)
        out->curve = out->ways->curves[i];
    if (!out->curve)
        return false;
    out->is_symmetric = tui_range_is_symmetric(&out->ways->reports[0]->spec);
    out->whole = out->is_symmetric && out->curve->hi > 0 ? out->curve->hi : 1;
    return true;
}

/* The threshold goes to where the mouse is pressed, and along with it. */
static void drag(tui_app *app, int unused, tui_drag_step step)
{
    (void)unused;
    tui_document *document = &app->document;
    const tui_seen seen = tui_looks_wish(document, TUI_LOOK_WAYS, &(tui_wish) { 0 });
    tui_ways w;
    app->pane = TUI_EXPLORE_DISTRIBUTION;
    if (step != TUI_DRAG_MOVE)
        tui_document_end_run(document);
    if (step != TUI_DRAG_END && seen.made && make_axis(seen.made, &w))
        tui_document_set_range(document, TUI_KNOB_RANGE, tui_window_mouse(app) * w.whole, w.whole / app->window.cols);
}

static void draw(tui_app *app, tui_rect in, const tui_measure *unused)
{
    (void)unused;
    tui_document *document = &app->document;
    tui_canvas *canvas = &app->canvas;
    const tui_rect words = { in.y, in.x + 1, in.rows, in.cols - 2 };
    if (!ql_spec_takes(&document->spec, QL_KEY_CLIP)) {
        char text[160];
        snprintf(text, sizeof text, "%s takes no clip, so that there is nothing to weigh: s chooses another scheme",
                 ql_mapping_describe(document->spec.mapping)->name);
        tui_canvas_wrap(canvas, words, TUI_TEXT, text);
        return;
    }
    const tui_seen seen = tui_looks_wish(document, TUI_LOOK_WAYS, &(tui_wish) { 0 });
    if (!seen.made) {
        const tui_facts facts = tui_facts_of(app); /* without a report there is nothing to make it of */
        tui_canvas_wrap(canvas, words, TUI_TEXT, facts.report || !facts.missing ? seen.missing : facts.missing);
        return;
    }
    tui_ways w;
    if (!make_axis(seen.made, &w)) {
        tui_canvas_wrap(canvas, words, TUI_TEXT, "no search for a clip is there for this scheme");
        return;
    }
    const int cols = in.cols - COUNT_COLS - 2;
    w.tensor = tui_document_tensor(document);
    w.plot = (tui_rect) { in.y, in.x + COUNT_COLS + 1, in.rows, cols < QL_BINS ? cols : QL_BINS };
    app->window.x = w.plot.x;
    app->window.cols = w.plot.cols;
    if (w.is_symmetric && tui_range_is_symmetric(&document->spec))
        tui_hit_add_drag(app, w.plot, drag, 0);
    find_now(document, &w);
    canvas->faded = !are_of(w.ways, &document->spec);
    draw_all(app, in, &w);
}

const tui_sub tui_sub_curve = { .name = "loss", .draw = draw };
