/*
 * The figure "calibration": what every way to choose a clipping range keeps of a tensor, and what it costs.
 *
 *   title, spec
 *   distribution            | keys, what is compared      \
 *   a row for every way: where its range ends | numbers    \  one axis of values, 800 x 500 points
 *   curve of clip=kl        | its minimum                  /
 *   curve of clip=mse       | its minimum                 /
 *   the command line
 *
 * A symmetric range is drawn over |x|: it ends at alpha. Ranges with a zero point have two ends.
 */
#include <math.h>
#include <stdio.h>

#include "plot/figure.h"
#include "plot/ink.h"
#include "plot/losses.h"
#include "plot/panel.h"
#include "quant/scheme.h"

static const double LEFT = 118, RIGHT = 486, MARGIN_LEFT = 500;
static const double TOP = 66, BOTTOM = 430, ROWS_TOP = 203, ROW = 13.2, PANEL_GAP = 12;
static const double SIZE = 8.5, LEADING = 12, DOT = 3;
static const double MOST_REACH = 1.6; /* times the data's range: marks further out stand at the edge as arrows */

static const uint32_t colors[QL_CLIP_COUNT] = {
    [QL_CLIP_MINMAX] = 0x1a1a1a, [QL_CLIP_PERCENTILE] = 0x0072b2, [QL_CLIP_KL] = 0xd55e00,
    [QL_CLIP_MSE] = 0x00805c,    [QL_CLIP_ACIQ] = 0xb8508c,       [QL_CLIP_MANUAL] = 0x56b4e9,
};
enum { GAUSS_COLOR = 0xe69f00 };

/* What a way keeps. Symmetric ranges have lo = -hi. */
typedef struct kept {
    const char *name;
    uint32_t rgb;
    double lo, hi;         /* in the group that is shown */
    double least, largest; /* over the groups: of the ends of symmetric ranges, else of the widths */
} kept;

typedef struct view {
    cairo_t *cairo;
    const ql_ways *ways;
    bool symmetric;
    kept kept[QL_WAYS_MOST];
    ql_axis x;
} view;

/* ---- Ranges ------------------------------------------------------------------------------------------------ */

/* What the stored parameters of a group keep: the values of the lowest and highest code. A symmetric range ends at its threshold. */
static void range_of(const ql_report *report, uint64_t group, double *lo, double *hi)
{
    const double step = report->scales[group], zero = report->zeros ? report->zeros[group] : 0;
    *lo = (report->code_lo - zero) * step;
    *hi = (report->code_hi - zero) * step;
    if (report->spec.mapping->symmetric) {
        *hi += report->spec.range == QL_RANGE_TORCHOBS ? 0.5 * step : 0; /* its step is alpha / (Q + 1/2) */
        *lo = -*hi;
    }
}

/* A group of zeros has the step 1 whatever the way, which says nothing about its range. */
static bool is_empty(const ql_ways *ways, uint64_t group)
{
    for (size_t i = 0; i < ways->count; i++)
        if (ways->reports[i]->scales[group] != 1)
            return false;
    return true;
}

static kept keep(const ql_ways *ways, size_t way)
{
    const ql_report *report = ways->reports[way];
    bool gauss = report->spec.clip == QL_CLIP_ACIQ && report->spec.dist == QL_DIST_GAUSS;
    kept k = { ways->names[way], gauss ? GAUSS_COLOR : colors[report->spec.clip], .least = INFINITY };
    range_of(report, ways->group, &k.lo, &k.hi);
    for (uint64_t group = 0; group < report->group_count; group++) {
        double lo, hi;
        range_of(report, group, &lo, &hi);
        double size = report->spec.mapping->symmetric ? hi : hi - lo;
        if (report->group_count > 1 && is_empty(ways, group))
            continue;
        k.least = fmin(k.least, size);
        k.largest = fmax(k.largest, size);
    }
    if (k.least > k.largest)
        k.least = k.largest = report->spec.mapping->symmetric ? k.hi : k.hi - k.lo;
    return k;
}

