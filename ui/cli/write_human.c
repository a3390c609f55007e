/*
 * A document for people: aligned columns, numbers right, units, the best marked; or cards, one value a line.
 *
 *   line above                                       (bold)
 *   h.0.mlp.c_fc.weight  F16  256×1024  in,out       heading: shared by the rows below it
 *     spec           bits/wt      size  SQNR dB
 *     absmax           8.000  256.0 KiB  40.11 ★     ★ the best
 *     absmax:bits=4    NaN in the tensor             a note takes the place of missing values
 *   line below
 *   note
 */
#include "cli/human.h"
#include "sheet/metadata.h"
#include "text/memory.h"
#include "text/plain.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, STRETCH_LEAST = 16, METADATA_CELLS = 80 };

typedef struct ink {
    const char *strong, *faint, *good, *plain;
} ink;

static const ink COLORED = { "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[0m" };
static const ink COLORLESS = { "", "", "", "" };

/* A table laid out: the columns that people see, the text of their cells, how wide they are. */
typedef struct layout {
    const sheet_table *table;
    size_t count;
    size_t *columns; /* [count] numbers of columns of the table */
    size_t *widths;  /* [count] without the mark */
    bool *right;     /* [count] */
    bool *marked;    /* [count] some cell is the best */
    char **texts;    /* [row_count][count] */
    size_t note;     /* number of the note column, column_count when there is none */
} layout;

static void print_spaces(FILE *out, size_t count)
{
    fprintf(out, "%*s", (int)count, "");
}

static void print_line(FILE *out, const char *before, const char *text, const char *after)
{
    size_t size = strlen(text) * 10 + 1;
    char *plain = text_allocate(size, 1);
    text_plain(plain, size, text);
    fprintf(out, "%s%s%s\n", before, plain, after);
    free(plain);
}

/* `text` in a field; trailing spaces only when something follows. */
static void print_field(FILE *out, const char *text, size_t width, bool right, bool last)
{
    size_t used = text_width(text), padding = width > used ? width - used : 0;
    if (right)
        print_spaces(out, padding);
    fputs(text, out);
    if (!right && !last)
        print_spaces(out, padding);
}

static bool is_missing(const sheet_cell *cells, const layout *of, size_t shown)
{
    return cells[of->columns[shown]].kind == SHEET_NOTHING;
}

/* Where the note of a row begins: behind its last value. */
static size_t note_place(const sheet_cell *cells, const layout *of)
{
    size_t shown = of->count;
    while (shown > 0 && is_missing(cells, of, shown - 1))
        shown--;
    return shown;
}

static layout lay_out(const sheet_table *table)
{
    layout of = { .table = table, .note = table->column_count };
    of.columns = text_allocate(table->column_count, sizeof *of.columns);
    of.widths = text_allocate(table->column_count, sizeof *of.widths);
    of.right = text_allocate(table->column_count, sizeof *of.right);
    of.marked = text_allocate(table->column_count, sizeof *of.marked);
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].note)
            of.note = i;
        else if (table->columns[i].title && !table->columns[i].heading)
            of.columns[of.count++] = i;
    }
    of.texts = text_allocate(table->row_count * of.count, sizeof *of.texts);
    for (size_t shown = 0; shown < of.count; shown++) {
        const sheet_column *column = &table->columns[of.columns[shown]];
        char title[128];
        text_plain(title, sizeof title, column->title);
        of.widths[shown] = text_width(title);
        of.right[shown] = sheet_column_is_right(table, of.columns[shown]);
        for (size_t row = 0; row < table->row_count; row++) {
            const sheet_cell *cell = &sheet_table_row(table, row)[of.columns[shown]];
            char *text = of.texts[row * of.count + shown] = sheet_cell_print(cell, column);
            size_t width = text_width(text);
            if (width > of.widths[shown])
                of.widths[shown] = width;
            of.marked[shown] = of.marked[shown] || cell->best;
        }
    }
    return of;
}

static void free_layout(layout *of)
{
    for (size_t i = 0; i < of->table->row_count * of->count; i++)
        free(of->texts[i]);
    free(of->texts);
    free(of->columns);
    free(of->widths);
    free(of->right);
    free(of->marked);
}

static size_t mark_width(const layout *of, size_t shown)
{
    return of->marked[shown] ? 2 : 0;
}

/* Columns up to `shown`, with the gap behind each. */
static size_t width_before(const layout *of, size_t shown)
{
    size_t width = 0;
    for (size_t i = 0; i < shown; i++)
        width += of->widths[i] + mark_width(of, i) + GAP;
    return width;
}

static void cut(char **text, size_t cells)
{
    enum { MARK_ROOM = 4 };
    size_t size = strlen(*text) + MARK_ROOM, capacity = 0;
    *text = text_grow(*text, &capacity, size, 1);
    text_cut(*text, size, cells);
}

