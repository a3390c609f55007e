/* qloupe formats: the containers that this build reads. */
#include "cli/cli.h"
#include "cli/command.h"

static const cli_column COLUMNS[] = {
    { .key = "name", .title = "format" },
    { .key = "extensions", .title = "endings" },
    { .key = "meaning", .title = "meaning", .stretch = true },
};

static int run(cli_session *session)
{
    cli_table table = cli_table_over(COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    for (size_t i = 0; ql_format_at(i); i++) {
        const ql_format_info *info = ql_format_at(i);
        cli_cell *row = cli_table_add(&table);
        row[0] = cli_words(info->name);
        row[1] = cli_words(info->extensions);
        row[2] = cli_words(info->meaning);
    }
    const cli_document document = { .list = "formats", .table = &table };
    cli_session_write(session, &document);
    cli_table_free(&table);
    return CLI_GOOD;
}

const cli_command cli_command_formats = {
    .name = "formats",
    .usage = "",
    .summary = "the file formats that this build reads (files are recognised by their content)",
    .options = CLI_TABLES,
    .run = run,
};
