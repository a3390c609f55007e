/* qloupe dtypes: the element types of this build. */
#include "cli/cli.h"
#include "cli/command.h"

static const cli_column COLUMNS[] = {
    { .key = "name", .title = "dtype" },
    { .key = "bits", .title = "bits", .form = TEXT_COUNT },
    { .key = "has_values", .title = "values" },
    { .key = "exponent_bits", .title = "exp", .form = TEXT_COUNT },
    { .key = "mantissa_bits", .title = "mant", .form = TEXT_COUNT },
    { .key = "max_finite", .title = "max", .form = TEXT_SIGNIFICANT },
    { .key = "min_normal", .title = "min normal", .form = TEXT_SIGNIFICANT },
    { .key = "min_subnormal", .title = "min", .form = TEXT_SIGNIFICANT },
    { .key = "epsilon", .title = "epsilon", .form = TEXT_SIGNIFICANT },
    { .key = "meaning", .title = "meaning", .stretch = true },
};

enum { COLUMN_COUNT = sizeof COLUMNS / sizeof COLUMNS[0] };

/* 0 stands for a notion that does not apply. */
static cli_cell number_or_nothing(double value)
{
    return value != 0 ? cli_number(value) : (cli_cell) { 0 };
}

static void add_row(cli_table *table, const ql_dtype_info *info)
{
    cli_cell *row = cli_table_add(table);
    *row++ = cli_words(info->name);
    *row++ = cli_unsigned(info->bits);
    *row++ = cli_truth(info->has_values);
    *row++ = info->exponent_bits ? cli_unsigned(info->exponent_bits) : (cli_cell) { 0 };
    *row++ = info->exponent_bits ? cli_unsigned(info->mantissa_bits) : (cli_cell) { 0 };
    *row++ = number_or_nothing(info->max_finite);
    *row++ = number_or_nothing(info->min_normal);
    *row++ = number_or_nothing(info->min_subnormal);
    *row++ = number_or_nothing(info->epsilon);
    *row++ = cli_words(info->meaning);
}

static int run(cli_session *session)
{
    cli_table table = cli_table_over(COLUMNS, COLUMN_COUNT);
    for (ql_dtype dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
        add_row(&table, ql_dtype_describe(dtype));
    const cli_document document = {
        .list = "dtypes",
        .below = "values: yes when tensors of this type can be measured and quantized; the others are listed only; exp and "
                 "mant: bits of the fields",
        .table = &table,
    };
    cli_session_write(session, &document);
    cli_table_free(&table);
    return CLI_GOOD;
}

const cli_command cli_command_dtypes = {
    .name = "dtypes",
    .usage = "",
    .summary = "the element types that this build knows, with their ranges",
    .options = CLI_TABLES,
    .run = run,
};
