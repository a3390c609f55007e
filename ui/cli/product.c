/* --x: see product.h. */
#include "cli/product.h"

#include "cli/cli.h"
#include "cli/complain.h"

#include "sheet/results.h"

#include <string.h>

int cli_product_open(const cli_arguments *arguments, cli_product *out)
{
    const char *text = cli_value(arguments, CLI_X);
    ql_error error;
    *out = (cli_product) { .x = NULL };
    if (!text)
        return CLI_GOOD;
    out->is_named = strcmp(text, "synthetic") != 0;
    sheet_activations_name(out->name, sizeof out->name, text);
    return ql_activations_open(text, &out->x, &error) == QL_OK ? CLI_GOOD : cli_complain("--x: %s", error.message);
}

void cli_product_free(cli_product *product)
{
    ql_activations_free(&product->x);
}

static bool is_matrix(const ql_tensor *tensor)
{
    return tensor->rank > 1 && tensor->element_count > 0;
}

int cli_product_check(const cli_product *product, const cli_session *session)
{
    ql_error error;
    const ql_tensor *told = session->tensors[0]; /* a matrix rather than a vector */
    if (!product->x)
        return CLI_GOOD;
    if (ql_activations_check(product->x, session->model, &error) != QL_OK)
        return cli_complain("--x: %s", error.message);
    for (size_t i = 0; i < session->tensor_count; i++) {
        if (ql_activations_fit(product->x, session->tensors[i], &error) == QL_OK)
            return CLI_GOOD;
        if (!is_matrix(told))
            told = session->tensors[i];
    }
    ql_activations_fit(product->x, told, &error);
    return cli_complain("%s: tensor '%s': %s", cli_shown(session->path), cli_shown_text(told->name), error.message);
}

int cli_product_measure(const cli_product *product, cli_session *session, const ql_profile *profile, const ql_report *report,
                        double *value, const double **out, char why[sizeof((ql_error *)0)->message])
{
    ql_error error;
    *out = NULL;
    *why = 0;
    if (!product->x || !report)
        return CLI_GOOD;
    const ql_monitor *monitor = cli_session_task(session, CLI_PRODUCT_PARTS * (double)profile->tensor->element_count);
    const ql_status status = ql_product_error(session->engine, profile, report, product->x, monitor, value, &error);
    if (status == QL_OK)
        *out = value;
    if (status == QL_OK && product->is_named && !ql_activations_are_real(product->x, profile->tensor)) {
        char text[400];
        cli_product_describe(product, profile->tensor, text, sizeof text);
        snprintf(why, sizeof error.message, "product err with %s", text);
    } else if (status == QL_UNUSABLE && is_matrix(profile->tensor))
        snprintf(why, sizeof error.message, "%s", error.message);
    return status == QL_OK || status == QL_UNUSABLE ? CLI_GOOD : cli_complain_error(&error);
}

void cli_product_describe(const cli_product *product, const ql_tensor *tensor, char *out, size_t size)
{
    char text[396];
    ql_activations_describe(product->x, tensor, text, sizeof text);
    snprintf(out, size, "X %s", text);
}
