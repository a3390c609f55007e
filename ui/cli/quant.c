/* qloupe quant: one tensor under one spec, in full. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/fail_on.h"
#include "cli/product.h"
#include "sheet/results.h"
#include "sheet/save.h"
#include "text/memory.h"

#include <stdlib.h>
#include <string.h>

/* How often the elements are worked on, for the progress line: profile and report; the reason tries remedies. */
enum { MEASURE_PARTS = 2, WHY_PARTS = 3 };

/* What one run works on. */
typedef struct work {
    cli_session *session;
    ql_spec spec;
    cli_product product;
    double product_error;
    const double *product_found; /* to product_error, NULL: there is none */
    cli_checks checks;
    ql_profile *profile;
    ql_report *report;
    sheet_column columns[SHEET_RESULT_COLUMNS];
    sheet_table table;
} work;

static int measure(work *at)
{
    cli_session *session = at->session;
    const ql_tensor *tensor = session->tensors[0];
    double elements = (double)tensor->element_count;
    int parts = MEASURE_PARTS + (cli_is_given(session->arguments, CLI_OUTPUT) ? 1 : 0) +
                (cli_session_is_human(session) ? WHY_PARTS : 0) + (at->product.x ? CLI_PRODUCT_PARTS : 0);
    int code = cli_session_start(session, parts * elements);
    if (code != CLI_GOOD)
        return code;
    ql_error error;
    if (ql_profile_make(session->engine, session->model, tensor, cli_session_task(session, elements), &at->profile,
                        &error) != QL_OK ||
        ql_report_make(session->engine, at->profile, &at->spec, cli_session_task(session, elements), &at->report, &error) !=
            QL_OK)
        return cli_complain_error(&error);
    code = cli_product_measure(&at->product, session, at->profile, at->report, &at->product_error, &at->product_found,
                               error.message);
    if (code == CLI_GOOD && !at->product_found && *error.message)
        code = cli_complain_error(&error);
    if (code != CLI_GOOD)
        return code;
    sheet_result_columns(at->columns, SHEET_RESULT_CARD, at->product.x);
    at->table = sheet_table_over(at->columns, SHEET_RESULT_COLUMNS);
    sheet_result_add(&at->table, tensor, at->report->spec_text, at->report, at->product_found,
                     *error.message ? error.message : NULL);
    return CLI_GOOD;
}

static int write_files(work *at, const sheet_document *document, const char *folder)
{
    cli_session *session = at->session;
    ql_error error;
    char names[320];
    const ql_monitor *monitor = cli_session_task(session, (double)session->tensors[0]->element_count);
    if (sheet_save_codes(session->engine, at->profile, at->report, monitor, document, folder, &error) != QL_OK)
        return cli_complain_error(&error);
    cli_progress_hide();
    sheet_codes_files(at->report, names, sizeof names);
    if (!session->quiet)
        cli_complain("wrote %s to %s", names, cli_shown(folder));
    return CLI_GOOD;
}

/* The tensor and the spec, as a line. */
static void describe(const work *at, char *out, size_t size)
{
    const ql_tensor *tensor = at->session->tensors[0];
    char shape[64];
    text_shape(shape, sizeof shape, tensor);
    const int used =
        snprintf(out, size, "%s  %s  %s  %s  under  %s", cli_shown_text(tensor->name),
                 ql_dtype_describe(tensor->dtype)->shown, shape, ql_layout_name(tensor->layout), at->report->spec_text);
    char x[320];
    if (!at->product.x || (size_t)used >= size)
        return;
    cli_product_describe(&at->product, tensor, x, sizeof x);
    snprintf(out + used, size - (size_t)used, "  with  %s", x);
}

static int tell(work *at)
{
    cli_session *session = at->session;
    char above[1024];
    describe(at, above, sizeof above);
    sheet_document document = { .list = "results",
                                .file = session->path,
                                .activations = cli_product_name(&at->product),
                                .above = above,
                                .cards = true,
                                .table = &at->table };
    const char *folder = cli_value(session->arguments, CLI_OUTPUT);
    int code = folder ? write_files(at, &document, folder) : CLI_GOOD;
    if (code != CLI_GOOD)
        return code;
    ql_why why;
    ql_error error;
    if (cli_session_is_human(session)) {
        double elements = WHY_PARTS * (double)session->tensors[0]->element_count;
        const ql_monitor *monitor = cli_session_task(session, elements);
        if (ql_why_make(session->engine, at->profile, at->report, monitor, &why, &error) != QL_OK)
            return cli_complain_error(&error);
        document.below = why.text;
    }
    cli_progress_hide();
    cli_session_write(session, &document);
    cli_checks_row(&at->checks, session->tensors[0], at->report, at->product_found);
    return cli_checks_exit_code(&at->checks);
}

static int run(cli_session *session)
{
    work at = { .session = session };
    int code = cli_checks_parse(session->arguments, &at.checks);
    if (code == CLI_GOOD)
        code = cli_product_open(session->arguments, &at.product);
    if (code == CLI_GOOD)
        code = cli_session_choose_one(session, &at.spec);
    if (code == CLI_GOOD)
        code = cli_product_check(&at.product, session);
    if (code == CLI_GOOD)
        code = measure(&at);
    if (code == CLI_GOOD)
        code = tell(&at);
    sheet_table_free(&at.table);
    ql_report_free(&at.report);
    ql_profile_free(&at.profile);
    cli_checks_free(&at.checks);
    cli_product_free(&at.product);
    return code;
}

const cli_command cli_command_quant = {
    .name = "quant",
    .usage = "[FILE] -t NAME -s SPEC [--x FILE|FOLDER|synthetic] [-o DIR] [--fail-on CHECK]",
    .summary = "quantize one tensor under one spec: parameters, every metric, why",
    .details =
        "With -o the folder DIR gets codes.npy and dequant.npy (in the stored shape), the parameters that the spec has:\n"
        "scales.npy and zeros.npy (one value per group), codebook.npy, edges.npy, outlier_index.npy and so on; and\n"
        "report.json (what --json prints). With --x the error of the product X W^T is one more metric.",
    .example = "qloupe quant -t h.2.mlp.c_fc.weight -s absmax:bits=4,per=row\n"
               "qloupe quant model.safetensors -t lm_head.weight -s zeropoint:bits=4,per=block,block=64 -o out",
    .options = CLI_TABLES | CLI_COMPUTES | CLI_HAS(CLI_SPEC) | CLI_HAS(CLI_X) | CLI_HAS(CLI_OUTPUT) | CLI_HAS(CLI_FAIL_ON),
    .most_operands = 1,
    .run = run,
};
