/* Figures of products: see plot.h. */
#include "cli/plot.h"

#include "cli/cli.h"
#include "cli/complain.h"
#include "cli/matmul.h"
#include "text/command.h"
#include "text/memory.h"

#include <stdlib.h>
#include <string.h>

/* What a kind of figure is of where the command line does not say; kinds that are not here are of the usual dozen. */
static const struct {
    const char *kind, *methods[2], *sweep; /* sweep "": all usual thresholds */
} USUAL[] = {
    { "channels", { "int8:row", "llm_int8" }, "threshold=6" },
    { "threshold", { "int8:row", "llm_int8" }, "" },
    { "product-error", { "llm_int8" }, "threshold=6" },
};

static void print_thresholds(char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "threshold=");
    for (size_t i = 0; i < QL_USUAL_THRESHOLDS && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%g", i ? "," : "", ql_usual_thresholds[i]);
}

static int plan_of(cli_session *session, const char *kind, cli_plan *plan)
{
    char thresholds[QL_USUAL_THRESHOLDS * 16 + 16];
    print_thresholds(thresholds, sizeof thresholds);
    for (size_t i = 0; i < sizeof USUAL / sizeof USUAL[0]; i++)
        if (strcmp(USUAL[i].kind, kind) == 0) {
            const cli_usual usual = { USUAL[i].methods, USUAL[i].methods[1] ? 2 : 1,
                                      *USUAL[i].sweep ? USUAL[i].sweep : thresholds };
            return cli_plan_make(session, &usual, plan);
        }
    return cli_plan_make(session, NULL, plan);
}

/* The command line that makes the figure again, malloced. */
static char *canonical_command(const cli_session *session, const cli_plan *plan, const char *kind, const char *out)
{
    const ql_text name = plan->products[0].tensor->name;
    char *tensor = text_allocate(name.size + 1, 1);
    memcpy(tensor, name.data, name.size);
    const text_words words = { .verb = "plot",
                               .file = session->path,
                               .tensor = tensor,
                               .kind = kind,
                               .raw = cli_value(session->arguments, CLI_RAW),
                               .layout = cli_value(session->arguments, CLI_LAYOUT),
                               .x = plan->is_x_named ? plan->x_name : "synthetic",
                               .made_up = plan->is_x_named ? NULL : &plan->made_up,
                               .rows = plan->m,
                               .methods = (const char *const *)plan->methods,
                               .method_count = plan->method_count,
                               .out = out };
    const size_t size = text_command(NULL, 0, &words) + 1;
    char *command = text_allocate(size, 1);
    text_command(command, size, &words);
    free(tensor);
    return command;
}

static ql_status multiply(cli_session *session, const cli_plan *plan, ql_products **out, ql_error *error)
{
    ql_matmul *matmul = NULL;
    ql_status status = ql_matmul_new(session->engine, plan->products[0].tensor, plan->x, plan->m,
                                     cli_session_task(session, 1), &matmul, error);
    if (status == QL_OK)
        status = ql_products_make(matmul, (const char *const *)plan->methods, plan->method_count,
                                  cli_session_task(session, (double)plan->method_count), out, error);
    ql_matmul_free(&matmul);
    return status;
}

static int draw(cli_session *session, const cli_plan *plan, const char *kind, const char *out)
{
    char activations[400];
    ql_products *products = NULL;
    ql_error error;
    ql_status status = multiply(session, plan, &products, &error);
    cli_progress_hide();
    if (status != QL_OK)
        return cli_complain_product(session, &plan->products[0], &error);
    char *command = canonical_command(session, plan, kind, out);
    ql_activations_describe(plan->x, plan->products[0].tensor, activations, sizeof activations);
    const ql_figure_options options = { .kind = kind,
                                        .command = command,
                                        .tensor = plan->products[0].layer,
                                        .file = cli_shown(session->path),
                                        .activations = activations };
    status = ql_figure_write_products(products, &options, out, &error);
    free(command);
    ql_products_free(&products);
    if (status == QL_BAD_USAGE || status == QL_UNUSABLE)
        return cli_complain("--kind %s: %s", kind, error.message);
    if (status != QL_OK)
        return cli_complain_error(&error);
    if (!session->quiet)
        cli_complain("wrote %s", cli_shown(out));
    return CLI_GOOD;
}

int cli_plot_products(cli_session *session, const ql_figure_kind *kind, const char *out)
{
    cli_plan plan;
    int code = plan_of(session, kind->name, &plan);
    if (code == CLI_GOOD && plan.product_count != 1)
        code = cli_complain("%s: %zu tensors match, `qloupe plot` takes one: give its name, such as -t '%s'",
                            cli_shown(session->path), plan.product_count, plan.products[0].layer);
    if (code == CLI_GOOD)
        code = cli_session_start(session, (double)plan.method_count + 1);
    if (code == CLI_GOOD)
        code = draw(session, &plan, kind->name, out);
    cli_plan_free(&plan);
    return code;
}
