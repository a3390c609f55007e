/* Rows of qloupe matmul, and what is told around them: see matmul.h. */
#include "cli/matmul.h"

#include "cli/bench.h"
#include "cli/cli.h"
#include "text/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LAYER,
    M,
    K,
    N,
    METHOD,
    REL_FRO,
    SQNR_DB,
    MAX_ABS,
    MS_MEDIAN,
    MS_MIN,
    MS_MAX,
    RUNS,
    QUANTIZE_MS,
    GOPS,
    PEAK_GOPS,
    PEAK_SHARE,
    KERNEL,
    OUTLIER_COLUMNS,
    ACCUMULATOR_MAX,
    HEADROOM,
    BYTES,
    THREADS,
    ACTIVATIONS,
    NOTE,
    COLUMN_COUNT
};

static const sheet_column COLUMNS[COLUMN_COUNT] = {
    [LAYER] = { .key = "layer", .title = "layer", .heading = true },
    [M] = { .key = "m", .title = "M", .heading = true, .named = true },
    [K] = { .key = "k", .title = "K", .heading = true, .named = true },
    [N] = { .key = "n", .title = "N", .heading = true, .named = true },
    [METHOD] = { .key = "method", .title = "method", .stretch = true },
    [REL_FRO] = { .key = "rel_fro", .title = "rel err", .help = "||Y - fp32|| / ||fp32||, Frobenius norms" },
    [SQNR_DB] = { .key = "sqnr_db", .title = "SQNR dB", .help = "the same in decibels: -20 log10", .form = TEXT_FIXED_2 },
    [MAX_ABS] = { .key = "max_abs", .title = "max |e|", .help = "largest error of an element of Y" },
    [MS_MEDIAN] = { .key = "ms_median", .title = "ms", .help = "milliseconds of a product, median of the runs" },
    [MS_MIN] = { .key = "ms_min", .title = "min", .help = "of the fastest run" },
    [MS_MAX] = { .key = "ms_max", .title = "max", .help = "of the slowest run" },
    [RUNS] = { .key = "runs" },
    [QUANTIZE_MS] = { .key = "quantize_ms", .title = "quant X", .help = "what quantizing X takes of ms_median" },
    [GOPS] = { .key = "gops", .title = "GOP/s", .help = "2 M K N / ms_median, in 1e9 a second" },
    [PEAK_GOPS] = { .key = "peak_gops", .help = "what the kernel reaches on operands in the first cache" },
    [PEAK_SHARE] = { .key = "peak_share", .title = "of peak", .help = "gops / peak_gops", .form = TEXT_PERCENT },
    [KERNEL] = { .key = "kernel" },
    [OUTLIER_COLUMNS] = { .key = "outlier_columns", .title = "outl", .help = "how many columns of X stand apart" },
    [ACCUMULATOR_MAX] = { .key = "accumulator_max", .help = "largest magnitude of a 32-bit sum" },
    [HEADROOM] = { .key = "headroom_bits",
                   .title = "room",
                   .help = "bits left above that, 31 - log2",
                   .form = TEXT_FIXED_2 },
    [BYTES] = { .key = "bytes", .title = "weights", .help = "of the weights as the scheme stores them", .form = TEXT_BYTES },
    [THREADS] = { .key = "threads" },
    [ACTIVATIONS] = { .key = "activations" },
    [NOTE] = { .key = "note", .title = "note", .note = true },
};

