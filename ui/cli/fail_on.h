/* --fail-on: checks on the rows of a result, for scripts. */
#ifndef CLI_FAIL_ON_H
#define CLI_FAIL_ON_H

#include "cli/options.h"
#include "qloupe.h"

typedef struct cli_check {
    const char *text; /* as given */
    size_t field;     /* a ql_metric, or one of the fields behind them */
    size_t compare;   /* which comparison */
    double limit;
} cli_check;

typedef struct cli_checks {
    cli_check *checks;
    size_t count;
    size_t matched, unmeasured; /* rows so far: that failed; that have no numbers to check */
} cli_checks;

/* The checks on the command line. Prints what is wrong and returns an exit code. Free with cli_checks_free in every case. */
int cli_checks_parse(const cli_arguments *arguments, cli_checks *out);
void cli_checks_free(cli_checks *checks);

/* The numbers of a row. */
typedef struct cli_checked {
    const char *what; /* was measured, printable: a spec, a file */
    const double *metrics;
    double bits_per_weight;
    uint64_t byte_count;
    const double *product; /* NULL: there is none */
} cli_checked;

/* Looks at one row; NULL: it has no numbers. Says on stderr which check it fails. */
void cli_checks_numbers(cli_checks *checks, const ql_tensor *tensor, const cli_checked *row);
void cli_checks_row(cli_checks *checks, const ql_tensor *tensor, const ql_report *report, const double *product);

/* Where there are no codes, checks of them would never fail: says so on stderr and returns an exit code. */
int cli_checks_need_no_codes(const cli_checks *checks);

/* 1 when a row has failed a check, else 0; says on stderr what could not be checked. */
int cli_checks_exit_code(const cli_checks *checks);

#endif