static void set_axis(view *v)
{
    const ql_histogram *original = &v->ways->reports[0]->original;
    double lo = original->lo, hi = original->hi, reach = fmax(fabs(lo), fabs(hi));
    if (v->symmetric) {
        lo = 0;
        hi = reach;
    }
    const double data_lo = lo, data_hi = hi, room = (MOST_REACH - 1) * (hi > lo ? hi - lo : reach);
    for (size_t i = 0; i < v->ways->count; i++) {
        if (!v->symmetric && v->kept[i].lo >= data_lo - room)
            lo = fmin(lo, v->kept[i].lo);
        if (v->kept[i].hi <= data_hi + room)
            hi = fmax(hi, v->kept[i].hi);
    }
    if (!(hi > lo)) {
        hi = lo + fmax(1, fabs(lo));
        lo = v->symmetric ? 0 : 2 * lo - hi;
    }
    double margin = 0.03 * (hi - lo);
    v->x = (ql_axis) { lo - margin, hi + margin, LEFT, RIGHT };
}

/* ---- Distribution ------------------------------------------------------------------------------------------ */

static ql_histogram mirror(const ql_histogram *histogram)
{
    ql_histogram out = { .lo = -histogram->hi, .hi = -histogram->lo };
    for (unsigned i = 0; i < QL_BINS; i++)
        out.bins[i] = histogram->bins[QL_BINS - 1 - i];
    return out;
}

static void draw_distribution(const view *v, double bottom)
{
    const ql_histogram *original = &v->ways->reports[0]->original, mirrored = mirror(original);
    ql_panel panel = { .cairo = v->cairo, .left = LEFT, .top = TOP, .right = RIGHT, .bottom = bottom };
    ql_panel_scale(&panel, v->x.lo, v->x.hi, ql_histogram_largest(original), true);
    panel.x = v->x;
    ql_panel_draw_counts(&panel, "count (log scale)");
    cairo_save(v->cairo);
    if (v->symmetric) { /* each sign from 0 on */
        double zero = ql_axis_at(&v->x, 0);
        cairo_rectangle(v->cairo, zero, TOP, RIGHT - zero, bottom - TOP);
        cairo_clip(v->cairo);
    }
    ql_panel_draw_filled(&panel, original, QL_INK_ORIGINAL, 1);
    if (v->symmetric && original->lo < 0)
        ql_panel_draw_outline(&panel, &mirrored, QL_INK_SOFT, 0.8);
    cairo_restore(v->cairo);
    ql_panel_draw_frame(&panel);
}

/* The ends of all ranges, through all panels. */
static void draw_ends(const view *v)
{
    cairo_t *cairo = v->cairo;
    cairo_save(cairo);
    cairo_set_dash(cairo, (const double[]) { 3, 2.5 }, 2, 0);
    for (size_t i = 0; i < v->ways->count; i++) {
        const double ends[] = { v->kept[i].hi, v->kept[i].lo };
        ql_ink_color(cairo, v->kept[i].rgb, 1);
        for (unsigned end = 0; end < (v->symmetric ? 1 : 2); end++)
            if (ends[end] >= v->x.lo && ends[end] <= v->x.hi) {
                double x = ql_axis_at(&v->x, ends[end]);
                ql_ink_line(cairo, x, TOP, x, BOTTOM, 0.9);
            }
    }
    cairo_restore(cairo);
}

/* ---- A row for every way ------------------------------------------------------------------------------------ */

typedef struct column {
    const char *title;
    double right;
    void (*format)(char out[3 * QL_NUMBER_SIZE], const view *v, size_t way);
} column;

static void format_fixed(char out[3 * QL_NUMBER_SIZE], double value, int decimals, const char *unit)
{
    if (fabs(value) < 1e5)
        snprintf(out, 3 * QL_NUMBER_SIZE, "%s%.*f%s", value < 0 ? "−" : "", decimals, fabs(value), unit);
    else
        ql_number(out, value, 4);
}

static void format_pair(char out[3 * QL_NUMBER_SIZE], double a, double b)
{
    char low[QL_NUMBER_SIZE], high[QL_NUMBER_SIZE];
    ql_number(low, a, 3);
    ql_number(high, b, 3);
    if (a == b)
        ql_number(out, a, 4);
    else
        snprintf(out, 3 * QL_NUMBER_SIZE, "%s … %s", low, high);
}

static bool has_groups(const view *v)
{
    return v->ways->reports[0]->group_count > 1;
}

