/*
 * Specs: text to knobs and back. One table of keys makes parsing, printing and stepping.
 */
#include "base/error.h"
#include "quant/scheme.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { INTEGER, SIZE, CHOICE, NUMBER, PERCENTILES } kind;

typedef struct knob {
    ql_key_info info;
    kind kind;
    size_t field;            /* offset in ql_spec; of PERCENTILES: of p_lo, with p_hi behind it */
    const char *choices[8];  /* CHOICE: by value */
    const char *alias[2];    /* CHOICE: another spelling, and what it stands for */
    const char *with;        /* where the key makes sense, for messages; NULL: everywhere */
    bool (*applies)(const ql_spec *spec);
} knob;

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

static const knob keys[QL_KEY_COUNT] = {
    [QL_KEY_BITS] = { { "bits", "bits", "bits of a code" }, INTEGER, offsetof(ql_spec, bits), .choices = { 0 } },
    [QL_KEY_PER] = { { "per", "granularity", "what shares one scale: the tensor, an output row (or channel), an input column, a block of a row, a block of the flat order" },
                     CHOICE, offsetof(ql_spec, per), { "tensor", "row", "col", "block", "flat" }, { "channel", "row" } },
    [QL_KEY_BLOCK] = { { "block", "block size", "elements of a block" }, SIZE, offsetof(ql_spec, block), .with = "per=block and per=flat", .applies = has_blocks },
    [QL_KEY_CLIP] = { { "clip", "clipping", "how the range is chosen; what lies outside is clamped" },
                      CHOICE, offsetof(ql_spec, clip), { "minmax", "percentile", "manual" }, { "absmax", "minmax" } },
    [QL_KEY_P] = { { "p", "percentile", "the percentile of the magnitudes, or LO:HI of the values" }, PERCENTILES, offsetof(ql_spec, p_lo), .with = "clip=percentile", .applies = clips_at_percentile },
    [QL_KEY_LO] = { { "lo", "low end", "low end of the range" }, NUMBER, offsetof(ql_spec, lo), .with = "clip=manual", .applies = clips_by_hand },
    [QL_KEY_HI] = { { "hi", "high end", "high end of the range" }, NUMBER, offsetof(ql_spec, hi), .with = "clip=manual", .applies = clips_by_hand },
    [QL_KEY_ABS] = { { "abs", "largest magnitude", "the range is from -abs to abs" }, NUMBER, offsetof(ql_spec, abs), .with = "clip=manual", .applies = clips_by_hand },
    [QL_KEY_RANGE] = { { "range", "code range", "restricted: as many codes below zero as above; full: one more below" },
                       CHOICE, offsetof(ql_spec, range), { "restricted", "full" } },
    [QL_KEY_ZERO] = { { "zero", "zero policy", "include: the range is widened to hold 0; raw: it is taken as it is" },
                      CHOICE, offsetof(ql_spec, zero), { "include", "raw" } },
};

const ql_key_info *ql_key_describe(ql_key key)
{
    return &keys[key].info;
}

static void *field_of(ql_spec *spec, const knob *k)
{
    return (char *)spec + k->field;
}

static const void *value_of(const ql_spec *spec, const knob *k)
{
    return (const char *)spec + k->field;
}

/* The shortest text that reads back as the same double. */
static void format_number(double value, char out[32])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) {
            return;
        }
    }
}

/* 100 - p as a person would write it: 99.9 -> 0.1, not 0.09999999999999432. */
static double complement(double p)
{
    char text[32];
    snprintf(text, sizeof text, "%.12g", 100 - p);
    return strtod(text, NULL);
}

