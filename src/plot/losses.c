/* The curve of a search: see losses.h. */
#include "plot/losses.h"

#include <math.h>
#include <stdio.h>

#include "plot/ink.h"
#include "quant/scheme.h"

static const double LABEL_SIZE = 8.5, NAME_OFFSET = 41, LINE = 1.2, RING = 3.2;
static const double WIDE = 8; /* losses that span more than this factor stand on a log axis */

/* Where a candidate's range ends. */
static double low_end(const ql_curve *curve, size_t candidate)
{
    double at = curve->threshold[candidate];
    return curve->spec.mapping->symmetric ? -at : at * curve->lo;
}

static double high_end(const ql_curve *curve, size_t candidate)
{
    double at = curve->threshold[candidate];
    return curve->spec.mapping->symmetric ? at : at * curve->hi;
}

/* The axis of the losses. */
typedef struct scale {
    ql_axis axis;
    bool log;
} scale;

static scale make_scale(const ql_panel *panel, const ql_curve *curve)
{
    double least = INFINITY, largest = 0; /* of those above 0 */
    for (size_t i = 0; i < curve->count; i++)
        if (curve->loss[i] > 0 && isfinite(curve->loss[i])) {
            least = fmin(least, curve->loss[i]);
            largest = fmax(largest, curve->loss[i]);
        }
    scale s = { .log = largest > WIDE * least };
    if (!(largest > 0))
        least = largest = 1;
    double lo = s.log ? log10(least) : 0, hi = s.log ? log10(largest) : largest, margin = 0.07 * (hi - lo);
    s.axis = (ql_axis) { s.log ? lo - 1.5 * margin : lo, hi + margin, panel->bottom, panel->top };
    return s;
}

static double loss_at(const ql_panel *panel, const scale *s, double loss)
{
    if (!(loss > 0))
        return panel->bottom;
    return ql_axis_at(&s->axis, s->log ? log10(loss) : loss);
}

static void draw_tick(const ql_panel *panel, double y, const char *label)
{
    cairo_t *cairo = panel->cairo;
    ql_ink_color(cairo, QL_INK_FAINT, 1);
    ql_ink_line(cairo, panel->left, y, panel->right, y, 0.5);
    ql_ink_color(cairo, QL_INK_TEXT, 1);
    ql_ink_text(cairo, panel->left - 6, y + 0.36 * LABEL_SIZE, 1, label);
}

/* Decades, or where they are few also 2 and 5 times them; only as many labels as have room. */
static void draw_log_ticks(const ql_panel *panel, const scale *s)
{
    int first = (int)floor(s->axis.lo), last = (int)floor(s->axis.hi);
    bool few = floor(s->axis.hi) < ceil(s->axis.lo) + 1; /* fewer than two decades */
    int stride = 1 + (int)((s->axis.hi - s->axis.lo) * 1.3 * LABEL_SIZE / (panel->bottom - panel->top));
    static const int digits[] = { 1, 2, 5 };
    for (int decade = first; decade <= last; decade++)
        for (unsigned i = 0; i < (few ? 3 : 1); i++) {
            double at = decade + log10(digits[i]);
            char label[QL_NUMBER_SIZE + 8], power[QL_NUMBER_SIZE];
            if (at < s->axis.lo || at > s->axis.hi || (decade - last) % stride)
                continue;
            ql_number_power(power, decade);
            if (digits[i] > 1 || decade == 0)
                snprintf(label, sizeof label, "%d%s", digits[i], power);
            else
                snprintf(label, sizeof label, "%s", power + sizeof "×" - 1);
            draw_tick(panel, ql_axis_at(&s->axis, at), label);
        }
}

/* Returns the power of ten that the labels share. */
static int draw_linear_ticks(const ql_panel *panel, const scale *s)
{
    ql_ticks ticks;
    ql_ticks_make(&ticks, s->axis.lo, s->axis.hi, 4);
    for (unsigned i = 0; i < ticks.count; i++)
        draw_tick(panel, ql_axis_at(&s->axis, ticks.at[i]), ticks.label[i]);
    return ticks.exponent;
}

