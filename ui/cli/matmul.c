/* qloupe matmul: see matmul.h. */
#include "cli/matmul.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_method(cli_products *at, cli_session *session, const cli_plan *plan, ql_matmul *matmul, const char *layer,
                      const char *method)
{
    ql_matmul_result result;
    ql_error error;
    const ql_monitor *monitor = cli_session_task(session, 1);
    const ql_status status = ql_matmul_run(matmul, method, plan->runs, monitor, &result, &error);
    if (status != QL_OK && status != QL_UNUSABLE && status != QL_BAD_USAGE)
        return cli_complain_error(&error);
    cli_products_row(at, layer, matmul, method, status == QL_OK ? &result : NULL, error.message);
    return CLI_GOOD;
}

static int complain_of(const cli_session *session, const cli_product_of *product, const ql_error *error)
{
    if (!product->tensor || error->status == QL_CANCELLED || strstr(error->message, "tensor '"))
        return cli_complain_error(error);
    return cli_complain("%s: tensor '%s': %s", cli_shown(session->path), product->layer, error->message);
}

static int run_product(cli_products *at, cli_session *session, const cli_plan *plan, const cli_product_of *product)
{
    ql_bench *made = NULL;
    ql_matmul *matmul = NULL;
    ql_error error;
    const ql_monitor *monitor = cli_session_task(session, 1);
    ql_status status = product->tensor ? QL_OK : ql_bench_new(session->engine, product->n, product->k, &made, &error);
    if (status == QL_OK) {
        const ql_tensor *w = made ? ql_bench_tensor(made) : product->tensor;
        status = ql_matmul_new(session->engine, w, plan->x, plan->m, monitor, &matmul, &error);
    }
    int code = status == QL_OK ? CLI_GOOD : complain_of(session, product, &error);
    for (size_t i = 0; i < plan->method_count && code == CLI_GOOD; i++)
        code = run_method(at, session, plan, matmul, product->layer, plan->methods[i]);
    ql_matmul_free(&matmul);
    ql_bench_free(&made);
    return code;
}

/* All products of one command line. */
static int run_line(cli_products *at, cli_session *session)
{
    cli_plan plan;
    int code = cli_plan_make(session, &plan);
    if (code == CLI_GOOD)
        code = cli_session_start(session, (double)plan.product_count * (double)(plan.method_count + 1));
    if (code == CLI_GOOD)
        cli_products_with(at, plan.x_name, ql_engine_threads(session->engine));
    for (size_t i = 0; i < plan.product_count && code == CLI_GOOD; i++)
        code = run_product(at, session, &plan, &plan.products[i]);
    cli_progress_hide();
    cli_plan_free(&plan);
    return code;
}

/* ---- Many command lines */

enum { MOST_WORDS = 256 };

/* The next word of a line, in place: quotes of either kind keep blanks. NULL at the end, and at a comment. */
static char *next_word(char **at)
{
    char *from = *at + strspn(*at, " \t\r"), *to = from, *word = from, quote = 0;
    if (!*from || *from == '#')
        return NULL;
    for (; *from && (quote || !strchr(" \t\r", *from)); from++) {
        if (quote ? *from == quote : *from == '\'' || *from == '"')
            quote = quote ? 0 : *from;
        else
            *to++ = *from;
    }
    *at = from + (*from != 0);
    *to = 0;
    return word;
}

/* What a whole batch has, and what its lines have; the rest is meant for the whole program. */
static const cli_option OF_BATCH[] = { CLI_BATCH, CLI_FAIL_ON, CLI_JSON, CLI_CSV, CLI_MD, CLI_ISA };
static const cli_option OF_LINES[] = { CLI_TENSOR, CLI_X,    CLI_METHOD,           CLI_SHAPE,         CLI_PRESET, CLI_M,
                                       CLI_RUNS,   CLI_SEED, CLI_OUTLIER_CHANNELS, CLI_OUTLIER_SCALE, CLI_SWEEP,  CLI_RAW,
                                       CLI_LAYOUT };

/* Says so when one of the options is given. */
static int complain_given(const cli_arguments *arguments, const cli_option *options, size_t count, const char *where)
{
    for (size_t i = 0; i < count; i++)
        if (cli_is_given(arguments, options[i]))
            return cli_complain("--%s stands %s", cli_option_describe(options[i])->name, where);
    return CLI_GOOD;
}