static void format_value(const ql_spec *spec, const knob *k, char out[64])
{
    const void *value = value_of(spec, k);
    char low[32], high[32];
    switch (k->kind) {
    case INTEGER:
        snprintf(out, 64, "%u", *(const unsigned *)value);
        break;
    case SIZE:
        snprintf(out, 64, "%" PRIu64, *(const uint64_t *)value);
        break;
    case CHOICE:
        snprintf(out, 64, "%s", k->choices[*(const unsigned *)value]);
        break;
    case NUMBER:
        format_number(*(const double *)value, low);
        snprintf(out, 64, "%s", low);
        break;
    case PERCENTILES:
        format_number(spec->p_lo, low);
        format_number(spec->p_hi, high);
        if (spec->mapping->symmetric || spec->p_lo == complement(spec->p_hi)) {
            snprintf(out, 64, "%s", high);
        } else {
            snprintf(out, 64, "%s:%s", low, high);
        }
        break;
    }
}

static bool mapping_takes(const ql_mapping *mapping, const knob *k)
{
    return mapping->keys >> (k - keys) & 1;
}

static bool applies(const ql_spec *spec, const knob *k)
{
    return mapping_takes(spec->mapping, k) && (!k->applies || k->applies(spec));
}

bool ql_spec_takes(const ql_spec *spec, ql_key key)
{
    return applies(spec, &keys[key]);
}

void ql_spec_value(const ql_spec *spec, ql_key key, char out[64])
{
    out[0] = 0;
    if (ql_spec_takes(spec, key)) {
        format_value(spec, &keys[key], out);
    }
}

void ql_spec_format(const ql_spec *spec, char out[QL_SPEC_TEXT])
{
    size_t used = (size_t)snprintf(out, QL_SPEC_TEXT, "%s", spec->mapping->info.name);
    char separator = ':';
    ql_spec defaults = spec->mapping->defaults;
    defaults.mapping = spec->mapping;
    for (const knob *k = keys; k < keys + QL_KEY_COUNT; k++) {
        char value[64], usual[64];
        if (!applies(spec, k)) {
            continue;
        }
        format_value(spec, k, value);
        format_value(&defaults, k, usual);
        if (strcmp(value, usual) != 0) {
            used += (size_t)snprintf(out + used, QL_SPEC_TEXT - used, "%c%s=%s", separator, k->info.name, value);
            separator = ',';
        }
    }
}

bool ql_mapping_key_values(const ql_mapping *mapping, ql_key key_index, char out[160])
{
    const knob *k = &keys[key_index];
    if (!mapping_takes(mapping, k)) {
        return false;
    }
    ql_spec defaults = mapping->defaults;
    defaults.mapping = mapping;
    char usual[64];
    format_value(&defaults, k, usual);
    size_t used = 0;
    switch (k->kind) {
    case INTEGER:
        snprintf(out, 160, "%u..%u [%s]", mapping->bits_min, mapping->bits_max, usual);
        break;
    case SIZE:
        snprintf(out, 160, "N >= 1, with %s", k->with);
        break;
    case CHOICE:
        for (const char *const *choice = k->choices; *choice; choice++) {
            used += (size_t)snprintf(out + used, 160 - used, strcmp(*choice, usual) ? "%s%s" : "%s[%s]", used ? " " : "", *choice);
        }
        break;
    case NUMBER:
        snprintf(out, 160, "a number, with %s", k->with);
        break;
    case PERCENTILES:
        snprintf(out, 160, mapping->symmetric ? "0..100 [%s], with %s" : "0..100 [%s] or LO:HI, with %s", usual, k->with);
        break;
    }
    return true;
}

/* ---- Parsing */

enum { SHOWN = 60 };

/* The user's own text, made safe to print. */
static const char *shown(const char *text, size_t size, char out[4 * SHOWN + 8])
{
    ql_text_print(out, 4 * SHOWN + 8, (ql_text){ text, size }, SHOWN);
    return out;
}

static ql_status fail_value(const ql_spec *spec, const knob *k, const char *value, ql_error *error)
{
    char allowed[160], print[4 * SHOWN + 8];
    ql_mapping_key_values(spec->mapping, (ql_key)(k - keys), allowed);
    return ql_fail(error, QL_BAD_USAGE, "spec: %s=%s is not allowed for %s; allowed: %s", k->info.name,
                   shown(value, strlen(value), print), spec->mapping->info.name, allowed);
}

