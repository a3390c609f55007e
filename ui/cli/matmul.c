/* qloupe matmul: see matmul.h. */
#include "cli/matmul.h"

#include "cli/bench.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "text/plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LAYER,
    M,
    K,
    N,
    METHOD,
    REL_FRO,
    SQNR_DB,
    MAX_ABS,
    MS_MEDIAN,
    MS_MIN,
    MS_MAX,
    RUNS,
    QUANTIZE_MS,
    GOPS,
    PEAK_GOPS,
    PEAK_SHARE,
    KERNEL,
    OUTLIER_COLUMNS,
    ACCUMULATOR_MAX,
    HEADROOM,
    BYTES,
    THREADS,
    ACTIVATIONS,
    NOTE,
    COLUMN_COUNT
};

static const sheet_column COLUMNS[COLUMN_COUNT] = {
    [LAYER] = { .key = "layer", .title = "layer", .heading = true },
    [M] = { .key = "m", .title = "M", .heading = true, .named = true },
    [K] = { .key = "k", .title = "K", .heading = true, .named = true },
    [N] = { .key = "n", .title = "N", .heading = true, .named = true },
    [METHOD] = { .key = "method", .title = "method", .stretch = true },
    [REL_FRO] = { .key = "rel_fro", .title = "rel err" },
    [SQNR_DB] = { .key = "sqnr_db", .title = "SQNR dB", .form = TEXT_FIXED_2 },
    [MAX_ABS] = { .key = "max_abs", .title = "max |e|" },
    [MS_MEDIAN] = { .key = "ms_median", .title = "ms" },
    [MS_MIN] = { .key = "ms_min", .title = "min" },
    [MS_MAX] = { .key = "ms_max", .title = "max" },
    [RUNS] = { .key = "runs" },
    [QUANTIZE_MS] = { .key = "quantize_ms", .title = "quant X" },
    [GOPS] = { .key = "gops", .title = "GOP/s" },
    [PEAK_GOPS] = { .key = "peak_gops" },
    [PEAK_SHARE] = { .key = "peak_share", .title = "of peak", .form = TEXT_PERCENT },
    [KERNEL] = { .key = "kernel" },
    [OUTLIER_COLUMNS] = { .key = "outlier_columns", .title = "outl" },
    [ACCUMULATOR_MAX] = { .key = "accumulator_max" },
    [HEADROOM] = { .key = "headroom_bits", .title = "room", .form = TEXT_FIXED_2 },
    [BYTES] = { .key = "bytes", .title = "weights", .form = TEXT_BYTES },
    [THREADS] = { .key = "threads" },
    [ACTIVATIONS] = { .key = "activations" },
    [NOTE] = { .key = "note", .title = "note", .note = true },
};

static const sheet_column FACTS[] = {
    { .key = "m" }, { .key = "k" }, { .key = "n" }, { .key = "threads" }, { .key = "isa" },
};

static const char BELOW[] =
    "against float32 on this machine; ms: a product, median of the runs, with what quantizing X takes "
    "of it (quant X); of peak: what the kernel\nreaches in the first cache; outl: columns of X apart; "
    "room: bits left above the largest 32-bit sum; weights: as the scheme stores them";

struct cli_products {
    sheet_column columns[COLUMN_COUNT];
    sheet_table table;
    char x_name[512];
    unsigned threads;                /* 0: none yet */
    bool several_x, several_threads; /* lines of a batch differ in it */
    const char *turn;                /* of the line that is run; NULL: there is only one */
};

/* ---- Rows */

static sheet_cell *add_row(cli_products *at, const char *layer, ql_matmul_shape shape, const char *method)
{
    sheet_cell *row = sheet_table_add(&at->table);
    row[LAYER] = sheet_words(layer);
    row[M] = sheet_unsigned(shape.m);
    row[K] = sheet_unsigned(shape.k);
    row[N] = sheet_unsigned(shape.n);
    row[METHOD] = sheet_words(method);
    row[THREADS] = sheet_unsigned(at->threads);
    row[ACTIVATIONS] = sheet_words(sheet_table_keep(&at->table, at->x_name));
    return row;
}

