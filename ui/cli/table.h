/*
 * What a command found, described once and written in any format: columns, rows of cells, and a document around them.
 *
 *   command --> cli_table (typed values) --> write_human.c   aligned text     for people
 *                                            write_json.c    JSON             for programs
 *                                            write_csv.c     CSV, Markdown
 *
 * A cell holds a value, never its spelling: people get "864.0 KiB" where programs get 884736.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "qloupe.h"
#include "text/number.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct cli_column {
    const char *key;   /* path in JSON, "metrics/mae" is member mae of the object metrics; NULL: not for programs */
    const char *title; /* for people; NULL: not for people */
    const char *help;  /* what it means, on a card; NULL: nothing */
    text_form form;    /* of counts and numbers, for people */
    bool stretch;      /* a text that may be cut when the table is too wide */
    bool heading;      /* for people: a line above the rows that share the value, together with other such columns */
    bool note;         /* words that take the place of missing cells; the last column */
} cli_column;

typedef enum cli_kind { CLI_NOTHING, CLI_TEXT, CLI_WORDS, CLI_UNSIGNED, CLI_NUMBER, CLI_TRUTH, CLI_SHAPE, CLI_DTYPE } cli_kind;

typedef struct cli_cell {
    cli_kind kind;
    bool best; /* the best of those it is compared with */
    union {
        ql_text text;            /* CLI_TEXT: bytes from a file, borrowed */
        const char *words;       /* CLI_WORDS: printable UTF-8, borrowed or kept with cli_table_keep */
        uint64_t count;          /* CLI_UNSIGNED */
        double number;           /* CLI_NUMBER */
        bool truth;              /* CLI_TRUTH */
        const ql_tensor *tensor; /* CLI_SHAPE: its shape, borrowed */
        ql_dtype dtype;          /* CLI_DTYPE: people see another name than programs */
    } as;
} cli_cell;

typedef struct cli_table {
    const cli_column *columns; /* borrowed, [column_count] */
    size_t column_count;
    cli_cell *cells; /* [row_count][column_count] */
    size_t row_count, capacity;
    char **kept; /* words that the table owns */
    size_t kept_count, kept_capacity;
} cli_table;

cli_table cli_table_over(const cli_column *columns, size_t column_count);
void cli_table_free(cli_table *table);

/* A new row of empty cells, valid until the next call. */
cli_cell *cli_table_add(cli_table *table);
const cli_cell *cli_table_row(const cli_table *table, size_t row);

/* A copy of the words that lives as long as the table. */
const char *cli_table_keep(cli_table *table, const char *words);

static inline cli_cell cli_text(ql_text text)
{
    return (cli_cell) { .kind = CLI_TEXT, .as.text = text };
}
static inline cli_cell cli_words(const char *words)
{
    return (cli_cell) { .kind = words ? CLI_WORDS : CLI_NOTHING, .as.words = words };
}
static inline cli_cell cli_unsigned(uint64_t count)
{
    return (cli_cell) { .kind = CLI_UNSIGNED, .as.count = count };
}
static inline cli_cell cli_number(double number)
{
    return (cli_cell) { .kind = CLI_NUMBER, .as.number = number };
}
static inline cli_cell cli_truth(bool truth)
{
    return (cli_cell) { .kind = CLI_TRUTH, .as.truth = truth };
}
static inline cli_cell cli_shape(const ql_tensor *tensor)
{
    return (cli_cell) { .kind = CLI_SHAPE, .as.tensor = tensor };
}

static inline cli_cell cli_dtype(ql_dtype dtype)
{
    return (cli_cell) { .kind = CLI_DTYPE, .as.dtype = dtype };
}

/* Tensors of which only the names are told, to programs. */
typedef struct cli_names {
    const char *list; /* JSON name of the list */
    const ql_tensor *const *tensors;
    size_t count;
} cli_names;

/* A table and what stands around it, and perhaps another one below. Strings may be NULL; lines are printable UTF-8 without
   the newline. */
typedef struct cli_document {
    const char *list;         /* JSON name of the list of rows */
    const char *file;         /* path as given */
    const char *other;        /* path of a second file */
    const char *format;       /* of the file */
    const char *activations;  /* that products are with; for programs */
    const char *spec;         /* that all of it is about; for programs */
    const ql_model *metadata; /* whose metadata is shown */
    const cli_table *facts;   /* one row, of which all of it holds; for JSON */
    const char *above;        /* a line for people above the table */
    const char *below;        /* lines for people below the table */
    const char *note;         /* what everybody should know, "" when nothing */
    bool cards;               /* for people: each row as a list of "title value meaning" */
    bool full;                /* nothing is cut */
    const cli_table *table;
    const cli_names *names; /* [names_count] behind the rows; in JSON */
    size_t names_count;
    const struct cli_document *next; /* printed below; in JSON only its list counts, a further member */
} cli_document;

/* How a terminal takes the text. */
typedef struct cli_style {
    size_t width; /* columns */
    bool color;
} cli_style;

void cli_write_human(FILE *out, const cli_document *document, const cli_style *style);
/* The text as a JSON string, with its quotes. */
void cli_write_json_string(FILE *out, ql_text text);
/* Takes at most `most` bytes (5 or more) from the beginning of the text, whole characters where they are any. */
ql_text cli_take_piece(ql_text *rest, size_t most);
void cli_write_json(FILE *out, const cli_document *document);
void cli_write_csv(FILE *out, const cli_document *document);
void cli_write_markdown(FILE *out, const cli_document *document);

/* True for columns of numbers and shapes, which people compare digit below digit. */
bool cli_column_is_right(const cli_table *table, size_t column);

/* A cell as people read it, printable in this locale, malloced. */
char *cli_cell_print(const cli_cell *cell, const cli_column *column);

/* A cell's value for programs: all digits, no units, no thousands marks; malloced. */
char *cli_cell_exact(const cli_cell *cell);

#endif
