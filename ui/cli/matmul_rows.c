/* Rows of qloupe matmul, and what is told around them: see matmul.h. */
#include "cli/matmul.h"

#include "cli/cli.h"
#include "sheet/products.h"
#include "text/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns that --fail-on knows: those that are explained. */
static const sheet_column *checked_column(size_t index)
{
    for (int column = 0; column < SHEET_PRODUCT_COLUMNS; column++)
        if (sheet_product_columns[column].help && index-- == 0)
            return &sheet_product_columns[column];
    return NULL;
}

const char *cli_matmul_number(size_t index, const char **meaning)
{
    const sheet_column *column = checked_column(index);
    if (column && meaning)
        *meaning = column->help;
    return column ? column->key : NULL;
}

static const char *number_name(size_t index)
{
    return cli_matmul_number(index, NULL);
}

static size_t number_count(void)
{
    size_t count = 0;
    while (checked_column(count))
        count++;
    return count;
}

static const char BELOW[] =
    "against float32 on this machine; ms: a product, median of the runs, with what quantizing X takes "
    "of it (quant X); of peak: what the kernel\nreaches in the first cache; outl: columns of X apart; "
    "room: bits left above the largest 32-bit sum; weights: as the scheme stores them";

/* ---- Rows */

int cli_products_begin(const cli_arguments *arguments, cli_products *out)
{
    *out = (cli_products) { .columns = text_allocate(SHEET_PRODUCT_COLUMNS, sizeof *sheet_product_columns) };
    memcpy(out->columns, sheet_product_columns, SHEET_PRODUCT_COLUMNS * sizeof *sheet_product_columns);
    out->table = sheet_table_over(out->columns, SHEET_PRODUCT_COLUMNS);
    return cli_checks_parse_names(arguments, number_name, number_count(), &out->checks);
}

void cli_products_with(cli_products *at, const char *x_name, unsigned threads)
{
    at->several_x |= *at->x_name && strcmp(at->x_name, x_name) != 0;
    snprintf(at->x_name, sizeof at->x_name, "%s", x_name);
    at->several_threads |= at->threads > 0 && at->threads != threads;
    at->threads = threads;
}

void cli_products_row(cli_products *at, const char *layer, const ql_matmul *matmul, const char *method,
                      const ql_matmul_result *result, const char *why)
{
    sheet_product_add(&at->table, layer, ql_matmul_shape_of(matmul), method, at->threads, at->x_name, result, why);
}

/* ---- The end */

/* The kernels of products that ran: better ones than the instruction set's others, where there are such. */
static const char *kernel_of(const sheet_table *table)
{
    for (size_t row = 0; row < table->row_count; row++)
        if (sheet_table_row(table, row)[SHEET_PRODUCT_KERNEL].kind == SHEET_WORDS)
            return sheet_table_row(table, row)[SHEET_PRODUCT_KERNEL].as.words;
    return sheet_isa();
}

/* NAN: there is none. */
static double number_of(const sheet_cell *cell)
{
    return cell->kind == SHEET_NUMBER     ? cell->as.number
           : cell->kind == SHEET_UNSIGNED ? (double)cell->as.count
           : cell->kind == SHEET_LIST     ? (double)cell->as.list.count
                                          : (double)NAN;
}

static int check_rows(cli_products *at)
{
    for (size_t i = 0; i < at->table.row_count; i++) {
        const sheet_cell *row = sheet_table_row(&at->table, i);
        double values[SHEET_PRODUCT_COLUMNS];
        char what[1024];
        for (size_t index = 0; checked_column(index); index++)
            values[index] = number_of(&row[checked_column(index) - sheet_product_columns]);
        snprintf(what, sizeof what, "%s, %s", row[SHEET_PRODUCT_LAYER].as.words, row[SHEET_PRODUCT_METHOD].as.words);
        cli_checks_values(&at->checks, what, row[SHEET_PRODUCT_REL_FRO].kind == SHEET_NOTHING ? NULL : values);
    }
    return cli_checks_exit_code(&at->checks);
}

/* For people: in the line above the rows that have it in common. */
static void show_where_it_differs(cli_products *at, int column, const char *title, bool differs)
{
    at->columns[column].title = differs ? title : NULL;
    at->columns[column].heading = at->columns[column].named = differs;
}

static void tell(const cli_session *session, cli_products *at)
{
    sheet_table facts = sheet_products_facts(&at->table);
    char above[700], threads[40];
    if (at->several_threads)
        snprintf(threads, sizeof threads, "threads of each line");
    else
        snprintf(threads, sizeof threads, "%u thread%s", at->threads, at->threads == 1 ? "" : "s");
    snprintf(above, sizeof above, "Y[M][N] = X[M][K] W[N][K]^T, X %s, %s, %s kernels",
             at->several_x ? "of each line" : at->x_name, threads, kernel_of(&at->table));
    show_where_it_differs(at, SHEET_PRODUCT_THREADS, "threads", at->several_threads);
    show_where_it_differs(at, SHEET_PRODUCT_ACTIVATIONS, "X", at->several_x);
    const sheet_document document = {
        .list = "results",
        .file = session->path,
        .activations = at->several_x ? NULL : at->x_name,
        .facts = &facts,
        .above = above,
        .below = BELOW,
        .table = &at->table,
    };
    cli_session_write(session, &document);
    sheet_table_free(&facts);
}

int cli_products_end(cli_products *at, const cli_session *session, int code)
{
    if (code == CLI_GOOD) {
        tell(session, at);
        code = check_rows(at);
    }
    cli_checks_free(&at->checks);
    sheet_table_free(&at->table);
    free(at->columns);
    return code;
}
