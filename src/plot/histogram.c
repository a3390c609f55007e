/*
 * The figure "histogram": what a quantizer did to the values of a tensor.
 *
 *   title, spec                                 \
 *   distribution of x and y on one axis,         \  800 x 500 points
 *   grid of levels, clip range                   /
 *   error histogram        | the numbers        /
 *   the command line
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plot/figure.h"
#include "plot/ink.h"
#include "plot/panel.h"
#include "plot/readout.h"
#include "plot/words.h"
#include "tensor/convert.h"

static const double LEFT = QL_PAGE_LEFT, RIGHT = QL_PAGE_RIGHT, GRID_STRIP = 9, LABEL_SIZE = 8.5, SHADE = 0.09;
enum { STEM_LIMIT = 64 };
static const double LARGE_DOT = 2.4, SMALL_DOT = 1.1;

typedef enum key_shape { KEY_AREA, KEY_LINE, KEY_STEM, KEY_DOTS } key_shape;

/* Where the dequantized values are: one mark per level where the levels are known, else one per bin. */
typedef struct marks {
    unsigned count, used;
    key_shape shape;
    bool levels; /* marks are levels with their exact counts, not bins */
    double at[QL_BINS];
    uint64_t counts[QL_BINS];
    uint64_t largest;
} marks;

static void add_mark(marks *m, double at, uint64_t count)
{
    m->at[m->count] = at;
    m->counts[m->count++] = count;
    m->used += count > 0;
    if (count > m->largest)
        m->largest = count;
}

static void find_marks(const ql_report *report, marks *m)
{
    *m = (marks) { .levels = report->grid_count > 0 };
    if (m->levels)
        for (unsigned i = 0; i < report->grid_count; i++)
            add_mark(m, report->grid[i], report->grid_counts[i]);
    else
        for (unsigned i = 0; i < QL_BINS; i++)
            if (report->dequantized.bins[i] > 0)
                add_mark(m, ql_histogram_center(&report->dequantized, i), report->dequantized.bins[i]);
}

/* The range of the value axis: the data, and the clip range and the levels where they do not reach out so far that the data
   would become too small to see. */
static void find_view(const ql_report *report, double *lo, double *hi)
{
    double data_lo = report->original.lo, data_hi = report->original.hi;
    double reach = 2 * (data_hi > data_lo ? data_hi - data_lo : fmax(fabs(data_lo), fabs(data_hi)));
    double others[] = { report->clip_lo, report->clip_hi, report->grid_count ? report->grid[0] : data_lo,
                        report->grid_count ? report->grid[report->grid_count - 1] : data_hi };
    *lo = data_lo;
    *hi = data_hi;
    for (unsigned i = 0; i < 4; i++) {
        if (!isfinite(others[i]) || others[i] < data_lo - reach || others[i] > data_hi + reach)
            continue;
        *lo = fmin(*lo, others[i]);
        *hi = fmax(*hi, others[i]);
    }
}

/* How the dequantized values can be read best: few of them as stems, many levels as dots, many bins as a line. */
static key_shape choose_shape(const ql_panel *panel, const marks *m)
{
    double first = NAN, last = NAN;
    for (unsigned i = 0; i < m->count; i++)
        if (m->counts[i] > 0) {
            last = ql_axis_at(&panel->x, m->at[i]);
            first = isnan(first) ? last : first;
        }
    bool have_room = m->used < 2 || (last - first) / (m->used - 1) >= 2 * LARGE_DOT;
    return m->used <= STEM_LIMIT && have_room ? KEY_STEM : m->levels ? KEY_DOTS : KEY_LINE;
}

static void draw_dot(cairo_t *cairo, double x, double y, double radius)
{
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x, y, radius, 0, 2 * M_PI);
    cairo_fill(cairo);
}

static void draw_dequantized(const ql_panel *panel, const ql_report *report, const marks *m)
{
    if (m->shape == KEY_LINE) {
        ql_panel_draw_outline(panel, &report->dequantized, QL_INK_DEQUANTIZED, 1.0);
        return;
    }
    ql_ink_color(panel->cairo, QL_INK_DEQUANTIZED, 1);
    for (unsigned i = 0; i < m->count; i++) {
        double x = ql_axis_at(&panel->x, m->at[i]), y = ql_panel_count_at(panel, m->counts[i]);
        if (m->counts[i] == 0 || x < panel->left || x > panel->right)
            continue;
        if (m->shape == KEY_STEM)
            ql_ink_line(panel->cairo, x, panel->bottom, x, y, 1.1);
        draw_dot(panel->cairo, x, y, m->shape == KEY_STEM ? LARGE_DOT : SMALL_DOT);
    }
}

