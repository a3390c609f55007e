/*
 * qloupe explain: its three parts. Each writes its document through the session and returns an exit code, having told stderr
 * why it is not 0.
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

/* ---- Numbers ---------------------------------------------------------------------------------------------------- */

/* What was typed behind a spec. */
typedef struct cli_typed {
    float *values; /* owned [count] */
    size_t count, capacity;
    size_t rows, cols;
} cli_typed;

/* Takes words apart: numbers stand apart by spaces or commas, rows end with ; or ] and are as long as each other. Returns an
 * exit code. */
int cli_typed_take(cli_typed *typed, const char *const *words, size_t count);

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
extern const sheet_column cli_step_columns[CLI_STEP_COLUMNS];

/* A group of a tensor under a spec. */
typedef struct cli_explained {
    const ql_spec *spec;
    const ql_report *report;
    const ql_working *working;
    const char *title; /* of the group, NULL: there is only one */
    uint64_t group;
    const float *x; /* [n] its values; outliers are 0, as the quantizer sees them */
    size_t n;
    sheet_table *steps;
} cli_explained;

/* Adds a step; `result` NAN: none. The text of the numbers is a format. */
void cli_step(const cli_explained *at, const char *name, const char *formula, double result, const char *numbers, ...)
    __attribute__((format(printf, 5, 6)));

/* A number in at most seven digits, in one of a few rotating buffers. */
const char *cli_seven(double value);

/* ---- Values and ranges of a group */

enum { CLI_FEW = 8, CLI_LINE = 400 }; /* so many values are listed, in so many bytes */

double cli_least(const cli_explained *at);
double cli_greatest(const cli_explained *at);
double cli_identity(double v);

/* "3.2, 3, 0.1" of fabs; "64 values" where there are many. */
const char *cli_list(const cli_explained *at, double (*of)(double), const char *between, char out[CLI_LINE]);

/* The clipping range as the spec's clip finds it: of the magnitudes, or of the values. */
void cli_explain_alpha(const cli_explained *at);
void cli_explain_lo_hi(const cli_explained *at);

/* ---- Mappings */

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

/* ---- A spec at work ------------------------------------------------------------------------------------------------- */

enum {
    CLI_LEVEL_GROUP,
    CLI_LEVEL_CODE,
    CLI_LEVEL_VALUE,
    CLI_LEVEL_BORDER,
    CLI_LEVEL_SCALED,
    CLI_LEVEL_COUNT,
    CLI_LEVEL_COLUMNS
};
extern const sheet_column cli_level_columns[CLI_LEVEL_COLUMNS];

enum {
    CLI_ELEMENT_GROUP,
    CLI_ELEMENT_X,
    CLI_ELEMENT_RATIO,
    CLI_ELEMENT_CODE,
    CLI_ELEMENT_FIELDS,
    CLI_ELEMENT_Y,
    CLI_ELEMENT_ERROR,
    CLI_ELEMENT_REMARK,
    CLI_ELEMENT_COLUMNS
};

/* What one run works on. */
typedef struct cli_worked {
    cli_session *session;
    ql_spec spec;
    const cli_explainer *explainer; /* NULL: nothing to explain */
    ql_profile *profile;
    ql_report *report;
    ql_working *working;
    sheet_column step_columns[CLI_STEP_COLUMNS], level_columns[CLI_LEVEL_COLUMNS], element_columns[CLI_ELEMENT_COLUMNS];
    sheet_table steps, levels, elements;
} cli_worked;

/* Profile, report and working of the numbers under the spec. Returns an exit code. */
int cli_explain_measure(cli_worked *at, const cli_typed *typed);

/* Empty tables for the report. */
void cli_set_up_tables(cli_worked *at);

/* Fills the table of levels, where the mapping has any and not too many. */
void cli_add_levels(cli_worked *at);

/* "row 1", kept by the table; NULL where there is but one group. */
const char *cli_group_title(const cli_worked *at, sheet_table *table, uint64_t group);

/* Describes the spec, which has no numbers. Returns an exit code. */
int cli_explain_alone(cli_worked *at);

#endif
