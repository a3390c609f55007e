/* qloupe formats: the containers that this build reads. */
#include "cli/cli.h"
#include "cli/command.h"

static const sheet_column COLUMNS[] = {
    { .key = "name", .title = "format" },
    { .key = "extensions", .title = "endings" },
    { .key = "meaning", .title = "meaning", .stretch = true },
};

static int run(cli_session *session)
{
    sheet_table table = sheet_table_over(COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    for (size_t i = 0; ql_format_at(i); i++) {
        const ql_format_info *info = ql_format_at(i);
        sheet_cell *row = sheet_table_add(&table);
        row[0] = sheet_words(info->name);
        row[1] = sheet_words(info->extensions);
        row[2] = sheet_words(info->meaning);
    }
    const sheet_document document = { .list = "formats", .table = &table };
    cli_session_write(session, &document);
    sheet_table_free(&table);
    return CLI_GOOD;
}

const cli_command cli_command_formats = {
    .name = "formats",
    .usage = "",
    .summary = "the file formats that this build reads (files are recognised by their content)",
    .options = CLI_TABLES,
    .run = run,
};