static bool parse_double(const char *text, const char *stop, double *out)
{
    char *end;
    if (text == stop || *text == ' ') {
        return false;
    }
    *out = strtod(text, &end);
    return end == stop && isfinite(*out);
}

static bool parse_percentiles(ql_spec *spec, const char *value)
{
    const char *colon = strchr(value, ':'), *end = value + strlen(value);
    if (colon) {
        return !spec->mapping->symmetric && parse_double(value, colon, &spec->p_lo) && parse_double(colon + 1, end, &spec->p_hi) &&
               spec->p_lo >= 0 && spec->p_lo < spec->p_hi && spec->p_hi <= 100;
    }
    if (!parse_double(value, end, &spec->p_hi) || spec->p_hi < 0 || spec->p_hi > 100) {
        return false;
    }
    spec->p_lo = spec->mapping->symmetric ? 0 : complement(spec->p_hi);
    return spec->mapping->symmetric || spec->p_lo < spec->p_hi;
}

static bool parse_size(const char *value, uint64_t *out)
{
    char *end;
    if (*value < '0' || *value > '9') {
        return false;
    }
    errno = 0;
    *out = strtoull(value, &end, 10);
    return errno == 0 && *end == 0;
}

static bool parse_value(ql_spec *spec, const knob *k, const char *value)
{
    uint64_t size;
    switch (k->kind) {
    case INTEGER:
        if (!parse_size(value, &size) || size < spec->mapping->bits_min || size > spec->mapping->bits_max) {
            return false;
        }
        *(unsigned *)field_of(spec, k) = (unsigned)size;
        return true;
    case SIZE:
        if (!parse_size(value, &size) || size == 0) {
            return false;
        }
        *(uint64_t *)field_of(spec, k) = size;
        return true;
    case CHOICE:
        if (k->alias[0] && strcmp(value, k->alias[0]) == 0) {
            value = k->alias[1];
        }
        for (unsigned i = 0; k->choices[i]; i++) {
            if (strcmp(value, k->choices[i]) == 0) {
                *(unsigned *)field_of(spec, k) = i;
                return true;
            }
        }
        return false;
    case NUMBER:
        return parse_double(value, value + strlen(value), field_of(spec, k));
    case PERCENTILES:
        return parse_percentiles(spec, value);
    }
    return false;
}

static const knob *find_key(const char *name, size_t size)
{
    for (const knob *k = keys; k < keys + QL_KEY_COUNT; k++) {
        if (strlen(k->info.name) == size && memcmp(k->info.name, name, size) == 0) {
            return k;
        }
    }
    return NULL;
}

/* "bits, per, block" : the keys of a mapping. */
static const char *keys_of(const ql_mapping *mapping, char out[160])
{
    size_t used = 0;
    for (const knob *k = keys; k < keys + QL_KEY_COUNT; k++) {
        if (mapping_takes(mapping, k)) {
            used += (size_t)snprintf(out + used, 160 - used, "%s%s", used ? ", " : "", k->info.name);
        }
    }
    return out;
}

/* One key=value; `text` is modified. */
static ql_status parse_pair(ql_spec *spec, char *text, unsigned *given, ql_error *error)
{
    char print[4 * SHOWN + 8], allowed[160];
    char *equals = strchr(text, '=');
    if (!equals) {
        return ql_fail(error, QL_BAD_USAGE, "spec: '%s' is not key=value; keys of %s: %s", shown(text, strlen(text), print),
                       spec->mapping->info.name, keys_of(spec->mapping, allowed));
    }
    const knob *k = find_key(text, (size_t)(equals - text));
    if (!k || !mapping_takes(spec->mapping, k)) {
        return ql_fail(error, QL_BAD_USAGE, "spec: %s takes no key '%s'; its keys: %s", spec->mapping->info.name,
                       shown(text, (size_t)(equals - text), print), keys_of(spec->mapping, allowed));
    }
    if (*given >> (k - keys) & 1) {
        return ql_fail(error, QL_BAD_USAGE, "spec: key '%s' stands twice; give it once", k->info.name);
    }
    *given |= 1u << (k - keys);
    return parse_value(spec, k, equals + 1) ? QL_OK : fail_value(spec, k, equals + 1, error);
}

