/*
 * qloupe explain SPEC [NUMBERS...]: a tensor of the numbers that were typed, quantized by the library, and shown step by step.
 *
 *   numbers --> ql_model_from_values --> ql_profile --> ql_report, ql_working --> steps, levels, elements
 */
#include "cli/cli.h"
#include "cli/complain.h"
#include "cli/explain.h"
#include "cli/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEVELS = 32, MOST_ROWS = 16 };

/* What was typed. */
typedef struct numbers {
    float *values; /* [count] */
    size_t count, capacity;
    size_t rows, cols; /* cols: of the first row, once it has ended */
} numbers;

enum { LEVEL_GROUP, LEVEL_CODE, LEVEL_VALUE, LEVEL_BORDER, LEVEL_SCALED, LEVEL_COUNT, LEVEL_COLUMNS };

enum { ELEMENT_GROUP, ELEMENT_X, ELEMENT_RATIO, ELEMENT_CODE, ELEMENT_FIELDS, ELEMENT_Y, ELEMENT_ERROR, ELEMENT_REMARK, ELEMENT_COLUMNS };

/* What one run works on. */
typedef struct work {
    cli_session *session;
    ql_spec spec;
    const cli_explainer *explainer; /* NULL: nothing to explain */
    numbers typed;
    ql_profile *profile;
    ql_report *report;
    ql_working *working;
    cli_column step_columns[CLI_STEP_COLUMNS], level_columns[LEVEL_COLUMNS], element_columns[ELEMENT_COLUMNS];
    cli_table steps, levels, elements;
} work;

/* ---- Numbers -------------------------------------------------------------------------------------------------------- */

static int end_row(numbers *typed, size_t *begin)
{
    const size_t count = typed->count - *begin;
    if (count == 0)
        return CLI_GOOD;
    if (typed->rows && count != typed->cols)
        return cli_complain("row %zu has %zu numbers, row 1 has %zu; all rows of a matrix are as long", typed->rows + 1, count,
                            typed->cols);
    typed->cols = count;
    typed->rows++;
    *begin = typed->count;
    return CLI_GOOD;
}

/* One word of the command line: numbers apart by spaces or commas, rows ended by ; or ]. */
static int take_word(numbers *typed, const char *word, size_t *begin)
{
    for (const char *at = word; *at;) {
        if (*at == ';' || *at == ']') {
            int code = end_row(typed, begin);
            if (code != CLI_GOOD)
                return code;
            at++;
        } else if (strchr(" \t\n,[", *at)) {
            at++;
        } else {
            char *end;
            const float value = strtof(at, &end);
            if (end == at || !strchr(" \t\n,;[]", *end))
                return cli_complain("'%s' is no number; a matrix is typed as \"0.1 -0.2; 2.5 -3\"", cli_shown(at));
            typed->values = cli_grow(typed->values, &typed->capacity, typed->count + 1, sizeof *typed->values);
            typed->values[typed->count++] = value;
            at = end;
        }
    }
    return CLI_GOOD;
}

static int take_words(numbers *typed, const char *const *words, size_t count)
{
    size_t begin = 0;
    int code = CLI_GOOD;
    for (size_t i = 0; i < count && code == CLI_GOOD; i++)
        code = take_word(typed, words[i], &begin);
    return code == CLI_GOOD ? end_row(typed, &begin) : code;
}

/* ---- The library ---------------------------------------------------------------------------------------------------- */

static int measure(work *at, const numbers *typed)
{
    cli_session *session = at->session;
    const uint64_t shape[2] = { typed->rows > 1 ? typed->rows : typed->count, typed->cols };
    ql_error error;
    if (ql_engine_new(1, &session->engine, &error) != QL_OK ||
        ql_model_from_values("x", typed->rows > 1 ? 2 : 1, shape, typed->values, &session->model, &error) != QL_OK ||
        ql_profile_make(session->engine, session->model, ql_model_tensor(session->model, 0), NULL, &at->profile, &error) != QL_OK)
        return cli_complain_error(&error);
    if (at->profile->unusable)
        return cli_complain("%s; no quantizer takes that", at->profile->unusable);
    if (ql_report_make(session->engine, at->profile, &at->spec, NULL, &at->report, &error) != QL_OK ||
        ql_working_make(session->engine, at->profile, at->report, &at->working, &error) != QL_OK)
        return cli_complain_error(&error);
    return CLI_GOOD;
}

