/* What the ways to clip keep, and the axis on which it is drawn. */
#include <math.h>

#include "analysis/ways.h"
#include "plot/calibration.h"
#include "quant/scheme.h"

static const double MOST_REACH = 1.6; /* times the data's range: ranges that end further out end at the edge with an arrow */

static const uint32_t colors[QL_CLIP_COUNT] = {
    [QL_CLIP_MINMAX] = 0x1a1a1a, [QL_CLIP_PERCENTILE] = 0x0072b2, [QL_CLIP_KL] = 0xd55e00,
    [QL_CLIP_MSE] = 0x00805c,    [QL_CLIP_ACIQ] = 0xb8508c,       [QL_CLIP_MANUAL] = 0x56b4e9,
};
enum { GAUSS_COLOR = 0xe69f00 };

/* A group of zeros has the step 1 whatever the way, which says nothing about its range. */
static bool is_empty(const ql_ways *ways, uint64_t group)
{
    for (size_t i = 0; i < ways->count; i++)
        if (ways->reports[i]->scales[group] != 1)
            return false;
    return true;
}

static ql_kept keep(const ql_ways *ways, size_t way)
{
    const ql_report *report = ways->reports[way];
    bool gauss = report->spec.clip == QL_CLIP_ACIQ && report->spec.dist == QL_DIST_GAUSS;
    ql_kept k = { ways->names[way], gauss ? GAUSS_COLOR : colors[report->spec.clip], .least = INFINITY };
    k.lo = ways->lo[way];
    k.hi = ways->hi[way];
    for (uint64_t group = 0; group < report->group_count; group++) {
        double lo, hi;
        ql_kept_range(report, group, &lo, &hi);
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

static void set_axis(ql_ways_view *v)
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
    v->x = (ql_axis) { lo - margin, hi + margin, QL_WAYS_LEFT, QL_WAYS_RIGHT };
}

void ql_ways_view_make(ql_ways_view *view, const ql_ways *ways)
{
    const ql_report *first = ways->reports[0];
    view->ways = ways;
    view->symmetric = first->spec.mapping->symmetric;
    view->has_groups = first->group_count > 1;
    for (size_t i = 0; i < ways->count; i++)
        view->kept[i] = keep(ways, i);
    set_axis(view);
}
