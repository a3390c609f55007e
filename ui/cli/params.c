/* --params: see params.h. */
#include "cli/params.h"

#include "cli/cli.h"
#include "cli/complain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    char letter;
    double factor;
} UNITS[] = { { 'k', 1e3 }, { 'K', 1e3 }, { 'M', 1e6 }, { 'B', 1e9 }, { 'G', 1e9 }, { 'T', 1e12 } };

static double factor_of(const char *unit)
{
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++)
        if (unit[0] == UNITS[i].letter && unit[1] == '\0')
            return UNITS[i].factor;
    return *unit ? 0 : 1;
}

int cli_params_given(const cli_session *session, double *out)
{
    const char *text = cli_value(session->arguments, CLI_PARAMS);
    char digits[64], *end;
    size_t used = 0;
    *out = 0;
    if (!text)
        return CLI_GOOD;
    for (const char *at = text; *at && used + 1 < sizeof digits; at++)
        if (*at != ',' && *at != '_')
            digits[used++] = *at;
    digits[used] = '\0';
    *out = strtod(digits, &end);
    *out *= end == digits ? 0 : factor_of(end);
    if (!(*out > 0) || isinf(*out) || used + 1 == sizeof digits)
        return cli_complain("--params %s: a count of parameters is needed, such as 7e9, 7B or 350M", cli_shown(text));
    return CLI_GOOD;
}
