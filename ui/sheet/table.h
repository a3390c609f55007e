/*
 * What a command found, described once and written in any format: columns, rows of cells, and a document around them.
 *
 *   command, export --> sheet_table (typed values) --> write_json.c          JSON            for programs
 *                                                      write_csv.c           CSV, Markdown
 *                                                      cli/write_human.c     aligned text    for people at a shell
 *
 * A cell holds a value, never its spelling: people get "864.0 KiB" where programs get 884736.
 */
#ifndef SHEET_TABLE_H
#define SHEET_TABLE_H

#include "qloupe.h"
#include "text/number.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct sheet_column {
    const char *key;   /* path in JSON, "metrics/mae" is member mae of the object metrics; NULL: not for programs */
    const char *title; /* for people; NULL: not for people */
    const char *help;  /* what it means, on a card; NULL: nothing */
    text_form form;    /* of counts and numbers, for people */
    bool stretch;      /* a text that may be cut when the table is too wide */
    bool heading;      /* for people: a line above the rows that share the value, together with other such columns */
    bool named;        /* a heading that the title stands before */
    bool note;         /* words that take the place of missing cells; the last column */
} sheet_column;

typedef enum sheet_kind {
    SHEET_NOTHING,
    SHEET_TEXT,
    SHEET_WORDS,
    SHEET_UNSIGNED,
    SHEET_NUMBER,
    SHEET_TRUTH,
    SHEET_SHAPE,
    SHEET_DTYPE,
    SHEET_LIST
} sheet_kind;

typedef struct sheet_cell {
    sheet_kind kind;
    bool best; /* the best of those it is compared with */
    union {
        ql_text text;            /* SHEET_TEXT: bytes from a file, borrowed */
        const char *words;       /* SHEET_WORDS: printable UTF-8, borrowed or kept with sheet_table_keep */
        uint64_t count;          /* SHEET_UNSIGNED */
        double number;           /* SHEET_NUMBER */
        bool truth;              /* SHEET_TRUTH */
        const ql_tensor *tensor; /* SHEET_SHAPE: its shape, borrowed */
        ql_dtype dtype;          /* SHEET_DTYPE: people see another name than programs */
        struct {
            const uint32_t *numbers; /* [count], borrowed */
            size_t count;
        } list; /* SHEET_LIST: people see how many there are */
    } as;
} sheet_cell;

typedef struct sheet_table {
    const sheet_column *columns; /* borrowed, [column_count] */
    size_t column_count;
    sheet_cell *cells; /* [row_count][column_count] */
    size_t row_count, capacity;
    void **kept; /* words and numbers that the table owns */
    size_t kept_count, kept_capacity;
} sheet_table;

sheet_table sheet_table_over(const sheet_column *columns, size_t column_count);
void sheet_table_free(sheet_table *table);

/* A new row of empty cells, valid until the next call. */
sheet_cell *sheet_table_add(sheet_table *table);
const sheet_cell *sheet_table_row(const sheet_table *table, size_t row);

/* A copy of the words, of the numbers, that lives as long as the table. */
const char *sheet_table_keep(sheet_table *table, const char *words);
const uint32_t *sheet_table_keep_numbers(sheet_table *table, const uint32_t *numbers, size_t count);

static inline sheet_cell sheet_text(ql_text text)
{
    return (sheet_cell) { .kind = SHEET_TEXT, .as.text = text };
}
static inline sheet_cell sheet_words(const char *words)
{
    return (sheet_cell) { .kind = words ? SHEET_WORDS : SHEET_NOTHING, .as.words = words };
}
static inline sheet_cell sheet_unsigned(uint64_t count)
{
    return (sheet_cell) { .kind = SHEET_UNSIGNED, .as.count = count };
}
static inline sheet_cell sheet_number(double number)
{
    return (sheet_cell) { .kind = SHEET_NUMBER, .as.number = number };
}
static inline sheet_cell sheet_truth(bool truth)
{
    return (sheet_cell) { .kind = SHEET_TRUTH, .as.truth = truth };
}
static inline sheet_cell sheet_shape(const ql_tensor *tensor)
{
    return (sheet_cell) { .kind = SHEET_SHAPE, .as.tensor = tensor };
}

static inline sheet_cell sheet_list(const uint32_t *numbers, size_t count)
{
    return (sheet_cell) { .kind = SHEET_LIST, .as.list = { numbers, count } };
}
static inline sheet_cell sheet_dtype(ql_dtype dtype)
{
    return (sheet_cell) { .kind = SHEET_DTYPE, .as.dtype = dtype };
}

/* Tensors of which only the names are told, to programs. */
typedef struct sheet_names {
    const char *list; /* JSON name of the list */
    const ql_tensor *const *tensors;
    size_t count;
} sheet_names;

/* A table and what stands around it, and perhaps another one below. Strings may be NULL; lines are printable UTF-8 without
   the newline. */
typedef struct sheet_document {
    const char *list;         /* JSON name of the list of rows */
    const char *file;         /* path as given */
    const char *other;        /* path of a second file */
    const char *format;       /* of the file */
    const char *activations;  /* that products are with; for programs */
    const char *spec;         /* that all of it is about; for programs */
    const ql_model *metadata; /* whose metadata is shown */
    const sheet_table *facts; /* one row, of which all of it holds; for JSON */
    const char *above;        /* a line for people above the table */
    const char *below;        /* lines for people below the table */
    const char *note;         /* what everybody should know, "" when nothing */
    bool cards;               /* for people: each row as a list of "title value meaning" */
    bool full;                /* nothing is cut */
    const sheet_table *table;
    const sheet_names *names; /* [names_count] behind the rows; in JSON */
    size_t names_count;
    const struct sheet_document *next; /* printed below; in JSON only its list counts, a further member */
} sheet_document;

/* The text as a JSON string, with its quotes. */
void sheet_write_json_string(FILE *out, ql_text text);
/* Takes at most `most` bytes (5 or more) from the beginning of the text, whole characters where they are any. */
ql_text sheet_take_piece(ql_text *rest, size_t most);
void sheet_write_json(FILE *out, const sheet_document *document);
void sheet_write_csv(FILE *out, const sheet_document *document);
void sheet_write_markdown(FILE *out, const sheet_document *document);

/* The formats above in display order; NULL at the end. */
typedef struct sheet_format {
    const char *name; /* of the option that asks for it, and the ending of a file: "json" */
    void (*write)(FILE *out, const sheet_document *document);
} sheet_format;
const sheet_format *sheet_format_at(size_t index);

/* True for columns of numbers and shapes, which people compare digit below digit. */
bool sheet_column_is_right(const sheet_table *table, size_t column);

/* A cell as people read it, printable in this locale, malloced. */
char *sheet_cell_print(const sheet_cell *cell, const sheet_column *column);

/* A cell's value for programs: all digits, no units, no thousands marks; malloced. */
char *sheet_cell_exact(const sheet_cell *cell);

#endif
