/* qloupe plot: its parts. */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H

#include "cli/session.h"

/* Draws a figure of products: the methods, activations and the tensor of the command line. Returns an exit code, having told
   stderr why it is not 0. */
int cli_plot_products(cli_session *session, const ql_figure_kind *kind, const char *out);

#endif
