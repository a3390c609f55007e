/*
 * Formulas with numbers. One table: a mapping a row, with its template.
 *
 *   {name}    a number or a list of the tables below
 *   {+name}   the number with its sign as an operation: "+ 3", "- 3"     {-name}  the same, subtracted: "- 3", "+ 3"
 */
#include "text/formula.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/number.h"

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static double scale_of(const ql_report *r)
{
    return r->scales ? r->scales[r->widest.group] : 1;
}

static double high(const ql_report *r)
{
    return r->widest.hi;
}

static double low(const ql_report *r)
{
    return r->widest.lo;
}

/* The range of an asymmetric mapping holds 0, unless it is told not to. */
static double high_end(const ql_report *r)
{
    return r->spec.zero == QL_ZERO_RAW ? high(r) : fmax(high(r), 0);
}

static double low_end(const ql_report *r)
{
    return r->spec.zero == QL_ZERO_RAW ? low(r) : fmin(low(r), 0);
}

static double minus_low_end(const ql_report *r)
{
    return -low_end(r);
}

static double span(const ql_report *r)
{
    return high_end(r) - low_end(r);
}

static double range(const ql_report *r)
{
    return high(r) - low(r);
}

static double largest(const ql_report *r)
{
    return fmax(fabs(low(r)), fabs(high(r)));
}

/* ggml divides the element of largest magnitude by a negative number: a positive scale belongs to a negative element. */
static double extreme(const ql_report *r)
{
    return scale_of(r) > 0 ? -largest(r) : largest(r);
}

static double top_code(const ql_report *r)
{
    return r->code_hi + (r->spec.range == QL_RANGE_TORCHOBS ? 0.5 : 0);
}

static double low_code(const ql_report *r)
{
    return r->code_lo;
}

static double steps(const ql_report *r)
{
    return r->code_hi - r->code_lo;
}

static double zero_point(const ql_report *r)
{
    return r->zeros ? r->zeros[r->widest.group] : 0;
}

static double exponent(const ql_report *r)
{
    return log2(scale_of(r));
}

static double tensor_scale(const ql_report *r)
{
    return r->tensor_scale;
}

static double tensor_largest(const ql_report *r)
{
    return tensor_scale(r) * 2688;
}

/* As stored: the scale is its product with T, rounded. */
static double block_scale(const ql_report *r)
{
    ql_float_parts parts;
    return ql_float_take_apart(QL_F8_E4M3, scale_of(r) / tensor_scale(r), &parts) ? parts.stored : 0;
}

static double first_level(const ql_report *r)
{
    return r->widest.levels[0];
}

static double level_count(const ql_report *r)
{
    return r->levels;
}

static ql_dtype half_type(const ql_report *r)
{
    return strcmp(ql_mapping_describe(r->spec.mapping)->name, "fp16") == 0 ? QL_F16 : QL_BF16;
}

/* The largest magnitude that a half-precision format can hold. */
static double largest_half(const ql_report *r)
{
    return fmin(largest(r), ql_dtype_describe(half_type(r))->max_finite);
}

/* How far apart its numbers are there. */
static double spacing(const ql_report *r)
{
    ql_float_parts parts;
    return ql_float_take_apart(half_type(r), largest_half(r), &parts) ? parts.stored - parts.below : 0;
}

static const struct {
    const char *name;
    double (*get)(const ql_report *report);
} numbers[] = {
    { "hi", high },
    { "lo", low },
    { "d", scale_of },
    { "top", top_code },
    { "qmin", low_code },
    { "steps", steps },
    { "z", zero_point },
    { "high", high_end },
    { "low", low_end },
    { "below", minus_low_end },
    { "max", largest },
    { "extreme", extreme },
    { "E", exponent },
    { "T", tensor_scale },
    { "Tmax", tensor_largest },
    { "s", block_scale },
    { "min", first_level },
    { "K", level_count },
    { "span", span },
    { "spacing", spacing },
    { "half", largest_half },
    { "range", range },
};

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

unsigned text_level_order(const ql_report *report, unsigned order[QL_MAX_GRID])
{
    const ql_widest *w = &report->widest;
    unsigned count = 0;
    for (unsigned code = 0; code < w->level_count; code++) {
        unsigned at = count;
        if (!isfinite(w->levels[code]))
            continue;
        while (at > 0 && w->levels[order[at - 1]] > w->levels[code])
            at--;
        memmove(order + at + 1, order + at, (count - at) * sizeof *order);
        order[at] = code;
        count++;
    }
    return count;
}

