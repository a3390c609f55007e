/* Turning knobs: the next or previous value of a key, another mapping. */
#include "quant/keys.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys that did not apply `before` and do now get their usual values; those that do not apply are cleared. */
static void complete(ql_spec *spec, const ql_spec *before, const ql_profile *profile)
{
    const ql_spec *usual = &spec->mapping->defaults;
    if (ql_spec_takes(spec, QL_KEY_BLOCK) && spec->block == 0) {
        spec->block = 64;
    }
    if (ql_spec_takes(spec, QL_KEY_P) && !ql_spec_takes(before, QL_KEY_P)) {
        spec->p_lo = usual->p_lo;
        spec->p_hi = usual->p_hi;
    }
    double lo = profile ? profile->x_min : -1, hi = profile ? profile->x_max : 1;
    if (ql_spec_takes(spec, QL_KEY_ABS) && !(spec->abs > 0)) {
        spec->abs = fmax(fabs(lo), fabs(hi)) > 0 ? fmax(fabs(lo), fabs(hi)) : 1;
    }
    if (ql_spec_takes(spec, QL_KEY_LO) && !(spec->lo < spec->hi)) {
        spec->lo = lo < hi ? lo : -1;
        spec->hi = lo < hi ? hi : 1;
    }
    ql_spec_clear_unused(spec);
}

static bool step_percentile(ql_spec *spec, int direction)
{
    static const double ladder[] = { 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.999, 100 };
    const int count = sizeof ladder / sizeof ladder[0];
    int at = direction > 0 ? 0 : count - 1;
    while (at >= 0 && at < count && (direction > 0 ? ladder[at] <= spec->p_hi : ladder[at] >= spec->p_hi)) {
        at += direction;
    }
    if (at < 0 || at >= count || (ladder[at] == 50 && !spec->mapping->symmetric)) {
        return false;
    }
    spec->p_hi = ladder[at];
    spec->p_lo = spec->mapping->symmetric ? 0 : ql_percent_complement(spec->p_hi);
    return true;
}

/* value + by, rounded to about a hundredth of the step, so that a narrow range far from zero moves too. */
static double nudged(double value, double by)
{
    const double unit = pow(10, floor(log10(fabs(by))) - 2);
    char text[32];
    snprintf(text, sizeof text, "%.12g", rint((value + by) / unit) * unit);
    return strtod(text, NULL);
}

/* Blocks go by powers of two. */
static bool step_size(uint64_t *size, int direction)
{
    const uint64_t least = 8, most = 1 << 20, before = *size;
    uint64_t power = direction > 0 ? least : most;
    while (direction > 0 ? power <= before && power < most : power >= before && power > least) {
        power = direction > 0 ? power * 2 : power / 2;
    }
    if (direction > 0 ? power <= before : power >= before) {
        return false;
    }
    *size = power;
    return true;
}

static bool step_bits(ql_spec *spec, int direction)
{
    unsigned bits = spec->bits + (unsigned)direction;
    if (bits < spec->mapping->bits_min || bits > spec->mapping->bits_max) {
        return false;
    }
    spec->bits = bits;
    return true;
}

static void step_choice(const ql_knob *knob, unsigned *choice, int direction)
{
    unsigned count = 0;
    while (knob->choices[count]) {
        count++;
    }
    *choice = (*choice + count + (unsigned)direction) % count;
}

static bool step_field(ql_spec *spec, ql_key key, int direction)
{
    void *field = ql_spec_field(spec, key);
    switch (ql_knobs[key].kind) {
    case QL_INTEGER:
        return step_bits(spec, direction);
    case QL_SIZE:
        return step_size(field, direction);
    case QL_CHOICE:
        step_choice(&ql_knobs[key], field, direction);
        return true;
    case QL_PERCENTILES:
        return step_percentile(spec, direction);
    case QL_NUMBER: {
        const double width = key == QL_KEY_ABS ? spec->abs : spec->hi - spec->lo, before = *(double *)field;
        const double after = nudged(before, direction * width * 0.05);
        *(double *)field = after;
        return after != before && fabs(after) <= FLT_MAX;
    }
    }
    return false;
}

bool ql_spec_step(ql_spec *spec, ql_key key, int direction, const ql_profile *profile)
{
    const ql_spec before = *spec;
    if (!ql_spec_takes(spec, key)) {
        return false;
    }
    if (!step_field(spec, key, direction > 0 ? 1 : -1)) {
        *spec = before;
        return false;
    }
    complete(spec, &before, profile);
    if (ql_spec_check(spec, 0, NULL) != QL_OK) {
        *spec = before;
        return false;
    }
    return true;
}

void ql_spec_change_mapping(ql_spec *spec, const ql_mapping *mapping)
{
    ql_spec old = *spec;
    if (mapping == old.mapping) {
        return;
    }
    *spec = mapping->defaults;
    spec->mapping = mapping;
    for (int key = 0; key < QL_KEY_COUNT; key++) {
        if (ql_knobs[key].kind == QL_CHOICE && ql_mapping_takes(mapping, key) && ql_mapping_takes(old.mapping, key)) {
            memcpy(ql_spec_field(spec, key), ql_spec_field(&old, key), sizeof(unsigned));
        }
    }
    if (ql_mapping_takes(mapping, QL_KEY_BITS) && old.bits) {
        const unsigned lo = mapping->bits_min, hi = mapping->bits_max;
        spec->bits = old.bits < lo ? lo : old.bits > hi ? hi : old.bits;
    }
    spec->block = old.block;
    if (ql_spec_takes(&old, QL_KEY_P) && ql_mapping_takes(mapping, QL_KEY_P)) {
        spec->p_hi = old.p_hi;
        spec->p_lo = mapping->symmetric ? 0 : ql_percent_complement(old.p_hi);
        if (!(spec->p_lo < spec->p_hi)) {
            spec->p_lo = mapping->defaults.p_lo;
            spec->p_hi = mapping->defaults.p_hi;
        }
    }
    /* A range by hand carries over as well as the two kinds allow. */
    spec->abs = old.abs > 0 ? old.abs : fmax(fabs(old.lo), fabs(old.hi));
    spec->lo = old.lo < old.hi ? old.lo : -old.abs;
    spec->hi = old.lo < old.hi ? old.hi : old.abs;
    complete(spec, &old, NULL);
}
