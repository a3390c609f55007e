/* The table of keys and what is read off it: see keys.h. */
#include "quant/keys.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_blocks(const ql_spec *spec)
{
    return spec->per == QL_PER_BLOCK || spec->per == QL_PER_FLAT;
}

static bool clips_at_percentile(const ql_spec *spec)
{
    return spec->clip == QL_CLIP_PERCENTILE;
}

static bool clips_by_hand(const ql_spec *spec)
{
    return spec->clip == QL_CLIP_MANUAL;
}

const ql_knob ql_knobs[QL_KEY_COUNT] = {
    [QL_KEY_BITS] = {
        .info = { "bits", "bits", "bits of a code" },
        .kind = QL_INTEGER, .field = offsetof(ql_spec, bits),
    },
    [QL_KEY_PER] = {
        .info = { "per", "granularity",
                  "what shares one scale: the tensor, an output row (or channel), an input column, a block of a row, a block of the flat order" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, per),
        .choices = { "tensor", "row", "col", "block", "flat" }, .alias = { "channel", "row" },
    },
    [QL_KEY_BLOCK] = {
        .info = { "block", "block size", "elements of a block" },
        .kind = QL_SIZE, .field = offsetof(ql_spec, block),
        .with = "per=block and per=flat", .applies = has_blocks,
    },
    [QL_KEY_CLIP] = {
        .info = { "clip", "clipping", "how the range is chosen; what lies outside is clamped" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, clip),
        .choices = { "minmax", "percentile", "manual" }, .alias = { "absmax", "minmax" },
    },
    [QL_KEY_P] = {
        .info = { "p", "percentile", "the percentile of the magnitudes, or LO:HI of the values" },
        .kind = QL_PERCENTILES, .field = offsetof(ql_spec, p_lo),
        .with = "clip=percentile", .applies = clips_at_percentile,
    },
    [QL_KEY_LO] = {
        .info = { "lo", "low end", "low end of the range" },
        .kind = QL_NUMBER, .field = offsetof(ql_spec, lo),
        .with = "clip=manual", .applies = clips_by_hand,
    },
    [QL_KEY_HI] = {
        .info = { "hi", "high end", "high end of the range" },
        .kind = QL_NUMBER, .field = offsetof(ql_spec, hi),
        .with = "clip=manual", .applies = clips_by_hand,
    },
    [QL_KEY_ABS] = {
        .info = { "abs", "largest magnitude", "the range is from -abs to abs" },
        .kind = QL_NUMBER, .field = offsetof(ql_spec, abs),
        .with = "clip=manual", .applies = clips_by_hand,
    },
    [QL_KEY_RANGE] = {
        .info = { "range", "code range", "restricted: as many codes below zero as above; full: one more below" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, range),
        .choices = { "restricted", "full" },
    },
    [QL_KEY_ZERO] = {
        .info = { "zero", "zero policy", "include: the range is widened to hold 0; raw: it is taken as it is" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, zero),
        .choices = { "include", "raw" },
    },
};

const ql_key_info *ql_key_describe(ql_key key)
{
    return &ql_knobs[key].info;
}

bool ql_mapping_takes(const ql_mapping *mapping, ql_key key)
{
    return mapping->keys >> key & 1;
}

bool ql_spec_takes(const ql_spec *spec, ql_key key)
{
    return ql_mapping_takes(spec->mapping, key) && (!ql_knobs[key].applies || ql_knobs[key].applies(spec));
}

void *ql_spec_field(ql_spec *spec, ql_key key)
{
    return (char *)spec + ql_knobs[key].field;
}

void ql_spec_clear_unused(ql_spec *spec)
{
    static const size_t sizes[] = {
        [QL_INTEGER] = sizeof(unsigned), [QL_SIZE] = sizeof(uint64_t), [QL_CHOICE] = sizeof(unsigned), [QL_NUMBER] = sizeof(double),
        [QL_PERCENTILES] = 2 * sizeof(double),
    };
    for (int key = 0; key < QL_KEY_COUNT; key++) {
        if (!ql_spec_takes(spec, key)) {
            memset(ql_spec_field(spec, key), 0, sizes[ql_knobs[key].kind]);
        }
    }
}

