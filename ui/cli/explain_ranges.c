/* Steps that find the range of a group, and how its values are listed. */
#include "cli/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

double cli_least(const cli_explained *at)
{
    double result = at->x[0];
    for (size_t i = 1; i < at->n; i++)
        result = fmin(result, at->x[i]);
    return result;
}

double cli_greatest(const cli_explained *at)
{
    double result = at->x[0];
    for (size_t i = 1; i < at->n; i++)
        result = fmax(result, at->x[i]);
    return result;
}

double cli_identity(double v)
{
    return v;
}

/* "3.2, 3, 0.1", or "64 values". */
const char *cli_list(const cli_explained *at, double (*of)(double), const char *between, char out[CLI_LINE])
{
    size_t used = 0;
    if (at->n > CLI_FEW) {
        snprintf(out, CLI_LINE, "%zu values", at->n);
        return out;
    }
    for (size_t i = 0; i < at->n; i++)
        used += (size_t)snprintf(out + used, CLI_LINE - used, "%s%s", i ? between : "", cli_seven(of(at->x[i])));
    return out;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* "rank 0.7·(5 - 1) = 2.8 of 0.3 1 2.5 3.7 4" */
static const char *ranked(const cli_explained *at, double percent, double (*of)(double), char out[CLI_LINE])
{
    double sorted[CLI_FEW];
    size_t used = (size_t)snprintf(out, CLI_LINE, "rank %s·(%zu - 1) = %s", cli_seven(percent / 100), at->n,
                                   cli_seven(percent / 100 * (double)(at->n - 1)));
    for (size_t i = 0; i < at->n && at->n <= CLI_FEW; i++)
        sorted[i] = of(at->x[i]);
    if (at->n <= CLI_FEW)
        qsort(sorted, at->n, sizeof *sorted, compare);
    for (size_t i = 0; i < at->n && at->n <= CLI_FEW; i++)
        used += (size_t)snprintf(out + used, CLI_LINE - used, "%s%s", i ? " " : " of ", cli_seven(sorted[i]));
    return out;
}

/* ---- Ranges -------------------------------------------------------------------------------------------------------- */

/* The factor is that of the bits and the distribution. */
static void explain_model(const cli_explained *at, double alpha)
{
    const bool gauss = at->spec->dist == QL_DIST_GAUSS;
    double sum = 0, spread = 0;
    for (size_t i = 0; i < at->n; i++)
        sum += at->x[i];
    for (size_t i = 0; i < at->n; i++) {
        const double distance = fabs(at->x[i] - sum / (double)at->n);
        spread += gauss ? distance * distance : distance;
    }
    spread = gauss ? sqrt(spread / (double)at->n) : spread / (double)at->n;
    cli_step(at, "range", gauss ? "alpha = c(b)·σ" : "alpha = c(b)·mean|x - μ|", alpha, "c(%u) = %.5g, %s", at->spec->bits,
             spread > 0 ? alpha / spread : 0, cli_seven(spread));
}

void cli_explain_alpha(const cli_explained *at)
{
    const double alpha = at->working->hi[at->group];
    const ql_spec *spec = at->spec;
    char text[CLI_LINE], formula[96];
    switch (spec->clip) {
    case QL_CLIP_PERCENTILE:
        snprintf(formula, sizeof formula, "alpha = percentile %s of |x|", cli_seven(spec->p_hi));
        cli_step(at, "range", formula, alpha, "%s", ranked(at, spec->p_hi, fabs, text));
        break;
    case QL_CLIP_KL:
        cli_step(at, "range", "alpha = end of the best of 2048 bins", alpha, "least divergence of the clipped histogram");
        break;
    case QL_CLIP_MSE:
        cli_step(at, "range", "alpha = max|x|·k / 256", alpha, "k = %s of 1 … 256 has the least sum of e^2",
                 cli_seven(alpha > 0 ? rint(256 * alpha / fmax(cli_greatest(at), -cli_least(at))) : 256));
        break;
    case QL_CLIP_ACIQ:
        explain_model(at, alpha);
        break;
    case QL_CLIP_MANUAL:
        cli_step(at, "range", "alpha, by hand", alpha, "%s", "");
        break;
    default:
        cli_step(at, "range", "alpha = max|x|", alpha, "max(%s)", cli_list(at, fabs, ", ", text));
        break;
    }
}

void cli_explain_lo_hi(const cli_explained *at)
{
    const ql_spec *spec = at->spec;
    const double lo = at->working->lo[at->group], hi = at->working->hi[at->group];
    char text[CLI_LINE], formula[96];
    switch (spec->clip) {
    case QL_CLIP_PERCENTILE:
        snprintf(formula, sizeof formula, "lo = percentile %s of x", cli_seven(spec->p_lo));
        cli_step(at, "low end", formula, lo, "%s", ranked(at, spec->p_lo, cli_identity, text));
        snprintf(formula, sizeof formula, "hi = percentile %s of x", cli_seven(spec->p_hi));
        cli_step(at, "high end", formula, hi, "%s", ranked(at, spec->p_hi, cli_identity, text));
        break;
    case QL_CLIP_MANUAL:
        cli_step(at, "low end", "lo, by hand", lo, "%s", "");
        cli_step(at, "high end", "hi, by hand", hi, "%s", "");
        break;
    case QL_CLIP_MSE:
        cli_step(at, "low end", "lo = min·k / 256", lo, "k = 256 … 1 with the least sum of e^2");
        cli_step(at, "high end", "hi = max·k / 256", hi, "%s", "");
        break;
    default:
        cli_step(at, "low end", "lo = min x", lo, "min(%s)", cli_list(at, cli_identity, ", ", text));
        cli_step(at, "high end", "hi = max x", hi, "max(%s)", cli_list(at, cli_identity, ", ", text));
        break;
    }
}
