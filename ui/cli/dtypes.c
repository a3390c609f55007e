/* qloupe dtypes: the element types of this build. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/params.h"

#include <math.h>
#include <stdio.h>

enum {
    NAME,
    BITS,
    MEMORY,
    VALUES,
    EXPONENT,
    MANTISSA,
    LARGEST,
    SMALLEST_NORMAL,
    SMALLEST,
    EPSILON,
    DIGITS_SHOWN,
    DIGITS_SURE,
    DIGITS_ROUND_TRIP,
    MEANING,
    COLUMN_COUNT
};

static const sheet_column COLUMNS[COLUMN_COUNT] = {
    [NAME] = { .key = "name", .title = "dtype" },
    [BITS] = { .key = "bits", .title = "bits", .form = TEXT_SEVEN },
    [MEMORY] = { .key = NULL },
    [VALUES] = { .key = "has_values", .title = "values" },
    [EXPONENT] = { .key = "exponent_bits", .title = "exp", .form = TEXT_COUNT },
    [MANTISSA] = { .key = "mantissa_bits", .title = "mant", .form = TEXT_COUNT },
    [LARGEST] = { .key = "max_finite", .title = "max", .form = TEXT_SIGNIFICANT },
    [SMALLEST_NORMAL] = { .key = "min_normal", .title = "min normal", .form = TEXT_SIGNIFICANT },
    [SMALLEST] = { .key = "min_subnormal", .title = "min", .form = TEXT_SIGNIFICANT },
    [EPSILON] = { .key = "epsilon", .title = "epsilon", .form = TEXT_SIGNIFICANT },
    [DIGITS_SHOWN] = { .title = "digits" },
    [DIGITS_SURE] = { .key = "digits_sure" },
    [DIGITS_ROUND_TRIP] = { .key = "digits_round_trip" },
    [MEANING] = { .key = "meaning", .title = "meaning", .stretch = true },
};

/* 0 stands for a notion that does not apply. */
static sheet_cell number_or_nothing(double value)
{
    return value != 0 ? sheet_number(value) : (sheet_cell) { 0 };
}

/* p binary digits: so many decimal ones always survive, so many tell all values apart. */
static void add_digits(sheet_table *table, sheet_cell *row, unsigned p)
{
    const double tens = p * log10(2);
    const unsigned sure = (unsigned)floor((p - 1) * log10(2)), round_trip = (unsigned)ceil(1 + tens);
    char text[32];
    snprintf(text, sizeof text, "%u-%u", sure, round_trip);
    row[DIGITS_SHOWN] = sheet_words(sheet_table_keep(table, text));
    row[DIGITS_SURE] = sheet_unsigned(sure);
    row[DIGITS_ROUND_TRIP] = sheet_unsigned(round_trip);
}

static void add_row(sheet_table *table, ql_dtype dtype, double params)
{
    const ql_dtype_info *info = ql_dtype_describe(dtype);
    const double bits = ql_dtype_bits_per_weight(dtype);
    sheet_cell *row = sheet_table_add(table);
    row[NAME] = sheet_dtype(dtype);
    row[BITS] = sheet_number(bits);
    if (params > 0)
        row[MEMORY] = sheet_number(cli_gigabytes(params, bits));
    row[VALUES] = sheet_truth(info->has_values);
    row[EXPONENT] = info->exponent_bits ? sheet_unsigned(info->exponent_bits) : (sheet_cell) { 0 };
    row[MANTISSA] = info->exponent_bits ? sheet_unsigned(info->mantissa_bits) : (sheet_cell) { 0 };
    row[LARGEST] = number_or_nothing(info->max_finite);
    row[SMALLEST_NORMAL] = number_or_nothing(info->min_normal);
    row[SMALLEST] = number_or_nothing(info->min_subnormal);
    row[EPSILON] = number_or_nothing(info->epsilon);
    if (info->epsilon > 0)
        add_digits(table, row, info->mantissa_bits + 1);
    row[MEANING] = sheet_words(info->meaning);
}

/* What the table says besides, with or without a count of parameters. */
static void write_below(char *out, size_t size, double params)
{
    size_t used = (size_t)snprintf(
        out, size,
        "values: yes when tensors of this type can be measured and quantized; the others are listed only; exp and "
        "mant: bits of the fields;\ndigits: decimal digits that always survive - that tell all values apart");
    if (params > 0)
        snprintf(out + used, size - used,
                 "\n\nPacked codes of 4, 2 and 1 bits take %.4g, %.4g and %.4g GB; their scales come on top: `qloupe "
                 "schemes --params`.",
                 cli_gigabytes(params, 4), cli_gigabytes(params, 2), cli_gigabytes(params, 1));
}

static int run(cli_session *session)
{
    double params;
    int code = cli_params_given(session, &params);
    if (code != CLI_GOOD)
        return code;
    sheet_column columns[COLUMN_COUNT];
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        columns[i] = COLUMNS[i];
    if (params > 0)
        columns[MEMORY] = (sheet_column) { .key = "gigabytes", .title = "GB", .form = TEXT_SEVEN };
    sheet_table table = sheet_table_over(columns, COLUMN_COUNT);
    for (ql_dtype dtype = 0; dtype < QL_DTYPE_COUNT; dtype++)
        add_row(&table, dtype, params);
    char below[640], above[96];
    write_below(below, sizeof below, params);
    snprintf(above, sizeof above, "GB (1e9 bytes): %s parameters of that type",
             params > 0 ? cli_value(session->arguments, CLI_PARAMS) : "");
    const sheet_document document = {
        .list = "dtypes", .above = params > 0 ? above : NULL, .below = below, .table = &table
    };
    cli_session_write(session, &document);
    sheet_table_free(&table);
    return CLI_GOOD;
}

const cli_command cli_command_dtypes = {
    .name = "dtypes",
    .usage = "[--params COUNT]",
    .summary = "the element types that this build knows, with their ranges, and the memory they take",
    .example = "qloupe dtypes --params 7e9",
    .options = CLI_TABLES | CLI_HAS(CLI_PARAMS),
    .run = run,
};
