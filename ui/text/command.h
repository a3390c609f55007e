/* The command line that makes a figure: what `qloupe plot` keeps in the file and what an export shows. */
#ifndef TEXT_COMMAND_H
#define TEXT_COMMAND_H

#include <stddef.h>

/* The words of one `qloupe plot`. */
typedef struct text_plot {
    const char *file;   /* path of the model */
    const char *tensor; /* its name */
    const char *spec;   /* in canonical form */
    const char *kind;   /* a figure kind */
    const char *out;    /* path of the figure */
    const char *raw;    /* what the file was said to hold, NULL when it says so itself */
    const char *layout; /* "in,out" or "out,in" when it was asked for, NULL when it was found */
} text_plot;

/* `qloupe plot FILE -t NAME -s SPEC --kind KIND -o OUT`, quoted for a shell. Running it makes the same bytes again. Always
   terminated; returns the length needed without the terminator, like snprintf. */
size_t text_plot_command(char *out, size_t size, const text_plot *plot);

#endif