/* Every level as a tick below the axis: strong where it is used, pale where it is idle. Returns the height of the strip. */
static double draw_grid(const ql_panel *panel, const ql_report *report)
{
    cairo_t *cairo = panel->cairo;
    double top = panel->bottom + 2, bottom = panel->bottom + GRID_STRIP;
    if (report->grid_count == 0)
        return 1;
    ql_ink_font(cairo, QL_FACE_PLAIN, LABEL_SIZE);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, panel->left - 6, bottom - 0.5, 1, "levels");
    double width = report->grid_count <= STEM_LIMIT ? 1.1 : 0.7;
    for (unsigned i = 0; i < report->grid_count; i++) {
        double x = ql_axis_at(&panel->x, report->grid[i]);
        if (x < panel->left || x > panel->right)
            continue;
        bool used = report->grid_counts[i] > 0;
        ql_ink_color(cairo, used ? QL_INK_DEQUANTIZED : QL_INK_IDLE, 1);
        ql_ink_line(cairo, x, top, x, used ? bottom : bottom - 2.5, width);
    }
    return GRID_STRIP;
}

/* Shades a part of the axis that is cut off by the clip range. */
static void shade(const ql_panel *panel, double from, double to)
{
    double left = fmax(panel->left, ql_axis_at(&panel->x, from)), right = fmin(panel->right, ql_axis_at(&panel->x, to));
    if (!(right > left))
        return;
    ql_ink_color(panel->cairo, QL_INK_DEQUANTIZED, SHADE);
    cairo_rectangle(panel->cairo, left, panel->top, right - left, panel->bottom - panel->top);
    cairo_fill(panel->cairo);
}

/* Same within a thousandth of the data's range and within what float32 rounds: nothing that could be seen. */
static bool same_place(const ql_report *report, double a, double b)
{
    return fabs(a - b) <= 1e-3 * (report->original.hi - report->original.lo) + 1e-6 * fmax(fabs(a), fabs(b));
}

static bool clip_is_data_range(const ql_report *report)
{
    return same_place(report, report->clip_lo, report->original.lo) &&
           same_place(report, report->clip_hi, report->original.hi);
}

static bool cuts_data(const ql_report *report)
{
    return (report->clip_lo > report->original.lo && !same_place(report, report->clip_lo, report->original.lo)) ||
           (report->clip_hi < report->original.hi && !same_place(report, report->clip_hi, report->original.hi));
}

/* Two marks. Labels stand outside where there is room, else inside; the second one moves down where they could meet. */
static void draw_marks(const ql_panel *panel, double lo, const char *lo_label, double hi, const char *hi_label)
{
    enum { AIR = 12 };
    ql_ink_font(panel->cairo, QL_FACE_PLAIN, LABEL_SIZE);
    double lo_width = ql_ink_width(panel->cairo, lo_label) + AIR, hi_width = ql_ink_width(panel->cairo, hi_label) + AIR;
    double lo_at = ql_axis_at(&panel->x, lo), hi_at = ql_axis_at(&panel->x, hi);
    bool lo_outside = lo_at - panel->left > lo_width, hi_outside = panel->right - hi_at > hi_width;
    bool meet = hi_at - lo_at < (lo_outside ? 0 : lo_width) + (hi_outside ? 0 : hi_width);
    ql_panel_draw_mark(panel, lo, lo_outside ? 1 : 0, 0, lo_label);
    ql_panel_draw_mark(panel, hi, hi_outside ? 0 : 1, meet ? 1 : 0, hi_label);
}

static void draw_clip(const ql_panel *panel, const ql_report *report)
{
    if (clip_is_data_range(report) || !isfinite(report->clip_lo) || !isfinite(report->clip_hi))
        return;
    char number[QL_NUMBER_SIZE], lo[QL_NUMBER_SIZE + 16], hi[QL_NUMBER_SIZE + 16];
    const char *name = ql_words_clips(report) ? "clip" : "level";
    ql_number(number, report->clip_lo, 4);
    snprintf(lo, sizeof lo, "%s %s", name, number);
    ql_number(number, report->clip_hi, 4);
    snprintf(hi, sizeof hi, "%s %s", name, number);
    draw_marks(panel, report->clip_lo, lo, report->clip_hi, hi);
}

