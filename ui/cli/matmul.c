/* qloupe matmul: see matmul.h. */
#include "cli/matmul.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "sheet/products.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char BELOW[] =
    "against float32 on this machine; ms: a product, median of the runs, with what quantizing X takes "
    "of it (quant X); of peak: what the kernel\nreaches in the first cache; outl: columns of X apart; "
    "room: bits left above the largest 32-bit sum; weights: as the scheme stores them";

/* What one run works on. */
typedef struct work {
    sheet_table table;
    char x_name[512];
    bool several_x;   /* lines of a batch differ in it */
    unsigned threads; /* 0: none yet */
} work;

/* ---- Rows */

static int run_method(work *at, cli_session *session, const cli_plan *plan, ql_matmul *matmul, const char *layer,
                      const char *method)
{
    ql_matmul_result result;
    ql_error error;
    const ql_monitor *monitor = cli_session_task(session, 1);
    const ql_status status = ql_matmul_run(matmul, method, plan->runs, monitor, &result, &error);
    if (status != QL_OK && status != QL_UNUSABLE && status != QL_BAD_USAGE)
        return cli_complain_error(&error);
    sheet_product_add(&at->table, layer, ql_matmul_shape_of(matmul), method, status == QL_OK ? &result : NULL,
                      error.message);
    return CLI_GOOD;
}

static int run_product(work *at, cli_session *session, const cli_plan *plan, const cli_product_of *product)
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
    int code = status == QL_OK ? CLI_GOOD : cli_complain_product(session, product, &error);
    for (size_t i = 0; i < plan->method_count && code == CLI_GOOD; i++)
        code = run_method(at, session, plan, matmul, product->layer, plan->methods[i]);
    ql_matmul_free(&matmul);
    ql_bench_free(&made);
    return code;
}

/* All products of one command line. */
static int run_line(work *at, cli_session *session)
{
    cli_plan plan;
    int code = cli_plan_make(session, NULL, &plan);
    if (code == CLI_GOOD)
        code = cli_session_start(session, (double)plan.product_count * (double)(plan.method_count + 1));
    if (code == CLI_GOOD) {
        at->several_x |= *at->x_name && strcmp(at->x_name, plan.x_name) != 0;
        snprintf(at->x_name, sizeof at->x_name, "%s", plan.x_name);
        at->threads = ql_engine_threads(session->engine);
    }
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

static int run_batch_line(work *at, const cli_session *outer, char *line, const char *place)
{
    char *words[MOST_WORDS + 1] = { (char[]) { "qloupe" }, (char[]) { "matmul" } };
    int count = 2;
    for (char *word; count < MOST_WORDS && (word = next_word(&line)) != NULL;)
        words[count++] = word;
    if (count == 2)
        return CLI_GOOD;
    cli_arguments arguments;
    cli_session session;
    int code = cli_arguments_parse(count, words, &arguments) ? CLI_GOOD : CLI_BAD;
    cli_session_begin(&session, &arguments);
    session.quiet |= outer->quiet;
    if (code == CLI_GOOD && cli_is_given(&arguments, CLI_BATCH))
        code = cli_complain("a line of a batch is no batch");
    if (code == CLI_GOOD)
        code = run_line(at, &session);
    if (code == CLI_BAD)
        cli_complain("%s: this line was not run", place);
    cli_session_end(&session);
    cli_arguments_free(&arguments);
    return code;
}

static int run_batch(work *at, const cli_session *session, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0, number = 0;
    if (!file)
        return cli_complain("%s: %s", cli_shown(path), strerror(errno));
    int code = CLI_GOOD;
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

static void tell(const cli_session *session, work *at)
{
    sheet_table facts = sheet_products_facts(&at->table, at->threads);
    char above[700];
    snprintf(above, sizeof above, "Y[M][N] = X[M][K] W[N][K]^T, X %s, %u thread%s, %s kernels",
             at->several_x ? "as each line says" : at->x_name, at->threads, at->threads == 1 ? "" : "s", sheet_isa());
    const sheet_document document = {
        .list = "results",
        .file = session->path,
        .activations = at->several_x ? NULL : at->x_name,
        .facts = &facts,
        .above = above,
        .below = BELOW,
        .table = &at->table,
    };
    cli_session_write(session, &document);
    sheet_table_free(&facts);
}

static int run(cli_session *session)
{
    const char *batch = cli_value(session->arguments, CLI_BATCH);
    work at = { .table = sheet_products_table() };
    int code = batch ? run_batch(&at, session, batch) : run_line(&at, session);
    if (code == CLI_GOOD)
        tell(session, &at);
    sheet_table_free(&at.table);
    return code;
}

const cli_command cli_command_matmul = {
    .name = "matmul",
    .usage = "[FILE] [-t NAME ...] [--shape MxKxN | --preset NAME] [-m METHOD ...] [--x FILE|synthetic]",
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
               CLI_HAS(CLI_OUTLIER_SCALE) | CLI_HAS(CLI_SWEEP) | CLI_HAS(CLI_BATCH),
    .most_operands = 1,
    .run = run,
};
