/* A panel with two axes: see panel.h. */
#include "plot/panel.h"

#include <math.h>
#include <stdio.h>

#include "plot/ink.h"

static const double LABEL_SIZE = 8.5, LABEL_GAP = 10, NARROWEST_BAR = 1.0;
enum { MOST_TEETH = 100 };
static const double LOG_FLOOR = 0.5; /* the count at the bottom edge, so that a single element has a height */

double ql_histogram_center(const ql_histogram *histogram, unsigned bin)
{
    return histogram->lo + (histogram->hi - histogram->lo) * ((bin + 0.5) / QL_BINS);
}

uint64_t ql_histogram_largest(const ql_histogram *histogram)
{
    uint64_t largest = 0;
    for (unsigned i = 0; i < QL_BINS; i++)
        if (histogram->bins[i] > largest)
            largest = histogram->bins[i];
    return largest;
}

void ql_panel_scale(ql_panel *panel, double lo, double hi, uint64_t largest, bool log_counts)
{
    if (!isfinite(lo) || !isfinite(hi) || lo > hi)
        lo = hi = 0;
    double margin = hi > lo ? 0.02 * (hi - lo) : lo != 0 ? 0.5 * fabs(lo) : 1;
    panel->x = (ql_axis) { lo - margin, hi + margin, panel->left, panel->right };
    panel->log_counts = log_counts;
    double top = log_counts ? fmax(10, 1.7 * (double)largest) : fmax(4, 1.15 * (double)largest);
    panel->y = (ql_axis) { log_counts ? log10(LOG_FLOOR) : 0, log_counts ? log10(top) : top, panel->bottom, panel->top };
}

double ql_panel_count_at(const ql_panel *panel, uint64_t count)
{
    if (count == 0)
        return panel->bottom;
    return ql_axis_at(&panel->y, panel->log_counts ? log10((double)count) : (double)count);
}

static void draw_count_label(const ql_panel *panel, double y, const char *label)
{
    cairo_t *cairo = panel->cairo;
    ql_ink_color(cairo, QL_INK_FAINT, 1);
    ql_ink_line(cairo, panel->left, y, panel->right, y, 0.5);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text(cairo, panel->left - 6, y + 0.36 * LABEL_SIZE, 1, label);
}

static void draw_decades(const ql_panel *panel)
{
    int last = (int)floor(panel->y.hi), stride = last > 7 ? 2 : 1;
    for (int decade = 0; decade <= last; decade++) {
        char label[QL_NUMBER_SIZE];
        if (decade < 2)
            snprintf(label, sizeof label, "%d", decade ? 10 : 1);
        else
            ql_number_power(label, decade);
        const char *shown = decade < 2 ? label : label + sizeof "×" - 1;
        draw_count_label(panel, ql_axis_at(&panel->y, decade), decade % stride ? "" : shown);
        ql_ink_color(panel->cairo, QL_INK_SOFT, 1);
        for (int digit = 2; digit <= 9; digit++) {
            double y = ql_axis_at(&panel->y, decade + log10(digit));
            if (y > panel->top)
                ql_ink_line(panel->cairo, panel->left, y, panel->left + 2.5, y, 0.5);
        }
    }
}

static void draw_linear_counts(const ql_panel *panel, ql_ticks *ticks)
{
    ql_ticks_make(ticks, panel->y.lo, panel->y.hi, 4);
    for (unsigned i = 0; i < ticks->count; i++)
        if (ticks->at[i] == floor(ticks->at[i]))
            draw_count_label(panel, ql_axis_at(&panel->y, ticks->at[i]), ticks->label[i]);
}

void ql_panel_draw_counts(const ql_panel *panel, const char *name)
{
    cairo_t *cairo = panel->cairo;
    ql_ticks ticks = { .exponent = 0 };
    ql_ink_font(cairo, QL_FACE_PLAIN, LABEL_SIZE);
    if (panel->log_counts)
        draw_decades(panel);
    else
        draw_linear_counts(panel, &ticks);

    char power[QL_NUMBER_SIZE], text[160];
    ql_number_power(power, ticks.exponent);
    snprintf(text, sizeof text, "%s%s%s", name, power[0] ? " " : "", power);
    cairo_save(cairo);
    cairo_translate(cairo, panel->left - 41, (panel->top + panel->bottom) / 2);
    cairo_rotate(cairo, -M_PI / 2);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, 0, 0, 0.5, text);
    cairo_restore(cairo);
}

/* As many round ticks as have room for their labels. */
static void make_value_ticks(const ql_panel *panel, ql_ticks *ticks)
{
    for (unsigned wanted = 10; wanted >= 2; wanted--) {
        (panel->whole ? ql_ticks_make_whole : ql_ticks_make)(ticks, panel->x.lo, panel->x.hi, wanted);
        double width = 0;
        for (unsigned i = 0; i < ticks->count; i++)
            width += ql_ink_width(panel->cairo, ticks->label[i]) + 2 * LABEL_SIZE;
        if (width <= panel->right - panel->left)
            return;
    }
}

static void draw_frame(const ql_panel *panel, ql_ticks *ticks)
{
    cairo_t *cairo = panel->cairo;
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    cairo_rectangle(cairo, panel->left, panel->top, panel->right - panel->left, panel->bottom - panel->top);
    cairo_set_line_width(cairo, 0.7);
    cairo_stroke(cairo);
    ql_ink_font(cairo, QL_FACE_PLAIN, LABEL_SIZE);
    make_value_ticks(panel, ticks);
    for (unsigned i = 0; i < ticks->count; i++) {
        double x = ql_axis_at(&panel->x, ticks->at[i]);
        ql_ink_line(cairo, x, panel->bottom - 3.5, x, panel->bottom, 0.7);
    }
}

