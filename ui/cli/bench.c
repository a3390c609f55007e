/*
 * qloupe bench: every pass, several times. The passes take turns, so that what else the machine does meets all of them.
 */
#include "cli/bench.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "sheet/products.h"
#include "text/memory.h"
#include "text/near.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_ROUNDS = 11, MOST_ROUNDS = 10000, USUAL_SIDE = 4096, GROWTH_SIDE = 32768 };

enum { NAME, WHAT, BEST, MEDIAN, RATE, SHARE, RUNS, COLUMN_COUNT };

static const sheet_column COLUMNS[COLUMN_COUNT] = {
    [NAME] = { .key = "name", .title = "pass" },
    [WHAT] = { .title = "what", .stretch = true },
    [BEST] = { .key = "ms_best", .title = "best ms" },
    [MEDIAN] = { .key = "ms_median", .title = "median ms" },
    [RATE] = { .key = "gb_s", .title = "GB/s", .form = TEXT_FIXED_2 },
    [SHARE] = { .key = "read_share", .title = "of read", .form = TEXT_PERCENT },
    [RUNS] = { .key = "runs" },
};

static const sheet_column FACTS[] = {
    { .key = "threads" }, { .key = "isa" }, { .key = "rows" }, { .key = "cols" }, { .key = "read_gb_s" },
};

/* A pass that is timed. */
typedef struct timed {
    size_t index; /* of ql_bench_at */
    bool shown;
    double *seconds; /* [rounds] */
    ql_bench_run first;
} timed;

typedef struct timings {
    timed *passes; /* the one that only reads is the first */
    size_t count;
    unsigned rounds;
} timings;

/* ---- Options */

/* A whole number from 1 to `most` at the start of `text`; returns what follows, NULL when there is none. */
static const char *read_number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *out >= 1 && *out <= most ? end : NULL;
}

int cli_bench_rounds(const cli_session *session, unsigned *out)
{
    const char *text = cli_value(session->arguments, CLI_ROUNDS);
    uint64_t rounds = USUAL_ROUNDS;
    const char *end = text ? read_number(text, MOST_ROUNDS, &rounds) : "";
    *out = (unsigned)rounds;
    return end && !*end ? CLI_GOOD
                        : cli_complain("--rounds %s: a number from 1 to %d is allowed", cli_shown(text), MOST_ROUNDS);
}

static int size_given(const cli_session *session, uint64_t *rows, uint64_t *cols)
{
    const uint64_t most = 1u << 30;
    const char *text = cli_value(session->arguments, CLI_SIZE);
    if (!text)
        return CLI_GOOD;
    const char *at = read_number(text, most, rows);
    at = at && *at == 'x' ? read_number(at + 1, most, cols) : NULL;
    return at && !*at ? CLI_GOOD
                      : cli_complain("--size %s: the size of a matrix is ROWSxCOLUMNS, such as 4096x4096", cli_shown(text));
}

/* Options that have nothing to say together. */
static int check_together(const cli_session *session)
{
    static const struct {
        cli_option one, other;
    } apart[] = {
        { CLI_GROWTH, CLI_SERVE }, { CLI_GROWTH, CLI_DATA }, { CLI_DATA, CLI_SIZE }, { CLI_SERVE, CLI_ROUNDS },
        { CLI_SERVE, CLI_JSON },   { CLI_SERVE, CLI_CSV },   { CLI_SERVE, CLI_MD },
    };
    const cli_arguments *arguments = session->arguments;
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
        if (cli_is_given(arguments, apart[i].one) && cli_is_given(arguments, apart[i].other))
            return cli_complain("--%s and --%s do not go together", cli_option_describe(apart[i].one)->name,
                                cli_option_describe(apart[i].other)->name);
    const cli_option whole = cli_is_given(arguments, CLI_GROWTH) ? CLI_GROWTH : CLI_SERVE;
    if (arguments->operand_count && cli_is_given(arguments, whole))
        return cli_complain("--%s takes no pass; leave '%s' out", cli_option_describe(whole)->name,
                            cli_shown(arguments->operands[0]));
    return CLI_GOOD;
}

static ql_text pass_name_at(const void *context, size_t index)
{
    (void)context;
    return ql_text_from(ql_bench_at(index)->name);
}