/* The different levels divided by `unit`, ascending; returns how many. */
static unsigned get_levels(const ql_report *report, double unit, double out[QL_MAX_GRID])
{
    unsigned order[QL_MAX_GRID], count = text_level_order(report, order), kept = 0;
    for (unsigned i = 0; i < count; i++) {
        const double level = (double)report->widest.levels[order[i]] / unit;
        const bool is_code = report->code_counts[order[i]] || report->levels + 1 != count || level != 0;
        if (is_code && (kept == 0 || level != out[kept - 1]))
            out[kept++] = level;
    }
    return kept;
}

/* Values with a space between, those in the middle left out when there are more than `most`. */
static void print_list(char *out, size_t size, const double *values, unsigned count, unsigned most)
{
    size_t used = 0;
    const unsigned head = count > most ? most / 2 : count, tail = count > most ? most - most / 2 : 0;
    out[0] = 0;
    for (unsigned i = 0; i < count && used < size; i++) {
        char text[TEXT_NUMBER_SIZE];
        if (i == head)
            used += (size_t)snprintf(out + used, size - used, " …");
        if ((i >= head && i < count - tail) || used >= size)
            continue;
        text_number(text, values[i], TEXT_SIGNIFICANT);
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "", text);
    }
}

void text_levels(char *out, size_t size, const ql_report *report, unsigned most)
{
    double levels[QL_MAX_GRID];
    print_list(out, size, levels, get_levels(report, 1, levels), most);
}

enum { FEW = 4 };

static void print_levels(const ql_report *r, char *out, size_t size)
{
    text_levels(out, size, r, FEW);
}

static void print_ends(const ql_report *r, char *out, size_t size)
{
    text_levels(out, size, r, 2);
}

static void print_unit_levels(const ql_report *r, char *out, size_t size)
{
    double levels[QL_MAX_GRID];
    print_list(out, size, levels, scale_of(r) > 0 ? get_levels(r, scale_of(r), levels) : 0, FEW);
}

/* The inner ends of the bins. */
static void print_edges(const ql_report *r, char *out, size_t size)
{
    out[0] = 0;
    if (r->edges && r->levels > 1)
        print_list(out, size, r->edges + r->widest.group * (r->levels + 1) + 1, r->levels - 1, FEW);
}

static void print_eps(const ql_report *r, char *out, size_t size)
{
    char text[TEXT_NUMBER_SIZE];
    text_exact(text, r->spec.eps);
    snprintf(out, size, "%s", text);
}

static void print_rounding(const ql_report *r, char *out, size_t size)
{
    static const char *const names[] = {
        [QL_ROUND_EVEN] = "round", [QL_ROUND_AWAY] = "round away", [QL_ROUND_STOCHASTIC] = "round by chance"
    };
    snprintf(out, size, "%s", names[r->spec.round]);
}

static const struct {
    const char *name;
    void (*print)(const ql_report *report, char *out, size_t size);
} lists[] = {
    { "levels", print_levels }, { "units", print_unit_levels }, { "ends", print_ends },
    { "edges", print_edges },   { "eps", print_eps },           { "round", print_rounding },
};

/* ---- Templates --------------------------------------------------------------------------------------------------- */

static bool is_double(const ql_spec *spec)
{
    return spec->double_quant != 0;
}

static bool is_as_it_is(const ql_spec *spec)
{
    return spec->scale == 0;
}

