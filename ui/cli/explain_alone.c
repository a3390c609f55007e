/* qloupe explain SPEC without numbers: what the spec is. */
#include "cli/cli.h"
#include "cli/explain.h"

#include <string.h>

void cli_storage(const ql_spec *spec, char *out, size_t size)
{
    const char *whole = ql_mapping_describe(spec->mapping)->storage, *usual_end = strchrnul(whole, ';');
    int length = (int)(usual_end - whole);
    const char *formula = whole;
    for (ql_key key = 0; *usual_end && key < QL_KEY_COUNT; key++) {
        char value[64], condition[96];
        ql_spec_value(spec, key, value);
        snprintf(condition, sizeof condition, "; %s=%s: ", ql_key_describe(key)->name, value);
        const char *found = strstr(whole, condition);
        if (found) {
            formula = found + strlen(condition);
            length = (int)strlen(formula);
        }
    }
    snprintf(out, size, "%.*s%s", length, formula, spec->outliers > 0 ? " + 48·k/n" : "");
}

enum {
    ABOUT_SPEC,
    ABOUT_TITLE,
    ABOUT_FORMULA,
    ABOUT_CODES,
    ABOUT_KEYS,
    ABOUT_STORAGE = ABOUT_KEYS + QL_KEY_COUNT,
    ABOUT_BITS,
    ABOUT_TIMES,
    ABOUT_LESS,
    ABOUT_SOURCE,
    ABOUT_COLUMNS
};

static void describe_columns(sheet_column out[ABOUT_COLUMNS])
{
    static char keys[QL_KEY_COUNT][32];
    out[ABOUT_SPEC] = (sheet_column) { .key = "spec", .title = "spec" };
    out[ABOUT_TITLE] = (sheet_column) { .key = "title", .title = "name" };
    out[ABOUT_FORMULA] = (sheet_column) { .key = "formula", .title = "formula" };
    out[ABOUT_CODES] = (sheet_column) { .key = "codes", .title = "codes" };
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        const ql_key_info *info = ql_key_describe(key);
        snprintf(keys[key], sizeof keys[key], "keys/%s", info->name);
        out[ABOUT_KEYS + key] = (sheet_column) { .key = keys[key], .title = info->name, .help = info->help };
    }
    out[ABOUT_STORAGE] = (sheet_column) { .key = "storage",
                                          .title = "storage",
                                          .help = "bits per weight: b of a code, G groups, n weights, K levels" };
    out[ABOUT_BITS] = (sheet_column) {
        .key = "bits_per_weight",
        .title = "bits per weight",
        .help = "of a matrix of 4096 × 4096",
        .form = TEXT_FIXED_3,
    };
    out[ABOUT_TIMES] = (sheet_column) { .key = "compression" };
    out[ABOUT_LESS] = (sheet_column) { .title = "against FP32" };
    out[ABOUT_SOURCE] = (sheet_column) { .key = "source", .title = "source" };
}

static void describe(cli_worked *at)
{
    const ql_mapping_info *info = ql_mapping_describe(at->spec.mapping);
    sheet_column columns[ABOUT_COLUMNS];
    describe_columns(columns);
    sheet_table table = sheet_table_over(columns, ABOUT_COLUMNS);
    sheet_cell *row = sheet_table_add(&table);
    char text[64];
    row[ABOUT_SPEC] = sheet_words(at->report->spec_text);
    row[ABOUT_TITLE] = sheet_words(info->title);
    row[ABOUT_FORMULA] = sheet_words(info->formula);
    snprintf(text, sizeof text, "%d … %d", at->report->code_lo, at->report->code_hi);
    row[ABOUT_CODES] = sheet_words(at->report->levels ? sheet_table_keep(&table, text) : NULL);
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        ql_spec_value(&at->spec, key, text);
        row[ABOUT_KEYS + key] = sheet_words(*text ? sheet_table_keep(&table, text) : NULL);
    }
    char formula[160];
    cli_storage(&at->spec, formula, sizeof formula);
    row[ABOUT_STORAGE] = sheet_words(sheet_table_keep(&table, formula));
    const double bits = ql_spec_bits_per_weight(&at->spec, 4096, 4096);
    row[ABOUT_BITS] = bits > 0 ? sheet_number(bits) : (sheet_cell) { 0 };
    if (bits > 0) {
        snprintf(text, sizeof text, "%.3g times smaller, %.1f %% less", 32 / bits, 100 * (1 - bits / 32));
        row[ABOUT_TIMES] = sheet_number(32 / bits);
        row[ABOUT_LESS] = sheet_words(sheet_table_keep(&table, text));
    }
    row[ABOUT_SOURCE] = sheet_words(info->source);
    cli_set_up_tables(at);
    at->level_columns[CLI_LEVEL_SCALED] = at->level_columns[CLI_LEVEL_COUNT] = (sheet_column) { 0 };
    cli_add_levels(at);
    static const char more[] = "With numbers the arithmetic is shown: `qloupe explain SPEC 3.2 -3 0.1`.";
    const bool has_levels = at->levels.row_count > 0;
    const sheet_document levels = { .list = "levels", .below = more, .table = &at->levels };
    const sheet_document document = {
        .list = "specs",
        .below = has_levels ? NULL : more,
        .cards = true,
        .table = &table,
        .next = has_levels ? &levels : NULL,
    };
    cli_session_write(at->session, &document);
    sheet_table_free(&table);
}

/* Levels that do not depend on the data are those of a tensor that is one 1: its scale is 1. */
int cli_explain_alone(cli_worked *at)
{
    static float one = 1;
    const cli_typed alone = { .values = &one, .count = 1, .rows = 1, .cols = 1 };
    int code = cli_explain_measure(at, &alone);
    if (code == CLI_GOOD && at->report->codebook)
        at->explainer = NULL; /* learned from the data: none yet */
    if (code == CLI_GOOD)
        describe(at);
    return code;
}