static void draw_axis(const ql_panel *panel, const scale *s, const char *name)
{
    cairo_t *cairo = panel->cairo;
    char power[QL_NUMBER_SIZE] = "", text[160];
    ql_ink_font(cairo, QL_FACE_PLAIN, LABEL_SIZE);
    if (s->log)
        draw_log_ticks(panel, s);
    else
        ql_number_power(power, draw_linear_ticks(panel, s));
    snprintf(text, sizeof text, "%s%s%s", name, power[0] ? " " : "", power);
    cairo_save(cairo);
    cairo_translate(cairo, panel->left - NAME_OFFSET, (panel->top + panel->bottom) / 2);
    cairo_rotate(cairo, -M_PI / 2);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, 0, 0, 0.5, text);
    cairo_restore(cairo);
}

static void draw_ring(const ql_panel *panel, double x, double y, uint32_t rgb)
{
    cairo_t *cairo = panel->cairo;
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x, y, RING, 0, 2 * M_PI);
    ql_ink_color(cairo, 0xffffff, 1);
    cairo_fill_preserve(cairo);
    ql_ink_color(cairo, rgb, 1);
    cairo_set_line_width(cairo, 1.6);
    cairo_stroke(cairo);
}

/* A finite loss between infinite ones, which no line shows. */
static bool stands_alone(const ql_curve *curve, size_t i)
{
    return (i == 0 || !isfinite(curve->loss[i - 1])) && (i + 1 == curve->count || !isfinite(curve->loss[i + 1]));
}

static void draw_dot(const ql_panel *panel, double x, double y)
{
    cairo_new_sub_path(panel->cairo);
    cairo_arc(panel->cairo, x, y, LINE, 0, 2 * M_PI);
    cairo_fill(panel->cairo);
}

/* One end of all ranges: where it lies on the page against the loss. */
static void draw_side(const ql_panel *panel, const scale *s, const ql_curve *curve,
                      double (*end)(const ql_curve *curve, size_t candidate), uint32_t rgb)
{
    cairo_t *cairo = panel->cairo;
    ql_ink_color(cairo, rgb, 1);
    cairo_set_line_width(cairo, LINE);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < curve->count; i++) {
        double x = ql_axis_at(&panel->x, end(curve, i)), y = loss_at(panel, s, curve->loss[i]);
        if (!isfinite(curve->loss[i]))
            cairo_stroke(cairo);
        else if (stands_alone(curve, i))
            draw_dot(panel, x, y);
        else
            cairo_line_to(cairo, x, y);
    }
    cairo_stroke(cairo);
    draw_ring(panel, ql_axis_at(&panel->x, end(curve, curve->best)), loss_at(panel, s, curve->loss[curve->best]), rgb);
}

void ql_losses_draw(ql_panel *panel, const ql_curve *curve, uint32_t rgb, const char *name)
{
    const scale s = make_scale(panel, curve);
    draw_axis(panel, &s, name);
    if (curve->count == 0)
        return;
    bool symmetric = curve->spec.mapping->symmetric, one_sign = curve->lo > 0 || curve->hi < 0;
    cairo_save(panel->cairo);
    cairo_rectangle(panel->cairo, panel->left, panel->top - RING, panel->right - panel->left,
                    panel->bottom - panel->top + 2 * RING);
    cairo_clip(panel->cairo);
    if (symmetric || (one_sign ? curve->lo > 0 : curve->hi > 0))
        draw_side(panel, &s, curve, high_end, rgb);
    if (!symmetric && (one_sign ? curve->hi < 0 : curve->lo < 0))
        draw_side(panel, &s, curve, low_end, rgb);
    cairo_restore(panel->cairo);
}
