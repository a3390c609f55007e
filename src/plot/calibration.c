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
#include <string.h>

#include "base/text.h"
#include "plot/calibration.h"
#include "plot/figure.h"
#include "plot/ink.h"
#include "plot/losses.h"
#include "plot/panel.h"

static const double TOP = 66, BOTTOM = 430, ROWS_TOP = 203, PANEL_GAP = 12, SIZE = 8.5, LEADING = 12;

/* ---- Distribution ------------------------------------------------------------------------------------------ */

static ql_histogram mirror(const ql_histogram *histogram)
{
    ql_histogram out = { .lo = -histogram->hi, .hi = -histogram->lo };
    for (unsigned i = 0; i < QL_BINS; i++)
        out.bins[i] = histogram->bins[QL_BINS - 1 - i];
    return out;
}

static void draw_distribution(const ql_ways_view *v, double bottom)
{
    const ql_histogram *original = &v->ways->reports[0]->original, mirrored = mirror(original);
    ql_panel panel = { .cairo = v->cairo, .left = QL_WAYS_LEFT, .top = TOP, .right = QL_WAYS_RIGHT, .bottom = bottom };
    ql_panel_scale(&panel, v->x.lo, v->x.hi, ql_histogram_largest(original), true);
    panel.x = v->x;
    ql_panel_draw_counts(&panel, "count (log scale)");
    cairo_save(v->cairo);
    if (v->symmetric) { /* each sign from 0 on */
        double zero = ql_axis_at(&v->x, 0);
        cairo_rectangle(v->cairo, zero, TOP, QL_WAYS_RIGHT - zero, bottom - TOP);
        cairo_clip(v->cairo);
    }
    ql_panel_draw_filled(&panel, original, QL_INK_ORIGINAL, 1);
    if (v->symmetric && original->lo < 0)
        ql_panel_draw_outline(&panel, &mirrored, QL_INK_SOFT, 0.8);
    cairo_restore(v->cairo);
    ql_panel_draw_frame(&panel);
}

/* The ends of all ranges, through all panels. */
static void draw_ends(const ql_ways_view *v)
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

/* ---- Curves ------------------------------------------------------------------------------------------------- */

static const char *loss_name(const ql_curve *curve)
{
    return curve->spec.clip == QL_CLIP_KL ? "KL, nats" : "mean e²";
}

static void describe_curve(const ql_ways_view *v, const ql_curve *curve, double y)
{
    cairo_t *cairo = v->cairo;
    const double width = QL_PAGE_RIGHT - QL_WAYS_MARGIN;
    char at[QL_NUMBER_SIZE], loss[QL_NUMBER_SIZE], count[QL_NUMBER_SIZE], infinite[QL_NUMBER_SIZE], text[256];
    uint64_t unusable = 0;
    for (size_t i = 0; i < curve->count; i++)
        unusable += !isfinite(curve->loss[i]);
    ql_ink_font(cairo, QL_FACE_BOLD, SIZE);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text(cairo, QL_WAYS_MARGIN, y, 0,
                curve->spec.clip == QL_CLIP_KL ? "clip=kl: divergence of the distributions"
                                               : "clip=mse: mean squared error");
    ql_ink_font(cairo, QL_FACE_PLAIN, SIZE);
    if (curve->count == 0) {
        ql_ink_text(cairo, QL_WAYS_MARGIN, y + LEADING, 0, "all values are 0: there is nothing to search");
        return;
    }
    ql_number(loss, curve->loss[curve->best], 4);
    ql_number(at, curve->threshold[curve->best], 4);
    ql_text_count(count, curve->count);
    if (v->symmetric)
        snprintf(text, sizeof text, "least %s at threshold %s", loss, at);
    else
        snprintf(text, sizeof text, "least %s where %.1f %% of the range is kept", loss,
                 100 * curve->threshold[curve->best]);
    y = ql_ink_paragraph(cairo, QL_WAYS_MARGIN, y + LEADING, width, LEADING, 1, text);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    snprintf(text, sizeof text, "%s candidates", count);
    ql_text_count(infinite, unusable);
    if (unusable)
        snprintf(text, sizeof text, "%s candidates, %s of infinite divergence", count, infinite);
    y = ql_ink_paragraph(cairo, QL_WAYS_MARGIN, y, width, LEADING, 1, text);
    if (!v->symmetric)
        ql_ink_paragraph(
            cairo, QL_WAYS_MARGIN, y, width, LEADING, 3,
            "A zero point is a whole code, so the range that is kept lies up to half a step beside the one sought.");
    for (size_t i = 0; i < v->ways->count; i++)
        if (v->ways->curves[i] == curve)
            ql_ink_paragraph(cairo, QL_WAYS_MARGIN, y, width, LEADING, 2, v->ways->reports[i]->note);
}