/* clang-format off */
static const struct {
    const char *mapping;
    bool (*when)(const ql_spec *spec); /* NULL: always */
    bool needs_range;                  /* nothing to work out for a group of zeros */
    const char *full, *brief;          /* brief NULL: the same */
} rows[] = {
    { "absmax",    NULL, true, "d = {hi} / {top} = {d}   q = {round}(x / d)   y = q·d", NULL },
    { "zeropoint", NULL, true, "d = ({high} {-low}) / {steps} = {d}   z = round({qmin} {-low} / d) = {z}   q = {round}(x / d) {+z}   y = (q {-z})·d",
                               "d = {span} / {steps} = {d}   z = {z}   q = {round}(x / d) + z   y = (q - z)·d" },
    { "int4g",     NULL, true, "d = half(({high} {-low}) / {steps}) = {d}   z = round({below} / d) = {z}   q = round(x / d) {+z}   y = (q {-z})·d",
                               "d = half({span} / {steps}) = {d}   z = {z}   q = round(x / d) + z   y = (q - z)·d" },
    { "nf4", is_double,  true, "A = max|x| = {hi}   A' = {d}   q = nearest of {units} to x / A   y = level[q]·A'",
                               "A = {hi}   A' = {d}   q = nearest level to x / A   y = level[q]·A'" },
    { "nf4",       NULL, true, "A = max|x| = {hi}   q = nearest of {units} to x / A   y = level[q]·A",
                               "A = max|x| = {hi}   q = nearest level to x / A   y = level[q]·A" },
    { "bnbfp4",    NULL, true, "A = max|x| = {hi}   q = nearest of 0 1/192 1/6 1/4 1/3 1/2 2/3 1 to |x| / A, with sign   y = level[q]·A",
                               "A = max|x| = {hi}   q = nearest level to x / A   y = level[q]·A" },
    { "fp4",       NULL, true, "d = {hi} / 6 = {d}   q = e2m1(x / d)   y = q·d", NULL },
    { "mxfp4",     NULL, true, "d = 2^(floor(log2 {hi}) - 2) = 2^{E} = {d}   q = e2m1(x / d)   y = q·d",
                               "d = 2^(floor(log2 {hi}) - 2) = {d}   q = e2m1(x / d)   y = q·d" },
    { "nvfp4",     NULL, true, "T = {Tmax} / 2688 = {T}   s = e4m3({hi} / 6 / T) = {s}   q = e2m1(x / (s·T))   y = q·s·T",
                               "T = {T}   s = e4m3({hi} / 6 / T) = {s}   q = e2m1(x/(s·T))   y = q·s·T" },
    { "fp8_e4m3", is_as_it_is, false, "q = e4m3(x)   y = q", NULL },
    { "fp8_e4m3",  NULL, true, "d = {hi} / 448 = {d}   q = e4m3(x / d)   y = q·d", NULL },
    { "fp8_e5m2", is_as_it_is, false, "q = e5m2(x)   y = q", NULL },
    { "fp8_e5m2",  NULL, true, "d = {hi} / 57344 = {d}   q = e5m2(x / d)   y = q·d", NULL },
    { "fp16",      NULL, true, "y = x rounded to 5 exponent and 10 mantissa bits: steps of {spacing} at {half}", NULL },
    { "bf16",      NULL, true, "y = x rounded to 8 exponent and 7 mantissa bits: steps of {spacing} at {half}", NULL },
    { "kmeans",    NULL, false, "{K} levels {levels}, each the mean of the x nearest to it   q = nearest   y = level[q]",
                                "{K} levels {levels}   q = nearest   y = level[q]" },
    { "quantile",  NULL, false, "D = {edges}   q = number of D <= x   y = mean of the bin: {ends}",
                                "D = {edges}   q = number of D <= x   y = level[q]" },
    { "codebook",  NULL, true, "A = max|x| = {hi}   q = nearest of {units} to x / A   y = level[q]·A",
                               "A = max|x| = {hi}   q = nearest level to x / A   y = level[q]·A" },
    { "ternary",   NULL, true, "d = max(mean|x|, eps) = max({hi}, {eps}) = {d}   q = clamp(round(x / d), -1, 1)   y = q·d",
                               "d = max(mean|x|, eps) = {d}   q = clamp(round(x / d), -1, 1)   y = q·d" },
    { "binary",    NULL, true, "d = mean|x| = {d}   q = x >= 0 ? +1 : -1   y = q·d", NULL },
    { "q8_0",      NULL, true, "d = {max} / 127   half(d) = {d}   q = round(x / d)   y = q·half(d)", NULL },
    { "q4_0",      NULL, true, "d = {extreme} / -8   half(d) = {d}   q = trunc(x / d + 8.5)   y = (q - 8)·half(d)",
                               "d = {extreme} / -8   q = trunc(x / d + 8.5)   y = (q - 8)·{d}" },
    { "q4_1",      NULL, true, "d = ({hi} {-lo}) / 15   half(d) = {d}   q = trunc((x {-lo}) / d + 0.5)   y = q·half(d) {+min}",
                               "d = {range} / 15   q = trunc((x {-lo}) / d + 0.5)   y = q·{d} {+min}" },
    { "q5_0",      NULL, true, "d = {extreme} / -16   half(d) = {d}   q = trunc(x / d + 16.5)   y = (q - 16)·half(d)",
                               "d = {extreme} / -16   q = trunc(x / d + 16.5)   y = (q - 16)·{d}" },
    { "q5_1",      NULL, true, "d = ({hi} {-lo}) / 31   half(d) = {d}   q = trunc((x {-lo}) / d + 0.5)   y = q·half(d) {+min}",
                               "d = {range} / 31   q = trunc((x {-lo}) / d + 0.5)   y = q·{d} {+min}" },
};
/* clang-format on */

