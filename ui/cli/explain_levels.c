/* The levels of a mapping, over the scale and as values, with the thresholds between them. */
#include "cli/explain.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_LEVELS = 32 };

const sheet_column cli_level_columns[CLI_LEVEL_COLUMNS] = {
    [CLI_LEVEL_GROUP] = { .key = "group" },
    [CLI_LEVEL_CODE] = { .key = "code", .title = "q", .form = TEXT_COUNT },
    [CLI_LEVEL_VALUE] = { .key = "level", .title = "level", .form = TEXT_SEVEN },
    [CLI_LEVEL_BORDER] = { .key = "threshold", .title = "up to", .form = TEXT_SEVEN },
    [CLI_LEVEL_SCALED] = { .key = "value", .title = "y", .form = TEXT_SEVEN },
    [CLI_LEVEL_COUNT] = { .key = "count", .title = "times", .form = TEXT_COUNT },
};

typedef struct level {
    int code;
    double value; /* over the group's scale */
    double scaled;
} level;

static int compare_levels(const void *a, const void *b)
{
    const level *x = a, *y = b;
    return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : (x->code > y->code) - (x->code < y->code);
}

/* Levels that were scaled have six sure digits. */
static double unscaled(double value, double scale)
{
    char text[32];
    if (scale == 1)
        return value;
    snprintf(text, sizeof text, "%.6g", scale != 0 ? value / scale : 0);
    return strtod(text, NULL);
}

static void add_levels_of(cli_worked *at, uint64_t group, bool learned)
{
    const ql_working *w = at->working;
    const double scale = learned ? 1 : at->report->scales[group];
    level levels[MOST_LEVELS];
    size_t count = 0;
    for (unsigned i = 0; i < w->code_count; i++) {
        const double scaled = w->levels[group * w->code_count + i];
        if (scaled == 0 && signbit(scaled))
            continue; /* -0 is zero */
        levels[count++] = (level) { w->code_lo + (int)i, unscaled(scaled, scale), scaled };
    }
    qsort(levels, count, sizeof *levels, compare_levels);
    for (size_t i = 0; i < count; i++) {
        sheet_cell *row = sheet_table_add(&at->levels);
        uint64_t times = 0;
        for (uint64_t element = 0; element < w->count; element++)
            times += w->codes[element] == levels[i].code && (!learned || w->groups[element] == group);
        row[CLI_LEVEL_GROUP] = sheet_words(learned ? cli_group_title(at, &at->levels, group) : NULL);
        row[CLI_LEVEL_CODE] = sheet_unsigned((uint64_t)levels[i].code);
        if (!learned)
            row[CLI_LEVEL_VALUE] = sheet_number(levels[i].value);
        if (at->report->edges && i + 1 < count)
            row[CLI_LEVEL_BORDER] = sheet_number(at->report->edges[group * (count + 1) + i + 1]);
        else if (i + 1 < count)
            row[CLI_LEVEL_BORDER] = sheet_number((levels[i].value + levels[i + 1].value) / 2);
        if (learned || at->report->group_count == 1)
            row[CLI_LEVEL_SCALED] = sheet_number(levels[i].scaled);
        row[CLI_LEVEL_COUNT] = sheet_unsigned(times);
    }
}

void cli_add_levels(cli_worked *at)
{
    const bool learned = at->report->codebook != NULL;
    if (!at->explainer || !at->explainer->has_levels || at->working->code_count > MOST_LEVELS)
        return;
    uint64_t usual = 0; /* a group whose scale is not 0 */
    while (!learned && usual + 1 < at->report->group_count && at->report->scales[usual] == 0)
        usual++;
    for (uint64_t group = learned ? 0 : usual; group < (learned ? at->report->group_count : usual + 1); group++)
        add_levels_of(at, group, learned);
}
