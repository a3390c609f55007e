/* Tables of typed values: see table.h. */
#include "sheet/table.h"

#include "text/memory.h"
#include "text/plain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPE_SIZE = 48 };

sheet_table sheet_table_over(const sheet_column *columns, size_t column_count)
{
    return (sheet_table) { .columns = columns, .column_count = column_count };
}

void sheet_table_free(sheet_table *table)
{
    for (size_t i = 0; i < table->kept_count; i++)
        free(table->kept[i]);
    free(table->kept);
    free(table->cells);
    *table = (sheet_table) { 0 };
}

sheet_cell *sheet_table_add(sheet_table *table)
{
    size_t row_size = table->column_count * sizeof *table->cells;
    table->cells = text_grow(table->cells, &table->capacity, table->row_count + 1, row_size);
    sheet_cell *row = table->cells + table->row_count++ * table->column_count;
    memset(row, 0, row_size);
    return row;
}

const sheet_cell *sheet_table_row(const sheet_table *table, size_t row)
{
    return table->cells + row * table->column_count;
}

static void *keep(sheet_table *table, void *memory)
{
    table->kept = text_grow(table->kept, &table->kept_capacity, table->kept_count + 1, sizeof *table->kept);
    return table->kept[table->kept_count++] = memory;
}

const char *sheet_table_keep(sheet_table *table, const char *words)
{
    return keep(table, text_copy(words));
}

const uint32_t *sheet_table_keep_numbers(sheet_table *table, const uint32_t *numbers, size_t count)
{
    uint32_t *copy = text_allocate(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = numbers[i];
    return keep(table, copy);
}

bool sheet_column_is_right(const sheet_table *table, size_t column)
{
    for (size_t row = 0; row < table->row_count; row++) {
        sheet_kind kind = sheet_table_row(table, row)[column].kind;
        if (kind != SHEET_NOTHING)
            return kind == SHEET_UNSIGNED || kind == SHEET_NUMBER || kind == SHEET_SHAPE || kind == SHEET_LIST;
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
    char *out = text_allocate(size, 1);
    ql_text_print(out, size, text, 0);
    return trimmed(out);
}

/* `words` in this locale; a character spelled out takes at most ten columns. */
static char *print_words(const char *words)
{
    size_t size = strlen(words) * 10 + 1;
    char *out = text_allocate(size, 1);
    text_plain(out, size, words);
    return trimmed(out);
}

char *sheet_cell_print(const sheet_cell *cell, const sheet_column *column)
{
    char number[TEXT_NUMBER_SIZE], shape[SHAPE_SIZE];
    switch (cell->kind) {
    case SHEET_TEXT: {
        char *printable = print_text(cell->as.text);
        char *plain = print_words(printable);
        free(printable);
        return plain;
    }
    case SHEET_WORDS:
        return print_words(cell->as.words);
    case SHEET_UNSIGNED:
        (column->form == TEXT_BYTES ? text_bytes : text_count)(number, cell->as.count);
        return text_copy(number);
    case SHEET_NUMBER:
        text_number(number, cell->as.number, column->form);
        return text_copy(number);
    case SHEET_TRUTH:
        return text_copy(cell->as.truth ? "yes" : "no");
    case SHEET_SHAPE:
        text_shape(shape, sizeof shape, cell->as.tensor);
        return print_words(shape);
    case SHEET_DTYPE:
        return text_copy(ql_dtype_describe(cell->as.dtype)->shown);
    case SHEET_LIST:
        text_count(number, cell->as.list.count);
        return text_copy(number);
    case SHEET_NOTHING:
        break;
    }
    return text_copy("");
}

/* "256,1024" would be two fields: programs get 256x1024. */
static char *exact_shape(const ql_tensor *tensor)
{
    size_t size = (size_t)tensor->rank * 21 + 1, used = 0;
    char *out = text_allocate(size, 1);
    for (unsigned axis = 0; axis < tensor->rank; axis++)
        used += (size_t)snprintf(out + used, size - used, "%s%" PRIu64, axis ? "x" : "", tensor->shape[axis]);
    return out;
}

/* "3 17 238", as a comma ends a field. */
static char *exact_list(const uint32_t *numbers, size_t count)
{
    size_t size = count * 11 + 1, used = 0;
    char *out = text_allocate(size, 1);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%" PRIu32, i ? " " : "", numbers[i]);
    return out;
}

char *sheet_cell_exact(const sheet_cell *cell)
{
    char number[TEXT_NUMBER_SIZE];
    switch (cell->kind) {
    case SHEET_TEXT:
        return print_text(cell->as.text);
    case SHEET_WORDS:
        return print_words(cell->as.words);
    case SHEET_UNSIGNED:
        snprintf(number, sizeof number, "%" PRIu64, cell->as.count);
        return text_copy(number);
    case SHEET_NUMBER:
        text_exact(number, cell->as.number);
        return text_copy(number);
    case SHEET_TRUTH:
        return text_copy(cell->as.truth ? "true" : "false");
    case SHEET_DTYPE:
        return text_copy(ql_dtype_describe(cell->as.dtype)->name);
    case SHEET_SHAPE:
        return exact_shape(cell->as.tensor);
    case SHEET_LIST:
        return exact_list(cell->as.list.numbers, cell->as.list.count);
    case SHEET_NOTHING:
        break;
    }
    return text_copy("");
}