/* What only the whole spec shows: keys that need others. */
static ql_status check_whole(const ql_spec *spec, unsigned given, ql_error *error)
{
    for (const knob *k = keys; k < keys + QL_KEY_COUNT; k++) {
        if (given >> (k - keys) & 1 && !applies(spec, k)) {
            return ql_fail(error, QL_BAD_USAGE, "spec: key '%s' goes with %s; add that or leave '%s' out", k->info.name, k->with,
                           k->info.name);
        }
    }
    if (ql_spec_takes(spec, QL_KEY_BLOCK) && spec->block == 0) {
        return ql_fail(error, QL_BAD_USAGE, "spec: per=%s needs the size of a block; add for example block=64",
                       keys[QL_KEY_PER].choices[spec->per]);
    }
    if (ql_spec_takes(spec, QL_KEY_ABS) && !(spec->abs > 0)) {
        return ql_fail(error, QL_BAD_USAGE, "spec: clip=manual needs a largest magnitude above 0; add for example abs=0.5");
    }
    if (ql_spec_takes(spec, QL_KEY_LO) && !(spec->lo < spec->hi)) {
        return ql_fail(error, QL_BAD_USAGE, "spec: clip=manual needs a range with lo below hi; add for example lo=-0.5,hi=0.5");
    }
    return QL_OK;
}

/* Keys that do not apply are 0, so that equal specs are equal field by field. */
static void clear_unused(ql_spec *spec)
{
    for (const knob *k = keys; k < keys + QL_KEY_COUNT; k++) {
        static const size_t sizes[] = {
            [INTEGER] = sizeof(unsigned), [SIZE] = sizeof(uint64_t), [CHOICE] = sizeof(unsigned), [NUMBER] = sizeof(double),
            [PERCENTILES] = 2 * sizeof(double),
        };
        if (!applies(spec, k)) {
            memset(field_of(spec, k), 0, sizes[k->kind]);
        }
    }
}

static ql_status find_mapping(const char *name, size_t size, ql_spec *spec, ql_error *error)
{
    char names[200] = "", print[4 * SHOWN + 8];
    size_t used = 0;
    for (size_t i = 0; i < ql_mapping_count(); i++) {
        const ql_mapping *mapping = ql_mapping_at(i);
        if (strlen(mapping->info.name) == size && memcmp(mapping->info.name, name, size) == 0) {
            *spec = mapping->defaults;
            spec->mapping = mapping;
            return QL_OK;
        }
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", mapping->info.name);
    }
    return ql_fail(error, QL_BAD_USAGE, "spec: no mapping is named '%s'; there are: %s", shown(name, size, print), names);
}

ql_status ql_spec_parse(const char *text, ql_spec *out, ql_error *error)
{
    const char *colon = strchr(text, ':');
    size_t name_size = colon ? (size_t)(colon - text) : strlen(text);
    ql_spec spec;
    ql_status status = find_mapping(text, name_size, &spec, error);
    if (status != QL_OK) {
        return status;
    }
    char *pairs = strdup(colon ? colon + 1 : "");
    if (!pairs) {
        return ql_fail_memory(error, strlen(text));
    }
    unsigned given = 0;
    for (char *pair = colon ? pairs : NULL; status == QL_OK && pair;) {
        char *comma = strchr(pair, ',');
        if (comma) {
            *comma = 0;
        }
        status = parse_pair(&spec, pair, &given, error);
        pair = comma ? comma + 1 : NULL;
    }
    if (status == QL_OK) {
        status = check_whole(&spec, given, error);
    }
    if (status == QL_OK) {
        clear_unused(&spec);
        *out = spec;
    }
    free(pairs);
    return status;
}

/* ---- Stepping */