/* ---- Filling them in --------------------------------------------------------------------------------------------- */

typedef struct text_out {
    char *at;
    size_t size, used;
} text_out;

static void add(text_out *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size && out->used + 1 < out->size; i++)
        out->at[out->used++] = text[i];
    out->at[out->used] = 0;
}

/* "+ 3" or "- 3": the number added or subtracted. */
static void print_operation(char *out, size_t size, char operation, double value)
{
    char number[TEXT_NUMBER_SIZE];
    text_number(number, fabs(value), TEXT_SIGNIFICANT);
    snprintf(out, size, "%c %s", value >= 0 ? operation : operation == '+' ? '-' : '+', number);
}

/* What stands for the placeholder `name`[size]. */
static void add_value(text_out *out, const ql_report *report, const char *name, size_t size)
{
    char text[192] = "";
    const char sign = *name == '+' || *name == '-' ? *name : 0;
    name += sign != 0;
    size -= sign != 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (strlen(lists[i].name) == size && memcmp(lists[i].name, name, size) == 0)
            lists[i].print(report, text, sizeof text);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strlen(numbers[i].name) != size || memcmp(numbers[i].name, name, size) != 0)
            continue;
        const double value = numbers[i].get(report);
        if (sign)
            print_operation(text, sizeof text, sign, value);
        else
            text_number(text, value, TEXT_SIGNIFICANT);
    }
    add(out, text, strlen(text));
}

static void fill(text_out *out, const char *template, const ql_report *report)
{
    for (const char *c = template; *c; c++) {
        if (*c != '{') {
            add(out, c, 1);
            continue;
        }
        const size_t size = strcspn(c + 1, "}");
        add_value(out, report, c + 1, size);
        c += size + 1;
    }
}

void text_formula(char *out, size_t size, const ql_report *report, bool brief)
{
    const ql_mapping_info *info = ql_mapping_describe(report->spec.mapping);
    text_out to = { out, size, 0 };
    const bool is_known = !report->sampled || report->group_count == 1; /* an estimate has no groups to show */
    for (size_t i = 0; is_known && i < sizeof rows / sizeof rows[0]; i++) {
        const bool is_it = strcmp(rows[i].mapping, info->name) == 0 && (!rows[i].when || rows[i].when(&report->spec));
        if (is_it && (!rows[i].needs_range || high_end(report) > low_end(report))) {
            fill(&to, brief && rows[i].brief ? rows[i].brief : rows[i].full, report);
            return;
        }
    }
    add(&to, info->formula, strlen(info->formula));
}

/* ---- The group --------------------------------------------------------------------------------------------------- */

void text_group(char *out, size_t size, const ql_report *report, const ql_tensor *tensor, uint64_t group)
{
    static const char *const names[] = {
        [QL_PER_TENSOR] = "tensor", [QL_PER_ROW] = "row",    [QL_PER_COL] = "column",
        [QL_PER_BLOCK] = "block",   [QL_PER_FLAT] = "block", [QL_PER_TILE] = "tile",
    };
    const ql_spec *spec = &report->spec;
    out[0] = 0;
    if (report->group_count < 2)
        return;
    if (spec->per == QL_PER_BLOCK && spec->block > 0 && spec->block < tensor->cols) {
        const uint64_t per_row = (tensor->cols - 1) / spec->block + 1;
        snprintf(out, size, "block %" PRIu64 " of row %" PRIu64, group % per_row, group / per_row);
    } else {
        snprintf(out, size, "%s %" PRIu64, spec->per == QL_PER_BLOCK ? "row" : names[spec->per], group);
    }
}

void text_widest(char *out, size_t size, const ql_report *report, const ql_tensor *tensor)
{
    text_group(out, size, report, tensor, report->widest.group);
}

const char *text_scale_word(const ql_report *report)
{
    const ql_widest *w = &report->widest;
    const double hair = 1e-3;
    if (!report->scales || w->level_count == 0 || (ql_spec_takes(&report->spec, QL_KEY_SCALE) && !report->spec.scale))
        return NULL;
    bool is_step = w->level_count > 1 && w->level_count == report->levels;
    for (unsigned i = 1; i < w->level_count && is_step; i++)
        is_step = fabs(fabs((double)w->levels[i] - (double)w->levels[i - 1]) / fabs(scale_of(report)) - 1) < hair;
    return is_step ? "step" : "scale";
}
