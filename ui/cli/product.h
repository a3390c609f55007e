/* --x: the error of the product X W^T beside that of the weights. */
#ifndef CLI_PRODUCT_H
#define CLI_PRODUCT_H

#include "cli/session.h"

/* What multiplying costs, in elements of a report, for the progress. */
enum { CLI_PRODUCT_PARTS = 8 };

typedef struct cli_product {
    ql_activations *x; /* owned; NULL: none was asked for */
    char name[512];    /* for programs: "synthetic seed 7 outliers 5 rows 32", or the file or folder as it was given */
    bool is_named;     /* a file or folder */
} cli_product;

/* Reads what --x names. Returns an exit code, having told stderr why it is not 0. Free in every case. */
int cli_product_open(const cli_arguments *arguments, cli_product *out);
void cli_product_free(cli_product *product);

/* Refuses activations that fit none of the session's tensors, and a folder with a file for none of the model's; the message
   says why for the first matrix of them. */
int cli_product_check(const cli_product *product, const cli_session *session);

/* The error of the product under a report. *out points to *value, or is NULL where there is no product: then `why` says why
   of a matrix; of a vector, and where none was asked for, it is "". `why` also says that a folder has no file for the tensor
   and the product is with made-up activations. */
int cli_product_measure(const cli_product *product, cli_session *session, const ql_profile *profile, const ql_report *report,
                        double *value, const double **out, char why[sizeof((ql_error *)0)->message]);

/* "X synthetic 32×256, 5 outlier channels, seed 7", for people; tensor NULL: of several. */
void cli_product_describe(const cli_product *product, const ql_tensor *tensor, char *out, size_t size);

/* For programs; NULL when none was asked for. */
static inline const char *cli_product_name(const cli_product *product)
{
    return product->x ? product->name : NULL;
}

#endif
