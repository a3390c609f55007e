/* qloupe matmul: see matmul.h. */
#include "cli/matmul.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "text/plain.h"

#include <stdio.h>
#include <string.h>

/* Progress says "line 2 of 7, int8:row", or the layer where there is only one line. */
static const ql_monitor *begin_task(cli_session *session, const char *turn, const char *method)
{
    enum { MOST_NAME = 30 };
    char name[512], label[1100];
    snprintf(name, sizeof name, "%s", turn);
    text_cut(name, sizeof name, MOST_NAME);
    snprintf(label, sizeof label, "%s, %s", name, cli_shown(method));
    cli_progress_label(&session->progress, label);
    return cli_session_task(session, 1);
}

static int run_method(cli_products *at, cli_session *session, const cli_plan *plan, ql_matmul *matmul,
                      const cli_product_of *product, const char *method, const char *turn)
{
    ql_matmul_result result;
    ql_error error;
    const ql_monitor *monitor = begin_task(session, turn, method);
    const ql_status status = ql_matmul_run(matmul, method, plan->runs, monitor, &result, &error);
    if (status != QL_OK && status != QL_UNUSABLE && status != QL_BAD_USAGE)
        return cli_complain_error(&error);
    cli_products_row(at, product->layer, matmul, method, status == QL_OK ? &result : NULL, error.message);
    return CLI_GOOD;
}

/* Of a long file not all rows are taken: that must not go unseen. */
static void remark_rows(const cli_session *session, const cli_plan *plan, const ql_tensor *tensor)
{
    char x[600];
    if (session->quiet || !plan->is_x_named)
        return;
    ql_activations_describe(plan->x, tensor, x, sizeof x);
    if (strstr(x, " rows × "))
        cli_complain("X is %s, evenly spread", x);
}

static int run_product(cli_products *at, cli_session *session, const cli_plan *plan, const cli_product_of *product,
                       const char *turn)
{
    ql_bench *made = NULL;
    ql_matmul *matmul = NULL;
    ql_error error;
    const ql_monitor *monitor = begin_task(session, turn, "float32");
    ql_status status =
        product->tensor ? QL_OK : ql_bench_new(session->engine, product->n, product->k, monitor, &made, &error);
    if (status == QL_OK) {
        const ql_tensor *w = made ? ql_bench_tensor(made) : product->tensor;
        status = ql_matmul_new(session->engine, w, plan->x, plan->m, monitor, &matmul, &error);
    }
    int code = status == QL_OK ? CLI_GOOD : cli_complain_product(session, product, &error);
    if (code == CLI_GOOD && plan->m == 0)
        remark_rows(session, plan, product->tensor);
    for (size_t i = 0; i < plan->method_count && code == CLI_GOOD; i++)
        code = run_method(at, session, plan, matmul, product, plan->methods[i], turn);
    ql_matmul_free(&matmul);
    ql_bench_free(&made);
    return code;
}

int cli_matmul_run(cli_products *at, cli_session *session, const cli_plan *plan, const cli_turn *turn)
{
    int code = cli_session_start(session, cli_plan_parts(plan));
    if (code != CLI_GOOD)
        return code;
    if (turn)
        cli_progress_join(&session->progress, turn->progress);
    cli_products_with(at, plan->x_name, ql_engine_threads(session->engine));
    for (size_t i = 0; i < plan->product_count && code == CLI_GOOD; i++)
        code = run_product(at, session, plan, &plan->products[i], turn ? turn->name : plan->products[i].layer);
    cli_progress_hide();
    if (turn)
        cli_progress_leave(&session->progress, turn->progress);
    return code;
}

/* ---- The command */

static int run_line(cli_products *at, cli_session *session)
{
    cli_plan plan;
    int code = cli_plan_make(session, NULL, &plan);
    if (code == CLI_GOOD)
        code = cli_matmul_run(at, session, &plan, NULL);
    cli_plan_free(&plan);
    return code;
}

static int run(cli_session *session)
{
    const char *batch = cli_value(session->arguments, CLI_BATCH);
    cli_products at;
    int code = cli_products_begin(session->arguments, &at);
    if (code == CLI_GOOD)
        code = batch ? cli_matmul_batch(&at, session, batch) : run_line(&at, session);
    return cli_products_end(&at, session, code);
}

const cli_command cli_command_matmul = {
    .name = "matmul",
    .usage =
        "[FILE] [-t NAME ...] [--shape MxKxN | --preset NAME] [-m METHOD ...] [--x FILE|FOLDER|synthetic] [--fail-on CHECK]",
    .summary = "multiply for real, fp32, int8, LLM.int8(), 4 bits: the error and the time of each",
    .details =
        "Y = X W^T is computed in every method and compared with the product in float32. W is prepared once and is not\n"
        "timed; quantizing X is. A method that does not suit a weight is a row with a note. Numbers but times are the\n"
        "same on every machine and for any number of threads.\n"
        "Made-up activations are normal, deviation 1; the loud channels are --outlier-scale, half of it, a third ... as\n"
        "large. Weights of --shape and --preset are normal, deviation 0.02, one of a thousand 20 times as large.\n"
        "Lines of a --batch hold FILE and options as they stand behind `matmul`, with quotes where needed; # begins a\n"
        "comment. All are checked, then run one after the other into one table; what is printed stands beside --batch.",
    .example = "qloupe matmul -t h.1.attn.c_attn.weight --x data/inputs/h.1.attn.c_attn.npy\n"
               "qloupe matmul --shape 1x4096x4096 -m fp32 -m int8:row -m weights_a8:q4_0 --threads 1\n"
               "qloupe matmul --preset llama-7b --outlier-channels 6 --sweep threshold=2,4,6,8,10,20,inf --json",
    .options = CLI_TABLES | CLI_COMPUTES | CLI_HAS(CLI_X) | CLI_HAS(CLI_METHOD) | CLI_HAS(CLI_SHAPE) | CLI_HAS(CLI_PRESET) |
               CLI_HAS(CLI_M) | CLI_HAS(CLI_RUNS) | CLI_HAS(CLI_SEED) | CLI_HAS(CLI_OUTLIER_CHANNELS) |
               CLI_HAS(CLI_OUTLIER_SCALE) | CLI_HAS(CLI_SWEEP) | CLI_HAS(CLI_BATCH) | CLI_HAS(CLI_FAIL_ON),
    .most_operands = 1,
    .run = run,
};
