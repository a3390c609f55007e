/*
 * qloupe explain SPEC [NUMBERS...]: a tensor of the numbers that were typed, quantized by the library, and shown step by
 * step.
 *
 *   numbers --> ql_model_from_values --> ql_profile --> ql_report, ql_working --> steps, levels, elements
 */
#include "cli/cli.h"
#include "cli/complain.h"
#include "cli/explain.h"
#include "text/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 16 };

/* ---- The library ---------------------------------------------------------------------------------------------------- */

int cli_explain_measure(cli_worked *at, const cli_typed *typed)
{
    cli_session *session = at->session;
    const uint64_t shape[2] = { typed->rows > 1 ? typed->rows : typed->count, typed->cols };
    ql_error error;
    if (ql_engine_new(1, &session->engine, &error) != QL_OK ||
        ql_model_from_values("x", typed->rows > 1 ? 2 : 1, shape, typed->values, &session->model, &error) != QL_OK ||
        ql_profile_make(session->engine, session->model, ql_model_tensor(session->model, 0), NULL, &at->profile, &error) !=
            QL_OK)
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
const char *cli_group_title(const cli_worked *at, sheet_table *table, uint64_t group)
{
    char text[48];
    if (at->report->group_count == 1)
        return NULL;
    const char *kind = at->spec.per == QL_PER_ROW    ? "row"
                       : at->spec.per == QL_PER_COL  ? "column"
                       : at->spec.per == QL_PER_TILE ? "tile"
                                                     : "block";
    snprintf(text, sizeof text, "%s %" PRIu64, kind, group);
    return sheet_table_keep(table, text);
}

static void add_group(cli_worked *at, uint64_t group)
{
    const ql_working *w = at->working;
    float *x = text_allocate(w->count, sizeof *x);
    cli_explained explained = {
        .spec = &at->spec,
        .report = at->report,
        .working = w,
        .title = cli_group_title(at, &at->steps, group),
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

static void add_outliers(cli_worked *at)
{
    const ql_report *r = at->report;
    char value[64];
    if (at->spec.outliers == 0)
        return;
    const cli_explained explained = { .steps = &at->steps, .title = r->group_count > 1 ? "all" : NULL };
    ql_spec_value(&at->spec, QL_KEY_OUTLIERS, value);
    cli_step(&explained, "outliers", at->spec.outliers_percent ? "the floor(p·n / 100) largest |x|" : "|x| >= threshold",
             (double)r->outlier_count, "%s of %" PRIu64 ": kept in half precision, 0 for what follows", value,
             at->working->count);
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

static void add_result(cli_worked *at)
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
    cli_step(&explained, "storage", formula, r->bits_per_weight,
             "bits per weight: %" PRIu64 " bytes for n = %" PRIu64 ", G = %" PRIu64, r->byte_count, at->working->count,
             r->group_count);
}

static void add_steps(cli_worked *at)
{
    add_outliers(at);
    for (uint64_t group = 0; at->explainer && group < at->report->group_count; group++)
        add_group(at, group);
    add_result(at);
}

/* ---- Elements ------------------------------------------------------------------------------------------------------- */

static void add_element(cli_worked *at, uint64_t i, const char *title)
{
    const ql_working *w = at->working;
    const cli_explainer *how = at->explainer;
    const double scale = cli_explained_scale(at->report, w->groups[i]);
    sheet_cell *row = sheet_table_add(&at->elements);
    row[CLI_ELEMENT_GROUP] = sheet_words(title);
    row[CLI_ELEMENT_X] = sheet_number(w->x[i]);
    if (how && how->ratio && scale != 0 && !w->is_outlier[i])
        row[CLI_ELEMENT_RATIO] = sheet_number(
            ((double)w->x[i] - (how->from_minimum ? (double)w->levels[w->groups[i] * w->code_count] : 0)) / scale);
    if (how)
        row[CLI_ELEMENT_CODE] = sheet_number(w->codes[i]);
    if (how && how->dtype >= 0) {
        char text[48];
        cli_fields(text, sizeof text, (ql_dtype)how->dtype, (uint32_t)w->codes[i]);
        row[CLI_ELEMENT_FIELDS] = sheet_words(sheet_table_keep(&at->elements, text));
    }
    row[CLI_ELEMENT_Y] = sheet_number(w->y[i]);
    row[CLI_ELEMENT_ERROR] = sheet_number((double)w->x[i] - (double)w->y[i]);
    row[CLI_ELEMENT_REMARK] = sheet_words(w->is_outlier[i] ? "outlier: half precision" : NULL);
}

static void describe_elements(const cli_worked *at, sheet_column out[CLI_ELEMENT_COLUMNS])
{
    const cli_explainer *how = at->explainer;
    out[CLI_ELEMENT_GROUP] = (sheet_column) { .key = "group" };
    out[CLI_ELEMENT_X] = (sheet_column) { .key = "x", .title = "x", .form = TEXT_SEVEN };
    out[CLI_ELEMENT_RATIO] = (sheet_column) { .key = "ratio", .title = how ? how->ratio : NULL, .form = TEXT_SEVEN };
    out[CLI_ELEMENT_CODE] = (sheet_column) { .key = "code", .title = how ? "q" : NULL, .form = TEXT_SEVEN };
    out[CLI_ELEMENT_FIELDS] = (sheet_column) { .key = "bits", .title = how && how->dtype >= 0 ? "bits" : NULL };
    out[CLI_ELEMENT_Y] = (sheet_column) { .key = "y", .title = "y", .form = TEXT_SEVEN };
    out[CLI_ELEMENT_ERROR] = (sheet_column) { .key = "error", .title = "e = x - y", .form = TEXT_SIGNIFICANT };
    out[CLI_ELEMENT_REMARK] = (sheet_column) { .key = "remark", .title = at->report->outlier_count ? "remark" : NULL };
}

/* The tables of this report; what belongs to one of several groups stands below the group's name. */
void cli_set_up_tables(cli_worked *at)
{
    const bool several = at->report->group_count > 1;
    memcpy(at->step_columns, cli_step_columns, sizeof at->step_columns);
    memcpy(at->level_columns, cli_level_columns, sizeof at->level_columns);
    describe_elements(at, at->element_columns);
    sheet_column *const groups[] = { &at->step_columns[CLI_STEP_GROUP], &at->element_columns[CLI_ELEMENT_GROUP],
                                     &at->level_columns[CLI_LEVEL_GROUP] };
    for (size_t i = 0; i < sizeof groups / sizeof groups[0] && several; i++) {
        groups[i]->heading = i < 2 || at->report->codebook;
        groups[i]->title = groups[i]->heading ? "group" : NULL;
    }
    if (at->report->codebook)
        at->level_columns[CLI_LEVEL_VALUE].title = NULL; /* they are not scaled */
    at->steps = sheet_table_over(at->step_columns, CLI_STEP_COLUMNS);
    at->levels = sheet_table_over(at->level_columns, CLI_LEVEL_COLUMNS);
    at->elements = sheet_table_over(at->element_columns, CLI_ELEMENT_COLUMNS);
}

static void add_elements(cli_worked *at)
{
    for (uint64_t group = 0; group < at->report->group_count; group++) {
        const char *title = cli_group_title(at, &at->elements, group);
        for (uint64_t i = 0; i < at->working->count; i++)
            if (at->working->groups[i] == group)
                add_element(at, i, title);
    }
}

/* ---- Documents ------------------------------------------------------------------------------------------------------ */

static void tell(cli_worked *at)
{
    const ql_mapping_info *info = ql_mapping_describe(at->spec.mapping);
    char above[QL_SPEC_TEXT + 256];
    cli_set_up_tables(at);
    add_elements(at);
    add_steps(at);
    cli_add_levels(at);
    snprintf(above, sizeof above, "%s: %s", at->report->spec_text, info->title);
    const sheet_document elements = { .list = "elements",
                                      .below = *at->report->note ? at->report->note : NULL,
                                      .table = &at->elements };
    const sheet_document levels = { .list = "levels", .table = &at->levels, .next = &elements };
    const sheet_document steps = {
        .list = "steps",
        .spec = at->report->spec_text,
        .above = above,
        .table = &at->steps,
        .next = at->levels.row_count ? &levels : &elements,
    };
    cli_session_write(at->session, &steps);
}

int cli_explain_spec(cli_session *session, const char *spec, const char *const *words, size_t count)
{
    cli_worked at = { .session = session };
    cli_typed typed = { 0 };
    ql_error error;
    if (ql_spec_parse(spec, &at.spec, &error) != QL_OK)
        return cli_complain_error(&error);
    at.explainer = cli_explainer_of(at.spec.mapping);
    int code = cli_typed_take(&typed, words, count);
    if (code == CLI_GOOD && typed.count == 0)
        code = cli_explain_alone(&at);
    else if (code == CLI_GOOD && (code = cli_explain_measure(&at, &typed)) == CLI_GOOD)
        tell(&at);
    sheet_table_free(&at.steps);
    sheet_table_free(&at.levels);
    sheet_table_free(&at.elements);
    ql_working_free(&at.working);
    ql_report_free(&at.report);
    ql_profile_free(&at.profile);
    free(typed.values);
    return code;
}