/* What the picture cannot show, in words, on the line of the axis' name. */
static void draw_notes(const ql_panel *panel, const ql_report *report, const marks *m, double y)
{
    char count[QL_NUMBER_SIZE], low[QL_NUMBER_SIZE], high[QL_NUMBER_SIZE], range[QL_RANGE_SIZE], text[256];
    ql_ink_font(panel->cairo, QL_FACE_PLAIN, LABEL_SIZE);
    ql_ink_color(panel->cairo, QL_INK_SOFT, 1);
    text[0] = '\0';
    if (report->group_count > 1) {
        ql_text_count(count, report->group_count);
        ql_words_range(range, report->scale_min, report->scale_max);
        snprintf(text, sizeof text, "%s groups with levels of their own%s%s", count, report->scales ? ", scales " : "",
                 report->scales ? range : "");
    } else if (report->levels > QL_MAX_GRID) {
        ql_text_count(count, report->levels);
        snprintf(text, sizeof text, "%s levels, too many to mark", count);
    }
    ql_ink_text(panel->cairo, panel->left, y, 0, text);
    if (report->levels && (report->clip_lo < panel->x.lo || report->clip_hi > panel->x.hi)) {
        ql_words_range(range, report->clip_lo, report->clip_hi);
        snprintf(text, sizeof text, "the %s, %s, reaches beyond this view",
                 ql_words_clips(report) ? "clip range" : "range of the levels", range);
        ql_ink_text(panel->cairo, panel->right, y, 1, text);
    } else if (!m->levels && (report->dequantized.below || report->dequantized.above)) {
        ql_text_count(low, report->dequantized.below);
        ql_text_count(high, report->dequantized.above);
        snprintf(text, sizeof text, "y outside the range of x: %s below, %s above", low, high);
        ql_ink_text(panel->cairo, panel->right, y, 1, text);
    }
}

/* One entry of the legend; returns where the next one starts. */
static double draw_key(cairo_t *cairo, double x, double y, key_shape shape, uint32_t rgb, double alpha, const char *text)
{
    ql_ink_color(cairo, rgb, alpha);
    if (shape == KEY_AREA) {
        cairo_rectangle(cairo, x, y - 7, 14, 8);
        cairo_fill(cairo);
    } else if (shape == KEY_DOTS) {
        for (int i = 0; i < 3; i++)
            draw_dot(cairo, x + 2 + 5 * i, y - 3, SMALL_DOT);
    } else {
        ql_ink_line(cairo, x, y - 3, x + 14, y - 3, 1.2);
        if (shape == KEY_STEM)
            draw_dot(cairo, x + 7, y - 3, LARGE_DOT);
    }
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    return x + 19 + ql_ink_text(cairo, x + 19, y, 0, text) + 22;
}

/* Where levels are counted, what was kept beside the codes has no level. */
static bool shows_outliers(const ql_report *report, const marks *m)
{
    return m->levels && report->outlier_count > 0;
}

static void count_value(ql_histogram *histogram, double value)
{
    const double width = histogram->hi - histogram->lo,
                 bin = width > 0 ? floor((value - histogram->lo) * QL_BINS / width) : 0;
    histogram
        ->bins[(unsigned)fmax(0, fmin(bin, QL_BINS - 1))]++; /* rounding to half precision may lead just beyond the ends */
}

static void draw_outliers(const ql_panel *panel, const ql_report *report)
{
    ql_histogram outliers = { .lo = report->original.lo, .hi = report->original.hi };
    for (uint64_t i = 0; i < report->outlier_count; i++)
        count_value(&outliers, ql_half_to_float(report->outlier_value[i]));
    ql_panel_draw_outline(panel, &outliers, QL_INK_OUTLIER, 1.0);
}

