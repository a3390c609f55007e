/* qloupe explain fixed: a real multiplier as integers, as integer-only inference uses it. */
#include "cli/cli.h"
#include "cli/complain.h"
#include "cli/explain.h"
#include "text/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { FACTOR, EXACT, RESULT, DIFFERENCE, REMARK, COLUMN_COUNT };

static const sheet_column COLUMNS[COLUMN_COUNT] = {
    [FACTOR] = { .key = "a", .title = "a", .form = TEXT_TEN },
    [EXACT] = { .key = "exact", .title = "a·M", .form = TEXT_TEN },
    [RESULT] = { .key = "result", .title = "in integers", .form = TEXT_TEN },
    [DIFFERENCE] = { .key = "difference", .title = "difference", .form = TEXT_SEVEN },
    [REMARK] = { .key = "remark", .note = true },
};

static void explain_multiplier(sheet_table *steps, double real, ql_multiplier multiplier)
{
    const cli_explained at = { .steps = steps };
    const double fraction = ldexp(multiplier.m0, -31);
    cli_step(&at, "split", "M = f·2^e, 0.5 <= f < 1", fraction, "%s = %s·2^%d", cli_seven(real), cli_seven(fraction),
             multiplier.shift);
    cli_step(&at, "multiplier", "m0 = round(f·2^31)", multiplier.m0, "%s·2147483648", cli_seven(fraction));
    cli_step(&at, "shift", "e", multiplier.shift, multiplier.shift > 0 ? "left, before" : "right, after");
    cli_step(&at, "M in integers", "m0·2^(e - 31)", ldexp(multiplier.m0, multiplier.shift - 31), "%" PRId32 "·2^%d",
             multiplier.m0, multiplier.shift - 31);
    cli_step(&at, "high half", "h = round(a·m0 / 2^31)", NAN, "%s", multiplier.shift > 0 ? "of a·2^e" : "");
    cli_step(&at, "result", "round(h / 2^-e)", NAN, "%s", multiplier.shift < 0 ? "ties away from zero" : "e >= 0: h itself");
}

static int add_product(sheet_table *table, const char *word, double real, ql_multiplier multiplier)
{
    double a;
    if (!cli_is_number(word, &a) || a != trunc(a) || a < INT32_MIN || a > INT32_MAX)
        return cli_complain("'%s' is no 32-bit integer; `explain fixed M` multiplies integers", cli_shown(word));
    int32_t result;
    const bool fits = ql_requantize((int32_t)a, multiplier, &result);
    sheet_cell *row = sheet_table_add(table);
    row[FACTOR] = sheet_number(a);
    row[EXACT] = sheet_number(a * real);
    row[RESULT] = sheet_number(result);
    row[DIFFERENCE] = sheet_number(result - a * real);
    if (!fits)
        row[REMARK] = sheet_words("a·2^e leaves 32 bits: the nearest that fits");
    return CLI_GOOD;
}

int cli_explain_fixed(cli_session *session, const char *const *words, size_t count)
{
    double real;
    if (count == 0 || !cli_is_number(words[0], &real) || !(real >= 0) || isinf(real))
        return cli_complain(
            "`explain fixed` needs a multiplier of 0 or more, such as d_x·d_w/d_y: `qloupe explain fixed 0.0072 1000`");
    const ql_multiplier multiplier = ql_multiplier_of(real);
    sheet_table steps = sheet_table_over(cli_step_columns, CLI_STEP_COLUMNS),
                products = sheet_table_over(COLUMNS, COLUMN_COUNT);
    explain_multiplier(&steps, real, multiplier);
    int code = CLI_GOOD;
    for (size_t i = 1; i < count && code == CLI_GOOD; i++)
        code = add_product(&products, words[i], real, multiplier);
    const sheet_document below = { .list = "products", .table = &products };
    const sheet_document document = {
        .list = "steps",
        .above = "fixed point: a·M with 32-bit integers alone (Jacob et al. 2018, section 2.2)",
        .table = &steps,
        .next = count > 1 ? &below : NULL,
    };
    if (code == CLI_GOOD)
        cli_session_write(session, &document);
    sheet_table_free(&steps);
    sheet_table_free(&products);
    return code;
}
