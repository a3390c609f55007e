/* The command line, as ui/main.c sees it. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/options.h"
#include "qloupe.h"

/* Exit codes. */
enum { CLI_GOOD = 0, CLI_CHECK_FAILED = 1, CLI_BAD = 2, CLI_INTERRUPTED = 130 };

/* Runs the command that the arguments name, or help, or the version; with no command it compares a few specs on one matrix
   of the file (or of the demo model). Data on stdout, all else on stderr. Returns the exit code; what was written to stdout
   has arrived. */
int cli_run(const cli_arguments *arguments);

/* --layout, QL_LAYOUT_AUTO when it is not given. */
ql_layout cli_layout_given(const cli_arguments *arguments);

/* --threads, 0 (one per core) when it is not given. Returns an exit code, having told stderr why it is not 0. */
int cli_threads_given(const cli_arguments *arguments, unsigned *out);

#endif
