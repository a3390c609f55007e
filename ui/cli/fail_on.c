/* --fail-on: see fail_on.h. */
#include "cli/fail_on.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "text/memory.h"
#include "text/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_BITS = QL_METRIC_COUNT, FIELD_BYTES, FIELD_PRODUCT, FIELD_COUNT, MOST_LINES = 20 };

static bool is_less(double a, double b)
{
    return a < b;
}
static bool is_less_equal(double a, double b)
{
    return a <= b;
}
static bool is_greater(double a, double b)
{
    return a > b;
}
static bool is_greater_equal(double a, double b)
{
    return a >= b;
}
static bool is_equal(double a, double b)
{
    return a == b;
}

/* Longer signs first: "<=" begins with "<". */
static const struct {
    const char *sign;
    bool (*holds)(double a, double b);
} COMPARISONS[] = {
    { "<=", is_less_equal }, { ">=", is_greater_equal }, { "==", is_equal }, { "<", is_less }, { ">", is_greater },
};

static const char *field_name(size_t field)
{
    return field == FIELD_BITS      ? "bits_per_weight"
           : field == FIELD_BYTES   ? "bytes"
           : field == FIELD_PRODUCT ? ql_product_info.name
                                    : ql_metric_describe((ql_metric)field)->name;
}

static double field_value(const cli_checked *row, size_t field)
{
    return field == FIELD_BITS      ? row->bits_per_weight
           : field == FIELD_BYTES   ? (double)row->byte_count
           : field == FIELD_PRODUCT ? *row->product
                                    : row->metrics[field];
}

/* How many names a command knows: the product is the last. */
static size_t field_count(const cli_arguments *arguments)
{
    return arguments->command && !(arguments->command->options & CLI_HAS(CLI_X)) ? FIELD_PRODUCT : FIELD_COUNT;
}

static int complain_field(const char *text, size_t count)
{
    char names[FIELD_COUNT * 32] = "";
    for (size_t field = 0; field < count; field++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", field ? " " : "", field_name(field));
    }
    return cli_complain("--fail-on '%s': the names are %s", cli_shown(text), names);
}

static bool find_field(const char *name, size_t size, size_t count, size_t *out)
{
    for (*out = 0; *out < count; ++*out)
        if (strlen(field_name(*out)) == size && strncmp(field_name(*out), name, size) == 0)
            return true;
    return false;
}

static bool find_comparison(const char *at, size_t *out)
{
    for (*out = 0; *out < sizeof COMPARISONS / sizeof COMPARISONS[0]; ++*out)
        if (strncmp(at, COMPARISONS[*out].sign, strlen(COMPARISONS[*out].sign)) == 0)
            return true;
    return false;
}

/* NAME COMPARISON NUMBER, with spaces where one likes. */
static int parse(const cli_arguments *arguments, const char *text, cli_check *out)
{
    static const char spaces[] = " \t";
    const char *at = text + strspn(text, spaces);
    size_t name_size = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    out->text = text;
    if (!find_field(at, name_size, field_count(arguments), &out->field))
        return complain_field(text, field_count(arguments));
    if (out->field == FIELD_PRODUCT && !cli_is_given(arguments, CLI_X))
        return cli_complain("--fail-on '%s': a product needs activations: --x FILE or --x synthetic", cli_shown(text));
    at += name_size;
    at += strspn(at, spaces);
    if (!find_comparison(at, &out->compare))
        return cli_complain("--fail-on '%s': one of < <= > >= == is needed behind %s", cli_shown(text),
                            field_name(out->field));
    at += strlen(COMPARISONS[out->compare].sign);
    char *end;
    out->limit = strtod(at, &end);
    if (end == at || end[strspn(end, spaces)] || isnan(out->limit))
        return cli_complain("--fail-on '%s': a number is needed behind %s", cli_shown(text), COMPARISONS[out->compare].sign);
    return CLI_GOOD;
}

int cli_checks_parse(const cli_arguments *arguments, cli_checks *out)
{
    *out = (cli_checks) { .count = cli_value_count(arguments, CLI_FAIL_ON) };
    out->checks = text_allocate(out->count, sizeof *out->checks);
    int code = CLI_GOOD;
    for (size_t i = 0; i < out->count && code == CLI_GOOD; i++)
        code = parse(arguments, cli_value_at(arguments, CLI_FAIL_ON, i), &out->checks[i]);
    return code;
}

void cli_checks_free(cli_checks *checks)
{
    free(checks->checks);
    *checks = (cli_checks) { 0 };
}

int cli_checks_need_no_codes(const cli_checks *checks)
{
    for (size_t i = 0; i < checks->count; i++) {
        const size_t field = checks->checks[i].field;
        if (field < QL_METRIC_COUNT && ql_metric_needs_codes((ql_metric)field))
            return cli_complain("--fail-on '%s': two files tell nothing of codes, there is no %s",
                                cli_shown(checks->checks[i].text), field_name(field));
    }
    return CLI_GOOD;
}

void cli_checks_numbers(cli_checks *checks, const ql_tensor *tensor, const cli_checked *row)
{
    bool is_unmeasured = checks->count > 0 && !row;
    for (size_t i = 0; row && i < checks->count; i++) {
        const cli_check *check = &checks->checks[i];
        if (check->field == FIELD_PRODUCT && !row->product) {
            is_unmeasured = true;
            continue;
        }
        double value = field_value(row, check->field);
        if (!COMPARISONS[check->compare].holds(value, check->limit))
            continue;
        char number[TEXT_NUMBER_SIZE];
        text_exact(number, value);
        if (checks->matched++ < MOST_LINES)
            cli_complain("tensor '%s', %s: %s is %s, which --fail-on '%s' forbids", cli_shown_text(tensor->name), row->what,
                         field_name(check->field), number, cli_shown(check->text));
    }
    checks->unmeasured += is_unmeasured;
}

void cli_checks_row(cli_checks *checks, const ql_tensor *tensor, const ql_report *report, const double *product)
{
    if (!report) {
        cli_checks_numbers(checks, tensor, NULL);
        return;
    }
    const cli_checked row = { report->spec_text, report->metrics, report->bits_per_weight, report->byte_count, product };
    cli_checks_numbers(checks, tensor, &row);
}

int cli_checks_exit_code(const cli_checks *checks)
{
    if (checks->matched > MOST_LINES)
        cli_complain("--fail-on: %zu more like these", checks->matched - MOST_LINES);
    if (checks->unmeasured)
        cli_complain("--fail-on: %zu rows have a note instead of numbers and were not checked", checks->unmeasured);
    return checks->matched ? CLI_CHECK_FAILED : CLI_GOOD;
}