/* ---- Steps ---------------------------------------------------------------------------------------------------------- */

/* "row 1", NULL where there is but one group. */
static const char *group_title(const work *at, cli_table *table, uint64_t group)
{
    char text[48];
    if (at->report->group_count == 1)
        return NULL;
    const char *kind = at->spec.per == QL_PER_ROW   ? "row"
                       : at->spec.per == QL_PER_COL ? "column"
                       : at->spec.per == QL_PER_TILE ? "tile"
                                                     : "block";
    snprintf(text, sizeof text, "%s %" PRIu64, kind, group);
    return cli_table_keep(table, text);
}

static void add_group(work *at, uint64_t group)
{
    const ql_working *w = at->working;
    float *x = cli_allocate(w->count, sizeof *x);
    cli_explained explained = {
        .spec = &at->spec,
        .report = at->report,
        .working = w,
        .title = group_title(at, &at->steps, group),
        .group = group,
        .x = x,
        .steps = &at->steps,
    };
    for (uint64_t i = 0; i < w->count; i++)
        if (w->groups[i] == group)
            x[explained.n++] = w->is_outlier[i] ? 0 : w->x[i];
    at->explainer->steps(&explained);
    free(x);
}

static void add_outliers(work *at)
{
    const ql_report *r = at->report;
    char value[64];
    if (at->spec.outliers == 0)
        return;
    const cli_explained explained = { .steps = &at->steps, .title = r->group_count > 1 ? "all" : NULL };
    ql_spec_value(&at->spec, QL_KEY_OUTLIERS, value);
    cli_step(&explained, "outliers", at->spec.outliers_percent ? "the floor(p·n / 100) largest |x|" : "|x| >= threshold",
             (double)r->outlier_count, "%s of %" PRIu64 ": kept in half precision, 0 for what follows", value, at->working->count);
}

/* Mean |e| of the elements that `is_member` picks. */
static double mean_error(const ql_working *w, uint64_t group, bool by_row, uint64_t cols)
{
    double sum = 0;
    uint64_t count = 0;
    for (uint64_t i = 0; i < w->count; i++) {
        if ((by_row ? i / cols : w->groups[i]) == group) {
            sum += fabs((double)w->x[i] - (double)w->y[i]);
            count++;
        }
    }
    return sum / (double)count;
}

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

static void add_result(work *at)
{
    const ql_report *r = at->report;
    const ql_tensor *tensor = at->profile->tensor;
    const bool by_row = tensor->rank == 2 && tensor->rows <= MOST_ROWS, several = r->group_count > 1;
    const cli_explained explained = { .steps = &at->steps, .title = several ? "all" : NULL };
    char formula[160];
    for (uint64_t row = 0; by_row && row < tensor->rows; row++) {
        snprintf(formula, sizeof formula, "mean|x - y| of row %" PRIu64, row);
        cli_step(&explained, "error", formula, mean_error(at->working, row, true, tensor->cols), "%s", "");
    }
    cli_step(&explained, "error", by_row ? "mean|x - y| of all" : "mean|x - y|", r->metrics[QL_MAE], "%s", "");
    cli_step(&explained, "SQNR", "10·log10(sum x^2 / sum e^2) dB", r->metrics[QL_SQNR_DB], "%s", "");
    cli_storage(&at->spec, formula, sizeof formula);
    cli_step(&explained, "storage", formula, r->bits_per_weight, "bits per weight: %" PRIu64 " bytes for n = %" PRIu64 ", G = %" PRIu64,
             r->byte_count, at->working->count, r->group_count);
}