/* Columns that --fail-on knows: those that are explained. */
static const sheet_column *checked_column(size_t index)
{
    for (int column = 0; column < COLUMN_COUNT; column++)
        if (COLUMNS[column].help && index-- == 0)
            return &COLUMNS[column];
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

static const sheet_column FACTS[] = {
    { .key = "m" }, { .key = "k" }, { .key = "n" }, { .key = "threads" }, { .key = "isa" },
};

static const char BELOW[] =
    "against float32 on this machine; ms: a product, median of the runs, with what quantizing X takes "
    "of it (quant X); of peak: what the kernel\nreaches in the first cache; outl: columns of X apart; "
    "room: bits left above the largest 32-bit sum; weights: as the scheme stores them";

/* ---- Rows */

int cli_products_begin(const cli_arguments *arguments, cli_products *out)
{
    *out = (cli_products) { .columns = text_allocate(COLUMN_COUNT, sizeof *COLUMNS) };
    memcpy(out->columns, COLUMNS, sizeof COLUMNS);
    out->table = sheet_table_over(out->columns, COLUMN_COUNT);
    return cli_checks_parse_names(arguments, number_name, number_count(), &out->checks);
}

void cli_products_with(cli_products *at, const char *x_name, unsigned threads)
{
    at->several_x |= *at->x_name && strcmp(at->x_name, x_name) != 0;
    snprintf(at->x_name, sizeof at->x_name, "%s", x_name);
    at->several_threads |= at->threads > 0 && at->threads != threads;
    at->threads = threads;
}

static sheet_cell *add_row(cli_products *at, const char *layer, ql_matmul_shape shape, const char *method)
{
    sheet_cell *row = sheet_table_add(&at->table);
    row[LAYER] = sheet_words(sheet_table_keep(&at->table, layer));
    row[M] = sheet_unsigned(shape.m);
    row[K] = sheet_unsigned(shape.k);
    row[N] = sheet_unsigned(shape.n);
    row[METHOD] = sheet_words(sheet_table_keep(&at->table, method));
    row[THREADS] = sheet_unsigned(at->threads);
    row[ACTIVATIONS] = sheet_words(sheet_table_keep(&at->table, at->x_name));
    return row;
}

static void fill_row(cli_products *at, sheet_cell *row, const ql_matmul_result *r)
{
    row[REL_FRO] = sheet_number(r->rel_fro);
    row[SQNR_DB] = sheet_number(r->sqnr_db);
    row[MAX_ABS] = sheet_number(r->max_abs);
    row[MS_MEDIAN] = sheet_number(r->ms_median);
    row[MS_MIN] = sheet_number(r->ms_min);
    row[MS_MAX] = sheet_number(r->ms_max);
    row[RUNS] = sheet_unsigned(r->runs);
    row[QUANTIZE_MS] = sheet_number(r->quantize_ms);
    row[GOPS] = sheet_number(r->gops);
    row[PEAK_GOPS] = sheet_number(r->peak_gops);
    row[PEAK_SHARE] = sheet_number(r->peak_share);
    row[KERNEL] = sheet_words(sheet_table_keep(&at->table, r->kernel));
    if (r->outliers)
        row[OUTLIER_COLUMNS] =
            sheet_list(sheet_table_keep_numbers(&at->table, r->outliers, r->outlier_count), r->outlier_count);
    if (r->accumulator_max > 0) {
        row[ACCUMULATOR_MAX] = sheet_number(r->accumulator_max);
        row[HEADROOM] = sheet_number(31 - log2(r->accumulator_max));
    }
    row[BYTES] = sheet_unsigned(r->bytes);
    if (*r->note)
        row[NOTE] = sheet_words(sheet_table_keep(&at->table, r->note));
}

void cli_products_row(cli_products *at, const char *layer, const ql_matmul *matmul, const char *method,
                      const ql_matmul_result *result, const char *why)
{
    sheet_cell *row = add_row(at, layer, ql_matmul_shape_of(matmul), method);
    if (result)
        fill_row(at, row, result);
    else
        row[NOTE] = sheet_words(sheet_table_keep(&at->table, why));
}

/* ---- The end */

static bool same_shape(const sheet_table *table)
{
    for (size_t row = 1; row < table->row_count; row++)
        for (int column = M; column <= N; column++)
            if (sheet_table_row(table, row)[column].as.count != sheet_table_row(table, 0)[column].as.count)
                return false;
    return true;
}

/* The kernels of products that ran: better ones than the instruction set's others, where there are such. */
static const char *kernel_of(const sheet_table *table)
{
    for (size_t row = 0; row < table->row_count; row++)
        if (sheet_table_row(table, row)[KERNEL].kind == SHEET_WORDS)
            return sheet_table_row(table, row)[KERNEL].as.words;
    return cli_bench_isa();
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
        double values[COLUMN_COUNT];
        char what[1024];
        for (size_t index = 0; checked_column(index); index++)
            values[index] = number_of(&row[checked_column(index) - COLUMNS]);
        snprintf(what, sizeof what, "%s, %s", row[LAYER].as.words, row[METHOD].as.words);
        cli_checks_values(&at->checks, what, row[REL_FRO].kind == SHEET_NOTHING ? NULL : values);
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
    sheet_table facts = sheet_table_over(FACTS, sizeof FACTS / sizeof FACTS[0]);
    sheet_cell *fact = sheet_table_add(&facts);
    char above[700], threads[40];
    for (int i = 0; i < 3 && same_shape(&at->table); i++)
        fact[i] = sheet_table_row(&at->table, 0)[M + i];
    if (!at->several_threads)
        fact[3] = sheet_unsigned(at->threads);
    fact[4] = sheet_words(cli_bench_isa());
    if (at->several_threads)
        snprintf(threads, sizeof threads, "threads of each line");
    else
        snprintf(threads, sizeof threads, "%u thread%s", at->threads, at->threads == 1 ? "" : "s");
    snprintf(above, sizeof above, "Y[M][N] = X[M][K] W[N][K]^T, X %s, %s, %s kernels",
             at->several_x ? "of each line" : at->x_name, threads, kernel_of(&at->table));
    show_where_it_differs(at, THREADS, "threads", at->several_threads);
    show_where_it_differs(at, ACTIVATIONS, "X", at->several_x);
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
