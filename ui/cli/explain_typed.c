/* Numbers and matrices as they are typed on a command line: see explain.h. */
#include "cli/cli.h"
#include "cli/complain.h"
#include "cli/explain.h"
#include "text/memory.h"

#include <stdlib.h>
#include <string.h>

static int end_row(cli_typed *typed, size_t *begin)
{
    const size_t count = typed->count - *begin;
    if (count == 0)
        return CLI_GOOD;
    if (typed->rows && count != typed->cols)
        return cli_complain("row %zu has %zu numbers, row 1 has %zu; all rows of a matrix are as long", typed->rows + 1,
                            count, typed->cols);
    typed->cols = count;
    typed->rows++;
    *begin = typed->count;
    return CLI_GOOD;
}

/* One word of the command line: numbers apart by spaces or commas, rows ended by ; or ]. */
static int take_word(cli_typed *typed, const char *word, size_t *begin)
{
    for (const char *at = word; *at;) {
        if (*at == ';' || *at == ']') {
            int code = end_row(typed, begin);
            if (code != CLI_GOOD)
                return code;
            at++;
        } else if (strchr(" \t\n,[", *at)) {
            at++;
        } else {
            char *end;
            const float value = strtof(at, &end);
            if (end == at || !strchr(" \t\n,;[]", *end))
                return cli_complain("'%s' is no number; a matrix is typed as \"0.1 -0.2; 2.5 -3\"", cli_shown(at));
            typed->values = text_grow(typed->values, &typed->capacity, typed->count + 1, sizeof *typed->values);
            typed->values[typed->count++] = value;
            at = end;
        }
    }
    return CLI_GOOD;
}

int cli_typed_take(cli_typed *typed, const char *const *words, size_t count)
{
    size_t begin = 0;
    int code = CLI_GOOD;
    for (size_t i = 0; i < count && code == CLI_GOOD; i++)
        code = take_word(typed, words[i], &begin);
    return code == CLI_GOOD ? end_row(typed, &begin) : code;
}
