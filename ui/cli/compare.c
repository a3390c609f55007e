/* qloupe compare: tensors x specs x metrics. */
#include "cli/compare.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/fail_on.h"
#include "cli/product.h"
#include "sheet/results.h"
#include "text/demo.h"
#include "text/memory.h"

#include <stdlib.h>
#include <string.h>

/* Shown where nothing was asked: half the bits cost some 24 dB; finer scales win most of it back for a fraction of a bit. */
static const char *const INTRODUCTION[] = {
    "absmax:bits=8",
    "absmax:bits=4",
    "absmax:bits=4,per=row",
    "zeropoint:bits=4,per=block,block=64",
};

enum { INTRODUCTION_COUNT = sizeof INTRODUCTION / sizeof INTRODUCTION[0] };

/* What one run works on. */
typedef struct work {
    cli_session *session;
    ql_spec *specs; /* [spec_count] */
    size_t spec_count;
    cli_product product;
    cli_checks checks;
    sheet_column columns[SHEET_RESULT_COLUMNS];
    sheet_table table;
} work;

static int parse_specs(work *at, const char *const *texts, size_t count)
{
    at->specs = text_allocate(count, sizeof *at->specs);
    at->spec_count = count;
    for (size_t i = 0; i < count; i++) {
        ql_error error;
        if (ql_spec_parse(texts[i], &at->specs[i], &error) != QL_OK)
            return cli_complain_error(&error);
    }
    return CLI_GOOD;
}

static int parse_given_specs(work *at)
{
    const cli_arguments *arguments = at->session->arguments;
    size_t count = cli_value_count(arguments, CLI_SPEC);
    if (count == 0)
        return cli_complain(
            "`qloupe compare` needs one spec or more: -s SPEC, such as -s absmax:bits=4 -s absmax:bits=4,per=row");
    const char **texts = text_allocate(count, sizeof *texts);
    for (size_t i = 0; i < count; i++)
        texts[i] = cli_value_at(arguments, CLI_SPEC, i);
    int code = parse_specs(at, texts, count);
    free(texts);
    return code;
}

/* One row: the report, or the note of a tensor that no scheme takes. */
static int compare_spec(work *at, const ql_tensor *tensor, const ql_profile *profile, const char *note, const ql_spec *spec)
{
    char text[QL_SPEC_TEXT];
    ql_spec_format(spec, text);
    ql_report *report = NULL;
    ql_error error;
    double value;
    const double *product;
    if (!note) {
        const ql_monitor *monitor = cli_session_task(at->session, (double)tensor->element_count);
        if (ql_report_make(at->session->engine, profile, spec, monitor, &report, &error) != QL_OK)
            return cli_complain_error(&error);
    }
    const int code = cli_product_measure(&at->product, at->session, profile, report, &value, &product, error.message);
    if (code == CLI_GOOD) {
        sheet_result_add(&at->table, tensor, text, report, product, note ? note : *error.message ? error.message : NULL);
        cli_checks_row(&at->checks, tensor, report, product);
    }
    ql_report_free(&report);
    return code;
}

static int compare_tensor(work *at, const ql_tensor *tensor)
{
    ql_profile *profile;
    char *note;
    size_t first = at->table.row_count;
    int code = cli_session_profile(at->session, tensor, &profile, &note);
    for (size_t i = 0; i < at->spec_count && code == CLI_GOOD; i++)
        code = compare_spec(at, tensor, profile, note, &at->specs[i]);
    sheet_result_mark_best(&at->table, first);
    free(note);
    ql_profile_free(&profile);
    return code;
}

static int compare_all(work *at)
{
    cli_session *session = at->session;
    double elements = 0;
    for (size_t i = 0; i < session->tensor_count; i++)
        elements += (double)session->tensors[i]->element_count;
    const double parts = 1 + (double)at->spec_count * (at->product.x ? 1 + CLI_PRODUCT_PARTS : 1);
    int code = cli_session_start(session, elements * parts);
    for (size_t i = 0; i < session->tensor_count && code == CLI_GOOD; i++)
        code = compare_tensor(at, session->tensors[i]);
    cli_progress_hide();
    return code;
}

static void tell(const work *at)
{
    bool several = at->spec_count > 1;
    char below[512];
    int used = snprintf(below, sizeof below, "%sbits/wt and size count the scales",
                        several ? "★ best of the specs on this tensor; " : "");
    if (at->product.x) {
        char x[320];
        cli_product_describe(&at->product, at->session->tensor_count == 1 ? at->session->tensors[0] : NULL, x, sizeof x);
        snprintf(below + used, sizeof below - (size_t)used, "; product err: ‖X·ΔW‖/‖X·W‖, %s", x);
    }
    const sheet_document document = {
        .list = "results",
        .file = at->session->path,
        .activations = cli_product_name(&at->product),
        .above = several ? NULL : sheet_table_row(&at->table, 0)[SHEET_RESULT_SPEC].as.words,
        .below = below,
        .table = &at->table,
    };
    cli_session_write(at->session, &document);
}

