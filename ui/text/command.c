/* The command line that makes a figure: see command.h. */
#include "text/command.h"

#include "text/quote.h"

#include <stdio.h>
#include <string.h>

/* Appends `before` as it is and `word` quoted; counts beyond the end like snprintf. */
static void add(char *out, size_t size, size_t *used, const char *before, const char *word)
{
    size_t left = *used < size ? size - *used : 0;
    *used += (size_t)snprintf(left ? out + *used : NULL, left, "%s", before);
    left = *used < size ? size - *used : 0;
    *used += text_quote(left ? out + *used : NULL, left, word);
}

size_t text_plot_command(char *out, size_t size, const text_plot *plot)
{
    size_t used = 0;
    add(out, size, &used, "qloupe plot ", plot->file);
    add(out, size, &used, " -t ", plot->tensor);
    add(out, size, &used, " -s ", plot->spec);
    add(out, size, &used, " --kind ", plot->kind);
    if (plot->raw)
        add(out, size, &used, " --raw ", plot->raw);
    if (plot->layout)
        add(out, size, &used, " --layout ", plot->layout);
    add(out, size, &used, " -o ", plot->out);
    return used;
}
