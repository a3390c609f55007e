/* qloupe schemes: the mappings of this build and their keys. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/params.h"

#include <string.h>

enum { NAME, TITLE, BITS, MEMORY, STORAGE, FORMULA, SOURCE, KEYS, COLUMN_COUNT = KEYS + QL_KEY_COUNT };

enum { LARGE = 4096 }; /* rows and columns: a large matrix has bits per weight that no longer change */

/* `alone`: one mapping, with every key explained. */
static void describe_columns(sheet_column out[COLUMN_COUNT], bool alone, double params)
{
    static char keys[QL_KEY_COUNT][32];
    out[NAME] = (sheet_column) { .key = "name", .title = "mapping" };
    out[TITLE] = (sheet_column) { .key = "title", .title = "name" };
    out[FORMULA] = (sheet_column) { .key = "formula", .title = "formula" };
    out[SOURCE] = (sheet_column) { .key = "source", .title = "source" };
    out[STORAGE] = (sheet_column) { .key = "storage",
                                    .title = "storage",
                                    .help = alone ? "bits/wt: b of a code, G groups, n weights, K levels" : NULL };
    out[BITS] = (sheet_column) {
        .key = "bits_per_weight",
        .title = "bits/wt",
        .help = "as it stands, on a matrix of 4096 × 4096",
        .form = TEXT_FIXED_3,
    };
    out[MEMORY] = (sheet_column) {
        .key = params > 0 ? "gigabytes" : NULL,
        .title = params > 0 ? "GB" : NULL,
        .help = "that many parameters, 1e9 bytes",
        .form = TEXT_SEVEN,
    };
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        const ql_key_info *info = ql_key_describe(key);
        snprintf(keys[key], sizeof keys[key], "keys/%s", info->name);
        out[KEYS + key] = (sheet_column) { .key = keys[key], .title = info->name, .help = alone ? info->help : NULL };
    }
}

static void add_row(sheet_table *table, const ql_mapping *mapping, double params)
{
    const ql_mapping_info *info = ql_mapping_describe(mapping);
    sheet_cell *row = sheet_table_add(table);
    row[NAME] = sheet_words(info->name);
    row[TITLE] = sheet_words(info->title);
    row[FORMULA] = sheet_words(info->formula);
    row[SOURCE] = sheet_words(info->source);
    row[STORAGE] = sheet_words(info->storage);
    ql_spec spec;
    double bits = 0;
    if (ql_spec_parse(info->name, &spec, NULL) == QL_OK)
        bits = ql_spec_bits_per_weight(&spec, LARGE, LARGE);
    if (bits > 0)
        row[BITS] = sheet_number(bits);
    if (bits > 0 && params > 0)
        row[MEMORY] = sheet_number(cli_gigabytes(params, bits));
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        char values[160];
        if (ql_mapping_key_values(mapping, key, values))
            row[KEYS + key] = sheet_words(sheet_table_keep(table, values));
    }
}

static int complain_unknown(const char *name)
{
    ql_spec spec;
    ql_error error;
    if (ql_spec_parse(name, &spec, &error) != QL_OK)
        return cli_complain_error(&error);
    return cli_complain("'%s' is a spec: `qloupe explain` describes it; `qloupe schemes` takes the name of a mapping",
                        cli_shown(name));
}

static int run(cli_session *session)
{
    const cli_arguments *arguments = session->arguments;
    const char *only = arguments->operand_count ? arguments->operands[0] : NULL;
    double params;
    int code = cli_params_given(session, &params);
    if (code != CLI_GOOD)
        return code;
    sheet_column columns[COLUMN_COUNT];
    describe_columns(columns, only != NULL, params);
    sheet_table table = sheet_table_over(columns, COLUMN_COUNT);
    for (size_t i = 0; i < ql_mapping_count(); i++)
        if (!only || strcmp(ql_mapping_describe(ql_mapping_at(i))->name, only) == 0)
            add_row(&table, ql_mapping_at(i), params);
    const sheet_document document = {
        .list = "schemes",
        .above = only ? NULL : "MAPPING[:key=value[,key=value...]]   what stands in [brackets] is the default",
        .below = only ? "`qloupe explain SPEC 3.2 -3 0.1` shows the arithmetic with your numbers." : NULL,
        .cards = true,
        .table = &table,
    };
    if (table.row_count)
        cli_session_write(session, &document);
    else
        code = complain_unknown(only);
    sheet_table_free(&table);
    return code;
}

const cli_command cli_command_schemes = {
    .name = "schemes",
    .usage = "[MAPPING] [--params COUNT]",
    .summary = "the mappings that this build knows: formulas, keys and defaults, bits per weight",
    .details = "With the name of a mapping: that one, with every key explained.",
    .example = "qloupe schemes nf4\nqloupe schemes --params 7B",
    .options = CLI_TABLES | CLI_HAS(CLI_PARAMS),
    .most_operands = 1,
    .run = run,
};
