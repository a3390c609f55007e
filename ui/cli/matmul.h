/*
 * qloupe matmul: products of one command line, or of every line of a batch, as rows of one table.
 *
 *   matmul.c          the command: products one after the other
 *   matmul_batch.c    the lines of a batch
 *   matmul_plan.c     what a command line asks for: shapes, methods, activations
 *   matmul_rows.c     the table: its columns, what is told around it, --fail-on
 */
#ifndef CLI_MATMUL_H
#define CLI_MATMUL_H

#include "cli/fail_on.h"
#include "cli/presets.h"
#include "cli/session.h"

/* One product: a tensor of the session, or a shape that is made up. */
typedef struct cli_product_of {
    char *layer;             /* printable, owned */
    const ql_tensor *tensor; /* NULL: made up */
    uint64_t k, n;           /* of what is made up */
} cli_product_of;

typedef struct cli_plan {
    cli_product_of *products; /* [product_count] */
    size_t product_count, product_capacity;
    char **methods; /* [method_count] canonical */
    size_t method_count, method_capacity;
    ql_activations *x;
    bool is_x_named;      /* a file or folder */
    char x_name[512];     /* for programs */
    ql_synthetic made_up; /* what X is unless is_x_named */
    uint64_t m;           /* 0: all rows of X */
    unsigned runs;
} cli_plan;

/* What is multiplied where no -m is given, and with which thresholds where no --sweep is; sweep NULL: none. */
typedef struct cli_usual {
    const char *const *methods;
    size_t count;
    const char *sweep; /* "threshold=T,T,..." */
} cli_usual;

/* Reads the options, opens the file where one is meant, and chooses. usual NULL: the dozen methods of `qloupe matmul`. Returns
   an exit code, having told stderr why it is not 0. Free in every case. */
int cli_plan_make(cli_session *session, const cli_usual *usual, cli_plan *out);
void cli_plan_free(cli_plan *plan);

/* Tells stderr why a product could not be made, with the file and the tensor where the message names neither. Returns the exit
   code. */
int cli_complain_product(const cli_session *session, const cli_product_of *product, const ql_error *error);

/* How much work it is, in what takes one task: each product in float32, then in every method. */
double cli_plan_parts(const cli_plan *plan);

/* The table of one run. */
typedef struct cli_products {
    sheet_column *columns; /* owned */
    sheet_table table;
    cli_checks checks;
    char x_name[512]; /* of the next rows */
    unsigned threads; /* 0: none yet */
    bool several_x, several_threads;
} cli_products;

/* Returns an exit code, as does cli_products_end, which writes the table when `code` is good, checks its rows and frees all
   of it, also after a failure. */
int cli_products_begin(const cli_arguments *arguments, cli_products *out);
int cli_products_end(cli_products *products, const cli_session *session, int code);

/* The activations and threads of the rows that follow. */
void cli_products_with(cli_products *products, const char *x_name, unsigned threads);

/* A row; result NULL: a note, why there is none. All words are copied. */
void cli_products_row(cli_products *products, const char *layer, const ql_matmul *matmul, const char *method,
                      const ql_matmul_result *result, const char *why);

/* One command line among several. */
typedef struct cli_turn {
    const char *name;       /* "line 2 of 7" */
    cli_progress *progress; /* of all of them */
} cli_turn;

/* Makes the products of a plan, a row for each method; turn NULL: it is the only one. Returns an exit code, having told stderr
   why it is not 0. */
int cli_matmul_run(cli_products *products, cli_session *session, const cli_plan *plan, const cli_turn *turn);

/* The same with all lines of the file `path`, each of which is checked before the first one is run. */
int cli_matmul_batch(cli_products *products, const cli_session *session, const char *path);

/* The numbers of a row that --fail-on knows, by their names in JSON; NULL at the end. meaning may be NULL. */
const char *cli_matmul_number(size_t index, const char **meaning);

#endif