static void add_steps(work *at)
{
    add_outliers(at);
    for (uint64_t group = 0; at->explainer && group < at->report->group_count; group++)
        add_group(at, group);
    add_result(at);
}

/* ---- Levels --------------------------------------------------------------------------------------------------------- */

static const cli_column LEVEL_TABLE[LEVEL_COLUMNS] = {
    [LEVEL_GROUP] = { .key = "group" },
    [LEVEL_CODE] = { .key = "code", .title = "q", .form = TEXT_COUNT },
    [LEVEL_VALUE] = { .key = "level", .title = "level", .form = TEXT_SEVEN },
    [LEVEL_BORDER] = { .key = "threshold", .title = "up to", .form = TEXT_SEVEN },
    [LEVEL_SCALED] = { .key = "value", .title = "y", .form = TEXT_SEVEN },
    [LEVEL_COUNT] = { .key = "count", .title = "times", .form = TEXT_COUNT },
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

static void add_levels_of(work *at, uint64_t group, bool learned)
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
        cli_cell *row = cli_table_add(&at->levels);
        uint64_t times = 0;
        for (uint64_t element = 0; element < w->count; element++)
            times += w->codes[element] == levels[i].code && (!learned || w->groups[element] == group);
        row[LEVEL_GROUP] = cli_words(learned ? group_title(at, &at->levels, group) : NULL);
        row[LEVEL_CODE] = cli_unsigned((uint64_t)levels[i].code);
        if (!learned)
            row[LEVEL_VALUE] = cli_number(levels[i].value);
        if (at->report->edges && i + 1 < count)
            row[LEVEL_BORDER] = cli_number(at->report->edges[group * (count + 1) + i + 1]);
        else if (i + 1 < count)
            row[LEVEL_BORDER] = cli_number((levels[i].value + levels[i + 1].value) / 2);
        if (learned || at->report->group_count == 1)
            row[LEVEL_SCALED] = cli_number(levels[i].scaled);
        row[LEVEL_COUNT] = cli_unsigned(times);
    }
}

static void add_levels(work *at)
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

/* ---- Elements ------------------------------------------------------------------------------------------------------- */

static void add_element(work *at, uint64_t i, const char *title)
{
    const ql_working *w = at->working;
    const cli_explainer *how = at->explainer;
    const double scale = cli_explained_scale(at->report, w->groups[i]);
    cli_cell *row = cli_table_add(&at->elements);
    row[ELEMENT_GROUP] = cli_words(title);
    row[ELEMENT_X] = cli_number(w->x[i]);
    if (how && how->ratio && scale != 0 && !w->is_outlier[i])
        row[ELEMENT_RATIO] = cli_number(((double)w->x[i] - (how->from_minimum ? (double)w->levels[w->groups[i] * w->code_count] : 0)) / scale);
    if (how)
        row[ELEMENT_CODE] = cli_number(w->codes[i]);
    if (how && how->dtype >= 0) {
        char text[48];
        cli_fields(text, sizeof text, (ql_dtype)how->dtype, (uint32_t)w->codes[i]);
        row[ELEMENT_FIELDS] = cli_words(cli_table_keep(&at->elements, text));
    }
    row[ELEMENT_Y] = cli_number(w->y[i]);
    row[ELEMENT_ERROR] = cli_number((double)w->x[i] - (double)w->y[i]);
    row[ELEMENT_REMARK] = cli_words(w->is_outlier[i] ? "outlier: half precision" : NULL);
}

