/*
 * Command lines about a tensor under one spec or several, or multiplied by some methods, quoted for a shell: the one that makes
 * a figure, which `qloupe plot` keeps in the file, and what an export of the screen says it is the same as.
 */
#ifndef TEXT_COMMAND_H
#define TEXT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "qloupe.h"

/* Its words; NULL: that one is not there. */
typedef struct text_words {
    const char *verb;         /* "plot", "quant", "compare", "matmul" */
    const char *file;         /* path of the model */
    const char *tensor;       /* its name */
    const char *const *specs; /* [spec_count], in canonical form */
    size_t spec_count;
    const char *kind;   /* of a figure */
    const char *raw;    /* what the file was said to hold; NULL: it says so itself */
    const char *layout; /* "in,out" or "out,in" when it was asked for; NULL: it was found */
    const char *x;      /* activations of a product */
    const ql_synthetic *made_up; /* what those are in full, where they are made up */
    uint64_t rows;               /* of X; 0: all */
    unsigned threads;            /* 0: not said */
    const char *const *methods;  /* [method_count] of products, in canonical form */
    size_t method_count;
    bool ascii;
    const char *format; /* "json": the option --json */
    const char *out;    /* behind -o */
    const char *into;   /* where its output goes */
} text_words;

/* `qloupe VERB FILE -t TENSOR -s SPEC [...] --kind KIND --raw RAW --layout LAYOUT --x X --seed SEED
   --outlier-channels N --outlier-scale S --m ROWS --threads N -m METHOD [...] --ascii --FORMAT -o OUT >INTO`.
   Running it makes the same bytes again. Always terminated; returns the length needed without the terminator, like
   snprintf. */
size_t text_command(char *out, size_t size, const text_words *words);

/* The command in lines of at most `cells` columns (8 or more), each but the last ending in a backslash, so that a shell
   reads the lines as it reads the command. Returns the length needed, like snprintf. */
size_t text_command_wrap(char *out, size_t size, const char *command, size_t cells);

#endif