/* Compares what the session has chosen, writes it, and frees what the work holds. */
static int finish(work *at, int code)
{
    sheet_result_columns(at->columns, at->spec_count > 1 ? SHEET_RESULT_BY_TENSOR : SHEET_RESULT_BY_ROW, at->product.x);
    at->table = sheet_table_over(at->columns, SHEET_RESULT_COLUMNS);
    if (code == CLI_GOOD)
        code = cli_product_check(&at->product, at->session);
    if (code == CLI_GOOD)
        code = compare_all(at);
    if (code == CLI_GOOD) {
        tell(at);
        code = cli_checks_exit_code(&at->checks);
    }
    sheet_table_free(&at->table);
    cli_checks_free(&at->checks);
    cli_product_free(&at->product);
    free(at->specs);
    return code;
}

static int run(cli_session *session)
{
    work at = { .session = session };
    int code = cli_checks_parse(session->arguments, &at.checks);
    if (code == CLI_GOOD)
        code = parse_given_specs(&at);
    if (code == CLI_GOOD)
        code = cli_product_open(session->arguments, &at.product);
    if (code == CLI_GOOD)
        code = cli_session_open(session);
    if (code == CLI_GOOD)
        code = cli_session_choose_given(session);
    return finish(&at, code);
}

/* What -t says; else the demo's matrix, or the first matrix of the file, or its first tensor. */
static int choose_matrix(cli_session *session)
{
    static const char *const demo_tensor[] = { TEXT_DEMO_TENSOR };
    if (cli_is_given(session->arguments, CLI_TENSOR))
        return cli_session_choose_given(session);
    if (session->is_demo)
        return cli_session_choose(session, demo_tensor, 1);
    int code = cli_session_choose(session, NULL, 0);
    size_t first = 0;
    while (first < session->tensor_count &&
           (session->tensors[first]->rank != 2 || !ql_dtype_describe(session->tensors[first]->dtype)->has_values))
        first++;
    if (code == CLI_GOOD) {
        session->tensors[0] = session->tensors[first < session->tensor_count ? first : 0];
        session->tensor_count = 1;
    }
    return code;
}

int cli_compare_introduce(cli_session *session)
{
    work at = { .session = session };
    bool given = cli_is_given(session->arguments, CLI_SPEC);
    int code = given ? parse_given_specs(&at) : parse_specs(&at, INTRODUCTION, INTRODUCTION_COUNT);
    if (code == CLI_GOOD && !session->quiet)
        cli_complain("stdout is no terminal: this is `qloupe compare`; see `qloupe help`");
    if (code == CLI_GOOD)
        code = cli_product_open(session->arguments, &at.product);
    if (code == CLI_GOOD)
        code = cli_session_open(session);
    if (code == CLI_GOOD)
        code = choose_matrix(session);
    return finish(&at, code);
}

const cli_command cli_command_compare = {
    .name = "compare",
    .usage = "[FILE] [-t NAME ...] -s SPEC [-s SPEC ...] [--x FILE|FOLDER|synthetic] [--fail-on CHECK]",
    .summary = "compare specs on tensors: error, true bits per weight and size, the best marked",
    .details =
        "Without -t all tensors are compared. A tensor that no scheme takes (NaN or infinite values, no elements, a\n"
        "type that is only listed) is a row with a note.\n"
        "With --x the error of the product X W^T stands beside that of the weights: X comes from a file with as many\n"
        "channels as the tensor has inputs (a tensor with others has a note), or is made up, with outlier channels.",
    .example = "qloupe compare -t h.2.mlp.c_fc.weight -s absmax:bits=8 -s absmax:bits=4,per=row\n"
               "qloupe compare model.safetensors -t '*mlp*' -s absmax:bits=4,per=block,block=64 --fail-on 'sqnr_db<18'\n"
               "qloupe compare data/loud.npy --x synthetic -s absmax:bits=4 -s absmax:bits=4,clip=percentile",
    .options = CLI_TABLES | CLI_COMPUTES | CLI_HAS(CLI_SPEC) | CLI_HAS(CLI_X) | CLI_HAS(CLI_FAIL_ON),
    .most_operands = 1,
    .run = run,
};