static int run_batch_line(cli_products *at, const cli_session *outer, char *line, const char *place)
{
    char *words[MOST_WORDS + 1] = { (char[]) { "qloupe" }, (char[]) { "matmul" } }, threads[32];
    int count = 2;
    if (cli_value(outer->arguments, CLI_THREADS)) { /* a line's own comes later and counts */
        snprintf(threads, sizeof threads, "--threads=%.10s", cli_value(outer->arguments, CLI_THREADS));
        words[count++] = threads;
    }
    const int first = count;
    for (char *word; count < MOST_WORDS && (word = next_word(&line)) != NULL;)
        words[count++] = word;
    if (count == first)
        return CLI_GOOD;
    cli_arguments arguments;
    cli_session session;
    int code = cli_arguments_parse(count, words, &arguments) ? CLI_GOOD : CLI_BAD;
    cli_session_begin(&session, &arguments);
    session.quiet |= outer->quiet;
    if (code == CLI_GOOD)
        code =
            complain_given(&arguments, OF_BATCH, sizeof OF_BATCH / sizeof *OF_BATCH, "beside --batch, not in a line of it");
    if (code == CLI_GOOD)
        code = run_line(at, &session);
    if (code == CLI_BAD)
        cli_complain("%s: this line was not run", place);
    cli_session_end(&session);
    cli_arguments_free(&arguments);
    return code;
}

static int run_batch(cli_products *at, const cli_session *session, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0, number = 0;
    if (!file)
        return cli_complain("%s: %s", cli_shown(path), strerror(errno));
    int code = complain_given(session->arguments, OF_LINES, sizeof OF_LINES / sizeof *OF_LINES, "in the lines of --batch");
    if (code == CLI_GOOD && session->arguments->operand_count > 0)
        code = cli_complain("%s stands in the lines of --batch", cli_shown(session->arguments->operands[0]));
    while (code == CLI_GOOD && getline(&line, &capacity, file) >= 0) {
        char place[200];
        line[strcspn(line, "\n")] = 0;
        snprintf(place, sizeof place, "%s: line %zu", cli_shown(path), ++number);
        code = run_batch_line(at, session, line, place);
    }
    free(line);
    fclose(file);
    return code == CLI_GOOD && at->table.row_count == 0 ? cli_complain("%s: no lines: nothing to do", cli_shown(path))
                                                        : code;
}

/* ---- The command */

static int run(cli_session *session)
{
    const char *batch = cli_value(session->arguments, CLI_BATCH);
    cli_products at;
    int code = cli_products_begin(session->arguments, &at);
    if (code == CLI_GOOD)
        code = batch ? run_batch(&at, session, batch) : run_line(&at, session);
    return cli_products_end(&at, session, code);
}

const cli_command cli_command_matmul = {
    .name = "matmul",
    .usage = "[FILE] [-t NAME ...] [--shape MxKxN | --preset NAME] [-m METHOD ...] [--x FILE|FOLDER|synthetic]",
    .summary = "multiply for real, fp32, int8, LLM.int8(), 4 bits: the error and the time of each",
    .details =
        "Y = X W^T is computed in every method and compared with the product in float32. W is prepared once and is not\n"
        "timed; quantizing X is. A method that does not suit a weight is a row with a note. Numbers but times are the\n"
        "same on every machine and for any number of threads.\n"
        "Made-up activations are normal, deviation 1; the loud channels are --outlier-scale, half of it, a third ... as\n"
        "large. Weights of --shape and --preset are normal, deviation 0.02, one of a thousand 20 times as large.\n"
        "Lines of a --batch hold FILE and options as they stand behind `matmul`, with quotes where needed; # begins a\n"
        "comment. They are run one after the other into one table.",
    .example = "qloupe matmul -t h.1.attn.c_attn.weight --x data/inputs/h.1.attn.c_attn.npy\n"
               "qloupe matmul --shape 1x4096x4096 -m fp32 -m int8:row -m weights_a8:q4_0 --threads 1\n"
               "qloupe matmul --preset llama-7b --outlier-channels 6 --sweep threshold=2,4,6,8,10,20,inf --json",
    .options = CLI_TABLES | CLI_COMPUTES | CLI_HAS(CLI_X) | CLI_HAS(CLI_METHOD) | CLI_HAS(CLI_SHAPE) | CLI_HAS(CLI_PRESET) |
               CLI_HAS(CLI_M) | CLI_HAS(CLI_RUNS) | CLI_HAS(CLI_SEED) | CLI_HAS(CLI_OUTLIER_CHANNELS) |
               CLI_HAS(CLI_OUTLIER_SCALE) | CLI_HAS(CLI_SWEEP) | CLI_HAS(CLI_BATCH) | CLI_HAS(CLI_FAIL_ON),
    .most_operands = 1,
    .run = run,
};
