/* What happens to one weight. What came out is the library's; the text works out only ratios of its numbers. */
#include "text/weight.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"

/* How a mapping goes from a weight to its code. */
typedef struct way {
    const char *mapping;
    const char *scale; /* what the weight is divided by; NULL: nothing */
    bool is_uniform;   /* codes count steps, from the zero point where there is one; else levels are looked up */
} way;

static const way ways[] = {
    { "absmax", "d", true },    { "zeropoint", "d", true }, { "int4g", "d", true },   { "ternary", "d", true },
    { "q8_0", "d", true },      { "nf4", "A", false },      { "bnbfp4", "A", false }, { "codebook", "A", false },
    { "fp4", "d", false },      { "mxfp4", "d", false },    { "nvfp4", "d", false },  { "fp8_e4m3", "d", false },
    { "fp8_e5m2", "d", false },
};

static const way *way_of(const ql_report *report)
{
    static const way by_levels = { "", NULL, false };
    const char *name = ql_mapping_describe(report->spec.mapping)->name;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(ways[i].mapping, name) == 0)
            return &ways[i];
    return &by_levels;
}

const char *text_weight_scale(const ql_report *report, uint64_t group, double *scale)
{
    const char *name = report->scales ? way_of(report)->scale : NULL;
    *scale = 1;
    if (name)
        *scale = report->block_maxima ? report->block_maxima[group] : report->scales[group];
    return *scale != 0 ? name : NULL;
}

enum { SIGNED_SIZE = TEXT_NUMBER_SIZE + 1, PRODUCT_SIZE = 80 };

/* "+0.2048". */
static const char *with_sign(double value, char out[SIGNED_SIZE])
{
    out[0] = '+';
    text_number(out + (value >= 0), value, TEXT_SIGNIFICANT);
    return out;
}

/* "code 10 = 0b1010": the code, and its bits where they are few. */
static void print_code(const ql_report *report, int code, char *out, size_t size)
{
    const unsigned bits = report->spec.bits;
    size_t used = (size_t)snprintf(out, size, "code %d", code);
    if (bits == 0 || bits > 8)
        return;
    used += (size_t)snprintf(out + used, size - used, " = 0b");
    for (unsigned bit = bits; bit-- > 0;)
        used += (size_t)snprintf(out + used, size - used, "%d", (int)((unsigned)code >> bit & 1));
}

/* The levels of the weight's group next to it; infinite where there is none. */
static void find_neighbours(const ql_strip *strip, size_t at, double *below, double *above)
{
    const float *levels = strip->levels + strip->places[at] * strip->code_count;
    *below = -INFINITY;
    *above = INFINITY;
    for (unsigned i = 0; i < strip->code_count; i++) {
        if ((double)levels[i] <= (double)strip->x[at])
            *below = fmax(*below, levels[i]);
        if ((double)levels[i] >= (double)strip->x[at])
            *above = fmin(*above, levels[i]);
    }
}

/* From the ratio to the code. */
static void print_choice(const ql_report *report, const ql_strip *strip, size_t at, double scale, char out[TEXT_WEIGHT_SIZE])
{
    const way *how = way_of(report);
    const int code = strip->codes[at];
    char text[64], low[SIGNED_SIZE], high[SIGNED_SIZE];
    print_code(report, code, text, sizeof text);
    if (how->is_uniform) {
        const int zero = report->zeros ? report->zeros[strip->groups[strip->places[at]]] : 0, steps = code - zero;
        const bool is_cut = fabs((double)strip->x[at] / scale - steps) > 1;
        char point[48] = "";
        if (report->zeros)
            snprintf(point, sizeof point, ", zero point %d added", zero);
        snprintf(out, TEXT_WEIGHT_SIZE, "%s %+d%s: %s", is_cut ? "out of range, cut to" : "rounded to", steps, point, text);
        return;
    }
    double below, above;
    find_neighbours(strip, at, &below, &above);
    if (strip->code_count == 0)
        snprintf(out, TEXT_WEIGHT_SIZE, "nearest value: %s", text);
    else if (below == above)
        snprintf(out, TEXT_WEIGHT_SIZE, "on a level: %s", text);
    else if (isinf(below) || isinf(above))
        snprintf(out, TEXT_WEIGHT_SIZE, "beyond the last level %s: %s",
                 with_sign((isinf(below) ? above : below) / scale, low), text);
    else
        snprintf(out, TEXT_WEIGHT_SIZE, "between levels %s and %s: %s", with_sign(fmin(below / scale, above / scale), low),
                 with_sign(fmax(below / scale, above / scale), high), text);
}

/* "+13·d", "+0.2461·A"; "" where the value is what it is. */
static void print_product(const ql_report *report, const ql_strip *strip, size_t at, const char *name,
                          char out[PRODUCT_SIZE])
{
    const way *how = way_of(report);
    const uint64_t group = strip->groups[strip->places[at]];
    char level[SIGNED_SIZE];
    out[0] = 0;
    if (!name)
        return;
    if (how->is_uniform)
        snprintf(out, PRODUCT_SIZE, "%+d·%s = ", strip->codes[at] - (report->zeros ? report->zeros[group] : 0), name);
    else if (report->scales[group] != 0)
        snprintf(out, PRODUCT_SIZE, "%s·%s%s = ", with_sign((double)strip->y[at] / (double)report->scales[group], level),
                 name, report->block_maxima ? "'" : "");
}

size_t text_weight(const ql_report *report, const ql_strip *strip, size_t at,
                   char lines[TEXT_WEIGHT_LINES][TEXT_WEIGHT_SIZE])
{
    char a[SIGNED_SIZE], b[SIGNED_SIZE], c[SIGNED_SIZE], product[PRODUCT_SIZE];
    const double x = strip->x[at], y = strip->y[at];
    size_t count = 0;
    double scale;
    const char *name = text_weight_scale(report, strip->groups[strip->places[at]], &scale);
    snprintf(lines[count++], TEXT_WEIGHT_SIZE, "w = %s   W[%llu][%llu]", with_sign(x, a), (unsigned long long)strip->row,
             (unsigned long long)(strip->col + at));
    if (strip->is_outlier[at]) {
        snprintf(lines[count++], TEXT_WEIGHT_SIZE, "an outlier: kept in half precision beside the codes");
        name = NULL;
    } else {
        if (name) {
            text_number(b, scale, TEXT_SIGNIFICANT);
            snprintf(lines[count++], TEXT_WEIGHT_SIZE, "w ÷ %s = %s ÷ %s = %s", name, a, b, with_sign(x / scale, c));
        }
        if (report->levels > 0)
            print_choice(report, strip, at, scale, lines[count++]);
    }
    print_product(report, strip, at, name, product);
    snprintf(lines[count++], TEXT_WEIGHT_SIZE, "y = %s%s   error %s", product, with_sign(y, b), with_sign(x - y, c));
    return count;
}
