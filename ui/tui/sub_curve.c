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

enum { LEAST_ROWS = 3, COUNT_COLS = 5, ENTRY_COLS = 22, LONG_ENTRY_COLS = 33 };

/* What is drawn, from edge to edge. */
typedef struct scene {
    const ql_ways *ways;
    const ql_tensor *tensor;
    bool is_symmetric;
    double whole; /* the largest threshold, or 1: everything is kept */
    tui_rect plot;
    int now;       /* the way of the current spec; -1: none of them, */
    double now_at; /* but here; NAN: it is not known where */
} scene;

/* ---- Places ------------------------------------------------------------------------------------------------------ */

/* Where a range lies on the axis. */
static double place_of(const scene *s, const ql_curve *curve, double lo, double hi)
{
    return s->is_symmetric ? hi : curve->hi > curve->lo ? (hi - lo) / (curve->hi - curve->lo) : 1;
}

static const ql_curve *any_curve(const ql_ways *ways)
{
    for (size_t i = 0; i < ways->count; i++)
        if (ways->curves[i])
            return ways->curves[i];
    return NULL;
}

static int column_at(const scene *s, double place)
{
    const tui_columns axis = { .count = s->plot.cols, .lo = 0, .hi = s->whole };
    return tui_column_of(&axis, place);
}

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