/* Keys that began to apply get their usual values; the others are cleared. */
static void complete(ql_spec *spec, const ql_profile *profile)
{
    const ql_spec *usual = &spec->mapping->defaults;
    if (ql_spec_takes(spec, QL_KEY_BLOCK) && spec->block == 0) {
        spec->block = 64;
    }
    if (ql_spec_takes(spec, QL_KEY_P) && spec->p_hi == 0) {
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
    clear_unused(spec);
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
    spec->p_lo = spec->mapping->symmetric ? 0 : complement(spec->p_hi);
    return true;
}

static double nudged(double value, double by)
{
    char text[32];
    snprintf(text, sizeof text, "%.4g", value + by);
    return strtod(text, NULL);
}

bool ql_spec_step(ql_spec *spec, ql_key key_index, int direction, const ql_profile *profile)
{
    const knob *k = &keys[key_index];
    if (!applies(spec, k)) {
        return false;
    }
    direction = direction > 0 ? 1 : -1;
    const ql_spec before = *spec;
    void *field = field_of(spec, k);
    switch (k->kind) {
    case INTEGER: {
        unsigned bits = *(unsigned *)field + (unsigned)direction;
        if (bits < spec->mapping->bits_min || bits > spec->mapping->bits_max) {
            return false;
        }
        *(unsigned *)field = bits;
        break;
    }
    case SIZE: {
        uint64_t power = 1, size = *(uint64_t *)field;
        while (power < size) {
            power *= 2;
        }
        /* power / 2 < size <= power */
        power = direction < 0 ? power / 2 : power == size ? power * 2 : power;
        if (power < 8 || power > 1u << 20) {
            return false;
        }
        *(uint64_t *)field = power;
        break;
    }
    case CHOICE: {
        unsigned count = 0;
        while (k->choices[count]) {
            count++;
        }
        *(unsigned *)field = (*(unsigned *)field + count + (unsigned)direction) % count;
        break;
    }
    case PERCENTILES:
        if (!step_percentile(spec, direction)) {
            return false;
        }
        break;
    case NUMBER: {
        double width = key_index == QL_KEY_ABS ? spec->abs : spec->hi - spec->lo;
        *(double *)field = nudged(*(double *)field, direction * width * 0.05);
        break;
    }
    }
    complete(spec, profile);
    if (check_whole(spec, 0, NULL) != QL_OK) {
        *spec = before;
        return false;
    }
    return true;
}

void ql_spec_change_mapping(ql_spec *spec, const ql_mapping *mapping)
{
    const ql_spec old = *spec;
    *spec = mapping->defaults;
    spec->mapping = mapping;
    for (const knob *k = keys; k < keys + QL_KEY_COUNT; k++) {
        if (k->kind == CHOICE && mapping_takes(mapping, k) && mapping_takes(old.mapping, k)) {
            memcpy(field_of(spec, k), value_of(&old, k), sizeof(unsigned));
        }
    }
    if (mapping_takes(mapping, &keys[QL_KEY_BITS])) {
        unsigned bits = old.bits ? old.bits : spec->bits;
        spec->bits = bits < mapping->bits_min ? mapping->bits_min : bits > mapping->bits_max ? mapping->bits_max : bits;
    }
    spec->block = old.block;
    if (old.p_hi > 0 && mapping_takes(mapping, &keys[QL_KEY_P])) {
        spec->p_hi = old.p_hi;
        spec->p_lo = mapping->symmetric ? 0 : complement(old.p_hi);
        if (!(spec->p_lo < spec->p_hi)) {
            spec->p_lo = mapping->defaults.p_lo;
            spec->p_hi = mapping->defaults.p_hi;
        }
    }
    /* A range by hand carries over as well as the two kinds allow. */
    double reach = fmax(fabs(old.lo), fabs(old.hi));
    spec->abs = old.abs > 0 ? old.abs : reach;
    spec->lo = old.lo < old.hi ? old.lo : -old.abs;
    spec->hi = old.lo < old.hi ? old.hi : old.abs;
    complete(spec, NULL);
}