static void fill_row(cli_products *at, sheet_cell *row, const ql_matmul_result *r)
{
    row[REL_FRO] = sheet_number(r->rel_fro);
    row[SQNR_DB] = sheet_number(r->sqnr_db);
    row[MAX_ABS] = sheet_number(r->max_abs);
    row[MS_MEDIAN] = sheet_number(r->ms_median);
    row[MS_MIN] = sheet_number(r->ms_min);
    row[MS_MAX] = sheet_number(r->ms_max);
    row[RUNS] = sheet_unsigned(r->runs);
    row[QUANTIZE_MS] = sheet_number(r->quantize_ms);
    row[GOPS] = sheet_number(r->gops);
    row[PEAK_GOPS] = sheet_number(r->peak_gops);
    row[PEAK_SHARE] = sheet_number(r->peak_share);
    row[KERNEL] = sheet_words(sheet_table_keep(&at->table, r->kernel));
    if (r->outliers)
        row[OUTLIER_COLUMNS] =
            sheet_list(sheet_table_keep_numbers(&at->table, r->outliers, r->outlier_count), r->outlier_count);
    if (r->accumulator_max > 0) {
        row[ACCUMULATOR_MAX] = sheet_number(r->accumulator_max);
        row[HEADROOM] = sheet_number(31 - log2(r->accumulator_max));
    }
    row[BYTES] = sheet_unsigned(r->bytes);
    if (*r->note)
        row[NOTE] = sheet_words(sheet_table_keep(&at->table, r->note));
}

/* Progress says "line 2 of 7, int8:row", or the layer where there is only one line. */
static const ql_monitor *begin_task(const cli_products *at, cli_session *session, const char *layer, const char *method)
{
    enum { MOST_NAME = 30 };
    char name[512], label[1100];
    snprintf(name, sizeof name, "%s", at->turn ? at->turn : layer);
    text_cut(name, sizeof name, MOST_NAME);
    snprintf(label, sizeof label, "%s, %s", name, cli_shown(method));
    cli_progress_label(&session->progress, label);
    return cli_session_task(session, 1);
}

static int run_method(cli_products *at, cli_session *session, const cli_plan *plan, ql_matmul *matmul, const char *layer,
                      const char *method)
{
    ql_matmul_result result;
    ql_error error;
    const ql_monitor *monitor = begin_task(at, session, layer, method);
    const ql_status status = ql_matmul_run(matmul, method, plan->runs, monitor, &result, &error);
    if (status != QL_OK && status != QL_UNUSABLE && status != QL_BAD_USAGE)
        return cli_complain_error(&error);
    sheet_cell *row = add_row(at, layer, ql_matmul_shape_of(matmul), sheet_table_keep(&at->table, method));
    if (status == QL_OK)
        fill_row(at, row, &result);
    else
        row[NOTE] = sheet_words(sheet_table_keep(&at->table, error.message));
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
    const ql_monitor *monitor = begin_task(at, session, product->layer, "float32");
    ql_status status = product->tensor ? QL_OK : ql_bench_new(session->engine, product->n, product->k, &made, &error);
    if (status == QL_OK) {
        const ql_tensor *w = made ? ql_bench_tensor(made) : product->tensor;
        status = ql_matmul_new(session->engine, w, plan->x, plan->m, monitor, &matmul, &error);
    }
    int code = status == QL_OK ? CLI_GOOD : complain_of(session, product, &error);
    const char *layer = sheet_table_keep(&at->table, product->layer);
    for (size_t i = 0; i < plan->method_count && code == CLI_GOOD; i++)
        code = run_method(at, session, plan, matmul, layer, plan->methods[i]);
    ql_matmul_free(&matmul);
    ql_bench_free(&made);
    return code;
}

