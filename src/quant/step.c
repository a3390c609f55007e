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
        spec->block = usual->block ? usual->block : 64;
    }
    if (spec->per == QL_PER_TILE && spec->tile_cols == 0) {
        spec->block = spec->tile_cols = 16;
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

/* value + by, rounded to about a hundredth of the step, so that a narrow range far from zero moves too. */
static double nudged(double value, double by)
{
    const double unit = pow(10, floor(log10(fabs(by))) - 2);
    char text[32];
    snprintf(text, sizeof text, "%.12g", rint((value + by) / unit) * unit);
    return strtod(text, NULL);
}

/* Blocks go by powers of two: to the next one beyond the size, none that is beyond the ends. */
static bool step_size(uint64_t *size, int direction)
{
    const uint64_t least = 8, most = 1 << 20;
    uint64_t power = direction > 0 ? least : most;
    while (direction > 0 ? power <= *size && power < most : power >= *size && power > least) {
        power = direction > 0 ? power * 2 : power / 2;
    }
    if (direction > 0 ? power <= *size : power >= *size) {
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

static void step_choice(const ql_mapping *mapping, ql_key key, unsigned *choice, int direction)
{
    unsigned count = 0;
    while (ql_knobs[key].choices[count]) {
        count++;
    }
    do {
        *choice = (*choice + count + (unsigned)direction) % count;
    } while (!ql_mapping_allows(mapping, key, *choice));
}

/* Along a ladder of ascending rungs; false at its end. */
static bool step_ladder(const double *ladder, int count, double *value, int direction)
{
    int at = direction > 0 ? 0 : count - 1;
    while (at >= 0 && at < count && (direction > 0 ? ladder[at] <= *value : ladder[at] >= *value)) {
        at += direction;
    }
    if (at < 0 || at >= count) {
        return false;
    }
    *value = ladder[at];
    return true;
}

static bool step_share(ql_spec *spec, int direction)
{
    static const double percents[] = { 0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10 };
    if (spec->outliers > 0 && !spec->outliers_percent) {
        spec->outliers = nudged(spec->outliers, direction * spec->outliers * 0.05);
        return true;
    }
    spec->outliers_percent = true;
    return step_ladder(percents, sizeof percents / sizeof percents[0], &spec->outliers, direction);
}

static bool step_count(const ql_knob *knob, uint64_t *count, int direction)
{
    if (direction > 0 ? (double)*count >= knob->max : (double)*count <= knob->min) {
        return false;
    }
    *count += (uint64_t)(int64_t)direction;
    return true;
}

static bool step_number(ql_spec *spec, ql_key key, int direction)
{
    static const double ladder[] = { 0, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1 };
    double *value = ql_spec_field(spec, key);
    if (key == QL_KEY_EPS) {
        return step_ladder(ladder, sizeof ladder / sizeof ladder[0], value, direction);
    }
    const double before = *value;
    *value = nudged(before, direction * (key == QL_KEY_ABS ? spec->abs : spec->hi - spec->lo) * 0.05);
    return *value != before && fabs(*value) <= FLT_MAX;
}

static bool step_block(ql_spec *spec, int direction)
{
    return step_size(&spec->block, direction) && (spec->per != QL_PER_TILE || step_size(&spec->tile_cols, direction));
}

static bool step_percentile(ql_spec *spec, int direction)
{
    static const double ladder[] = { 50,   60,   70,    80,    90,    95,     98,     99, 99.5,
                                     99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.999, 100 };
    const int first = spec->mapping->symmetric ? 0 : 1; /* LO:HI must not meet */
    if (!step_ladder(ladder + first, sizeof ladder / sizeof ladder[0] - (size_t)first, &spec->p_hi, direction)) {
        return false;
    }
    spec->p_lo = spec->mapping->symmetric ? 0 : ql_percent_complement(spec->p_hi);
    return true;
}

static bool step_field(ql_spec *spec, ql_key key, int direction)
{
    void *field = ql_spec_field(spec, key);
    switch (ql_knobs[key].kind) {
    case QL_BITS:
        return step_bits(spec, direction);
    case QL_COUNT:
        return step_count(&ql_knobs[key], field, direction);
    case QL_SIZE:
        return step_block(spec, direction);
    case QL_CHOICE:
        step_choice(spec->mapping, key, field, direction);
        return true;
    case QL_NUMBER:
        return step_number(spec, key, direction);
    case QL_PERCENTILES:
        return step_percentile(spec, direction);
    case QL_SHARE:
        return step_share(spec, direction);
    case QL_PATH:
        return false;
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
        *spec = before; /* of two numbers the first may have been turned */
        return false;
    }
    if (key == QL_KEY_PER && (before.per == QL_PER_TILE) != (spec->per == QL_PER_TILE)) {
        spec->block = spec->tile_cols = 0; /* one is not the other */
    }
    if (spec->outliers > 0 && key == QL_KEY_ZERO) {
        spec->outliers = 0; /* raw ranges and outliers exclude each other: the knob that is turned wins */
    } else if (spec->outliers > 0) {
        spec->zero = QL_ZERO_INCLUDE;
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
            const unsigned choice = *(unsigned *)ql_spec_field(&old, key);
            if (ql_mapping_allows(mapping, key, choice)) {
                *(unsigned *)ql_spec_field(spec, key) = choice;
            }
        }
    }
    if (ql_mapping_takes(mapping, QL_KEY_BITS) && ql_mapping_takes(old.mapping, QL_KEY_BITS)) {
        const unsigned lo = mapping->bits_min, hi = mapping->bits_max;
        spec->bits = old.bits < lo ? lo : old.bits > hi ? hi : old.bits;
    }
    /* A size that was chosen, not the usual one of the old mapping. */
    const bool chosen = old.block && old.block != old.mapping->defaults.block;
    if (ql_mapping_takes(mapping, QL_KEY_BLOCK) && ql_mapping_takes(old.mapping, QL_KEY_BLOCK) && chosen) {
        spec->block = old.block;
        spec->tile_cols = old.tile_cols;
    }
    if (ql_mapping_takes(mapping, QL_KEY_OUTLIERS) && spec->zero == QL_ZERO_INCLUDE) {
        spec->outliers = old.outliers;
        spec->outliers_percent = old.outliers_percent;
    }
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
