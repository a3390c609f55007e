/* qloupe explain NUMBER: a value in every number format. */
#include "cli/cli.h"
#include "cli/complain.h"
#include "cli/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    VALUE,
    FORMAT,
    FIELDS,
    STORED,
    ERROR,
    BELOW,
    ABOVE,
    NOTE_TEXT,
    ARITHMETIC,
    LARGEST,
    SMALLEST_NORMAL,
    SMALLEST,
    EPSILON,
    COLUMN_COUNT
};

/* People see two tables over the same cells: what becomes of the value, and the format. */
static const sheet_column COLUMNS[2][COLUMN_COUNT] = {
    {
        [VALUE] = { .key = "value", .title = "value", .form = TEXT_TEN, .heading = true },
        [FORMAT] = { .key = "format", .title = "format" },
        [FIELDS] = { .key = "bits", .title = "sign exponent mantissa" },
        [STORED] = { .key = "stored", .title = "stored", .form = TEXT_TEN },
        [ERROR] = { .key = "error", .title = "stored - value", .form = TEXT_SIGNIFICANT },
        [BELOW] = { .key = "below", .title = "next below", .form = TEXT_TEN },
        [ABOVE] = { .key = "above", .title = "next above", .form = TEXT_TEN },
        [NOTE_TEXT] = { .key = "remark", .title = "remark" },
        [ARITHMETIC] = { .key = "arithmetic" },
        [LARGEST] = { .key = "max_finite" },
        [SMALLEST_NORMAL] = { .key = "min_normal" },
        [SMALLEST] = { .key = "min_subnormal" },
        [EPSILON] = { .key = "epsilon" },
    },
    {
        [VALUE] = { .title = "value", .form = TEXT_TEN, .heading = true },
        [FORMAT] = { .title = "format" },
        [ARITHMETIC] = { .title = "2^(E - bias)·(1 + M / 2^m)" },
        [LARGEST] = { .title = "largest", .form = TEXT_SEVEN },
        [SMALLEST_NORMAL] = { .title = "least normal", .form = TEXT_SEVEN },
        [SMALLEST] = { .title = "least", .form = TEXT_SEVEN },
        [EPSILON] = { .title = "epsilon", .form = TEXT_SEVEN },
    },
};

static const struct {
    const char *name;
    ql_dtype dtype;
} FLOATS[] = {
    { "fp32", QL_F32 },         { "fp16", QL_F16 },         { "bf16", QL_BF16 },
    { "fp8_e5m2", QL_F8_E5M2 }, { "fp8_e4m3", QL_F8_E4M3 }, { "fp4_e2m1", QL_F4 },
};

static const struct {
    const char *name;
    unsigned bits;
} INTEGERS[] = { { "int8", 8 }, { "int4", 4 } };

static size_t write_bits(char *out, uint32_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        out[i] = value >> (count - 1 - i) & 1 ? '1' : '0';
    return count;
}

void cli_fields(char *out, size_t size, ql_dtype dtype, uint32_t code)
{
    const ql_dtype_info *info = ql_dtype_describe(dtype);
    char bits[48];
    size_t used = write_bits(bits, code >> (info->bits - 1), 1);
    bits[used++] = ' ';
    used += write_bits(bits + used, code >> info->mantissa_bits, info->exponent_bits);
    bits[used++] = ' ';
    used += write_bits(bits + used, code, info->mantissa_bits);
    snprintf(out, size, "%.*s", (int)used, bits);
}

static const char *remark(const ql_float_parts *parts, double value)
{
    const ql_dtype_info *info = ql_dtype_describe(parts->dtype);
    if (isnan(value))
        return isnan(parts->stored) ? "not a number" : "has no NaN";
    if (!isfinite(parts->stored))
        return isinf(value) ? (isinf(parts->stored) ? "infinity" : "has no infinity") : "beyond the largest";
    if (isinf(value) || fabs(value) > info->max_finite)
        return "beyond the largest: saturates";
    if (parts->stored == value)
        return "exact";
    return parts->stored == 0 ? "underflows to zero" : parts->exponent == 0 ? "subnormal: fewer digits" : NULL;
}

/* "2^(123 - 127)·(1 + 5033165 / 8388608)" */
static void write_arithmetic(char *out, size_t size, const ql_float_parts *parts)
{
    const ql_dtype_info *info = ql_dtype_describe(parts->dtype);
    const char *sign = parts->sign ? "-" : "";
    const unsigned whole = 1u << info->mantissa_bits;
    if (!isfinite(parts->stored))
        snprintf(out, size, isnan(parts->stored) ? "all ones: not a number" : "E = %u, M = 0: %sinfinity", parts->exponent,
                 sign);
    else if (parts->exponent == 0)
        snprintf(out, size, "%s2^(1 - %d)·(0 + %u / %u)", sign, parts->bias, parts->mantissa, whole);
    else
        snprintf(out, size, "%s2^(%u - %d)·(1 + %u / %u)", sign, parts->exponent, parts->bias, parts->mantissa, whole);
}

