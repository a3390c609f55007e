/* What the two halves of the golden runner share: golden.c runs mappings, golden_more.c all else. */
#ifndef QL_TESTS_GOLDEN_H
#define QL_TESTS_GOLDEN_H

#include "qloupe.h"

typedef struct golden {
    const char *vectors, *results; /* folders */
    ql_engine *engine;
    unsigned done, refused, skipped;
} golden;

typedef struct text {
    char text[4096];
} text;

/* Like snprintf; ends the program when the text does not fit. */
text join(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a case whose scheme is no mapping and writes its results. False when this half does not know the scheme either;
   else *status and, on failure, *error are set. `inputs` and `params` are columns of index.tsv. */
bool golden_more(const golden *g, const char *id, const char *scheme, const char *inputs, const char *params,
                 ql_status *status, ql_error *error);

#endif
