/* Tables of typed values: see table.h. */
#include "cli/table.h"

#include "cli/memory.h"
#include "text/plain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPE_SIZE = 48 };

cli_table cli_table_over(const cli_column *columns, size_t column_count)
{
    return (cli_table) { .columns = columns, .column_count = column_count };
}

void cli_table_free(cli_table *table)
{
    for (size_t i = 0; i < table->kept_count; i++)
        free(table->kept[i]);
    free(table->kept);
    free(table->cells);
    *table = (cli_table) { 0 };
}

cli_cell *cli_table_add(cli_table *table)
{
    size_t row_size = table->column_count * sizeof *table->cells;
    table->cells = cli_grow(table->cells, &table->capacity, table->row_count + 1, row_size);
    cli_cell *row = table->cells + table->row_count++ * table->column_count;
    memset(row, 0, row_size);
    return row;
}

const cli_cell *cli_table_row(const cli_table *table, size_t row)
{
    return table->cells + row * table->column_count;
}

const char *cli_table_keep(cli_table *table, const char *words)
{
    table->kept = cli_grow(table->kept, &table->kept_capacity, table->kept_count + 1, sizeof *table->kept);
    return table->kept[table->kept_count++] = cli_copy(words);
}

bool cli_column_is_right(const cli_table *table, size_t column)
{
    for (size_t row = 0; row < table->row_count; row++) {
        cli_kind kind = cli_table_row(table, row)[column].kind;
        if (kind != CLI_NOTHING)
            return kind == CLI_UNSIGNED || kind == CLI_NUMBER || kind == CLI_SHAPE;
    }
    return false;
}

/* The string without the room behind it: a table may hold as many as a header has names. */
static char *trimmed(char *string)
{
    char *shorter = realloc(string, strlen(string) + 1);
    return shorter ? shorter : string;
}

/* Text from a file, every byte of it: an escape takes at most ten columns for a byte. */
static char *print_text(ql_text text)
{
    size_t size = text.size * 10 + 1;
    char *out = cli_allocate(size, 1);
    ql_text_print(out, size, text, 0);
    return trimmed(out);
}

/* `words` in this locale; a character spelled out takes at most ten columns. */
static char *print_words(const char *words)
{
    size_t size = strlen(words) * 10 + 1;
    char *out = cli_allocate(size, 1);
    text_plain(out, size, words);
    return trimmed(out);
}

char *cli_cell_print(const cli_cell *cell, const cli_column *column)
{
    char number[TEXT_NUMBER_SIZE], shape[SHAPE_SIZE];
    switch (cell->kind) {
    case CLI_TEXT: {
        char *printable = print_text(cell->as.text);
        char *plain = print_words(printable);
        free(printable);
        return plain;
    }
    case CLI_WORDS:
        return print_words(cell->as.words);
    case CLI_UNSIGNED:
        (column->form == TEXT_BYTES ? text_bytes : text_count)(number, cell->as.count);
        return cli_copy(number);
    case CLI_NUMBER:
        text_number(number, cell->as.number, column->form);
        return cli_copy(number);
    case CLI_TRUTH:
        return cli_copy(cell->as.truth ? "yes" : "no");
    case CLI_SHAPE:
        text_shape(shape, sizeof shape, cell->as.tensor);
        return print_words(shape);
    case CLI_DTYPE:
        return cli_copy(ql_dtype_describe(cell->as.dtype)->shown);
    case CLI_NOTHING:
        break;
    }
    return cli_copy("");
}

/* "256,1024" would be two fields: programs get 256x1024. */
static char *exact_shape(const ql_tensor *tensor)
{
    size_t size = (size_t)tensor->rank * 21 + 1, used = 0;
    char *out = cli_allocate(size, 1);
    for (unsigned axis = 0; axis < tensor->rank; axis++)
        used += (size_t)snprintf(out + used, size - used, "%s%" PRIu64, axis ? "x" : "", tensor->shape[axis]);
    return out;
}

char *cli_cell_exact(const cli_cell *cell)
{
    char number[TEXT_NUMBER_SIZE];
    switch (cell->kind) {
    case CLI_TEXT:
        return print_text(cell->as.text);
    case CLI_WORDS:
        return print_words(cell->as.words);
    case CLI_UNSIGNED:
        snprintf(number, sizeof number, "%" PRIu64, cell->as.count);
        return cli_copy(number);
    case CLI_NUMBER:
        text_exact(number, cell->as.number);
        return cli_copy(number);
    case CLI_TRUTH:
        return cli_copy(cell->as.truth ? "true" : "false");
    case CLI_DTYPE:
        return cli_copy(ql_dtype_describe(cell->as.dtype)->name);
    case CLI_SHAPE:
        return exact_shape(cell->as.tensor);
    case CLI_NOTHING:
        break;
    }
    return cli_copy("");
}