static void draw_legend(cairo_t *cairo, const ql_report *report, const marks *m, double y)
{
    char text[128] = "dequantized y, in the same bins";
    if (m->levels)
        snprintf(text, sizeof text, "dequantized y, count of each level (%u of %u used)", m->used, report->levels);
    ql_ink_font(cairo, QL_FACE_PLAIN, 9);
    double x = draw_key(cairo, LEFT, y, KEY_AREA, QL_INK_ORIGINAL, 1, "original x, in 512 bins");
    x = draw_key(cairo, x, y, m->shape, QL_INK_DEQUANTIZED, 1, text);
    if (shows_outliers(report, m)) {
        char count[QL_NUMBER_SIZE];
        ql_text_count(count, report->outlier_count);
        snprintf(text, sizeof text, "outliers, half precision (%s)", count);
        x = draw_key(cairo, x, y, KEY_LINE, QL_INK_OUTLIER, 1, text);
    }
    if (cuts_data(report))
        draw_key(cairo, x, y, KEY_AREA, QL_INK_DEQUANTIZED, SHADE,
                 ql_words_clips(report) ? "beyond the clip range" : "beyond the levels");
}

static void draw_distribution(cairo_t *cairo, const ql_report *report)
{
    marks m;
    find_marks(report, &m);
    ql_panel panel = { .cairo = cairo, .left = LEFT, .top = 74, .right = RIGHT, .bottom = 270 };
    double lo, hi;
    find_view(report, &lo, &hi);
    uint64_t largest = ql_histogram_largest(&report->original);
    ql_panel_scale(&panel, lo, hi, m.largest > largest ? m.largest : largest, true);

    m.shape = choose_shape(&panel, &m);
    draw_legend(cairo, report, &m, 66);
    ql_panel_draw_counts(&panel, "count (log scale)");
    if (cuts_data(report)) {
        shade(&panel, report->original.lo, fmin(report->clip_lo, report->original.hi));
        shade(&panel, fmax(report->clip_hi, report->original.lo), report->original.hi);
    }
    ql_panel_draw_filled(&panel, &report->original, QL_INK_ORIGINAL, 1);
    if (shows_outliers(report, &m))
        draw_outliers(&panel, report);
    draw_dequantized(&panel, report, &m);
    draw_clip(&panel, report);
    double strip = draw_grid(&panel, report);
    draw_notes(&panel, report, &m, ql_panel_draw_values(&panel, strip, "value"));
}

static void draw_error(cairo_t *cairo, const ql_report *report)
{
    const ql_histogram *error = &report->error;
    ql_panel panel = { .cairo = cairo, .left = LEFT, .top = 336, .right = 420, .bottom = 428 };
    bool steps = ql_words_has_steps(report);
    double limit = steps ? report->scale_max / 2.0 : error->hi;
    ql_panel_scale(&panel, error->lo, error->hi, ql_histogram_largest(error), false);
    ql_panel_draw_counts(&panel, "count");
    ql_panel_draw_filled(&panel, error, QL_INK_ERROR, 1);
    if (isfinite(limit) && limit > 0) {
        char number[QL_NUMBER_SIZE], low[QL_NUMBER_SIZE + 32], high[QL_NUMBER_SIZE + 32];
        const char *step = report->scale_min < report->scale_max ? "½ largest step" : "½ step";
        ql_number(number, limit, steps ? 4 : 3);
        snprintf(low, sizeof low, "−%s", steps ? step : number);
        snprintf(high, sizeof high, "%s = %s",
                 steps                    ? step
                 : ql_words_clips(report) ? "largest unclipped"
                                          : "largest possible",
                 number);
        draw_marks(&panel, -limit, low, limit, high);
    }
    ql_panel_draw_values(&panel, 1, "error, in the units of the tensor");

    char left[QL_NUMBER_SIZE], right[QL_NUMBER_SIZE], title[192] = "Error e = x − y, in 512 bins; nothing lies outside";
    if (error->below || error->above) {
        ql_text_count(left, error->below);
        ql_text_count(right, error->above);
        snprintf(title, sizeof title, "Error e = x − y, in 512 bins; outside: %s left, %s right", left, right);
    }
    ql_ink_font(cairo, QL_FACE_PLAIN, 9);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text_within(cairo, LEFT, panel.top - 7, panel.right - LEFT, title);
}

void ql_histogram_draw(cairo_t *cairo, const ql_figure *figure)
{
    ql_figure_draw_page(cairo, figure);
    draw_distribution(cairo, figure->report);
    draw_error(cairo, figure->report);
    ql_readout_draw(cairo, figure->report, 452, 336, RIGHT);
}