static void draw_curves(const ql_ways_view *v, double top)
{
    unsigned total = 0, drawn = 0;
    for (size_t i = 0; i < v->ways->count; i++)
        total += v->ways->curves[i] != NULL;
    const double height = (BOTTOM - top - PANEL_GAP * (total - 1)) / total;
    for (size_t i = 0; i < v->ways->count; i++) {
        const ql_curve *curve = v->ways->curves[i];
        if (!curve)
            continue;
        ql_panel panel = { .cairo = v->cairo, .left = QL_WAYS_LEFT, .right = QL_WAYS_RIGHT, .x = v->x };
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

static double draw_key(const ql_ways_view *v, double y, uint32_t rgb, bool area, const char *text)
{
    ql_ink_color(v->cairo, rgb, 1);
    if (area)
        cairo_rectangle(v->cairo, QL_WAYS_MARGIN, y - 7, 14, 8);
    else
        ql_ink_line(v->cairo, QL_WAYS_MARGIN, y - 3, QL_WAYS_MARGIN + 14, y - 3, 1);
    cairo_fill(v->cairo);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    ql_ink_text(v->cairo, QL_WAYS_MARGIN + 19, y, 0, text);
    return y + LEADING + 1;
}

static void describe_group(const ql_ways_view *v, char *out, size_t size)
{
    const ql_report *report = v->ways->reports[0];
    char number[QL_NUMBER_SIZE], count[QL_NUMBER_SIZE];
    ql_text_count(number, v->ways->group);
    ql_text_count(count, report->group_count);
    snprintf(out, size,
             "Dots, dashed lines and curves are of group %s of %s (counted from 0), which holds the largest magnitude.%s "
             "The distribution and the numbers are of the whole tensor.",
             number, count, v->symmetric ? " Thick bars span the thresholds of all groups." : "");
}

static void draw_keys(const ql_ways_view *v)
{
    const ql_ways *ways = v->ways;
    const ql_report *first = ways->reports[0], *best = ways->reports[ways->best];
    char text[400], count[QL_NUMBER_SIZE], sqnr[QL_NUMBER_SIZE], gain[QL_NUMBER_SIZE];
    const double width = QL_PAGE_RIGHT - QL_WAYS_MARGIN;
    ql_ink_font(v->cairo, QL_FACE_PLAIN, SIZE);
    double y = TOP + SIZE;
    y = draw_key(v, y, QL_INK_ORIGINAL, true, v->symmetric ? "|x| where x ≥ 0, in bins of x" : "x, in 512 bins");
    if (v->symmetric && first->original.lo < 0)
        y = draw_key(v, y, QL_INK_SOFT, false, "|x| where x < 0");
    y += 3;
    snprintf(text, sizeof text,
             v->symmetric ? "A range ends at its threshold: magnitudes to the right of a dashed line are clipped."
                          : "A range has two ends: values outside its dashed lines are clipped.");
    if (first->outlier_count > 0) {
        size_t used = strlen(text);
        ql_text_count(count, first->outlier_count);
        snprintf(text + used, sizeof text - used, " %s outliers are not: they are kept in half precision.", count);
    }
    y = ql_ink_paragraph(v->cairo, QL_WAYS_MARGIN, y, width, LEADING, 3, text) + 3;
    if (v->has_groups) {
        describe_group(v, text, sizeof text);
        ql_ink_color(v->cairo, QL_INK_SOFT, 1);
        y = ql_ink_paragraph(v->cairo, QL_WAYS_MARGIN, y, width, LEADING, 4, text) + 3;
    }
    ql_number_fixed(sqnr, best->metrics[QL_SQNR_DB], 2, "");
    ql_number_fixed(gain, best->metrics[QL_SQNR_DB] - first->metrics[QL_SQNR_DB], 2, "");
    if (ways->best == 0)
        snprintf(text, sizeof text, "Best: %s, %s dB", ways->names[0], sqnr);
    else
        snprintf(text, sizeof text, "Best: %s, %s dB, %s dB above %s", ways->names[ways->best], sqnr, gain, ways->names[0]);
    ql_ink_font(v->cairo, QL_FACE_BOLD, SIZE);
    ql_ink_color(v->cairo, QL_INK_TEXT, 1);
    ql_ink_paragraph(v->cairo, QL_WAYS_MARGIN, y, width, LEADING, 2, text);
}

void ql_calibration_draw(cairo_t *cairo, const ql_figure *figure)
{
    ql_ways_view v = { .cairo = cairo };
    ql_ways_view_make(&v, figure->ways);
    ql_figure_draw_page(cairo, figure);
    draw_distribution(&v, ROWS_TOP - 4);
    draw_keys(&v);
    double bottom = ql_ways_draw_rows(&v, ROWS_TOP);
    draw_ends(&v);
    draw_curves(&v, bottom + 6);
}