static void describe_elements(const work *at, cli_column out[ELEMENT_COLUMNS])
{
    const cli_explainer *how = at->explainer;
    out[ELEMENT_GROUP] = (cli_column) { .key = "group" };
    out[ELEMENT_X] = (cli_column) { .key = "x", .title = "x", .form = TEXT_SEVEN };
    out[ELEMENT_RATIO] = (cli_column) { .key = "ratio", .title = how ? how->ratio : NULL, .form = TEXT_SEVEN };
    out[ELEMENT_CODE] = (cli_column) { .key = "code", .title = how ? "q" : NULL, .form = TEXT_SEVEN };
    out[ELEMENT_FIELDS] = (cli_column) { .key = "bits", .title = how && how->dtype >= 0 ? "bits" : NULL };
    out[ELEMENT_Y] = (cli_column) { .key = "y", .title = "y", .form = TEXT_SEVEN };
    out[ELEMENT_ERROR] = (cli_column) { .key = "error", .title = "e = x - y", .form = TEXT_SIGNIFICANT };
    out[ELEMENT_REMARK] = (cli_column) { .key = "remark", .title = at->report->outlier_count ? "remark" : NULL };
}

/* The tables of this report; what belongs to one of several groups stands below the group's name. */
static void set_up_tables(work *at)
{
    const bool several = at->report->group_count > 1;
    memcpy(at->step_columns, cli_step_columns, sizeof at->step_columns);
    memcpy(at->level_columns, LEVEL_TABLE, sizeof at->level_columns);
    describe_elements(at, at->element_columns);
    cli_column *const groups[] = { &at->step_columns[CLI_STEP_GROUP], &at->element_columns[ELEMENT_GROUP],
                                   &at->level_columns[LEVEL_GROUP] };
    for (size_t i = 0; i < sizeof groups / sizeof groups[0] && several; i++) {
        groups[i]->heading = i < 2 || at->report->codebook;
        groups[i]->title = groups[i]->heading ? "group" : NULL;
    }
    if (at->report->codebook)
        at->level_columns[LEVEL_VALUE].title = NULL; /* they are not scaled */
    at->steps = cli_table_over(at->step_columns, CLI_STEP_COLUMNS);
    at->levels = cli_table_over(at->level_columns, LEVEL_COLUMNS);
    at->elements = cli_table_over(at->element_columns, ELEMENT_COLUMNS);
}

static void add_elements(work *at)
{
    for (uint64_t group = 0; group < at->report->group_count; group++) {
        const char *title = group_title(at, &at->elements, group);
        for (uint64_t i = 0; i < at->working->count; i++)
            if (at->working->groups[i] == group)
                add_element(at, i, title);
    }
}

/* ---- Documents ------------------------------------------------------------------------------------------------------ */

static void tell(work *at)
{
    const ql_mapping_info *info = ql_mapping_describe(at->spec.mapping);
    char above[QL_SPEC_TEXT + 256];
    set_up_tables(at);
    add_elements(at);
    add_steps(at);
    add_levels(at);
    snprintf(above, sizeof above, "%s: %s", at->report->spec_text, info->title);
    const cli_document elements = { .list = "elements", .below = *at->report->note ? at->report->note : NULL, .table = &at->elements };
    const cli_document levels = { .list = "levels", .table = &at->levels, .next = &elements };
    const cli_document steps = {
        .list = "steps",
        .above = above,
        .table = &at->steps,
        .next = at->levels.row_count ? &levels : &elements,
    };
    cli_session_write(at->session, &steps);
}

/* ---- Without numbers ------------------------------------------------------------------------------------------------ */

enum { ABOUT_SPEC, ABOUT_TITLE, ABOUT_FORMULA, ABOUT_CODES, ABOUT_KEYS, ABOUT_STORAGE = ABOUT_KEYS + QL_KEY_COUNT, ABOUT_BITS, ABOUT_SOURCE, ABOUT_COLUMNS };

static void describe_columns(cli_column out[ABOUT_COLUMNS])
{
    static char keys[QL_KEY_COUNT][32];
    out[ABOUT_SPEC] = (cli_column) { .key = "spec", .title = "spec" };
    out[ABOUT_TITLE] = (cli_column) { .key = "title", .title = "name" };
    out[ABOUT_FORMULA] = (cli_column) { .key = "formula", .title = "formula" };
    out[ABOUT_CODES] = (cli_column) { .key = "codes", .title = "codes" };
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        const ql_key_info *info = ql_key_describe(key);
        snprintf(keys[key], sizeof keys[key], "keys/%s", info->name);
        out[ABOUT_KEYS + key] = (cli_column) { .key = keys[key], .title = info->name, .help = info->help };
    }
    out[ABOUT_STORAGE] = (cli_column) { .key = "storage", .title = "storage", .help = "bits per weight: b of a code, G groups, n weights, K levels" };
    out[ABOUT_BITS] = (cli_column) {
        .key = "bits_per_weight", .title = "bits per weight", .help = "of a matrix of 4096 × 4096", .form = TEXT_FIXED_3,
    };
    out[ABOUT_SOURCE] = (cli_column) { .key = "source", .title = "source" };
}

