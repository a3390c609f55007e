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

static const char *metric_name(size_t field)
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

static int complain_field(const cli_checks *checks, const char *text)
{
    char names[FIELD_COUNT * 32] = "";
    for (size_t field = 0; field < checks->name_count; field++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", field ? " " : "", checks->name_of(field));
    }
    return cli_complain("--fail-on '%s': the names are %s", cli_shown(text), names);
}

static bool find_field(const cli_checks *checks, const char *name, size_t size, size_t *out)
{
    for (*out = 0; *out < checks->name_count; ++*out)
        if (strlen(checks->name_of(*out)) == size && strncmp(checks->name_of(*out), name, size) == 0)
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
static int parse(const cli_arguments *arguments, const cli_checks *checks, const char *text, cli_check *out)
{
    static const char spaces[] = " \t";
    const char *at = text + strspn(text, spaces);
    size_t name_size = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    out->text = text;
    if (!find_field(checks, at, name_size, &out->field))
        return complain_field(checks, text);
    if (checks->name_of == metric_name && out->field == FIELD_PRODUCT && !cli_is_given(arguments, CLI_X))
        return cli_complain("--fail-on '%s': a product needs activations: --x FILE or --x synthetic", cli_shown(text));
    at += name_size;
    at += strspn(at, spaces);
    if (!find_comparison(at, &out->compare))
        return cli_complain("--fail-on '%s': one of < <= > >= == is needed behind %s", cli_shown(text),
                            checks->name_of(out->field));
    at += strlen(COMPARISONS[out->compare].sign);
    char *end;
    out->limit = strtod(at, &end);
    if (end == at || end[strspn(end, spaces)] || isnan(out->limit))
        return cli_complain("--fail-on '%s': a number is needed behind %s", cli_shown(text), COMPARISONS[out->compare].sign);
    return CLI_GOOD;
}

int cli_checks_parse_names(const cli_arguments *arguments, const char *(*name_of)(size_t), size_t name_count,
                           cli_checks *out)
{
    *out = (cli_checks) { .count = cli_value_count(arguments, CLI_FAIL_ON), .name_of = name_of, .name_count = name_count };
    out->checks = text_allocate(out->count, sizeof *out->checks);
    int code = CLI_GOOD;
    for (size_t i = 0; i < out->count && code == CLI_GOOD; i++)
        code = parse(arguments, out, cli_value_at(arguments, CLI_FAIL_ON, i), &out->checks[i]);
    return code;
}

/* The product is the last name. */
int cli_checks_parse(const cli_arguments *arguments, cli_checks *out)
{
    const bool no_product = arguments->command && !(arguments->command->options & CLI_HAS(CLI_X));
    return cli_checks_parse_names(arguments, metric_name, no_product ? FIELD_PRODUCT : FIELD_COUNT, out);
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
                                cli_shown(checks->checks[i].text), metric_name(field));
    }
    return CLI_GOOD;
}

/* One number of a row, which `what` is, printable. */
static void check_value(cli_checks *checks, const cli_check *check, const char *what, double value)
{
    char number[TEXT_NUMBER_SIZE];
    if (!COMPARISONS[check->compare].holds(value, check->limit))
        return;
    text_exact(number, value);
    if (checks->matched++ < MOST_LINES)
        cli_complain("%s: %s is %s, which --fail-on '%s' forbids", what, checks->name_of(check->field), number,
                     cli_shown(check->text));
}

void cli_checks_numbers(cli_checks *checks, const ql_tensor *tensor, const cli_checked *row)
{
    bool is_unmeasured = checks->count > 0 && !row;
    char what[1024];
    for (size_t i = 0; row && i < checks->count; i++) {
        const cli_check *check = &checks->checks[i];
        if (check->field == FIELD_PRODUCT && !row->product) {
            is_unmeasured = true;
            continue;
        }
        snprintf(what, sizeof what, "tensor '%s', %s", cli_shown_text(tensor->name), row->what);
        check_value(checks, check, what, field_value(row, check->field));
    }
    checks->unmeasured += is_unmeasured;
}

void cli_checks_values(cli_checks *checks, const char *what, const double *values)
{
    for (size_t i = 0; values && i < checks->count; i++)
        check_value(checks, &checks->checks[i], what, values[checks->checks[i].field]);
    checks->unmeasured += checks->count > 0 && !values;
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