static sheet_cell number_or_nothing(double value)
{
    return isnan(value) ? (sheet_cell) { 0 } : sheet_number(value);
}

static void add_float(sheet_table *table, size_t index, double value)
{
    ql_float_parts parts;
    ql_float_take_apart(FLOATS[index].dtype, value, &parts);
    const ql_dtype_info *info = ql_dtype_describe(parts.dtype);
    sheet_cell *row = sheet_table_add(table);
    char text[96];
    row[VALUE] = sheet_number(value);
    row[FORMAT] = sheet_words(FLOATS[index].name);
    cli_fields(text, sizeof text, parts.dtype, parts.code);
    row[FIELDS] = sheet_words(sheet_table_keep(table, text));
    row[STORED] = sheet_number(parts.stored);
    row[ERROR] = parts.stored == value ? sheet_number(0) : number_or_nothing(parts.stored - value);
    row[BELOW] = number_or_nothing(parts.below);
    row[ABOVE] = number_or_nothing(parts.above);
    row[NOTE_TEXT] = sheet_words(remark(&parts, value));
    write_arithmetic(text, sizeof text, &parts);
    row[ARITHMETIC] = sheet_words(sheet_table_keep(table, text));
    row[LARGEST] = sheet_number(info->max_finite);
    row[SMALLEST_NORMAL] = sheet_number(info->min_normal);
    row[SMALLEST] = sheet_number(info->min_subnormal);
    row[EPSILON] = sheet_number(info->epsilon);
}

/* Two's complement of the nearest whole number. */
static void add_integer(sheet_table *table, size_t index, double value)
{
    const unsigned bits = INTEGERS[index].bits;
    const double hi = (1 << (bits - 1)) - 1, lo = -hi - 1, nearest = rint(value);
    const double stored = nearest < lo ? lo : nearest > hi ? hi : nearest;
    char text[64];
    if (isnan(value))
        return;
    sheet_cell *row = sheet_table_add(table);
    row[VALUE] = sheet_number(value);
    row[FORMAT] = sheet_words(INTEGERS[index].name);
    text[write_bits(text, (uint32_t)(int)stored, bits)] = '\0';
    row[FIELDS] = sheet_words(sheet_table_keep(table, text));
    row[STORED] = sheet_number(stored);
    row[ERROR] = sheet_number(stored - value);
    row[BELOW] = stored > lo ? sheet_number(stored - 1) : (sheet_cell) { 0 };
    row[ABOVE] = stored < hi ? sheet_number(stored + 1) : (sheet_cell) { 0 };
    row[NOTE_TEXT] = sheet_words(stored == value     ? "exact"
                                 : stored != nearest ? "beyond the largest"
                                                     : "whole numbers only: needs a step");
    snprintf(text, sizeof text, "two's complement, %.0f … %.0f", lo, hi);
    row[ARITHMETIC] = sheet_words(sheet_table_keep(table, text));
    row[LARGEST] = sheet_number(hi);
}

int cli_explain_numbers(cli_session *session, const char *const *words, size_t count)
{
    sheet_table tables[2] = { sheet_table_over(COLUMNS[0], COLUMN_COUNT), { 0 } };
    for (size_t i = 0; i < count; i++) {
        double value;
        if (!cli_is_number(words[i], &value)) {
            sheet_table_free(&tables[0]);
            return cli_complain("'%s' is no number; give numbers, or a spec first: `qloupe help explain`",
                                cli_shown(words[i]));
        }
        for (size_t at = 0; at < sizeof FLOATS / sizeof FLOATS[0]; at++)
            add_float(&tables[0], at, value);
        for (size_t at = 0; at < sizeof INTEGERS / sizeof INTEGERS[0]; at++)
            add_integer(&tables[0], at, value);
    }
    tables[1] = tables[0];
    tables[1].columns = COLUMNS[1];
    const sheet_document formats = {
        .list = "formats",
        .below = "An integer stores a real number with the help of a step d, x ≈ q·d: `qloupe explain absmax 3.2 -3 0.1`.\n"
                 "The formats themselves: `qloupe dtypes`.",
        .table = &tables[1],
    };
    const sheet_document numbers = {
        .list = "numbers",
        .table = &tables[0],
        .next = cli_session_is_human(session) ? &formats : NULL,
    };
    cli_session_write(session, &numbers);
    sheet_table_free(&tables[0]);
    return CLI_GOOD;
}