static void format_kept(char out[3 * QL_NUMBER_SIZE], const view *v, size_t way)
{
    const kept *k = &v->kept[way];
    if (v->symmetric || has_groups(v))
        format_pair(out, k->least, k->largest);
    else
        format_pair(out, k->lo, k->hi);
}

static void format_clipped(char out[3 * QL_NUMBER_SIZE], const view *v, size_t way)
{
    double share = v->ways->reports[way]->metrics[QL_FRAC_CLIPPED];
    if (share > 0 && share < 0.00001)
        snprintf(out, 3 * QL_NUMBER_SIZE, "< 0.001 %%");
    else
        format_fixed(out, 100 * share, share > 0 ? 3 : 0, " %");
}

static void format_sqnr(char out[3 * QL_NUMBER_SIZE], const view *v, size_t way)
{
    format_fixed(out, v->ways->reports[way]->metrics[QL_SQNR_DB], 2, "");
}

static void format_error(char out[3 * QL_NUMBER_SIZE], const view *v, size_t way)
{
    ql_number(out, v->ways->reports[way]->metrics[QL_MAX_ABS], 4);
}

static const column columns[] = {
    { NULL, 610, format_kept }, /* the title depends: kept_title */
    { "clipped", 661, format_clipped },
    { "SQNR dB", 710, format_sqnr },
    { "max |e|", QL_PAGE_RIGHT, format_error },
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static const char *kept_title(const view *v)
{
    if (has_groups(v))
        return v->symmetric ? "threshold, over groups" : "width, over groups";
    return v->symmetric ? "threshold" : "range kept";
}

static void draw_arrow(cairo_t *cairo, double x, double y, double direction)
{
    cairo_move_to(cairo, x, y);
    cairo_line_to(cairo, x - 6 * direction, y - 3);
    cairo_line_to(cairo, x - 6 * direction, y + 3);
    cairo_close_path(cairo);
    cairo_fill(cairo);
}

static void draw_end(const view *v, double value, double y)
{
    double x = ql_axis_at(&v->x, value);
    if (value < v->x.lo || value > v->x.hi) {
        draw_arrow(v->cairo, value > v->x.hi ? RIGHT : LEFT, y, value > v->x.hi ? 1 : -1);
        return;
    }
    cairo_new_sub_path(v->cairo);
    cairo_arc(v->cairo, x, y, DOT, 0, 2 * M_PI);
    cairo_fill(v->cairo);
}

/* What is kept as a bar from end to end; for symmetric ranges of several groups a thick part from the least to the largest. */
static void draw_bar(const view *v, const kept *k, double y)
{
    double from = fmax(LEFT, ql_axis_at(&v->x, v->symmetric ? 0 : k->lo)), to = fmin(RIGHT, ql_axis_at(&v->x, k->hi));
    ql_ink_color(v->cairo, k->rgb, 0.45);
    ql_ink_line(v->cairo, from, y, to, y, 1.2);
    if (v->symmetric && has_groups(v)) {
        ql_ink_color(v->cairo, k->rgb, 0.3);
        ql_ink_line(v->cairo, fmin(RIGHT, ql_axis_at(&v->x, k->least)), y, fmin(RIGHT, ql_axis_at(&v->x, k->largest)), y, 6);
    }
    ql_ink_color(v->cairo, k->rgb, 1);
    draw_end(v, k->hi, y);
    if (!v->symmetric)
        draw_end(v, k->lo, y);
}

static void draw_row(const view *v, size_t way)
{
    cairo_t *cairo = v->cairo;
    const kept *k = &v->kept[way];
    double top = ROWS_TOP + ROW * (double)(way + 1), baseline = top + 9.4;
    bool best = way == v->ways->best;
    if (best) {
        ql_ink_color(cairo, QL_INK_FAINT, 0.55);
        cairo_rectangle(cairo, LEFT - 100, top, QL_PAGE_RIGHT - LEFT + 104, ROW);
        cairo_fill(cairo);
    }
    draw_bar(v, k, top + ROW / 2);
    ql_ink_font(cairo, best ? QL_FACE_BOLD : QL_FACE_PLAIN, SIZE);
    ql_ink_color(cairo, k->rgb, 1);
    cairo_rectangle(cairo, LEFT - 96, baseline - 6.2, 6, 6);
    cairo_fill(cairo);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text_within(cairo, LEFT - 86, baseline, 80, k->name);
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        char text[3 * QL_NUMBER_SIZE];
        columns[i].format(text, v, way);
        ql_ink_text(cairo, columns[i].right, baseline, 1, text);
    }
}

