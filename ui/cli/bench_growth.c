/* qloupe bench --growth: cost against size. */
#include "cli/bench.h"
#include "cli/cli.h"
#include "cli/complain.h"
#include "sheet/products.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { LEAST = 1024, FACTOR = 4 };

#define PATIENCE 3.0 /* seconds for one size, once it was run ENOUGH times */
enum { ENOUGH = 3 };

enum { ELEMENTS, BYTES, PROFILE, PROFILE_EACH, REPORT, REPORT_EACH, RUNS, COLUMN_COUNT };

static const sheet_column COLUMNS[COLUMN_COUNT] = {
    [ELEMENTS] = { .key = "elements", .title = "elements", .form = TEXT_COUNT },
    [BYTES] = { .key = "bytes", .title = "size", .form = TEXT_BYTES },
    [PROFILE] = { .key = "profile_ms", .title = "profile ms" },
    [PROFILE_EACH] = { .key = "profile_ns_per_element", .title = "ns each", .form = TEXT_FIXED_3 },
    [REPORT] = { .key = "report_ms", .title = "report ms" },
    [REPORT_EACH] = { .key = "report_ns_per_element", .title = "ns each", .form = TEXT_FIXED_3 },
    [RUNS] = { .key = "runs" },
};

static const sheet_column FACTS[] = { { .key = "threads" }, { .key = "isa" } };

static const struct {
    const char *pass;
    int column; /* and nanoseconds per element in the next one */
} SHOWN[] = { { "profile", PROFILE }, { "report-absmax", REPORT } };
enum { SHOWN_COUNT = sizeof SHOWN / sizeof SHOWN[0] };

static size_t find_pass(const char *name)
{
    size_t index = 0;
    while (strcmp(ql_bench_at(index)->name, name) != 0)
        index++;
    return index;
}

/* The profile is kept, and the matrix must not push others out. */
static bool fits_memory(uint64_t elements)
{
    const double available = (double)sysconf(_SC_AVPHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return (double)elements * sizeof(float) < 0.8 * available;
}

static int measure(cli_session *session, sheet_table *table, uint64_t elements, unsigned rounds)
{
    const uint64_t side = (uint64_t)sqrt((double)elements);
    ql_bench *bench;
    ql_bench_run run;
    ql_error error;
    double best[SHOWN_COUNT], spent = 0;
    if (ql_bench_new(session->engine, side, elements / side, NULL, &bench, &error) != QL_OK)
        return cli_complain_error(&error);
    unsigned runs = 0;
    ql_status status = QL_OK;
    for (; status == QL_OK && runs < rounds && (runs < ENOUGH || spent < PATIENCE); runs++) {
        for (int i = 0; status == QL_OK && i < SHOWN_COUNT; i++) {
            const ql_monitor *monitor = cli_session_task(session, (double)elements);
            status = ql_bench_time(bench, find_pass(SHOWN[i].pass), monitor, &run, &error);
            best[i] = runs == 0 || run.seconds < best[i] ? run.seconds : best[i];
            spent += run.seconds;
        }
    }
    sheet_cell *row = sheet_table_add(table);
    row[ELEMENTS] = sheet_unsigned(elements);
    row[BYTES] = sheet_unsigned(elements * sizeof(float));
    for (int i = 0; i < SHOWN_COUNT; i++) {
        row[SHOWN[i].column] = sheet_number(1e3 * best[i]);
        row[SHOWN[i].column + 1] = sheet_number(1e9 * best[i] / (double)elements);
    }
    row[RUNS] = sheet_unsigned(runs);
    ql_bench_free(&bench);
    return status == QL_OK ? CLI_GOOD : cli_complain_error(&error);
}

static void write_table(const cli_session *session, const sheet_table *table, const char *below)
{
    const unsigned threads = ql_engine_threads(session->engine);
    sheet_table facts = sheet_table_over(FACTS, sizeof FACTS / sizeof FACTS[0]);
    sheet_cell *fact = sheet_table_add(&facts);
    fact[0] = sheet_unsigned(threads);
    fact[1] = sheet_words(sheet_isa());
    char above[128];
    snprintf(above, sizeof above, "profile, and report under absmax; best of several runs; %u thread%s, %s kernels", threads,
             threads == 1 ? "" : "s", sheet_isa());
    const sheet_document document = { .list = "growth", .facts = &facts, .above = above, .below = below, .table = table };
    cli_session_write(session, &document);
    sheet_table_free(&facts);
}

int cli_bench_growth(cli_session *session, uint64_t most, unsigned rounds)
{
    if (most < LEAST)
        return cli_complain("--size: the curve begins at %d elements", LEAST);
    double total = 0;
    for (uint64_t elements = LEAST; elements <= most; elements *= FACTOR)
        total += (double)elements * rounds * SHOWN_COUNT;
    int code = cli_session_start(session, total);
    sheet_table table = sheet_table_over(COLUMNS, COLUMN_COUNT);
    const char *below = NULL;
    for (uint64_t elements = LEAST; code == CLI_GOOD && elements <= most && !below; elements *= FACTOR) {
        if (fits_memory(elements))
            code = measure(session, &table, elements, rounds);
        else
            below = "The next size does not fit into free memory.";
    }
    if (code == CLI_GOOD)
        write_table(session, &table, below);
    sheet_table_free(&table);
    return code;
}