static tui_columns columns_of(const scene *s, const ql_curve *curve, extent e, bool linear)
{
    tui_columns columns = { .count = s->plot.cols < QL_BINS ? s->plot.cols : QL_BINS, .lo = 0, .hi = s->whole, .peak = 1 };
    for (int column = 0; column < columns.count; column++) {
        const double from = s->whole * column / columns.count, to = s->whole * (column + 1) / columns.count;
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
static void draw_label(tui_canvas *canvas, tui_rect line, const scene *s, const ql_curve *curve)
{
    const bool is_kl = curve->spec.clip == QL_CLIP_KL;
    char group[96] = "", of[112] = "", loss[TEXT_NUMBER_SIZE], lo[TEXT_NUMBER_SIZE], hi[TEXT_NUMBER_SIZE];
    char percentile[TEXT_NUMBER_SIZE], share[TEXT_NUMBER_SIZE], where[256], text[512];
    text_group(group, sizeof group, s->ways->reports[0], s->tensor, curve->group);
    if (*group)
        snprintf(of, sizeof of, " of %s", group);
    int used = tui_canvas_format(canvas, line.y, line.x, line.cols, TUI_ERROR_BARS, "█ %s%s", is_kl ? "kl" : "mse", of);
    if (curve->count == 0) {
        tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_FADED, ": all 0, nothing to search");
        return;
    }
    const double at = curve->threshold[curve->best];
    text_number(loss, curve->loss[curve->best], TEXT_SIGNIFICANT);
    text_number(lo, s->is_symmetric ? -at : at * curve->lo, TEXT_SIGNIFICANT);
    text_number(hi, s->is_symmetric ? at : at * curve->hi, TEXT_SIGNIFICANT);
    text_number(share, at, TEXT_PERCENT);
    print_percentile(percentile, curve->inside, curve->elements);
    if (s->is_symmetric)
        snprintf(where, sizeof where, "±%s = p%s of |x|", hi, percentile);
    else
        snprintf(where, sizeof where, "%s … %s, %s %% of the values", lo, hi, percentile);
    snprintf(text, sizeof text, "  least %s%s at %s", loss, is_kl ? " nats" : " mean e²", where);
    if (tui_canvas_width(canvas, text) > line.cols - used)
        snprintf(text, sizeof text, "  least at %s", where);
    used += tui_canvas_text(canvas, line.y, line.x + used, line.cols - used, TUI_STRONG, text);
    *text = 0;
    if (!s->is_symmetric)
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
static void draw_curve(tui_app *app, tui_rect rect, const scene *s, const ql_curve *curve)
{
    tui_canvas *canvas = &app->canvas;
    draw_label(canvas, (tui_rect) { rect.y, rect.x, 1, rect.cols }, s, curve);
    if (curve->count == 0 || rect.rows < 2)
        return;
    const tui_rect plot = { rect.y + 1, rect.x, rect.rows - 1, rect.cols };
    const extent e = extent_of(curve);
    const tui_columns columns = columns_of(s, curve, e, app->linear);
    tui_plot_bars(canvas, plot, &columns, 1, true, TUI_ERROR_BARS);
    draw_axis_of(canvas, plot, e, app->linear);
    const int best = column_at(s, curve->threshold[curve->best]);
    tui_columns least = { .count = columns.count };
    least.counts[best] = columns.counts[best];
    tui_plot_bars(canvas, plot, &least, 1, true, TUI_GOOD);
    if (s->now >= 0 || !isnan(s->now_at))
        draw_now(canvas, plot, &columns, column_at(s, s->now_at));
    const int reach = tui_plot_reach(&columns, best, 1, true, plot.rows);
    if (reach < plot.rows)
        tui_canvas_put(canvas, plot.y + plot.rows - 1 - reach, plot.x + best, 0x25BE, TUI_GOOD);
}

/* ---- The ways ------------------------------------------------------------------------------------------------------ */

/* The letter and the short name of a way. */
static char letter_of(const ql_spec *spec)
{
    static const char letters[QL_CLIP_COUNT] = {
        [QL_CLIP_MINMAX] = 'm', [QL_CLIP_PERCENTILE] = 'p', [QL_CLIP_KL] = 'k',
        [QL_CLIP_MSE] = 'e',    [QL_CLIP_ACIQ] = 'l',       [QL_CLIP_MANUAL] = 'h',
    };
    return spec->clip == QL_CLIP_ACIQ && spec->dist == QL_DIST_GAUSS ? 'g' : letters[spec->clip];
}

static void draw_marks(tui_canvas *canvas, tui_rect line, const scene *s)
{
    const ql_curve *curve = any_curve(s->ways);
    for (int x = 0; x < line.cols; x++)
        tui_canvas_put(canvas, line.y, line.x + x, 0x2500, TUI_FRAME);
    for (int searches = 0; searches < 2; searches++) /* which stand where their curves are least, over the others */
        for (size_t i = 0; i < s->ways->count; i++)
            if ((s->ways->curves[i] != NULL) == searches)
                tui_canvas_put(canvas, line.y, line.x + column_at(s, place_of(s, curve, s->ways->lo[i], s->ways->hi[i])),
                               (uint32_t)letter_of(&s->ways->reports[i]->spec), TUI_STRONG);
    if (!isnan(s->now_at))
        tui_canvas_put(canvas, line.y, line.x + column_at(s, s->now_at),
                       (uint32_t)(s->now >= 0 ? letter_of(&s->ways->reports[s->now]->spec) : 'h'), TUI_SELECTED);
}

/* "m minmax ±0.3147 36.56 dB ★" */
static void draw_entry(tui_canvas *canvas, tui_rect rect, const scene *s, size_t i, bool is_long)
{
    const ql_report *report = s->ways->reports[i];
    char hi[TEXT_NUMBER_SIZE], lo[TEXT_NUMBER_SIZE], sqnr[TEXT_NUMBER_SIZE], range[128] = "", name[64];
    text_number(sqnr, report->metrics[QL_SQNR_DB], TEXT_FIXED_2);
    text_number(lo, s->ways->lo[i], TEXT_SIGNIFICANT);
    text_number(hi, s->ways->hi[i], TEXT_SIGNIFICANT);
    if (is_long && s->is_symmetric)
        snprintf(range, sizeof range, " ±%s", hi);
    else if (is_long)
        snprintf(range, sizeof range, " %s…%s", lo, hi);
    const char *space = strrchr(s->ways->names[i], ' '); /* "percentile 99.9", "aciq gauss" */
    snprintf(name, sizeof name, "%s%s", space && report->spec.clip == QL_CLIP_PERCENTILE ? "p" : "",
             space ? space + 1 : s->ways->names[i]);
    const bool is_now = (int)i == s->now;
    int x = rect.x;
    tui_canvas_put(canvas, rect.y, x, (uint32_t)letter_of(&report->spec), is_now ? TUI_SELECTED : TUI_STRONG);
    x += 2;
    x += tui_canvas_format(canvas, rect.y, x, rect.x + rect.cols - x, is_now ? TUI_CLIP : TUI_TEXT, "%s%s %s dB", name,
                           range, sqnr);
    if (i == s->ways->best)
        tui_canvas_text(canvas, rect.y, x + 1, rect.x + rect.cols - x - 1, TUI_GOOD, "★");
}

/* Lines that the ways take, and how many stand in one. */
typedef struct legend {
    int per_line, lines;
    bool is_long;
} legend;

static legend make_legend(int count, int rows, int cols)
{
    enum { ROOMY = 12, FEW_LINES = 2 };
    legend made = { .per_line = cols / LONG_ENTRY_COLS, .is_long = true };
    if (made.per_line < 1 || (count + made.per_line - 1) / made.per_line > FEW_LINES) {
        made.is_long = false;
        made.per_line = cols / ENTRY_COLS < 1 ? 1 : cols / ENTRY_COLS;
    }
    made.lines = rows >= ROOMY ? (count + made.per_line - 1) / made.per_line : 0;
    return made;
}

static void draw_legend(tui_canvas *canvas, tui_rect rect, const scene *s, legend at)
{
    const int width = rect.cols / at.per_line;
    for (int i = 0; i < (int)s->ways->count && i / at.per_line < at.lines; i++)
        draw_entry(canvas, (tui_rect) { rect.y + i / at.per_line, rect.x + i % at.per_line * width, 1, width - 1 }, s,
                   (size_t)i, at.is_long);
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
static void find_now(const tui_document *document, scene *s)
{
    const ql_curve *curve = any_curve(s->ways);
    double lo, hi;
    s->now = -1;
    s->now_at = NAN;
    for (size_t i = 0; i < s->ways->count; i++)
        if (strcmp(s->ways->reports[i]->spec_text, document->spec_text) == 0) {
            s->now = (int)i;
            s->now_at = place_of(s, curve, s->ways->lo[i], s->ways->hi[i]);
        }
    if (s->now < 0 && document->spec.clip == QL_CLIP_MANUAL && tui_range_of(&document->spec, NULL, &lo, &hi))
        s->now_at = place_of(s, curve, lo, hi);
}

static void draw_all(tui_app *app, tui_rect in, scene *s)
{
    tui_canvas *canvas = &app->canvas;
    const legend at = make_legend((int)s->ways->count, in.rows, in.cols - 2);
    const ql_curve *curves[2] = { NULL };
    int count = 0, used = 0;
    for (size_t i = 0; i < s->ways->count && count < 2; i++)
        if (s->ways->curves[i])
            curves[count++] = s->ways->curves[i];
    const int rest = in.rows - 2 - at.lines;
    count = rest < 2 * LEAST_ROWS && count > 1 ? 1 : count;
    for (int i = 0; i < count; i++) {
        const int rows = (rest - used) / (count - i);
        draw_curve(app, (tui_rect) { in.y + used, s->plot.x, rows, s->plot.cols }, s, curves[i]);
        used += rows;
    }
    tui_rect line = { in.y + used, s->plot.x, 1, s->plot.cols };
    draw_marks(canvas, line, s);
    line.y++;
    char text[TEXT_NUMBER_SIZE];
    text_number(text, s->whole, TEXT_SIGNIFICANT);
    tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, s->is_symmetric ? "0 threshold" : "0 % kept");
    tui_canvas_right(canvas, line.y, line.x, line.cols, TUI_FADED, s->is_symmetric ? text : "100 % of the range");
    draw_legend(canvas, (tui_rect) { line.y + 1, in.x + 1, at.lines, in.cols - 2 }, s, at);
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
        tui_canvas_wrap(canvas, words, TUI_TEXT, seen.missing);
        return;
    }
    scene s = { .ways = seen.made, .tensor = tui_document_tensor(document) };
    const ql_curve *curve = any_curve(s.ways);
    s.is_symmetric = tui_range_is_symmetric(&s.ways->reports[0]->spec);
    s.whole = !s.is_symmetric ? 1 : curve->hi > 0 ? curve->hi : 1;
    s.plot = (tui_rect) { in.y, in.x + COUNT_COLS + 1, in.rows, in.cols - COUNT_COLS - 2 };
    find_now(document, &s);
    canvas->faded = !are_of(s.ways, &document->spec);
    draw_all(app, in, &s);
}

const tui_sub tui_sub_curve = { .name = "loss", .draw = draw };
