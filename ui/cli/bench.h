/* qloupe bench: its parts. Each returns an exit code, having told stderr why it is not 0. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "cli/session.h"

/* --rounds; a number of runs of every pass. */
int cli_bench_rounds(const cli_session *session, unsigned *out);

/* Answers one pass a line, for comparisons in turns with other programs. The engine runs. */
int cli_bench_serve(ql_bench *bench);

/* The cost of a profile and of a report against the size of the tensor, up to `most` elements. */
int cli_bench_growth(cli_session *session, uint64_t most, unsigned rounds);

#endif
