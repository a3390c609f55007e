/* An axis for numbers that may span decades: see scale.h. */
#include "plot/scale.h"

#include <math.h>
#include <stdio.h>

#include "plot/ink.h"

static const double LABEL_SIZE = 8.5, NAME_OFFSET = 41;
static const double WIDE = 8; /* numbers that span more than this factor stand on a log axis */

ql_scale ql_scale_make(double least, double largest, double from, double to)
{
    ql_scale s = { .log = largest > WIDE * least };
    if (!(largest > 0))
        least = largest = 1;
    const double lo = s.log ? log10(least) : 0, hi = s.log ? log10(largest) : largest, margin = 0.07 * (hi - lo);
    s.axis = (ql_axis) { s.log ? lo - 1.5 * margin : lo, hi + margin, from, to };
    return s;
}

double ql_scale_at(const ql_scale *scale, double value)
{
    if (!(value > 0))
        return scale->axis.from;
    return ql_axis_at(&scale->axis, scale->log ? log10(value) : value);
}

static void make_decades(const ql_scale *scale, double room, ql_ticks *ticks)
{
    enum { PLAIN = 3 }; /* the last decade whose numbers are written out */
    static const int digits[] = { 1, 2, 5 };
    const ql_axis *axis = &scale->axis;
    const int first = (int)floor(axis->lo), last = (int)floor(axis->hi);
    const bool few = floor(axis->hi) < ceil(axis->lo) + 1; /* fewer than two decades */
    int stride = 1 + (int)((axis->hi - axis->lo) * room / fabs(axis->to - axis->from));
    while ((last - first) / stride >= QL_TICK_LIMIT)
        stride++;
    *ticks = (ql_ticks) { .count = 0 };
    for (int decade = first; decade <= last; decade++)
        for (unsigned i = 0; i < (few ? 3 : 1); i++) {
            const double at = decade + log10(digits[i]);
            char power[QL_NUMBER_SIZE];
            if (at < axis->lo || at > axis->hi || (decade - last) % stride || ticks->count == QL_TICK_LIMIT)
                continue;
            char *label = ticks->label[ticks->count];
            ticks->at[ticks->count++] = pow(10, decade) * digits[i];
            ql_number_power(power, decade);
            if (decade > 0 && decade <= PLAIN)
                snprintf(label, QL_NUMBER_SIZE, "%.0f", ticks->at[ticks->count - 1]);
            else if (digits[i] > 1 || decade == 0)
                snprintf(label, QL_NUMBER_SIZE, "%d%.30s", digits[i], power);
            else
                snprintf(label, QL_NUMBER_SIZE, "%s", power + sizeof "×" - 1);
        }
}

void ql_scale_ticks(const ql_scale *scale, double room, ql_ticks *ticks)
{
    const ql_axis *axis = &scale->axis;
    if (scale->log)
        make_decades(scale, room, ticks);
    else
        (scale->whole ? ql_ticks_make_whole : ql_ticks_make)(ticks, axis->lo, axis->hi,
                                                             (unsigned)fmin(4, fmax(2, fabs(axis->to - axis->from) / room)));
}

void ql_scale_draw(const ql_panel *panel, const ql_scale *scale, const char *name)
{
    cairo_t *cairo = panel->cairo;
    char power[QL_NUMBER_SIZE], text[160];
    ql_ticks ticks;
    ql_ink_font(cairo, QL_FACE_PLAIN, LABEL_SIZE);
    ql_scale_ticks(scale, 1.3 * LABEL_SIZE, &ticks);
    for (unsigned i = 0; i < ticks.count; i++) {
        const double y = ql_scale_at(scale, ticks.at[i]);
        ql_ink_color(cairo, QL_INK_FAINT, 1);
        ql_ink_line(cairo, panel->left, y, panel->right, y, 0.5);
        ql_ink_color(cairo, QL_INK_TEXT, 1);
        ql_ink_text(cairo, panel->left - 6, y + 0.36 * LABEL_SIZE, 1, ticks.label[i]);
    }
    ql_number_power(power, ticks.exponent);
    snprintf(text, sizeof text, "%s%s%s", name, power[0] ? " " : "", power);
    cairo_save(cairo);
    cairo_translate(cairo, panel->left - NAME_OFFSET, (panel->top + panel->bottom) / 2);
    cairo_rotate(cairo, -M_PI / 2);
    ql_ink_color(cairo, QL_INK_SOFT, 1);
    ql_ink_text(cairo, 0, 0, 0.5, text);
    cairo_restore(cairo);
}
