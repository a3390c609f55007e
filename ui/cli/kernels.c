/* qloupe kernels: the instruction sets that this build has kernels for. */
#include "cli/cli.h"
#include "cli/command.h"

static const sheet_column COLUMNS[] = {
    { .key = "name", .title = "isa" },
    { .key = "meaning", .title = "meaning", .stretch = true },
    { .key = "runs_here", .title = "runs here" },
    { .key = "in_use", .title = "in use" },
};

static int run(cli_session *session)
{
    sheet_table table = sheet_table_over(COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    ql_isa_info info;
    for (size_t i = 0; ql_isa_at(i, &info); i++) {
        sheet_cell *row = sheet_table_add(&table);
        row[0] = sheet_words(info.name);
        row[1] = sheet_words(info.meaning);
        row[2] = sheet_words(info.runs_here ? "yes" : "no");
        row[3] = sheet_words(info.in_use ? "yes" : "no");
    }
    const sheet_document document = { .list = "kernels", .table = &table };
    cli_session_write(session, &document);
    sheet_table_free(&table);
    return CLI_GOOD;
}

const cli_command cli_command_kernels = {
    .name = "kernels",
    .usage = "",
    .summary = "the instruction sets that this build has kernels for; results are the same bits with all of them",
    .options = CLI_TABLES | CLI_HAS(CLI_ISA),
    .run = run,
};
