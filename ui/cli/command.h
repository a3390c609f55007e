/* What a command is: a file that ends in its cli_command, and a row in the table of commands.c. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"
#include "cli/session.h"

typedef struct cli_command {
    const char *name;
    const char *usage;                /* what stands behind the name */
    const char *summary;              /* a few words, for the list of commands */
    const char *details;              /* a paragraph or two, lines of at most 100 columns; may be NULL */
    const char *example;              /* command lines, one a line; may be NULL */
    uint64_t options;                 /* CLI_HAS of those it takes, besides CLI_EVERYWHERE */
    size_t least_operands;            /* mostly 0: no FILE means the demo model */
    size_t most_operands;
    int (*run)(cli_session *session); /* returns the exit code, having told stderr why it is not 0 */
} cli_command;

/* Options of every command, of those that print a table, that read a file, that compute. */
#define CLI_EVERYWHERE                                                                                                      \
    (CLI_HAS(CLI_COLOR) | CLI_HAS(CLI_ASCII) | CLI_HAS(CLI_QUIET) | CLI_HAS(CLI_NO_STATE) | CLI_HAS(CLI_HELP))
#define CLI_TABLES   (CLI_HAS(CLI_JSON) | CLI_HAS(CLI_CSV) | CLI_HAS(CLI_MD))
#define CLI_FILES    (CLI_HAS(CLI_LAYOUT) | CLI_HAS(CLI_RAW))
#define CLI_COMPUTES (CLI_FILES | CLI_HAS(CLI_TENSOR) | CLI_HAS(CLI_THREADS) | CLI_HAS(CLI_ISA))
/* Options where no command is named. */
#define CLI_WITHOUT_COMMAND                                                                                                 \
    (CLI_EVERYWHERE | CLI_TABLES | CLI_COMPUTES | CLI_HAS(CLI_SPEC) | CLI_HAS(CLI_X) | CLI_HAS(CLI_KEYS) |                  \
     CLI_HAS(CLI_RECORD) | CLI_HAS(CLI_SIZE) | CLI_HAS(CLI_SCREENSHOT) | CLI_HAS(CLI_BENCH_UI) | CLI_HAS(CLI_VERSION))

extern const cli_command cli_command_ls, cli_command_stat, cli_command_quant, cli_command_compare, cli_command_diff, cli_command_matmul, cli_command_plot,
    cli_command_explain, cli_command_schemes, cli_command_dtypes, cli_command_formats, cli_command_kernels,
    cli_command_bench, cli_command_help;

/* In display order; NULL at the end. */
const cli_command *cli_command_at(size_t index);
const cli_command *cli_command_find(const char *name);

/* The command whose name is nearest to a mistyped one, NULL when none is near. */
const cli_command *cli_command_near(const char *word);

/* Help on stdout: of one command, or of the whole program (NULL). */
void cli_help_print(const cli_command *command);

#endif
