/* qloupe kernels: the instruction sets that this build has kernels for, and which kernels are in use. */
#include "cli/cli.h"
#include "cli/command.h"

enum { NAME, OF, TILE_ROWS, TILE_OUTPUTS, MEANING, RUNS_HERE, IN_USE, COLUMN_COUNT };

static const sheet_column COLUMNS[COLUMN_COUNT] = {
    [NAME] = { .key = "name", .title = "isa" },
    [OF] = { .key = "of", .title = "kernels of" },
    [TILE_ROWS] = { .key = "tile_rows", .title = "tile rows" },
    [TILE_OUTPUTS] = { .key = "tile_outputs", .title = "outputs" },
    [MEANING] = { .key = "meaning", .title = "meaning", .stretch = true },
    [RUNS_HERE] = { .key = "runs_here", .title = "runs here" },
    [IN_USE] = { .key = "in_use", .title = "in use" },
};

static sheet_cell *add_row(sheet_table *table, const char *name, const char *of, const char *meaning, bool runs_here,
                           bool in_use)
{
    sheet_cell *row = sheet_table_add(table);
    row[NAME] = sheet_words(name);
    row[OF] = sheet_words(of);
    row[MEANING] = sheet_words(meaning);
    row[RUNS_HERE] = sheet_words(runs_here ? "yes" : "no");
    row[IN_USE] = sheet_words(in_use ? "yes" : "no");
    return row;
}

static int run(cli_session *session)
{
    sheet_table table = sheet_table_over(COLUMNS, COLUMN_COUNT);
    ql_isa_info info;
    for (size_t i = 0; ql_isa_at(i, &info); i++)
        add_row(&table, info.name, "tensors", info.meaning, info.runs_here, info.in_use);
    ql_product_isa_info product;
    for (size_t i = 0; ql_product_isa_at(i, &product); i++) {
        sheet_cell *row = add_row(&table, product.name, "products", product.meaning, product.runs_here, product.in_use);
        row[TILE_ROWS] = sheet_unsigned(product.rows);
        row[TILE_OUTPUTS] = sheet_unsigned(product.outputs);
    }
    const sheet_document document = {
        .list = "kernels",
        .below = "tensors: values are read, coded, decoded, measured; products: X W^T in float32, in 8 and in 4 bits, whose "
                 "tiles of so many\nrows of X and outputs of W stay in registers",
        .table = &table,
    };
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
