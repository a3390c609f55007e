/* Specs: from text to knobs. The table of keys (keys.c) says what there is. */
#include "base/error.h"
#include "base/text.h"
#include "quant/keys.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 60 };

/* The user's own text, made safe to print. */
static const char *shown(const char *text, size_t size, char out[4 * SHOWN + 8])
{
    ql_text_print(out, 4 * SHOWN + 8, (ql_text) { text, size }, SHOWN);
    return out;
}

static ql_status fail_value(const ql_spec *spec, ql_key key, const char *value, ql_error *error)
{
    char allowed[256], print[4 * SHOWN + 8];
    ql_mapping_key_values(spec->mapping, key, allowed);
    return ql_fail(error, QL_BAD_USAGE, "spec: %s=%s is not allowed for %s; allowed: %s", ql_knobs[key].info.name,
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
        return !spec->mapping->symmetric && parse_double(value, colon, &spec->p_lo) &&
               parse_double(colon + 1, end, &spec->p_hi) && spec->p_lo >= 0 && spec->p_lo < spec->p_hi && spec->p_hi <= 100;
    }
    if (!parse_double(value, end, &spec->p_hi) || spec->p_hi < 0 || spec->p_hi > 100) {
        return false;
    }
    spec->p_lo = spec->mapping->symmetric ? 0 : ql_percent_complement(spec->p_hi);
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

static bool parse_choice(const ql_mapping *mapping, ql_key key, const char *value, unsigned *out)
{
    const ql_knob *knob = &ql_knobs[key];
    if (knob->alias[0] && strcmp(value, knob->alias[0]) == 0) {
        value = knob->alias[1];
    }
    for (unsigned i = 0; knob->choices[i]; i++) {
        if (strcmp(value, knob->choices[i]) == 0) {
            *out = i;
            return ql_mapping_allows(mapping, key, i);
        }
    }
    return false;
}

/* N, or RxC. Which of the two it must be is known only from the whole spec. */
static bool parse_block(ql_spec *spec, const char *value)
{
    const char *cross = strchr(value, 'x');
    char rows[24];
    if (!cross) {
        spec->tile_cols = 0;
        return parse_size(value, &spec->block) && spec->block > 0;
    }
    if ((size_t)(cross - value) >= sizeof rows) {
        return false;
    }
    snprintf(rows, sizeof rows, "%.*s", (int)(cross - value), value);
    return parse_size(rows, &spec->block) && parse_size(cross + 1, &spec->tile_cols) && spec->block > 0 &&
           spec->tile_cols > 0;
}

static bool parse_share(ql_spec *spec, const char *value)
{
    const size_t size = strlen(value);
    spec->outliers_percent = size > 0 && value[size - 1] == '%';
    return parse_double(value, value + size - spec->outliers_percent, &spec->outliers) && spec->outliers >= 0 &&
           (!spec->outliers_percent || spec->outliers <= 100);
}

/* A spec is shown in tables, screens and figures as it was written, so nothing in it may act on a terminal or be unseen. */
static bool is_all_seen(const char *path)
{
    const size_t size = strlen(path);
    uint32_t codepoint;
    for (size_t at = 0, length; at < size; at += length) {
        length = ql_utf8_decode(path + at, size - at, &codepoint);
        if (length == 0 || ql_utf8_is_hidden(codepoint)) {
            return false;
        }
    }
    return true;
}

static bool parse_value(ql_spec *spec, ql_key key, const char *value)
{
    const ql_knob *knob = &ql_knobs[key];
    void *field = ql_spec_field(spec, key);
    uint64_t size;
    switch (knob->kind) {
    case QL_BITS:
        if (!parse_size(value, &size) || size < spec->mapping->bits_min || size > spec->mapping->bits_max) {
            return false;
        }
        *(unsigned *)field = (unsigned)size;
        return true;
    case QL_COUNT:
        return parse_size(value, field) && *(uint64_t *)field >= (uint64_t)knob->min &&
               *(uint64_t *)field <= (uint64_t)knob->max;
    case QL_SIZE:
        return parse_block(spec, value);
    case QL_CHOICE:
        return parse_choice(spec->mapping, key, value, field);
    case QL_NUMBER:
        return parse_double(value, value + strlen(value), field) && *(double *)field >= knob->min &&
               fabs(*(double *)field) <= FLT_MAX;
    case QL_PERCENTILES:
        return parse_percentiles(spec, value);
    case QL_SHARE:
        return parse_share(spec, value);
    case QL_PATH:
        return *value && strlen(value) < QL_FILE_TEXT && is_all_seen(value) && snprintf(field, QL_FILE_TEXT, "%s", value) > 0;
    }
    return false;
}

/* The key of that name, QL_KEY_COUNT when there is none. */
static ql_key find_key(const char *name, size_t size)
{
    int key = 0;
    while (key < QL_KEY_COUNT &&
           (strlen(ql_knobs[key].info.name) != size || memcmp(ql_knobs[key].info.name, name, size) != 0)) {
        key++;
    }
    return key;
}

/* "bits, per, block" : the keys of a mapping. */
static const char *keys_of(const ql_mapping *mapping, char out[256])
{
    size_t used = 0;
    for (int key = 0; key < QL_KEY_COUNT; key++) {
        if (ql_mapping_takes(mapping, key)) {
            used += (size_t)snprintf(out + used, 256 - used, "%s%s", used ? ", " : "", ql_knobs[key].info.name);
        }
    }
    return out;
}

/* One key=value; `text` is modified. */
static ql_status parse_pair(ql_spec *spec, char *text, unsigned *given, ql_error *error)
{
    char print[4 * SHOWN + 8], allowed[256];
    char *equals = strchr(text, '=');
    if (!equals) {
        return ql_fail(error, QL_BAD_USAGE, "spec: '%s' is not key=value; keys of %s: %s", shown(text, strlen(text), print),
                       spec->mapping->info.name, keys_of(spec->mapping, allowed));
    }
    const ql_key key = find_key(text, (size_t)(equals - text));
    if (key == QL_KEY_COUNT || !ql_mapping_takes(spec->mapping, key)) {
        return ql_fail(error, QL_BAD_USAGE, "spec: %s takes no key '%s'; its keys: %s", spec->mapping->info.name,
                       shown(text, (size_t)(equals - text), print), keys_of(spec->mapping, allowed));
    }
    if (*given >> key & 1) {
        return ql_fail(error, QL_BAD_USAGE, "spec: key '%s' stands twice; give it once", ql_knobs[key].info.name);
    }
    *given |= 1u << key;
    return parse_value(spec, key, equals + 1) ? QL_OK : fail_value(spec, key, equals + 1, error);
}

ql_status ql_spec_check(const ql_spec *spec, unsigned given, ql_error *error)
{
    for (int key = 0; key < QL_KEY_COUNT; key++) {
        const ql_knob *knob = &ql_knobs[key];
        if (given >> key & 1 && !ql_spec_takes(spec, key)) {
            return ql_fail(error, QL_BAD_USAGE, "spec: key '%s' goes with %s; add that or leave '%s' out", knob->info.name,
                           knob->with, knob->info.name);
        }
    }
    if (ql_spec_takes(spec, QL_KEY_BLOCK) && spec->block == 0) {
        return ql_fail(error, QL_BAD_USAGE, "spec: per=%s needs the size of a block; add for example block=64",
                       ql_knobs[QL_KEY_PER].choices[spec->per]);
    }
    if (ql_spec_takes(spec, QL_KEY_BLOCK) && (spec->per == QL_PER_TILE) != (spec->tile_cols > 0)) {
        return ql_fail(error, QL_BAD_USAGE,
                       spec->per == QL_PER_TILE ? "spec: per=tile needs rows and columns; write for example block=16x16"
                                                : "spec: rows and columns go with per=tile; write block=N");
    }
    if (ql_mapping_takes(spec->mapping, QL_KEY_FILE) && !*spec->file) {
        return ql_fail(error, QL_BAD_USAGE, "spec: %s needs the file of its levels; add file=levels.npy",
                       spec->mapping->info.name);
    }
    if (spec->outliers > 0 && spec->zero == QL_ZERO_RAW) {
        return ql_fail(error, QL_BAD_USAGE,
                       "spec: outliers are replaced by 0, which zero=raw may not hold; leave one of them out");
    }
    if (ql_spec_takes(spec, QL_KEY_ABS) && !(spec->abs > 0)) {
        return ql_fail(error, QL_BAD_USAGE, "spec: clip=manual needs a largest magnitude above 0; add for example abs=0.5");
    }
    const unsigned both = 1u << QL_KEY_LO | 1u << QL_KEY_HI;
    if (ql_spec_takes(spec, QL_KEY_LO) &&
        (!(spec->lo < spec->hi) || (given & both) == 1u << QL_KEY_LO || (given & both) == 1u << QL_KEY_HI)) {
        return ql_fail(error, QL_BAD_USAGE,
                       "spec: clip=manual needs a range with lo below hi; add for example lo=-0.5,hi=0.5");
    }
    return QL_OK;
}

static ql_status find_mapping(const char *name, size_t size, ql_spec *spec, ql_error *error)
{
    char names[400] = "", print[4 * SHOWN + 8];
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

/* A path may hold commas. */
static bool takes_rest(const char *pair)
{
    const char *name = ql_knobs[QL_KEY_FILE].info.name;
    return strncmp(pair, name, strlen(name)) == 0 && pair[strlen(name)] == '=';
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
        char *comma = takes_rest(pair) ? NULL : strchr(pair, ',');
        if (comma) {
            *comma = 0;
        }
        status = parse_pair(&spec, pair, &given, error);
        pair = comma ? comma + 1 : NULL;
    }
    if (status == QL_OK) {
        status = ql_spec_check(&spec, given, error);
    }
    if (status == QL_OK) {
        ql_spec_clear_unused(&spec);
        *out = spec;
    }
    free(pairs);
    return status;
}