static int choose(const cli_session *session, timings *out)
{
    const char *pattern = session->arguments->operand_count ? session->arguments->operands[0] : "*";
    size_t all = 0, matches = 0, near;
    while (ql_bench_at(all))
        all++;
    out->passes = text_allocate(all, sizeof *out->passes);
    for (size_t i = 0; i < all; i++) {
        const bool shown = fnmatch(pattern, ql_bench_at(i)->name, 0) == 0;
        matches += shown;
        if (shown || i == 0)
            out->passes[out->count++] = (timed) { .index = i, .shown = shown };
    }
    if (matches)
        return CLI_GOOD;
    if (text_near(pattern, pass_name_at, NULL, all, &near, 1))
        return cli_complain("no pass matches '%s'; did you mean '%s'?", cli_shown(pattern), ql_bench_at(near)->name);
    return cli_complain("no pass matches '%s'; `qloupe bench --size 64x64` names them all", cli_shown(pattern));
}

/* ---- Timing */

static bool is_same_answer(const ql_bench_run *a, const ql_bench_run *b)
{
    bool same = a->answer_count == b->answer_count;
    for (size_t i = 0; same && i < a->answer_count; i++)
        same = memcmp(&a->answers[i].value, &b->answers[i].value, sizeof a->answers[i].value) == 0;
    return same;
}

