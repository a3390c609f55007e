/* --params: how many parameters a model has, and what they take. */
#ifndef CLI_PARAMS_H
#define CLI_PARAMS_H

#include "cli/session.h"

/* --params as a count, 0 when it is not given: 7e9, 7B, 350M, 124,439,808. Returns an exit code, having told stderr why it
 * is not 0. */
int cli_params_given(const cli_session *session, double *out);

/* Decimal gigabytes, 1e9 bytes, as everybody counts them for models. */
static inline double cli_gigabytes(double params, double bits)
{
    return params * bits / 8 / 1e9;
}

#endif
