/*
 * Options: one table for every command, and what was given on this command line.
 *
 * Options stand before or after operands. `--name value`, `--name=value`, `-x value`, `-xvalue`; `--` ends them. An option
 * that is given several times and does not repeat: the last counts.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cli_option {
    CLI_TENSOR,
    CLI_SPEC,
    CLI_X,
    CLI_METHOD,
    CLI_SHAPE,
    CLI_PRESET,
    CLI_M,
    CLI_RUNS,
    CLI_SEED,
    CLI_OUTLIER_CHANNELS,
    CLI_OUTLIER_SCALE,
    CLI_SWEEP,
    CLI_BATCH,
    CLI_KIND,
    CLI_OUTPUT,
    CLI_FAIL_ON,
    CLI_PARAMS,
    CLI_ROUNDS,
    CLI_DATA,
    CLI_GROWTH,
    CLI_SERVE,
    CLI_FULL,
    CLI_JSON,
    CLI_CSV,
    CLI_MD,
    CLI_RAW,
    CLI_LAYOUT,
    CLI_THREADS,
    CLI_ISA,
    CLI_COLOR,
    CLI_ASCII,
    CLI_QUIET,
    CLI_NO_STATE,
    CLI_KEYS,
    CLI_RECORD,
    CLI_SIZE,
    CLI_SCREENSHOT,
    CLI_BENCH_UI,
    CLI_HELP,
    CLI_VERSION,
    CLI_OPTION_COUNT
} cli_option;

/* A set of options. */
#define CLI_HAS(option) (UINT64_C(1) << (option))

typedef struct cli_option_info {
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    const char *value; /* what stands behind it: a word for help; NULL: nothing */
    const char *help;
    bool repeats;
    bool choice; /* only the words of `value` are allowed: "a|b|c" */
} cli_option_info;

const cli_option_info *cli_option_describe(cli_option option);

struct cli_command;

typedef struct cli_given {
    cli_option option;
    const char *value; /* NULL when the option takes none */
} cli_given;

/* A command line taken apart; strings are borrowed from argv. */
typedef struct cli_arguments {
    const struct cli_command *command; /* NULL: none was named */
    const char **operands;             /* without the command */
    size_t operand_count;
    cli_given *given; /* in the order of the command line */
    size_t given_count;
} cli_arguments;

/* Takes argv apart and checks it against the tables of options and commands. On failure prints one line on stderr and
   returns false. Free with cli_arguments_free in both cases. */
bool cli_arguments_parse(int argc, char **argv, cli_arguments *out);
void cli_arguments_free(cli_arguments *arguments);

bool cli_is_given(const cli_arguments *arguments, cli_option option);

/* The last value given, NULL when there is none. */
const char *cli_value(const cli_arguments *arguments, cli_option option);

/* How often an option was given, and its values in order. */
size_t cli_value_count(const cli_arguments *arguments, cli_option option);
const char *cli_value_at(const cli_arguments *arguments, cli_option option, size_t index);

#endif
