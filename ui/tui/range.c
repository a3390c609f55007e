/* The clipping range by hand: see range.h. */
#include "tui/range.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The spec with clip=manual, from the range of the profile; false when there is no such clip. */
static bool make_manual(ql_spec *spec, const ql_profile *profile)
{
    ql_spec turned = *spec;
    for (int i = 0; i < QL_CLIP_COUNT && turned.clip != QL_CLIP_MANUAL; i++)
        if (!ql_spec_step(&turned, QL_KEY_CLIP, 1, profile))
            return false;
    if (turned.clip != QL_CLIP_MANUAL)
        return false;
    *spec = turned;
    return true;
}

bool tui_range_is_possible(const ql_spec *spec)
{
    ql_spec turned = *spec;
    return ql_spec_takes(spec, QL_KEY_CLIP) && make_manual(&turned, NULL);
}

bool tui_range_is_symmetric(const ql_spec *spec)
{
    ql_spec manual = *spec;
    manual.clip = QL_CLIP_MANUAL;
    return ql_spec_takes(&manual, QL_KEY_ABS);
}

bool tui_range_of(const ql_spec *spec, const ql_report *report, double *lo, double *hi)
{
    if (spec->clip == QL_CLIP_MANUAL) {
        *lo = tui_range_is_symmetric(spec) ? -spec->abs : spec->lo;
        *hi = tui_range_is_symmetric(spec) ? spec->abs : spec->hi;
    } else if (report) {
        *lo = report->clip_lo;
        *hi = report->clip_hi;
    }
    return spec->clip == QL_CLIP_MANUAL || report != NULL;
}

/* In decimals of which the last is at most a quarter of the grain. */
static double round_to(double value, double grain)
{
    const double last = floor(log10(grain / 4));
    char text[400];
    if (!(fabs(last) < 300))
        return value;
    if (last >= 0)
        return round(value / pow(10, last)) * pow(10, last);
    snprintf(text, sizeof text, "%.*f", (int)-last, value);
    return strtod(text, NULL);
}

bool tui_range_set(ql_spec *spec, double lo, double hi, tui_end end, double value, double grain, const ql_profile *profile)
{
    ql_spec changed = *spec;
    if (!profile || !(grain > 0) || !make_manual(&changed, profile))
        return false;
    value = round_to(value, grain);
    if (tui_range_is_symmetric(spec)) {
        const double most = fmax(fmax(fabs(profile->x_min), fabs(profile->x_max)), hi);
        changed.abs = fmin(fabs(value), most);
        if (!(changed.abs > 0) || (spec->clip == QL_CLIP_MANUAL && changed.abs == spec->abs))
            return false;
    } else {
        if (spec->clip != QL_CLIP_MANUAL) { /* the end that stays is a number now, too */
            lo = round_to(lo, grain);
            hi = round_to(hi, grain);
        }
        changed.lo = end == TUI_END_LO ? fmax(value, fmin(profile->x_min, lo)) : lo;
        changed.hi = end == TUI_END_HI ? fmin(value, fmax(profile->x_max, hi)) : hi;
        if (!(changed.lo < changed.hi) || (spec->clip == QL_CLIP_MANUAL && changed.lo == spec->lo && changed.hi == spec->hi))
            return false;
    }
    *spec = changed;
    return true;
}

bool tui_range_move(ql_spec *spec, double lo, double hi, tui_end end, int direction, double amount,
                    const ql_profile *profile)
{
    if (end != TUI_END_BOTH)
        return tui_range_set(spec, lo, hi, end, end == TUI_END_LO ? lo - direction * amount : hi + direction * amount,
                             amount, profile);
    if (tui_range_is_symmetric(spec))
        return hi + direction * amount > 0 && tui_range_set(spec, lo, hi, end, hi + direction * amount, amount, profile);
    ql_spec changed = *spec;
    const bool has_lo = tui_range_move(&changed, lo, hi, TUI_END_LO, direction, amount, profile);
    const double new_lo = has_lo ? changed.lo : lo;
    const bool has_hi = tui_range_move(&changed, new_lo, hi, TUI_END_HI, direction, amount, profile);
    if (has_lo || has_hi)
        *spec = changed;
    return has_lo || has_hi;
}
