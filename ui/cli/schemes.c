/* qloupe schemes: the mappings of this build and their keys. */
#include "cli/cli.h"
#include "cli/command.h"

enum { NAME, TITLE, FORMULA, SOURCE, KEYS, COLUMN_COUNT = KEYS + QL_KEY_COUNT };

static void describe_columns(cli_column out[COLUMN_COUNT])
{
    static char keys[QL_KEY_COUNT][32];
    out[NAME] = (cli_column) { .key = "name", .title = "mapping" };
    out[TITLE] = (cli_column) { .key = "title", .title = "name" };
    out[FORMULA] = (cli_column) { .key = "formula", .title = "formula" };
    out[SOURCE] = (cli_column) { .key = "source", .title = "source" };
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        const ql_key_info *info = ql_key_describe(key);
        snprintf(keys[key], sizeof keys[key], "keys/%s", info->name);
        out[KEYS + key] = (cli_column) { .key = keys[key], .title = info->name };
    }
}

static void add_row(cli_table *table, const ql_mapping *mapping)
{
    const ql_mapping_info *info = ql_mapping_describe(mapping);
    cli_cell *row = cli_table_add(table);
    row[NAME] = cli_words(info->name);
    row[TITLE] = cli_words(info->title);
    row[FORMULA] = cli_words(info->formula);
    row[SOURCE] = cli_words(info->source);
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        char values[160];
        if (ql_mapping_key_values(mapping, key, values))
            row[KEYS + key] = cli_words(cli_table_keep(table, values));
    }
}

static int run(cli_session *session)
{
    cli_column columns[COLUMN_COUNT];
    describe_columns(columns);
    cli_table table = cli_table_over(columns, COLUMN_COUNT);
    for (size_t i = 0; i < ql_mapping_count(); i++)
        add_row(&table, ql_mapping_at(i));
    const cli_document document = {
        .list = "schemes",
        .above = "MAPPING[:key=value[,key=value...]]   what stands in [brackets] is the default",
        .cards = true,
        .table = &table,
    };
    cli_session_write(session, &document);
    cli_table_free(&table);
    return CLI_GOOD;
}

const cli_command cli_command_schemes = {
    .name = "schemes",
    .usage = "",
    .summary = "the mappings that this build knows, their formulas, keys and defaults",
    .options = CLI_TABLES,
    .run = run,
};
