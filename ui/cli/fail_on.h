/* --fail-on: checks on the rows of a result, for scripts. */
#ifndef CLI_FAIL_ON_H
#define CLI_FAIL_ON_H

#include "cli/options.h"
#include "qloupe.h"

typedef struct cli_check {
    const char *text; /* as given */
    size_t field;     /* a ql_metric, or one of the fields behind them; of other names their place */
    size_t compare;   /* which comparison */
    double limit;
} cli_check;

typedef struct cli_checks {
    cli_check *checks;
    size_t count;
    const char *(*name_of)(size_t field); /* of name_count numbers */
    size_t name_count;
    size_t matched, unmeasured; /* rows so far: that failed; that have no numbers to check */
} cli_checks;

/* The checks on the command line. Prints what is wrong and returns an exit code. Free with cli_checks_free in every case. */
int cli_checks_parse(const cli_arguments *arguments, cli_checks *out);
void cli_checks_free(cli_checks *checks);

/* The same of rows with other numbers, by their names. */
int cli_checks_parse_names(const cli_arguments *arguments, const char *(*name_of)(size_t), size_t name_count,
                           cli_checks *out);

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

/* Looks at values[name_count] of the row that `what` says, printable; NAN passes. NULL: it has no numbers. */
void cli_checks_values(cli_checks *checks, const char *what, const double *values);

/* Where there are no codes, checks of them would never fail: says so on stderr and returns an exit code. */
int cli_checks_need_no_codes(const cli_checks *checks);

/* 1 when a row has failed a check, else 0; says on stderr what could not be checked. */
int cli_checks_exit_code(const cli_checks *checks);

#endif
