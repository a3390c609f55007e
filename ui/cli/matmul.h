/*
 * qloupe matmul: products of one command line, or of every line of a batch, as rows of one table.
 *
 *   matmul.c          the command: rows, table, batch
 *   matmul_plan.c     what a command line asks for: shapes, methods, activations
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
    char x_name[512];     /* for programs */
    ql_synthetic made_up; /* what X is where is_made_up */
    bool is_made_up;
    uint64_t m; /* 0: all rows of X */
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

#endif
