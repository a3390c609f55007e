/* What a figure says about itself in a file's metadata: who made it, from what, and every number in full. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/figure.h"

/* The value a malloced string, or NULL without memory, which ends the list. */
static void add(ql_facts *facts, char *value, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(ql_facts *facts, char *value, const char *format, ...)
{
    ql_fact *grown = value && !facts->failed ? realloc(facts->at, (facts->count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        facts->failed = true;
        free(value);
        return;
    }
    facts->at = grown;
    ql_fact *fact = &grown[facts->count++];
    fact->value = value;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fact->name, sizeof fact->name, format, arguments);
    va_end(arguments);
}

enum { VALUE_SIZE = 40 };

static void format_value(char out[VALUE_SIZE], double value)
{
    if (isfinite(value))
        snprintf(out, VALUE_SIZE, "%.17g", value);
    else
        snprintf(out, VALUE_SIZE, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

static void add_number(ql_facts *facts, const char *prefix, const char *name, double value)
{
    char text[VALUE_SIZE];
    format_value(text, value);
    add(facts, strdup(text), "%s%s", prefix, name);
}

static void add_count(ql_facts *facts, const char *prefix, const char *name, uint64_t count)
{
    char text[VALUE_SIZE];
    snprintf(text, sizeof text, "%" PRIu64, count);
    add(facts, strdup(text), "%s%s", prefix, name);
}

static void add_report(ql_facts *facts, const char *prefix, const ql_report *report)
{
    for (unsigned i = 0; i < QL_METRIC_COUNT; i++)
        add_number(facts, prefix, ql_metric_describe((ql_metric)i)->name, report->metrics[i]);
    add_number(facts, prefix, "bits_per_weight", report->bits_per_weight);
    add_count(facts, prefix, "bytes", report->byte_count);
}

/* "THRESHOLD LOSS" a line. */
static char *format_curve(const ql_curve *curve)
{
    char *text = malloc(curve->count * 2 * VALUE_SIZE + 1), *end = text;
    for (size_t i = 0; text && i < curve->count; i++) {
        char threshold[VALUE_SIZE], loss[VALUE_SIZE];
        format_value(threshold, curve->threshold[i]);
        format_value(loss, curve->loss[i]);
        end += sprintf(end, "%s%s %s", i ? "\n" : "", threshold, loss);
    }
    if (text)
        *end = '\0';
    return text;
}

static void add_ways(ql_facts *facts, const ql_ways *ways)
{
    add_count(facts, "", "group", ways->group);
    add_count(facts, "", "groups", ways->reports[0]->group_count);
    add(facts, strdup(ways->names[ways->best]), "best");
    for (size_t i = 0; i < ways->count; i++) {
        char prefix[sizeof ways->names[0] + 2];
        const ql_report *report = ways->reports[i];
        snprintf(prefix, sizeof prefix, "%s: ", ways->names[i]);
        add(facts, strdup(report->spec_text), "%sspec", prefix);
        add_number(facts, prefix, "clip_lo", report->clip_lo);
        add_number(facts, prefix, "clip_hi", report->clip_hi);
        add_number(facts, prefix, "scale", report->scales[ways->group]);
        add_number(facts, prefix, "scale_min", report->scale_min);
        add_number(facts, prefix, "scale_max", report->scale_max);
        add_report(facts, prefix, report);
        if (ways->curves[i])
            add(facts, format_curve(ways->curves[i]), "%scurve", prefix);
    }
}

/* "COLUMN COLUMN ..." */
static char *format_columns(const ql_matmul_result *result)
{
    char *text = malloc(result->outlier_count * 11 + 1), *end = text;
    for (size_t i = 0; text && i < result->outlier_count; i++)
        end += sprintf(end, "%s%" PRIu32, i ? " " : "", result->outliers[i]);
    if (text)
        *end = '\0';
    return text;
}

/* "|x|" a line, in the order of the channels. */
static char *format_channels(const ql_products *products)
{
    const uint64_t k = products->shape.k;
    char *text = malloc((size_t)k * VALUE_SIZE + 1), *end = text;
    for (uint64_t c = 0; text && c < k; c++) {
        char value[VALUE_SIZE];
        format_value(value, products->loudest[c]);
        end += sprintf(end, "%s%s", c ? "\n" : "", value);
    }
    if (text)
        *end = '\0';
    return text;
}

static void add_product(ql_facts *facts, const char *prefix, const ql_product *product)
{
    const ql_matmul_result *result = &product->result;
    add(facts, strdup(result->method), "%smethod", prefix);
    if (!product->is_known) {
        add(facts, strdup(product->why), "%snote", prefix);
        return;
    }
    add_number(facts, prefix, "rel_fro", result->rel_fro);
    add_number(facts, prefix, "sqnr_db", result->sqnr_db);
    add_number(facts, prefix, "max_abs", result->max_abs);
    add_count(facts, prefix, "worst_row", product->worst_row);
    add_count(facts, prefix, "worst_output", product->worst_output);
    add_count(facts, prefix, "bytes", result->bytes);
    if (result->accumulator_max > 0)
        add_number(facts, prefix, "accumulator_max", result->accumulator_max);
    if (result->outliers)
        add(facts, format_columns(result), "%soutlier_columns", prefix);
    if (*result->note)
        add(facts, strdup(result->note), "%snote", prefix);
}

static void add_products(ql_facts *facts, const ql_products *products)
{
    add_count(facts, "", "m", products->shape.m);
    add_count(facts, "", "k", products->shape.k);
    add_count(facts, "", "n", products->shape.n);
    add_number(facts, "", "rms", products->rms);
    add(facts, format_channels(products), "max_abs_of_channels");
    for (size_t i = 0; i < products->count; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "product %zu: ", i + 1);
        add_product(facts, prefix, &products->products[i]);
    }
}

bool ql_facts_collect(const ql_figure *figure, ql_facts *out)
{
    *out = (ql_facts) { .at = NULL };
    add(out, strdup("qloupe " QL_VERSION), "Software");
    add(out, strdup(figure->command), "Command");
    add(out, strdup(figure->file), "File");
    add(out, strdup(figure->tensor), "Tensor");
    add(out, strdup(figure->spec), figure->products ? "Activations" : "Spec");
    if (figure->report)
        add_report(out, "", figure->report);
    if (figure->ways)
        add_ways(out, figure->ways);
    if (figure->products)
        add_products(out, figure->products);
    if (out->failed)
        ql_facts_free(out);
    return out->count > 0;
}

void ql_facts_free(ql_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        free(facts->at[i].value);
    free(facts->at);
    *facts = (ql_facts) { .at = NULL };
}
