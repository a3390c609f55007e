/* The curve of a search: see losses.h. */
#include "plot/losses.h"

#include <math.h>

#include "plot/ink.h"
#include "plot/scale.h"
#include "quant/scheme.h"

static const double LINE = 1.2, RING = 3.2;

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

static ql_scale make_scale(const ql_panel *panel, const ql_curve *curve)
{
    double least = INFINITY, largest = 0; /* of those above 0 */
    for (size_t i = 0; i < curve->count; i++)
        if (curve->loss[i] > 0 && isfinite(curve->loss[i])) {
            least = fmin(least, curve->loss[i]);
            largest = fmax(largest, curve->loss[i]);
        }
    return ql_scale_make(least, largest, panel->bottom, panel->top);
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
static void draw_side(const ql_panel *panel, const ql_scale *s, const ql_curve *curve,
                      double (*end)(const ql_curve *curve, size_t candidate), uint32_t rgb)
{
    cairo_t *cairo = panel->cairo;
    ql_ink_color(cairo, rgb, 1);
    cairo_set_line_width(cairo, LINE);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < curve->count; i++) {
        double x = ql_axis_at(&panel->x, end(curve, i)), y = ql_scale_at(s, curve->loss[i]);
        if (!isfinite(curve->loss[i]))
            cairo_stroke(cairo);
        else if (stands_alone(curve, i))
            draw_dot(panel, x, y);
        else
            cairo_line_to(cairo, x, y);
    }
    cairo_stroke(cairo);
    draw_ring(panel, ql_axis_at(&panel->x, end(curve, curve->best)), ql_scale_at(s, curve->loss[curve->best]), rgb);
}

void ql_losses_draw(ql_panel *panel, const ql_curve *curve, uint32_t rgb, const char *name)
{
    const ql_scale s = make_scale(panel, curve);
    ql_scale_draw(panel, &s, name);
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