static void describe(work *at)
{
    const ql_mapping_info *info = ql_mapping_describe(at->spec.mapping);
    cli_column columns[ABOUT_COLUMNS];
    describe_columns(columns);
    cli_table table = cli_table_over(columns, ABOUT_COLUMNS);
    cli_cell *row = cli_table_add(&table);
    char text[64];
    row[ABOUT_SPEC] = cli_words(at->report->spec_text);
    row[ABOUT_TITLE] = cli_words(info->title);
    row[ABOUT_FORMULA] = cli_words(info->formula);
    snprintf(text, sizeof text, "%d … %d", at->report->code_lo, at->report->code_hi);
    row[ABOUT_CODES] = cli_words(at->report->levels ? cli_table_keep(&table, text) : NULL);
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        ql_spec_value(&at->spec, key, text);
        row[ABOUT_KEYS + key] = cli_words(*text ? cli_table_keep(&table, text) : NULL);
    }
    char formula[160];
    cli_storage(&at->spec, formula, sizeof formula);
    row[ABOUT_STORAGE] = cli_words(cli_table_keep(&table, formula));
    const double bits = ql_spec_bits_per_weight(&at->spec, 4096, 4096);
    row[ABOUT_BITS] = bits > 0 ? cli_number(bits) : (cli_cell) { 0 };
    row[ABOUT_SOURCE] = cli_words(info->source);
    set_up_tables(at);
    at->level_columns[LEVEL_SCALED] = at->level_columns[LEVEL_COUNT] = (cli_column) { 0 };
    add_levels(at);
    static const char more[] = "With numbers the arithmetic is shown: `qloupe explain SPEC 3.2 -3 0.1`.";
    const bool has_levels = at->levels.row_count > 0;
    const cli_document levels = { .list = "levels", .below = more, .table = &at->levels };
    const cli_document document = {
        .list = "specs",
        .below = has_levels ? NULL : more,
        .cards = true,
        .table = &table,
        .next = has_levels ? &levels : NULL,
    };
    cli_session_write(at->session, &document);
    cli_table_free(&table);
}

/* Levels that do not depend on the data are those of a tensor that is one 1: its scale is 1. */
static int describe_spec(work *at)
{
    static float one = 1;
    const numbers alone = { .values = &one, .count = 1, .rows = 1, .cols = 1 };
    int code = measure(at, &alone);
    if (code == CLI_GOOD && at->report->codebook)
        at->explainer = NULL; /* learned from the data: none yet */
    if (code == CLI_GOOD)
        describe(at);
    return code;
}

int cli_explain_spec(cli_session *session, const char *spec, const char *const *words, size_t count)
{
    work at = { .session = session };
    ql_error error;
    if (ql_spec_parse(spec, &at.spec, &error) != QL_OK)
        return cli_complain_error(&error);
    at.explainer = cli_explainer_of(at.spec.mapping);
    int code = take_words(&at.typed, words, count);
    if (code == CLI_GOOD && at.typed.count == 0)
        code = describe_spec(&at);
    else if (code == CLI_GOOD && (code = measure(&at, &at.typed)) == CLI_GOOD)
        tell(&at);
    cli_table_free(&at.steps);
    cli_table_free(&at.levels);
    cli_table_free(&at.elements);
    ql_working_free(&at.working);
    ql_report_free(&at.report);
    ql_profile_free(&at.profile);
    free(at.typed.values);
    return code;
}
