/*
 * qloupe explain: its three parts. Each writes its document through the session and returns an exit code, having told stderr why it is
 * not 0.
 *
 *   explain 0.1              explain_number.c   the value in every number format
 *   explain SPEC [NUMBERS]   explain_spec.c     the arithmetic of a spec, with explain_steps.c for what each mapping does
 *   explain fixed M [A ...]  explain_fixed.c    a real multiplier as integers
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "cli/session.h"

int cli_explain_numbers(cli_session *session, const char *const *words, size_t count);
int cli_explain_spec(cli_session *session, const char *spec, const char *const *words, size_t count);
int cli_explain_fixed(cli_session *session, const char *const *words, size_t count);

/* One number and nothing else; "inf" and "nan" count. */
bool cli_is_number(const char *word, double *value);

/* ---- Steps ------------------------------------------------------------------------------------------------------ */

enum cli_step_column {
    CLI_STEP_GROUP, /* whose parameters these are; a heading */
    CLI_STEP_NAME,
    CLI_STEP_FORMULA,
    CLI_STEP_NUMBERS, /* the formula with its numbers */
    CLI_STEP_RESULT,  /* for programs */
    CLI_STEP_SHOWN,   /* for people: a number, or several */
    CLI_STEP_COLUMNS
};
extern const cli_column cli_step_columns[CLI_STEP_COLUMNS];

/* A group of a tensor under a spec. */
typedef struct cli_explained {
    const ql_spec *spec;
    const ql_report *report;
    const ql_working *working;
    const char *title; /* of the group, NULL: there is only one */
    uint64_t group;
    const float *x; /* [n] its values; outliers are 0, as the quantizer sees them */
    size_t n;
    cli_table *steps;
} cli_explained;

/* Adds a step; `result` NAN: none. The text of the numbers is a format. */
void cli_step(const cli_explained *at, const char *name, const char *formula, double result, const char *numbers, ...)
    __attribute__((format(printf, 5, 6)));

/* A number in at most seven digits, in one of a few rotating buffers. */
const char *cli_seven(double value);

/* How a mapping is explained. */
typedef struct cli_explainer {
    const char *mapping;
    void (*steps)(const cli_explained *at); /* from the range to the code and back */
    const char *ratio;                      /* what is rounded, x over the group's scale: "x / d"; NULL: x itself */
    int dtype;                              /* of codes that are floating-point numbers, else -1 */
    bool has_levels;                        /* levels and thresholds are listed */
    bool from_minimum;                      /* x minus the value of code 0 is divided */
} cli_explainer;

/* NULL for a mapping that does nothing. */
const cli_explainer *cli_explainer_of(const ql_mapping *mapping);

/* What x is divided by before it is rounded. */
double cli_explained_scale(const ql_report *report, uint64_t group);

/* The formula of the bits per weight that holds for this spec. */
void cli_storage(const ql_spec *spec, char *out, size_t size);

/* "0 0111 101": a code by fields. */
void cli_fields(char *out, size_t size, ql_dtype dtype, uint32_t code);

#endif