/* The shortest text that reads back as the same double; whole numbers without an exponent: 70, not 7e+01. */
static void format_number(double value, char out[32])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) {
            break;
        }
    }
    if (strchr(out, 'e') && fabs(value) >= 1 && fabs(value) < 1e15) {
        snprintf(out, 32, "%.0f", value);
    }
}

double ql_percent_complement(double p)
{
    char text[32];
    snprintf(text, sizeof text, "%.12g", 100 - p);
    return strtod(text, NULL);
}

/* The value in the field, whether the key applies or not. */
static void format_value(const ql_spec *spec, ql_key key, char out[64])
{
    const ql_knob *knob = &ql_knobs[key];
    const void *field = (const char *)spec + knob->field;
    char low[32], high[32];
    switch (knob->kind) {
    case QL_INTEGER:
        snprintf(out, 64, "%u", *(const unsigned *)field);
        break;
    case QL_SIZE:
        snprintf(out, 64, "%" PRIu64, *(const uint64_t *)field);
        break;
    case QL_CHOICE:
        snprintf(out, 64, "%s", knob->choices[*(const unsigned *)field]);
        break;
    case QL_NUMBER:
        format_number(*(const double *)field, low);
        snprintf(out, 64, "%s", low);
        break;
    case QL_PERCENTILES:
        format_number(spec->p_lo, low);
        format_number(spec->p_hi, high);
        if (spec->mapping->symmetric || spec->p_lo == ql_percent_complement(spec->p_hi)) {
            snprintf(out, 64, "%s", high);
        } else {
            snprintf(out, 64, "%s:%s", low, high);
        }
        break;
    }
}

void ql_spec_value(const ql_spec *spec, ql_key key, char out[64])
{
    out[0] = 0;
    if (ql_spec_takes(spec, key)) {
        format_value(spec, key, out);
    }
}

static ql_spec defaults_of(const ql_mapping *mapping)
{
    ql_spec spec = mapping->defaults;
    spec.mapping = mapping;
    return spec;
}

void ql_spec_format(const ql_spec *spec, char out[QL_SPEC_TEXT])
{
    const ql_spec defaults = defaults_of(spec->mapping);
    size_t used = (size_t)snprintf(out, QL_SPEC_TEXT, "%s", spec->mapping->info.name);
    char separator = ':';
    for (int key = 0; key < QL_KEY_COUNT; key++) {
        char value[64], usual[64];
        if (!ql_spec_takes(spec, key)) {
            continue;
        }
        format_value(spec, key, value);
        format_value(&defaults, key, usual);
        if (strcmp(value, usual) != 0) {
            used += (size_t)snprintf(out + used, QL_SPEC_TEXT - used, "%c%s=%s", separator, ql_knobs[key].info.name, value);
            separator = ',';
        }
    }
}

bool ql_mapping_key_values(const ql_mapping *mapping, ql_key key, char out[160])
{
    const ql_knob *knob = &ql_knobs[key];
    if (!ql_mapping_takes(mapping, key)) {
        return false;
    }
    const ql_spec defaults = defaults_of(mapping);
    char usual[64];
    format_value(&defaults, key, usual);
    size_t used = 0;
    switch (knob->kind) {
    case QL_INTEGER:
        snprintf(out, 160, "%u..%u [%s]", mapping->bits_min, mapping->bits_max, usual);
        break;
    case QL_SIZE:
        snprintf(out, 160, "N >= 1, with %s", knob->with);
        break;
    case QL_CHOICE:
        for (const char *const *choice = knob->choices; *choice; choice++) {
            used += (size_t)snprintf(out + used, 160 - used, strcmp(*choice, usual) ? "%s%s" : "%s[%s]", used ? " " : "", *choice);
        }
        break;
    case QL_NUMBER:
        snprintf(out, 160, "a number, with %s", knob->with);
        break;
    case QL_PERCENTILES:
        snprintf(out, 160, mapping->symmetric ? "0..100 [%s], with %s" : "above 50, to 100 [%s], or LO:HI, with %s", usual, knob->with);
        break;
    }
    return true;
}