/* Returns where the rows end. */
static double draw_rows(const view *v)
{
    cairo_t *cairo = v->cairo;
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, LEFT - 86, ROWS_TOP + 9.4, 0, "clip");
    for (unsigned i = 0; i < COLUMN_COUNT; i++)
        ql_ink_text(cairo, columns[i].right, ROWS_TOP + 9.4, 1, columns[i].title ? columns[i].title : kept_title(v));
    for (size_t i = 0; i < v->ways->count; i++)
        draw_row(v, i);
    return ROWS_TOP + ROW * (double)(v->ways->count + 1);
}

/* ---- Curves ------------------------------------------------------------------------------------------------- */

static const char *loss_name(const ql_curve *curve)
{
    return curve->spec.clip == QL_CLIP_KL ? "KL, nats" : "mean e²";
}

static void describe_curve(const view *v, const ql_curve *curve, double y)
{
    cairo_t *cairo = v->cairo;
    const double width = QL_PAGE_RIGHT - MARGIN_LEFT;
    char at[QL_NUMBER_SIZE], loss[QL_NUMBER_SIZE], count[QL_NUMBER_SIZE], infinite[QL_NUMBER_SIZE], text[256];
    uint64_t unusable = 0;
    for (size_t i = 0; i < curve->count; i++)
        unusable += !isfinite(curve->loss[i]);
    ql_ink_font(cairo, QL_FACE_BOLD, SIZE);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text(cairo, MARGIN_LEFT, y, 0,
                curve->spec.clip == QL_CLIP_KL ? "clip=kl: divergence of the distributions" : "clip=mse: mean squared error");
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
    if (curve->count == 0) {
        ql_ink_text(cairo, MARGIN_LEFT, y + LEADING, 0, "all values are 0: there is nothing to search");
        return;
    }
    ql_number(loss, curve->loss[curve->best], 4);
    ql_number(at, curve->threshold[curve->best], 4);
    ql_number_count(count, curve->count);
    if (v->symmetric)
        snprintf(text, sizeof text, "least %s at threshold %s", loss, at);
    else
        snprintf(text, sizeof text, "least %s where %.1f %% of the range is kept", loss, 100 * curve->threshold[curve->best]);
    y = ql_ink_paragraph(cairo, MARGIN_LEFT, y + LEADING, width, LEADING, 1, text);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    snprintf(text, sizeof text, "%s candidates", count);
    ql_number_count(infinite, unusable);
    if (unusable)
        snprintf(text, sizeof text, "%s candidates, %s of infinite divergence", count, infinite);
    y = ql_ink_paragraph(cairo, MARGIN_LEFT, y, width, LEADING, 1, text);
    if (!v->symmetric)
        ql_ink_paragraph(cairo, MARGIN_LEFT, y, width, LEADING, 3,
                         "A zero point is a whole code, so the range that is kept lies up to half a step beside the one sought.");
    for (size_t i = 0; i < v->ways->count; i++)
        if (v->ways->curves[i] == curve)
            ql_ink_paragraph(cairo, MARGIN_LEFT, y, width, LEADING, 2, v->ways->reports[i]->note);
}

static void draw_curves(const view *v, double top)
{
    unsigned total = 0, drawn = 0;
    for (size_t i = 0; i < v->ways->count; i++)
        total += v->ways->curves[i] != NULL;
    const double height = (BOTTOM - top - PANEL_GAP * (total - 1)) / total;
    for (size_t i = 0; i < v->ways->count; i++) {
        const ql_curve *curve = v->ways->curves[i];
        if (!curve)
            continue;
        ql_panel panel = { .cairo = v->cairo, .left = LEFT, .right = RIGHT, .x = v->x };
        panel.top = top + drawn++ * (height + PANEL_GAP);
        panel.bottom = panel.top + height;
        ql_losses_draw(&panel, curve, v->kept[i].rgb, loss_name(curve));
        if (drawn < total)
            ql_panel_draw_frame(&panel);
        else
            ql_panel_draw_values(&panel, 1, v->symmetric ? "magnitude |x|, threshold" : "value x, ends of the range");
        describe_curve(v, curve, panel.top + SIZE);
    }
}