void ql_panel_draw_frame(const ql_panel *panel)
{
    ql_ticks ticks;
    draw_frame(panel, &ticks);
}

double ql_panel_draw_values(const ql_panel *panel, double gap, const char *name)
{
    cairo_t *cairo = panel->cairo;
    ql_ticks ticks;
    draw_frame(panel, &ticks);
    double labels_y = panel->bottom + gap + LABEL_GAP, name_y = labels_y + 1.2 * LABEL_GAP;
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    for (unsigned i = 0; i < ticks.count; i++)
        ql_ink_text(cairo, ql_axis_at(&panel->x, ticks.at[i]), labels_y, 0.5, ticks.label[i]);

    char power[QL_NUMBER_SIZE], text[160];
    ql_number_power(power, ticks.exponent);
    snprintf(text, sizeof text, "%s%s%s", name, power[0] ? " " : "", power);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, (panel->left + panel->right) / 2, name_y, 0.5, text);
    return name_y;
}

/* The edges of a bin on the page; a histogram of one value gets a bar that can be seen. */
static void bin_edges(const ql_panel *panel, const ql_histogram *histogram, unsigned bin, double *from, double *to)
{
    double width = histogram->hi - histogram->lo;
    *from = ql_axis_at(&panel->x, histogram->lo + width * ((double)bin / QL_BINS));
    *to = ql_axis_at(&panel->x, histogram->lo + width * ((bin + 1.0) / QL_BINS));
    if (!(width > 0)) {
        *from -= NARROWEST_BAR;
        *to += NARROWEST_BAR;
    }
}

static void clip_to_frame(const ql_panel *panel)
{
    cairo_save(panel->cairo);
    cairo_rectangle(panel->cairo, panel->left, panel->top, panel->right - panel->left, panel->bottom - panel->top);
    cairo_clip(panel->cairo);
}

void ql_panel_draw_filled(const ql_panel *panel, const ql_histogram *histogram, uint32_t rgb, double alpha)
{
    cairo_t *cairo = panel->cairo;
    double from = panel->left, to = panel->left;
    clip_to_frame(panel);
    for (unsigned i = 0; i < QL_BINS; i++) {
        bin_edges(panel, histogram, i, &from, &to);
        if (i == 0)
            cairo_move_to(cairo, from, panel->bottom);
        double y = ql_panel_count_at(panel, histogram->bins[i]);
        cairo_line_to(cairo, from, y);
        cairo_line_to(cairo, to, y);
        if (!(histogram->hi > histogram->lo))
            break;
    }
    cairo_line_to(cairo, to, panel->bottom);
    cairo_close_path(cairo);
    ql_ink_color(cairo, rgb, alpha);
    cairo_fill(cairo);
    cairo_restore(cairo);
}

static unsigned count_runs(const ql_histogram *histogram)
{
    unsigned runs = 0;
    for (unsigned i = 0; i < QL_BINS; i++)
        runs += histogram->bins[i] > 0 && (i == 0 || histogram->bins[i - 1] == 0);
    return runs;
}

void ql_panel_draw_outline(const ql_panel *panel, const ql_histogram *histogram, uint32_t rgb, double width)
{
    cairo_t *cairo = panel->cairo;
    bool drawing = false, falls = count_runs(histogram) <= MOST_TEETH;
    double from, to = panel->left;
    clip_to_frame(panel);
    for (unsigned i = 0; i <= QL_BINS; i++) {
        if (i == QL_BINS || histogram->bins[i] == 0) {
            if (drawing && falls)
                cairo_line_to(cairo, to, panel->bottom);
            drawing = false;
            continue;
        }
        double y = ql_panel_count_at(panel, histogram->bins[i]);
        bin_edges(panel, histogram, i, &from, &to);
        if (!drawing)
            cairo_move_to(cairo, from, falls ? panel->bottom : y);
        cairo_line_to(cairo, from, y);
        cairo_line_to(cairo, to, y);
        drawing = true;
    }
    ql_ink_color(cairo, rgb, 1);
    cairo_set_line_width(cairo, width);
    cairo_stroke(cairo);
    cairo_restore(cairo);
}

void ql_panel_draw_mark(const ql_panel *panel, double value, double anchor, unsigned row, const char *label)
{
    cairo_t *cairo = panel->cairo;
    double x = ql_axis_at(&panel->x, value), width, y = panel->top + 11 + 14 * row;
    if (!(x >= panel->left && x <= panel->right))
        return;
    cairo_save(cairo);
    cairo_set_dash(cairo, (const double[]) { 4, 3 }, 2, 0);
    ql_ink_color(cairo, QL_INK_CLIP, 1);
    ql_ink_line(cairo, x, panel->top, x, panel->bottom, 0.9);
    cairo_restore(cairo);

    ql_ink_font(cairo, QL_FACE_PLAIN, LABEL_SIZE);
    width = ql_ink_width(cairo, label);
    double left = anchor > 0 ? x - 4 - width : x + 4;
    ql_ink_color(cairo, 0xffffff, 0.8);
    cairo_rectangle(cairo, left - 1.5, y - LABEL_SIZE, width + 3, LABEL_SIZE + 3);
    cairo_fill(cairo);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text(cairo, left, y, 0, label);
}
