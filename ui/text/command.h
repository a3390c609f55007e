/* Command lines about a tensor under a spec: the one that makes a figure, which `qloupe plot` keeps in the file and an export
   shows, and the one that prints its numbers. */
#ifndef TEXT_COMMAND_H
#define TEXT_COMMAND_H

#include <stddef.h>

/* The words of one `qloupe plot`, or `qloupe compare`. */
typedef struct text_plot {
    const char *file;   /* path of the model */
    const char *tensor; /* its name */
    const char *spec;   /* in canonical form */
    const char *kind;   /* a figure kind; only of a plot */
    const char *out;    /* path of the figure; only of a plot */
    const char *raw;    /* what the file was said to hold, NULL when it says so itself */
    const char *layout; /* "in,out" or "out,in" when it was asked for, NULL when it was found */
} text_plot;

/* `qloupe plot FILE -t NAME -s SPEC --kind KIND -o OUT`, quoted for a shell. Running it makes the same bytes again. Always
   terminated; returns the length needed without the terminator, like snprintf. */
size_t text_plot_command(char *out, size_t size, const text_plot *plot);

/* `qloupe compare FILE -t NAME -s SPEC`, likewise. */
size_t text_compare_command(char *out, size_t size, const text_plot *words);

#endif
