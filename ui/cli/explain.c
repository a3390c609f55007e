/* qloupe explain: the formula with the numbers filled in. */
#include "cli/explain.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"

#include <stdlib.h>
#include <string.h>

bool cli_is_number(const char *word, double *value)
{
    char *end;
    *value = strtod(word, &end);
    return end != word && *end == '\0';
}

static int run(cli_session *session)
{
    const cli_arguments *arguments = session->arguments;
    const char *const *words = arguments->operands;
    const size_t count = arguments->operand_count;
    double value;
    if (count == 0)
        return cli_complain(
            "`qloupe explain` needs a number or a spec: `qloupe explain 0.1`, `qloupe explain absmax 3.2 -3 0.1`");
    if (cli_is_number(words[0], &value))
        return cli_explain_numbers(session, words, count);
    if (strcmp(words[0], "fixed") == 0)
        return cli_explain_fixed(session, words + 1, count - 1);
    return cli_explain_spec(session, words[0], words + 1, count - 1);
}

const cli_command cli_command_explain = {
    .name = "explain",
    .usage = "NUMBER... | SPEC [NUMBERS...] | fixed M [INTEGERS...]",
    .summary = "the arithmetic step by step, with your numbers",
    .details = "Numbers stand apart with spaces or commas; a matrix has ; between its rows (quote it for the shell), or "
               "brackets as in\n"
               "Python. Without numbers a spec is described. A number such as 0.1 is shown in every number format; `fixed "
               "M` is the\n"
               "integer multiplier that integer-only inference has for a real M, applied to the integers that follow.",
    .example = "qloupe explain 0.1\n"
               "qloupe explain absmax 3.2 -3 0.1\n"
               "qloupe explain absmax:per=row \"0.1 -0.2 0.15; 2.5 -3.0 2.8\"\n"
               "qloupe explain nf4:block=4 0.5 -1 0.25 2\n"
               "qloupe explain fixed 0.0072474 1000 -1000",
    .options = CLI_HAS(CLI_JSON) | CLI_HAS(CLI_MD),
    .most_operands = (size_t)-1,
    .run = run,
};
