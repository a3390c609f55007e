/* qloupe bench --serve: one pass a line, so that another program can let it and its rivals take turns. */
#include "cli/bench.h"
#include "cli/cli.h"
#include "cli/complain.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* {"name":"kl","ms":5.25,"answers":{"threshold":0.42}} */
static void print_run(const char *name, const ql_bench_run *run)
{
    char number[TEXT_NUMBER_SIZE];
    text_exact(number, 1e3 * run->seconds);
    printf("{\"name\":\"%s\",\"ms\":%s,\"answers\":{", name, number);
    for (size_t i = 0; i < run->answer_count; i++) {
        const bool finite = isfinite(run->answers[i].value);
        text_exact(number, run->answers[i].value);
        printf(finite ? "%s\"%s\":%s" : "%s\"%s\":\"%s\"", i ? "," : "", run->answers[i].name, number);
    }
    printf("}}\n");
    fflush(stdout);
}

int cli_bench_serve(ql_bench *bench)
{
    signal(SIGINT, SIG_DFL); /* waiting for a line: nothing else ends it */
    char line[128];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        size_t index = 0;
        while (ql_bench_at(index) && strcmp(ql_bench_at(index)->name, line) != 0)
            index++;
        if (!ql_bench_at(index))
            return cli_complain("standard input: there is no pass '%s'", cli_shown(line));
        ql_bench_run run;
        ql_error error;
        if (ql_bench_time(bench, index, NULL, &run, &error) != QL_OK)
            return cli_complain_error(&error);
        print_run(ql_bench_at(index)->name, &run);
    }
    return CLI_GOOD;
}
