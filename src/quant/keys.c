/* The table of keys and what is read off it: see keys.h. */
#include "quant/keys.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool has_blocks(const ql_spec *spec)
{
    return spec->per == QL_PER_BLOCK || spec->per == QL_PER_FLAT || spec->per == QL_PER_TILE;
}

static bool clips_at_percentile(const ql_spec *spec)
{
    return spec->clip == QL_CLIP_PERCENTILE;
}

static bool clips_by_hand(const ql_spec *spec)
{
    return spec->clip == QL_CLIP_MANUAL;
}

static bool clips_by_model(const ql_spec *spec)
{
    return spec->clip == QL_CLIP_ACIQ;
}

/* Formats that convert values as they are have no groups. */
static bool has_groups(const ql_spec *spec)
{
    return spec->scale || !(spec->mapping->keys >> QL_KEY_SCALE & 1);
}

static bool rounds_at_random(const ql_spec *spec)
{
    return spec->round == QL_ROUND_STOCHASTIC;
}

const ql_knob ql_knobs[QL_KEY_COUNT] = {
    [QL_KEY_BITS] = {
        .info = { "bits", "bits", "bits of a code" },
        .kind = QL_BITS, .field = offsetof(ql_spec, bits),
    },
    [QL_KEY_PER] = {
        .info = { "per", "granularity",
                  "what shares one scale: the tensor, an output row (or channel), an input column, a block of a row, a block of the flat order, a tile" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, per),
        .choices = { "tensor", "row", "col", "block", "flat", "tile" }, .alias = { "channel", "row" },
        .with = "scale=1", .applies = has_groups,
    },
    [QL_KEY_BLOCK] = {
        .info = { "block", "block size", "elements of a block; rows x columns of a tile" },
        .kind = QL_SIZE, .field = offsetof(ql_spec, block),
        .with = "per=block, per=flat and per=tile", .applies = has_blocks,
    },
    [QL_KEY_CLIP] = {
        .info = { "clip", "clipping", "how the range is chosen; what lies outside is clamped" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, clip),
        .choices = { "minmax", "percentile", "kl", "mse", "aciq", "manual" }, .alias = { "absmax", "minmax" },
    },
    [QL_KEY_P] = {
        .info = { "p", "percentile", "the percentile of the magnitudes, or LO:HI of the values" },
        .kind = QL_PERCENTILES, .field = offsetof(ql_spec, p_lo),
        .with = "clip=percentile", .applies = clips_at_percentile,
    },
    [QL_KEY_LO] = {
        .info = { "lo", "low end", "low end of the range" },
        .kind = QL_NUMBER, .field = offsetof(ql_spec, lo), .min = -DBL_MAX,
        .with = "clip=manual", .applies = clips_by_hand,
    },
    [QL_KEY_HI] = {
        .info = { "hi", "high end", "high end of the range" },
        .kind = QL_NUMBER, .field = offsetof(ql_spec, hi), .min = -DBL_MAX,
        .with = "clip=manual", .applies = clips_by_hand,
    },
    [QL_KEY_ABS] = {
        .info = { "abs", "largest magnitude", "the range is from -abs to abs" },
        .kind = QL_NUMBER, .field = offsetof(ql_spec, abs), .min = -DBL_MAX,
        .with = "clip=manual", .applies = clips_by_hand,
    },
    [QL_KEY_DIST] = {
        .info = { "dist", "distribution", "what the weights are taken to follow" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, dist),
        .choices = { "laplace", "gauss" }, .with = "clip=aciq", .applies = clips_by_model,
    },
    [QL_KEY_RANGE] = {
        .info = { "range", "code range",
                  "restricted: as many codes below zero as above; full: one more below; torchobs: full, with the step that torch's observer takes" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, range),
        .choices = { "restricted", "full", "torchobs" },
    },
    [QL_KEY_ZERO] = {
        .info = { "zero", "zero policy", "include: the range is widened to hold 0; raw: it is taken as it is" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, zero),
        .choices = { "include", "raw" },
    },
    [QL_KEY_ROUND] = {
        .info = { "round", "rounding", "even: nearest, ties to even; away: nearest, ties away from zero; stochastic: up or down by chance" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, round),
        .choices = { "even", "away", "stochastic" },
    },
    [QL_KEY_SEED] = {
        .info = { "seed", "seed", "of the chances of stochastic rounding" },
        .kind = QL_COUNT, .field = offsetof(ql_spec, seed), .max = 0x1p53,
        .with = "round=stochastic", .applies = rounds_at_random,
    },
    [QL_KEY_OUTLIERS] = {
        .info = { "outliers", "outliers", "kept in half precision beside the codes: a share of the elements (1%), or all at or above a magnitude" },
        .kind = QL_SHARE, .field = offsetof(ql_spec, outliers),
    },
    [QL_KEY_DOUBLE] = {
        .info = { "double", "double quantization", "1: the scales of the blocks are quantized to 8 bits themselves" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, double_quant), .choices = { "0", "1" },
    },
    [QL_KEY_SCALE] = {
        .info = { "scale", "scaling", "1: each group is scaled to the format's largest value; 0: values are converted as they are" },
        .kind = QL_CHOICE, .field = offsetof(ql_spec, scale), .choices = { "0", "1" },
    },
    [QL_KEY_ITERATIONS] = {
        .info = { "iterations", "iterations", "of Lloyd's algorithm at most" },
        .kind = QL_COUNT, .field = offsetof(ql_spec, iterations), .min = 1, .max = 10000,
    },
    [QL_KEY_EPS] = {
        .info = { "eps", "least scale", "a mean magnitude below it counts as this" },
        .kind = QL_NUMBER, .field = offsetof(ql_spec, eps), .min = 0,
    },
    [QL_KEY_FILE] = {
        .info = { "file", "levels", "an .npy file with up to 256 levels, scaled by the largest magnitude of each group; takes the rest of the spec" },
        .kind = QL_PATH, .field = offsetof(ql_spec, file),
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

bool ql_mapping_allows(const ql_mapping *mapping, ql_key key, unsigned choice)
{
    const unsigned allowed = key == QL_KEY_PER ? mapping->per_allowed : key == QL_KEY_CLIP ? mapping->clip_allowed : 0;
    return allowed == 0 || (allowed >> choice & 1);
}

bool ql_spec_takes(const ql_spec *spec, ql_key key)
{
    return ql_mapping_takes(spec->mapping, key) && (!ql_knobs[key].applies || ql_knobs[key].applies(spec));
}

void *ql_spec_field(ql_spec *spec, ql_key key)
{
    return (char *)spec + ql_knobs[key].field;
}

static void copy_field(ql_spec *to, const ql_spec *from, ql_key key)
{
    static const size_t sizes[] = {
        [QL_BITS] = sizeof(unsigned),   [QL_COUNT] = sizeof(uint64_t), [QL_SIZE] = sizeof(uint64_t),
        [QL_CHOICE] = sizeof(unsigned), [QL_NUMBER] = sizeof(double),  [QL_PERCENTILES] = 2 * sizeof(double),
        [QL_SHARE] = sizeof(double),    [QL_PATH] = QL_FILE_TEXT,
    };
    const size_t field = ql_knobs[key].field;
    memcpy((char *)to + field, (const char *)from + field, sizes[ql_knobs[key].kind]);
}

void ql_spec_clear_unused(ql_spec *spec)
{
    static const ql_spec nothing = { 0 };
    for (int key = 0; key < QL_KEY_COUNT; key++) {
        if (!ql_mapping_takes(spec->mapping, key)) {
            copy_field(spec, &spec->mapping->defaults, key);
        } else if (!ql_spec_takes(spec, key)) {
            copy_field(spec, &nothing, key);
        }
    }
    spec->tile_cols = spec->per == QL_PER_TILE ? spec->tile_cols : 0;
    spec->outliers_percent = spec->outliers > 0 && spec->outliers_percent;
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
static void format_value(const ql_spec *spec, ql_key key, char *out, size_t size)
{
    const ql_knob *knob = &ql_knobs[key];
    const void *field = (const char *)spec + knob->field;
    char low[32], high[32];
    switch (knob->kind) {
    case QL_BITS:
        snprintf(out, size, "%u", *(const unsigned *)field);
        break;
    case QL_COUNT:
        snprintf(out, size, "%" PRIu64, *(const uint64_t *)field);
        break;
    case QL_SIZE:
        if (spec->per == QL_PER_TILE) {
            snprintf(out, size, "%" PRIu64 "x%" PRIu64, spec->block, spec->tile_cols);
        } else {
            snprintf(out, size, "%" PRIu64, spec->block);
        }
        break;
    case QL_SHARE:
        format_number(spec->outliers, low);
        snprintf(out, size, "%s%s", low, spec->outliers_percent ? "%" : "");
        break;
    case QL_PATH:
        snprintf(out, size, "%s", spec->file);
        break;
    case QL_CHOICE:
        snprintf(out, size, "%s", knob->choices[*(const unsigned *)field]);
        break;
    case QL_NUMBER:
        format_number(*(const double *)field, low);
        snprintf(out, size, "%s", low);
        break;
    case QL_PERCENTILES:
        format_number(spec->p_lo, low);
        format_number(spec->p_hi, high);
        if (spec->mapping->symmetric || spec->p_lo == ql_percent_complement(spec->p_hi)) {
            snprintf(out, size, "%s", high);
        } else {
            snprintf(out, size, "%s:%s", low, high);
        }
        break;
    }
}

void ql_spec_value(const ql_spec *spec, ql_key key, char out[64])
{
    out[0] = 0;
    if (ql_spec_takes(spec, key)) {
        format_value(spec, key, out, 64);
        ql_utf8_end_whole(out); /* of a path that was too long */
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
        char value[QL_FILE_TEXT], usual[QL_FILE_TEXT];
        if (!ql_spec_takes(spec, key)) {
            continue;
        }
        format_value(spec, key, value, sizeof value);
        format_value(&defaults, key, usual, sizeof usual);
        const bool is_end = key == QL_KEY_LO || key == QL_KEY_HI; /* of a range: both are said, also a 0 */
        if (is_end || strcmp(value, usual) != 0) {
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
    format_value(&defaults, key, usual, sizeof usual);
    size_t used = 0;
    switch (knob->kind) {
    case QL_BITS:
        snprintf(out, 160, "%u..%u [%s]", mapping->bits_min, mapping->bits_max, usual);
        break;
    case QL_COUNT:
        snprintf(out, 160, "%.0f..%.0f [%s]%s%s", knob->min, knob->max, usual, knob->with ? ", with " : "",
                 knob->with ? knob->with : "");
        break;
    case QL_SIZE:
        snprintf(out, 160,
                 ql_mapping_takes(mapping, QL_KEY_PER) && ql_mapping_allows(mapping, QL_KEY_PER, QL_PER_TILE)
                     ? "N >= 1%s%s%s, RxC with per=tile"
                     : "N >= 1%s%s%s",
                 defaults.block ? " [" : "", defaults.block ? usual : "", defaults.block ? "]" : "");
        break;
    case QL_CHOICE:
        for (unsigned i = 0; knob->choices[i]; i++) {
            if (ql_mapping_allows(mapping, key, i)) {
                used += (size_t)snprintf(out + used, 160 - used, strcmp(knob->choices[i], usual) ? "%s%s" : "%s[%s]",
                                         used ? " " : "", knob->choices[i]);
            }
        }
        if (knob->with && !knob->applies(&defaults)) {
            snprintf(out + used, 160 - used, ", with %s", knob->with);
        }
        break;
    case QL_NUMBER:
        if (knob->with) {
            snprintf(out, 160, "a number, with %s", knob->with);
        } else {
            snprintf(out, 160, "a number >= %g [%s]", knob->min, usual);
        }
        break;
    case QL_PERCENTILES:
        snprintf(out, 160, mapping->symmetric ? "0..100 [%s], with %s" : "above 50, to 100 [%s], or LO:HI, with %s", usual,
                 knob->with);
        break;
    case QL_SHARE:
        snprintf(out, 160, "0%%..100%% of the elements, or a magnitude [%s]", usual);
        break;
    case QL_PATH:
        snprintf(out, 160, "a path of up to %d bytes, all of it printable", QL_FILE_TEXT - 1);
        break;
    }
    return true;
}
