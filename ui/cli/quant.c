/* qloupe quant: one tensor under one spec, in full. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/fail_on.h"
#include "cli/memory.h"
#include "cli/product.h"
#include "cli/results.h"

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
    cli_column columns[CLI_RESULT_COLUMNS];
    cli_table table;
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
    if (code != CLI_GOOD || *error.message)
        return code == CLI_GOOD ? cli_complain_error(&error) : code;
    cli_result_columns(at->columns, CLI_RESULT_CARD, at->product.x);
    at->table = cli_table_over(at->columns, CLI_RESULT_COLUMNS);
    cli_result_add(&at->table, tensor, at->report->spec_text, at->report, at->product_found, NULL);
    return CLI_GOOD;
}

/* The files of an export, as ql_report_write_npy says: "codes.npy, scales.npy, dequant.npy and report.json". */
static void list_files(const ql_report *r, char *out, size_t size)
{
    const bool split = r->spec.outliers > 0;
    const struct {
        const char *name;
        bool there;
    } files[] = {
        { "codes.npy", true },
        { "scales.npy", r->scales },
        { "zeros.npy", r->zeros },
        { "codebook.npy", r->codebook },
        { "edges.npy", r->edges },
        { "scale_codes.npy", r->scale_codes },
        { "block_maxima.npy", r->block_maxima },
        { "second_scales.npy", r->second_scales },
        { "tensor_scale.npy", r->scale_codes },
        { "outlier_index.npy", split },
        { "outlier_value.npy", split },
        { "dequant.npy", true },
    };
    size_t used = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i].there && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", files[i].name);
    if (used < size)
        snprintf(out + used, size - used, " and report.json");
}

/* DIR/report.json: the same bytes as --json. */
static int write_report(work *at, const cli_document *document, const char *folder)
{
    char *json = NULL, *path = cli_allocate(strlen(folder) + sizeof "/report.json", 1);
    size_t size = 0;
    sprintf(path, "%s/report.json", folder);
    FILE *memory = open_memstream(&json, &size);
    if (memory) {
        cli_write_json(memory, document);
        fclose(memory);
    }
    ql_error error = { .status = QL_NO_MEMORY, .message = "out of memory" };
    ql_outfile *file = NULL;
    bool written = json && ql_outfile_open(path, &file, &error) == QL_OK &&
                   ql_outfile_write(file, json, size, &error) == QL_OK && ql_outfile_commit(&file, &error) == QL_OK;
    ql_outfile_discard(&file);
    cli_progress_hide();
    char names[320];
    list_files(at->report, names, sizeof names);
    if (written && !at->session->quiet)
        cli_complain("wrote %s to %s", names, cli_shown(folder));
    free(json);
    free(path);
    return written ? CLI_GOOD : cli_complain_error(&error);
}

static int write_files(work *at, const cli_document *document, const char *folder)
{
    cli_session *session = at->session;
    ql_error error;
    const ql_monitor *monitor = cli_session_task(session, (double)session->tensors[0]->element_count);
    if (ql_report_write_npy(session->engine, at->profile, at->report, monitor, folder, &error) != QL_OK)
        return cli_complain_error(&error);
    return write_report(at, document, folder);
}

/* The tensor and the spec, as a line. */
static void describe(const work *at, char *out, size_t size)
{
    const ql_tensor *tensor = at->session->tensors[0];
    char shape[64];
    text_shape(shape, sizeof shape, tensor);
    const int used = snprintf(out, size, "%s  %s  %s  %s  under  %s", cli_shown_text(tensor->name),
                              ql_dtype_describe(tensor->dtype)->shown, shape, ql_layout_name(tensor->layout),
                              at->report->spec_text);
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
    cli_document document = { .list = "results",
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
    cli_table_free(&at.table);
    ql_report_free(&at.report);
    ql_profile_free(&at.profile);
    cli_checks_free(&at.checks);
    cli_product_free(&at.product);
    return code;
}

const cli_command cli_command_quant = {
    .name = "quant",
    .usage = "[FILE] -t NAME -s SPEC [--x FILE|synthetic] [-o DIR] [--fail-on CHECK]",
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
