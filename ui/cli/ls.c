/* qloupe ls: the tensors of a file and its metadata. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"

static const sheet_column COLUMNS[] = {
    { .key = "name", .title = "name", .stretch = true },
    { .key = "dtype", .title = "dtype" },
    { .key = "shape", .title = "shape" },
    { .key = "layout", .title = "layout" },
    { .key = "elements", .title = "elements", .form = TEXT_COUNT },
    { .key = "bytes", .title = "size", .form = TEXT_BYTES },
    { .key = "offset", .title = NULL },
    { .key = "file", .title = "file", .stretch = true },
};

/* The last column is for models in several files. */
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof COLUMNS[0] };

static bool is_sharded(const ql_model *model)
{
    return ql_model_tensor_count(model) > 0 && ql_model_tensor(model, 0)->file.size > 0;
}

static void add_row(sheet_table *table, const ql_tensor *tensor)
{
    sheet_cell *row = sheet_table_add(table);
    *row++ = sheet_text(tensor->name);
    *row++ = sheet_dtype(tensor->dtype);
    *row++ = sheet_shape(tensor);
    *row++ = sheet_words(ql_layout_name(tensor->layout));
    *row++ = sheet_unsigned(tensor->element_count);
    *row++ = sheet_unsigned(tensor->byte_count);
    *row++ = tensor->offset == QL_NO_OFFSET ? (sheet_cell) { 0 } : sheet_unsigned(tensor->offset);
    if (tensor->file.size > 0)
        *row = sheet_text(tensor->file);
}

static int run(cli_session *session)
{
    int code = cli_session_open(session);
    if (code != CLI_GOOD)
        return code;
    sheet_table table = sheet_table_over(COLUMNS, is_sharded(session->model) ? COLUMN_COUNT : COLUMN_COUNT - 1);
    uint64_t elements = 0;
    for (size_t i = 0; i < ql_model_tensor_count(session->model); i++) {
        const ql_tensor *tensor = ql_model_tensor(session->model, i);
        add_row(&table, tensor);
        elements += tensor->element_count;
    }
    char above[640], below[256], count[TEXT_NUMBER_SIZE], total[TEXT_NUMBER_SIZE], size[TEXT_NUMBER_SIZE];
    text_count(count, table.row_count);
    text_count(total, elements);
    text_bytes(size, ql_model_byte_count(session->model));
    snprintf(above, sizeof above, "%s", cli_shown(session->path));
    snprintf(below, sizeof below, "%s tensor%s, %s elements, %s, %s", count, table.row_count == 1 ? "" : "s", total,
             ql_model_format(session->model), size);
    const sheet_document document = {
        .list = "tensors",
        .file = session->path,
        .format = ql_model_format(session->model),
        .metadata = session->model,
        .above = above,
        .below = below,
        .note = ql_model_note(session->model),
        .full = cli_is_given(session->arguments, CLI_FULL),
        .table = &table,
    };
    cli_session_write(session, &document);
    sheet_table_free(&table);
    return CLI_GOOD;
}

const cli_command cli_command_ls = {
    .name = "ls",
    .usage = "[FILE] [--full]",
    .summary = "list the tensors of a file: names, types, shapes, sizes; its metadata",
    .details = "Only the header is read, so this is quick for a file of any size.",
    .example = "qloupe ls model.safetensors\nqloupe ls model.safetensors --json",
    .options = CLI_TABLES | CLI_FILES | CLI_HAS(CLI_FULL),
    .most_operands = 1,
    .run = run,
};
