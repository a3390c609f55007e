/* qloupe kernels: the instruction sets that this build has kernels for. */
#include "cli/cli.h"
#include "cli/command.h"

static const cli_column COLUMNS[] = {
    { .key = "name", .title = "isa" },
    { .key = "meaning", .title = "meaning", .stretch = true },
    { .key = "runs_here", .title = "runs here" },
    { .key = "in_use", .title = "in use" },
};

static int run(cli_session *session)
{
    cli_table table = cli_table_over(COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    ql_isa_info info;
    for (size_t i = 0; ql_isa_at(i, &info); i++) {
        cli_cell *row = cli_table_add(&table);
        row[0] = cli_words(info.name);
        row[1] = cli_words(info.meaning);
        row[2] = cli_words(info.runs_here ? "yes" : "no");
        row[3] = cli_words(info.in_use ? "yes" : "no");
    }
    const cli_document document = { .list = "kernels", .table = &table };
    cli_session_write(session, &document);
    cli_table_free(&table);
    return CLI_GOOD;
}

const cli_command cli_command_kernels = {
    .name = "kernels",
    .usage = "",
    .summary = "the instruction sets that this build has kernels for; results are the same bits with all of them",
    .options = CLI_TABLES | CLI_HAS(CLI_ISA),
    .run = run,
};
