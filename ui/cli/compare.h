/* The comparison that stands in for the terminal interface where there is no terminal. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "cli/session.h"

/* Compares a few specs that teach something on one matrix of the file. Returns the exit code. */
int cli_compare_introduce(cli_session *session);

#endif
