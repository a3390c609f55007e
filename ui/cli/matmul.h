/*
 * qloupe matmul: products of one command line, or of every line of a batch, as rows of one table.
 *
 *   matmul.c          the command: rows, table
 *   matmul_plan.c     what a command line asks for: shapes, methods, activations
 *   matmul_batch.c    the lines of a batch
 */
#ifndef CLI_MATMUL_H
#define CLI_MATMUL_H

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
    bool is_x_named;  /* a file or folder */
    char x_name[512]; /* for programs */
    uint64_t m;       /* 0: all rows of X */
    unsigned runs;
} cli_plan;

/* Reads the options, opens the file where one is meant, and chooses. Returns an exit code, having told stderr why it is not
   0. Free in every case. */
int cli_plan_make(cli_session *session, cli_plan *out);
void cli_plan_free(cli_plan *plan);

/* How much work it is, in what takes one task: each product in float32, then in every method. */
double cli_plan_parts(const cli_plan *plan);

/* The table of all products. */
typedef struct cli_products cli_products;

/* One command line among several. */
typedef struct cli_turn {
    const char *name;       /* "line 2 of 7" */
    cli_progress *progress; /* of all of them */
} cli_turn;

/* Makes the products of a plan and adds their rows; turn NULL: it is the only one. Returns an exit code, having told stderr
   why it is not 0. */
int cli_products_add(cli_products *out, cli_session *session, const cli_plan *plan, const cli_turn *turn);

/* The same with all lines of the file `path`, each of which is checked before the first one is run. */
int cli_products_batch(cli_products *out, const cli_session *session, const char *path);

#endif