static int run_rounds(cli_session *session, ql_bench *bench, timings *timing)
{
    ql_error error;
    for (size_t i = 0; i < timing->count; i++)
        timing->passes[i].seconds = text_allocate(timing->rounds, sizeof(double));
    for (unsigned round = 0; round < timing->rounds; round++) {
        for (size_t i = 0; i < timing->count; i++) {
            timed *pass = &timing->passes[i];
            ql_bench_run run;
            if (ql_bench_time(bench, pass->index, cli_session_task(session, 1), &run, &error) != QL_OK)
                return cli_complain_error(&error);
            pass->seconds[round] = run.seconds;
            if (round == 0)
                pass->first = run;
            if (is_same_answer(&pass->first, &run))
                continue;
            cli_complain(
                "pass '%s' gave another answer in round %u than in the first; this is a fault of the program or the machine",
                ql_bench_at(pass->index)->name, round + 1);
            return CLI_CHECK_FAILED;
        }
    }
    return CLI_GOOD;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *sorted, unsigned count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static void write_table(const cli_session *session, const ql_bench *bench, const timings *timing)
{
    const ql_tensor *tensor = ql_bench_tensor(bench);
    const unsigned threads = ql_engine_threads(session->engine);
    sheet_table table = sheet_table_over(COLUMNS, COLUMN_COUNT),
                facts = sheet_table_over(FACTS, sizeof FACTS / sizeof FACTS[0]);
    double read_rate = 0;
    for (size_t i = 0; i < timing->count; i++) {
        const timed *pass = &timing->passes[i];
        qsort(pass->seconds, timing->rounds, sizeof *pass->seconds, compare_doubles);
        const double rate = (double)tensor->byte_count / pass->seconds[0] * 1e-9;
        read_rate = i == 0 ? rate : read_rate;
        if (!pass->shown)
            continue;
        sheet_cell *row = sheet_table_add(&table);
        row[NAME] = sheet_words(ql_bench_at(pass->index)->name);
        row[WHAT] = sheet_words(ql_bench_at(pass->index)->what);
        row[BEST] = sheet_number(1e3 * pass->seconds[0]);
        row[MEDIAN] = sheet_number(1e3 * median(pass->seconds, timing->rounds));
        row[RATE] = sheet_number(rate);
        row[SHARE] = sheet_number(rate / read_rate);
        row[RUNS] = sheet_unsigned(timing->rounds);
    }
    sheet_cell *fact = sheet_table_add(&facts);
    fact[0] = sheet_unsigned(threads);
    fact[1] = sheet_words(sheet_isa());
    fact[2] = sheet_unsigned(tensor->rows);
    fact[3] = sheet_unsigned(tensor->cols);
    fact[4] = sheet_number(read_rate);
    char shape[64], size[TEXT_NUMBER_SIZE], above[256];
    text_shape(shape, sizeof shape, tensor);
    text_bytes(size, tensor->byte_count);
    snprintf(above, sizeof above, "%s F32, %s, %u thread%s, %s kernels, %u runs in turns", shape, size, threads,
             threads == 1 ? "" : "s", sheet_isa(), timing->rounds);
    const sheet_document document = {
        .list = "passes",
        .facts = &facts,
        .above = above,
        .below =
            "GB/s: of float32 that went in, or came out of a decoder. of read: of the rate of `read`, best against best.",
        .table = &table,
    };
    cli_session_write(session, &document);
    sheet_table_free(&table);
    sheet_table_free(&facts);
}

/* ---- The command */

static int make_data(const cli_session *session, uint64_t rows, uint64_t cols, ql_bench **out)
{
    const char *path = cli_value(session->arguments, CLI_DATA);
    ql_error error;
    ql_model *model = NULL;
    ql_status status = path ? ql_model_open(path, QL_LAYOUT_AUTO, &model, &error) : QL_OK;
    if (status == QL_OK && model && ql_model_tensor_count(model) == 0)
        return ql_model_free(&model), cli_complain("%s: no tensors in this file: nothing to do", cli_shown(path));
    if (status == QL_OK)
        status = model ? ql_bench_of(session->engine, ql_model_tensor(model, 0), out, &error)
                       : ql_bench_new(session->engine, rows, cols, NULL, out, &error);
    ql_model_free(&model);
    return status == QL_OK ? CLI_GOOD : cli_complain_error(&error);
}

static int run_table(cli_session *session, ql_bench *bench, timings *timing)
{
    int code = run_rounds(session, bench, timing);
    if (code == CLI_GOOD)
        write_table(session, bench, timing);
    return code;
}

static int run(cli_session *session)
{
    const bool growth = cli_is_given(session->arguments, CLI_GROWTH);
    uint64_t rows = growth ? GROWTH_SIDE : USUAL_SIDE, cols = rows;
    timings timing = { 0 };
    ql_bench *bench = NULL;
    int code = check_together(session);
    code = code == CLI_GOOD ? cli_bench_rounds(session, &timing.rounds) : code;
    code = code == CLI_GOOD ? size_given(session, &rows, &cols) : code;
    if (code == CLI_GOOD && growth)
        return cli_bench_growth(session, rows * cols, timing.rounds);
    code = code == CLI_GOOD ? choose(session, &timing) : code;
    code = code == CLI_GOOD ? cli_session_start(session, (double)timing.rounds * (double)timing.count) : code;
    code = code == CLI_GOOD ? make_data(session, rows, cols, &bench) : code;
    if (code == CLI_GOOD)
        code = cli_is_given(session->arguments, CLI_SERVE) ? cli_bench_serve(bench) : run_table(session, bench, &timing);
    ql_bench_free(&bench);
    for (size_t i = 0; i < timing.count; i++)
        free(timing.passes[i].seconds);
    free(timing.passes);
    return code;
}

const cli_command cli_command_bench = {
    .name = "bench",
    .usage = "[PASS]",
    .summary = "how long kernels and whole passes take on this machine, as GB/s and as a share of read bandwidth",
    .details = "Times every pass (or those whose names match PASS, a glob) on a matrix in memory, made up like a layer\n"
               "with outliers, 4096 x 4096 if not told otherwise. The passes take turns, --rounds times (11); before each\n"
               "run the matrix is read a few times, so that all find the caches alike. The pass read only reads: what the\n"
               "machine allows. The report- passes are what one turn of a knob costs, profile what opening a tensor costs.\n"
               "\n"
               "--growth shows instead that cost grows as the tensor does: nanoseconds per element of a profile and of\n"
               "a report, from 1,024 elements to 2^30 or as many as fit into free memory (--size: not more than that).\n"
               "\n"
               "--serve is for comparisons with other programs: for every line of standard input that names a pass it\n"
               "runs the pass once and prints a line of JSON with the milliseconds and what was found.",
    .example = "qloupe bench\n"
               "qloupe bench 'report-*' --threads 1\n"
               "qloupe bench absmax --isa scalar --json\n"
               "qloupe bench --growth",
    .options = CLI_TABLES | CLI_HAS(CLI_THREADS) | CLI_HAS(CLI_ISA) | CLI_HAS(CLI_ROUNDS) | CLI_HAS(CLI_SIZE) |
               CLI_HAS(CLI_DATA) | CLI_HAS(CLI_GROWTH) | CLI_HAS(CLI_SERVE),
    .most_operands = 1,
    .run = run,
};