/* ---- What is what -------------------------------------------------------------------------------------------- */

static double draw_key(const view *v, double y, uint32_t rgb, bool area, const char *text)
{
    ql_ink_color(v->cairo, rgb, 1);
    if (area)
        cairo_rectangle(v->cairo, MARGIN_LEFT, y - 7, 14, 8);
    else
        ql_ink_line(v->cairo, MARGIN_LEFT, y - 3, MARGIN_LEFT + 14, y - 3, 1);
    cairo_fill(v->cairo);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    ql_ink_text(v->cairo, MARGIN_LEFT + 19, y, 0, text);
    return y + LEADING + 1;
}

static void describe_group(const view *v, char *out, size_t size)
{
    const ql_report *report = v->ways->reports[0];
    char number[QL_NUMBER_SIZE], count[QL_NUMBER_SIZE];
    ql_number_count(number, v->ways->group);
    ql_number_count(count, report->group_count);
    snprintf(out, size,
             "Dots, dashed lines and curves are of group %s of %s (counted from 0), which holds the largest magnitude.%s "
             "The distribution and the numbers are of the whole tensor.",
             number, count, v->symmetric ? " Thick bars span the thresholds of all groups." : "");
}

static void draw_keys(const view *v)
{
    const ql_ways *ways = v->ways;
    const ql_report *first = ways->reports[0], *best = ways->reports[ways->best];
    char text[400], sqnr[3 * QL_NUMBER_SIZE], gain[3 * QL_NUMBER_SIZE];
    const double width = QL_PAGE_RIGHT - MARGIN_LEFT;
    ql_ink_font(v->cairo, QL_FACE_PLAIN, SIZE);
    double y = TOP + SIZE;
    y = draw_key(v, y, QL_INK_ORIGINAL, true, v->symmetric ? "|x| where x ≥ 0, in bins of x" : "x, in 512 bins");
    if (v->symmetric && first->original.lo < 0)
        y = draw_key(v, y, QL_INK_SOFT, false, "|x| where x < 0");
    y += 3;
    snprintf(text, sizeof text,
             v->symmetric ? "A range ends at its threshold: magnitudes to the right of a dashed line are clipped."
                          : "A range has two ends: values outside its dashed lines are clipped.");
    y = ql_ink_paragraph(v->cairo, MARGIN_LEFT, y, width, LEADING, 3, text) + 3;
    if (has_groups(v)) {
        describe_group(v, text, sizeof text);
        ql_ink_color(v->cairo, QL_INK_SOFT, 1);
        y = ql_ink_paragraph(v->cairo, MARGIN_LEFT, y, width, LEADING, 4, text) + 3;
    }
    format_sqnr(sqnr, v, ways->best);
    format_fixed(gain, best->metrics[QL_SQNR_DB] - first->metrics[QL_SQNR_DB], 2, "");
    if (ways->best == 0)
        snprintf(text, sizeof text, "Best: %s, %s dB", ways->names[0], sqnr);
    else
        snprintf(text, sizeof text, "Best: %s, %s dB, %s dB above %s", ways->names[ways->best], sqnr, gain, ways->names[0]);
    ql_ink_font(v->cairo, QL_FACE_BOLD, SIZE);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    ql_ink_paragraph(v->cairo, MARGIN_LEFT, y, width, LEADING, 2, text);
}

void ql_calibration_draw(cairo_t *cairo, const ql_figure *figure)
{
    view v = { .cairo = cairo, .ways = figure->ways, .symmetric = figure->ways->reports[0]->spec.mapping->symmetric };
    for (size_t i = 0; i < v.ways->count; i++)
        v.kept[i] = keep(v.ways, i);
    set_axis(&v);
    ql_figure_draw_page(cairo, figure, v.ways->reports[0]->stats.count);
    draw_distribution(&v, ROWS_TOP - 4);
    draw_keys(&v);
    double bottom = draw_rows(&v);
    draw_ends(&v);
    draw_curves(&v, bottom + 6);
}