/* Cuts the stretching columns until the table fits `width`: the first one, which says what a row is about, last. */
static void fit(layout *of, size_t width)
{
    size_t total = width_before(of, of->count);
    total -= total >= GAP ? GAP : 0;
    for (size_t shown = of->count; shown-- > 0 && total > width;) {
        if (!of->table->columns[of->columns[shown]].stretch || of->widths[shown] <= STRETCH_LEAST)
            continue;
        size_t spare = of->widths[shown] - STRETCH_LEAST;
        size_t less = total - width < spare ? total - width : spare;
        of->widths[shown] -= less;
        total -= less;
        for (size_t row = 0; row < of->table->row_count; row++)
            cut(&of->texts[row * of->count + shown], of->widths[shown]);
    }
}

static void print_titles(FILE *out, const layout *of, const ink *with, size_t indent)
{
    print_spaces(out, indent);
    fputs(with->strong, out);
    for (size_t shown = 0; shown < of->count; shown++) {
        bool last = shown + 1 == of->count;
        char title[128];
        text_plain(title, sizeof title, of->table->columns[of->columns[shown]].title);
        print_field(out, title, of->widths[shown], of->right[shown], last);
        if (!last)
            print_spaces(out, mark_width(of, shown) + GAP);
    }
    fprintf(out, "%s\n", with->plain);
}

static void print_mark(FILE *out, const layout *of, size_t shown, bool best, bool last)
{
    if (best)
        fputs(text_ascii() ? " *" : " ★", out);
    else if (!last)
        print_spaces(out, mark_width(of, shown));
}

/* The note of a row as people read it, malloced; NULL when it has none. */
static char *note_of(const sheet_cell *cells, const layout *of)
{
    if (of->note == of->table->column_count || cells[of->note].kind != SHEET_WORDS)
        return NULL;
    return sheet_cell_print(&cells[of->note], &of->table->columns[of->note]);
}

/* The note stands behind the values where there is room, else on a line of its own. */
static void print_row(FILE *out, const layout *of, size_t row, const cli_style *style, const ink *with, size_t indent)
{
    const sheet_cell *cells = sheet_table_row(of->table, row);
    char *note = note_of(cells, of);
    size_t end = note_place(cells, of);
    bool fits = note && indent + width_before(of, end) + text_width(note) <= style->width;
    print_spaces(out, indent);
    for (size_t shown = 0; shown < end; shown++) {
        bool last = shown + 1 == end && !fits, best = cells[of->columns[shown]].best;
        fputs(best ? with->good : "", out);
        print_field(out, of->texts[row * of->count + shown], of->widths[shown], of->right[shown], last && !best);
        print_mark(out, of, shown, best, last);
        fputs(best ? with->plain : "", out);
        if (!last)
            print_spaces(out, GAP);
    }
    if (note && !fits) {
        fputc('\n', out);
        print_spaces(out, indent + GAP);
    }
    if (note)
        fprintf(out, "%s%s%s", with->faint, note, with->plain);
    fputc('\n', out);
    free(note);
}

/* The heading columns of a row in one line, malloced; NULL when the table has none. */
static char *heading_of(const sheet_table *table, size_t row)
{
    char *line = NULL;
    size_t size;
    FILE *out = NULL;
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].heading)
            continue;
        if (out)
            fputs("  ", out);
        else if (!(out = open_memstream(&line, &size)))
            return NULL;
        if (table->columns[i].named)
            fprintf(out, "%s ", table->columns[i].title);
        char *text = sheet_cell_print(&sheet_table_row(table, row)[i], &table->columns[i]);
        fputs(text, out);
        free(text);
    }
    if (out)
        fclose(out);
    return line;
}

static void print_table(FILE *out, const sheet_document *document, const cli_style *style, const ink *with)
{
    layout of = lay_out(document->table);
    char *before = NULL;
    for (size_t row = 0; row < of.table->row_count; row++) {
        char *heading = heading_of(of.table, row);
        size_t indent = heading ? GAP : 0;
        if (row == 0 && !document->full)
            fit(&of, style->width > indent ? style->width - indent : 0);
        if (heading && (!before || strcmp(before, heading) != 0)) {
            fprintf(out, "%s%s%s%s\n", row ? "\n" : "", with->strong, heading, with->plain);
            print_titles(out, &of, with, indent);
        } else if (row == 0) {
            print_titles(out, &of, with, indent);
        }
        print_row(out, &of, row, style, with, indent);
        free(before);
        before = heading;
    }
    free(before);
    free_layout(&of);
}

static size_t widest_title(const sheet_table *table)
{
    size_t widest = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        char title[128];
        if (!table->columns[i].title)
            continue;
        text_plain(title, sizeof title, table->columns[i].title);
        if (text_width(title) > widest)
            widest = text_width(title);
    }
    return widest;
}

