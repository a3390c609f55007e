/* A document as comma-separated values (RFC 4180, for programs) and as a Markdown table (for people). */
#include "sheet/table.h"
#include "text/plain.h"

#include <stdlib.h>
#include <string.h>

/* "metrics/mae" is the column mae, "stats/quantiles/0.1" is quantiles_0.1: the first object of a path says nothing new. */
static void write_csv_title(FILE *out, const char *key)
{
    const char *slash = strchr(key, '/');
    for (const char *at = slash ? slash + 1 : key; *at; at++)
        fputc(*at == '/' ? '_' : *at, out);
}

static void write_csv_field(FILE *out, const char *field)
{
    if (!strpbrk(field, ",\"\n\r")) {
        fputs(field, out);
        return;
    }
    fputc('"', out);
    for (; *field; field++) {
        if (*field == '"')
            fputc('"', out);
        fputc(*field, out);
    }
    fputc('"', out);
}

void sheet_write_csv(FILE *out, const sheet_document *document)
{
    const sheet_table *table = document->table;
    for (size_t row = 0; row <= table->row_count; row++) {
        const char *before = "";
        for (size_t i = 0; i < table->column_count; i++) {
            if (!table->columns[i].key)
                continue;
            fputs(before, out);
            before = ",";
            if (row == 0) {
                write_csv_title(out, table->columns[i].key);
                continue;
            }
            char *field = sheet_cell_exact(&sheet_table_row(table, row - 1)[i]);
            write_csv_field(out, field);
            free(field);
        }
        fputc('\n', out);
    }
}

/* Text inside a Markdown table: what would end the cell or be read as markup is escaped. */
static void write_markdown_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]", *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}

void sheet_write_markdown(FILE *out, const sheet_document *document)
{
    const sheet_table *table = document->table;
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].title)
            continue;
        char title[128];
        text_plain(title, sizeof title, table->columns[i].title);
        fputs("| ", out);
        write_markdown_text(out, title);
        fputc(' ', out);
    }
    fputs("|\n", out);
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].title)
            fputs(sheet_column_is_right(table, i) ? "|---:" : "|:---", out);
    fputs("|\n", out);
    for (size_t row = 0; row < table->row_count; row++) {
        const sheet_cell *cells = sheet_table_row(table, row);
        for (size_t i = 0; i < table->column_count; i++) {
            if (!table->columns[i].title)
                continue;
            char *text = sheet_cell_print(&cells[i], &table->columns[i]);
            fputs(cells[i].best ? "| **" : "| ", out);
            write_markdown_text(out, text);
            fputs(cells[i].best ? "** " : " ", out);
            free(text);
        }
        fputs("|\n", out);
    }
    if (document->next) {
        fputc('\n', out);
        sheet_write_markdown(out, document->next);
    }
}
