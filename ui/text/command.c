/* Command lines about a tensor under a spec: see command.h. */
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

/* How the file is read, where that was said. */
static void add_reading(char *out, size_t size, size_t *used, const text_plot *words)
{
    if (words->raw)
        add(out, size, used, " --raw ", words->raw);
    if (words->layout)
        add(out, size, used, " --layout ", words->layout);
}

size_t text_plot_command(char *out, size_t size, const text_plot *plot)
{
    size_t used = 0;
    add(out, size, &used, "qloupe plot ", plot->file);
    add(out, size, &used, " -t ", plot->tensor);
    add(out, size, &used, " -s ", plot->spec);
    add(out, size, &used, " --kind ", plot->kind);
    add_reading(out, size, &used, plot);
    add(out, size, &used, " -o ", plot->out);
    return used;
}

size_t text_compare_command(char *out, size_t size, const text_plot *words)
{
    size_t used = 0;
    add(out, size, &used, "qloupe compare ", words->file);
    add(out, size, &used, " -t ", words->tensor);
    add(out, size, &used, " -s ", words->spec);
    add_reading(out, size, &used, words);
    return used;
}