enum { NUMBER_WIDTH = 12, MEANT_MOST = 44, WRAP_LEAST = 24 };

/* How wide the values are that something is said about; a few very long ones may stick out. */
static size_t widest_meant(const sheet_table *table, const sheet_cell *cells)
{
    size_t widest = NUMBER_WIDTH;
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].title || !table->columns[i].help || cells[i].kind == SHEET_NOTHING)
            continue;
        char *text = sheet_cell_print(&cells[i], &table->columns[i]);
        const size_t width = text_width(text);
        if (width > widest && width <= MEANT_MOST)
            widest = width;
        free(text);
    }
    return widest;
}

/* `text` from column `indent` on, broken between words before the end of the screen. */
static void print_wrapped(FILE *out, const char *text, size_t indent, size_t width)
{
    size_t size = strlen(text) * 10 + 1, column = indent;
    char *plain = text_allocate(size, 1), *rest = NULL;
    text_plain(plain, size, text);
    const bool narrow = width < indent + WRAP_LEAST;
    for (char *word = strtok_r(plain, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        const size_t cells = text_width(word);
        if (column > indent && column + 1 + cells > width && !narrow) {
            fputc('\n', out);
            print_spaces(out, indent);
            column = indent;
        }
        column += (size_t)fprintf(out, "%s", column > indent ? " " : "") + cells;
        fputs(word, out);
    }
    free(plain);
}

/* One row as a list: title, value, what it means. Missing values are left out. */
static void print_card(FILE *out, const sheet_table *table, size_t row, const cli_style *style, const ink *with)
{
    const sheet_cell *cells = sheet_table_row(table, row);
    const size_t title_width = widest_title(table), value_width = widest_meant(table, cells);
    for (size_t i = 0; i < table->column_count; i++) {
        const sheet_column *column = &table->columns[i];
        if (!column->title || cells[i].kind == SHEET_NOTHING)
            continue;
        char title[128];
        text_plain(title, sizeof title, column->title);
        char *text = sheet_cell_print(&cells[i], column);
        const bool number = cells[i].kind == SHEET_NUMBER || cells[i].kind == SHEET_UNSIGNED;
        print_spaces(out, GAP);
        print_field(out, title, title_width + GAP, false, false);
        print_field(out, text, number ? NUMBER_WIDTH : value_width, number, !column->help);
        if (column->help) {
            print_spaces(out, number ? value_width - NUMBER_WIDTH : 0);
            const size_t used = text_width(text) > value_width ? text_width(text) : value_width;
            fprintf(out, "  %s", with->faint);
            print_wrapped(out, column->help, GAP + title_width + GAP + used + GAP, style->width);
            fprintf(out, "%s\n", with->plain);
        } else {
            fputc('\n', out);
        }
        free(text);
    }
}

/* The value in at most METADATA_CELLS columns. */
static void print_short(FILE *out, const ql_value *value)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    sheet_metadata_write(memory, value, METADATA_CELLS);
    fclose(memory);
    cut(&text, METADATA_CELLS);
    fputs(text, out);
    free(text);
}

static void print_metadata(FILE *out, const sheet_document *document, const ink *with)
{
    for (size_t i = 0; i < ql_model_metadata_count(document->metadata); i++) {
        ql_text key;
        ql_value value;
        ql_model_metadata(document->metadata, i, &key, &value);
        const sheet_column whole = { .title = "" };
        const sheet_cell cell = sheet_text(key);
        char *name = sheet_cell_print(&cell, &whole);
        if (!document->full)
            cut(&name, METADATA_CELLS);
        fprintf(out, "  %s%s = ", with->faint, name);
        if (!document->full && (value.kind == QL_VALUE_TEXT || value.kind == QL_VALUE_ARRAY))
            print_short(out, &value);
        else
            sheet_metadata_write(out, &value, 0);
        fprintf(out, "%s\n", with->plain);
        free(name);
    }
}

void cli_write_human(FILE *out, const sheet_document *document, const cli_style *style)
{
    const ink *with = style->color ? &COLORED : &COLORLESS;
    if (document->above)
        print_line(out, with->strong, document->above, with->plain);
    if (document->metadata)
        print_metadata(out, document, with);
    if ((document->above || document->metadata) && document->table->row_count)
        fputc('\n', out);
    if (document->cards) {
        for (size_t row = 0; row < document->table->row_count; row++) {
            if (row)
                fputc('\n', out);
            print_card(out, document->table, row, style, with);
        }
    } else {
        print_table(out, document, style, with);
    }
    if (document->below) {
        if (document->table->row_count)
            fputc('\n', out);
        print_line(out, "", document->below, "");
    }
    if (document->note && *document->note)
        print_line(out, "", document->note, "");
    if (document->next) {
        fputc('\n', out);
        cli_write_human(out, document->next, style);
    }
}