int cli_products_add(cli_products *at, cli_session *session, const cli_plan *plan, const cli_turn *turn)
{
    int code = cli_session_start(session, cli_plan_parts(plan));
    if (code != CLI_GOOD)
        return code;
    if (turn)
        cli_progress_join(&session->progress, turn->progress);
    const unsigned threads = ql_engine_threads(session->engine);
    at->several_x |= *at->x_name && strcmp(at->x_name, plan->x_name) != 0;
    at->several_threads |= at->threads > 0 && at->threads != threads;
    snprintf(at->x_name, sizeof at->x_name, "%s", plan->x_name);
    at->threads = threads;
    at->turn = turn ? turn->name : NULL;
    for (size_t i = 0; i < plan->product_count && code == CLI_GOOD; i++)
        code = run_product(at, session, plan, &plan->products[i]);
    cli_progress_hide();
    if (turn)
        cli_progress_leave(&session->progress, turn->progress);
    return code;
}

/* ---- The command */

static bool same_shape(const sheet_table *table)
{
    for (size_t row = 1; row < table->row_count; row++)
        for (int column = M; column <= N; column++)
            if (sheet_table_row(table, row)[column].as.count != sheet_table_row(table, 0)[column].as.count)
                return false;
    return true;
}

/* For people: in the line above the rows that have it in common. */
static void show_where_it_differs(cli_products *at, int column, const char *title, bool differs)
{
    at->columns[column].title = differs ? title : NULL;
    at->columns[column].heading = at->columns[column].named = differs;
}

/* A few words about X, about the threads. */
static void describe(const cli_products *at, char *out, size_t size)
{
    char threads[64];
    snprintf(threads, sizeof threads, "%u thread%s", at->threads, at->threads == 1 ? "" : "s");
    snprintf(out, size, "Y[M][N] = X[M][K] W[N][K]^T, X %s, %s, %s kernels", at->several_x ? "of each line" : at->x_name,
             at->several_threads ? "threads of each line" : threads, cli_bench_isa());
}

static void tell(const cli_session *session, cli_products *at)
{
    sheet_table facts = sheet_table_over(FACTS, sizeof FACTS / sizeof FACTS[0]);
    sheet_cell *fact = sheet_table_add(&facts);
    char above[700];
    for (int i = 0; i < 3 && same_shape(&at->table); i++)
        fact[i] = sheet_table_row(&at->table, 0)[M + i];
    if (!at->several_threads)
        fact[3] = sheet_unsigned(at->threads);
    fact[4] = sheet_words(cli_bench_isa());
    describe(at, above, sizeof above);
    show_where_it_differs(at, THREADS, "threads", at->several_threads);
    show_where_it_differs(at, ACTIVATIONS, "X", at->several_x);
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
    cli_products at = { .threads = 0 };
    memcpy(at.columns, COLUMNS, sizeof at.columns);
    at.table = sheet_table_over(at.columns, COLUMN_COUNT);
    int code = CLI_GOOD;
    if (batch) {
        code = cli_products_batch(&at, session, batch);
    } else {
        cli_plan plan;
        code = cli_plan_make(session, &plan);
        if (code == CLI_GOOD)
            code = cli_products_add(&at, session, &plan, NULL);
        cli_plan_free(&plan);
    }
    if (code == CLI_GOOD)
        tell(session, &at);
    sheet_table_free(&at.table);
    return code;
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
        "comment. All are checked, then run one after the other into one table. What is printed stands beside --batch.",
    .example = "qloupe matmul -t h.1.attn.c_attn.weight --x data/inputs/h.1.attn.c_attn.npy\n"
               "qloupe matmul --shape 1x4096x4096 -m fp32 -m int8:row -m weights_a8:q4_0 --threads 1\n"
               "qloupe matmul --preset llama-7b --outlier-channels 6 --sweep threshold=2,4,6,8,10,20,inf --json",
    .options = CLI_TABLES | CLI_COMPUTES | CLI_HAS(CLI_X) | CLI_HAS(CLI_METHOD) | CLI_HAS(CLI_SHAPE) | CLI_HAS(CLI_PRESET) |
               CLI_HAS(CLI_M) | CLI_HAS(CLI_RUNS) | CLI_HAS(CLI_SEED) | CLI_HAS(CLI_OUTLIER_CHANNELS) |
               CLI_HAS(CLI_OUTLIER_SCALE) | CLI_HAS(CLI_SWEEP) | CLI_HAS(CLI_BATCH),
    .most_operands = 1,
    .run = run,
};
