/*
 * How each mapping works, in steps: the formula, the same with its numbers, and what came out. What came out is the
 * library's; the text never computes a parameter a second way.
 */
#include "cli/explain.h"
#include "text/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const sheet_column cli_step_columns[CLI_STEP_COLUMNS] = {
    [CLI_STEP_GROUP] = { .key = "group" },
    [CLI_STEP_NAME] = { .key = "step", .title = "step" },
    [CLI_STEP_FORMULA] = { .key = "formula", .title = "formula" },
    [CLI_STEP_NUMBERS] = { .key = "numbers", .title = "with the numbers" },
    [CLI_STEP_RESULT] = { .key = "result" },
    [CLI_STEP_SHOWN] = { .title = "result" },
};

const char *cli_seven(double value)
{
    static char buffers[16][TEXT_NUMBER_SIZE];
    static unsigned next;
    char *out = buffers[next++ % 16];
    if (fabs(value) < 1e15 && value == trunc(value))
        text_exact(out, value == 0 ? 0 : value);
    else
        text_number(out, value, TEXT_SEVEN);
    return out;
}

static void add_step(const cli_explained *at, const char *name, const char *formula, const char *numbers, double result,
                     const char *shown)
{
    sheet_cell *row = sheet_table_add(at->steps);
    row[CLI_STEP_GROUP] = sheet_words(at->title);
    row[CLI_STEP_NAME] = sheet_words(name);
    row[CLI_STEP_FORMULA] = sheet_words(sheet_table_keep(at->steps, formula));
    row[CLI_STEP_NUMBERS] = *numbers ? sheet_words(sheet_table_keep(at->steps, numbers)) : (sheet_cell) { 0 };
    row[CLI_STEP_RESULT] = isnan(result) ? (sheet_cell) { 0 } : sheet_number(result);
    row[CLI_STEP_SHOWN] = *shown ? sheet_words(sheet_table_keep(at->steps, shown)) : (sheet_cell) { 0 };
}

void cli_step(const cli_explained *at, const char *name, const char *formula, double result, const char *numbers, ...)
{
    char text[CLI_LINE];
    va_list arguments;
    va_start(arguments, numbers);
    vsnprintf(text, sizeof text, numbers, arguments);
    va_end(arguments);
    add_step(at, name, formula, text, result, isnan(result) ? "" : cli_seven(result));
}

double cli_explained_scale(const ql_report *report, uint64_t group)
{
    if (!report->scales)
        return 1;
    return report->block_maxima ? report->block_maxima[group] : report->scales[group];
}

static double scale_of(const cli_explained *at)
{
    return at->report->scales[at->group];
}

/* ---- Codes and values ---------------------------------------------------------------------------------------------- */

/* The codes or values of the group, where there are few. */
static void list_codes(const cli_explained *at, bool values, char out[CLI_LINE])
{
    const ql_working *w = at->working;
    size_t used = 0, shown = 0;
    out[0] = '\0';
    for (uint64_t i = 0; i < w->count && at->n <= CLI_FEW; i++) {
        if (w->groups[i] != at->group)
            continue;
        used += (size_t)snprintf(out + used, CLI_LINE - used, "%s%s", shown++ ? " " : "",
                                 values ? cli_seven(w->y[i]) : cli_seven(w->codes[i]));
    }
}

static void explain_codes(const cli_explained *at, const char *encode, const char *decode)
{
    char text[CLI_LINE];
    list_codes(at, false, text);
    add_step(at, "code", encode, "", NAN, text);
    list_codes(at, true, text);
    add_step(at, "value", decode, "", NAN, text);
}

static const char *rounding(const ql_spec *spec)
{
    return spec->round == QL_ROUND_AWAY ? "round away" : spec->round == QL_ROUND_STOCHASTIC ? "round by chance" : "round";
}

static void explain_per_unit(const cli_explained *at)
{
    const double d = scale_of(at);
    cli_step(at, "per unit", "1 / d, codes per unit of x", 1 / d, "1 / %s", cli_seven(d));
}

static void explain_absmax(const cli_explained *at)
{
    const ql_spec *spec = at->spec;
    const ql_report *r = at->report;
    const double alpha = at->working->hi[at->group], d = scale_of(at);
    char encode[96];
    cli_explain_alpha(at);
    cli_step(at, "codes", "Q = 2^(b - 1) - 1", r->code_hi, "2^(%u - 1) - 1, codes %d … %d", spec->bits, r->code_lo,
             r->code_hi);
    if (alpha == 0)
        cli_step(at, "step", "d = 1 where alpha is 0", d, "%s", "");
    else if (spec->range == QL_RANGE_TORCHOBS)
        cli_step(at, "step", "d = alpha / (Q + 0.5)", d, "%s / %d.5", cli_seven(alpha), r->code_hi);
    else
        cli_step(at, "step", "d = alpha / Q", d, "%s / %d", cli_seven(alpha), r->code_hi);
    explain_per_unit(at);
    snprintf(encode, sizeof encode, "q = clamp(%s(x / d), %d, %d)", rounding(spec), r->code_lo, r->code_hi);
    explain_codes(at, encode, "y = q·d");
}

static void explain_zeropoint(const cli_explained *at)
{
    const ql_spec *spec = at->spec;
    const ql_report *r = at->report;
    double lo = at->working->lo[at->group], hi = at->working->hi[at->group];
    const double d = scale_of(at);
    const int zero = r->zeros[at->group];
    char encode[96], decode[96];
    cli_explain_lo_hi(at);
    if (spec->zero == QL_ZERO_INCLUDE && (lo > 0 || hi < 0)) {
        lo = fmin(lo, 0);
        hi = fmax(hi, 0);
        cli_step(at, "widened", "lo = min(lo, 0), hi = max(hi, 0)", NAN, "%s … %s", cli_seven(lo), cli_seven(hi));
    }
    if (lo == hi)
        cli_step(at, "step", "d = 1 for an empty range", d, "%s", "");
    else
        cli_step(at, "step", "d = (hi - lo) / (2^b - 1)", d, "(%s - %s) / %d", cli_seven(hi), cli_seven(lo),
                 r->code_hi - r->code_lo);
    explain_per_unit(at);
    cli_step(at, "zero point", "z = round(qmin - lo / d)", zero, "round(%d - %s / %s) = round(%s)", r->code_lo,
             cli_seven(lo), cli_seven(d), cli_seven(r->code_lo - lo / d));
    snprintf(encode, sizeof encode, "q = clamp(%s(x / d) %c %d, %d, %d)", rounding(spec), zero < 0 ? '-' : '+', abs(zero),
             r->code_lo, r->code_hi);
    snprintf(decode, sizeof decode, "y = (q %c %d)·d", zero < 0 ? '+' : '-', abs(zero));
    explain_codes(at, encode, decode);
}

static void explain_int4g(const cli_explained *at)
{
    const ql_report *r = at->report;
    double lo = fmin(cli_least(at), 0), hi = fmax(cli_greatest(at), 0);
    const double d = scale_of(at);
    const int zero = r->zeros[at->group];
    char encode[96], decode[96], text[CLI_LINE];
    if (lo == hi) {
        lo = -1;
        hi = 1;
        cli_step(at, "low end", "lo = -1, hi = 1 for zeros", NAN, "%s", "");
    } else {
        cli_step(at, "low end", "lo = min(x, 0)", lo, "min(%s, 0)", cli_list(at, cli_identity, ", ", text));
        cli_step(at, "high end", "hi = max(x, 0)", hi, "max(%s, 0)", cli_list(at, cli_identity, ", ", text));
    }
    cli_step(at, "step", "d = half((hi - lo) / (2^b - 1))", d, "(%s - %s) / %d = %s", cli_seven(hi), cli_seven(lo),
             r->code_hi, cli_seven((hi - lo) / r->code_hi));
    cli_step(at, "zero point", "z = clamp(round(-lo / d), 0, 2^b - 1)", zero, "round(%s / %s) = round(%s)", cli_seven(-lo),
             cli_seven(d), cli_seven(-lo / d));
    snprintf(encode, sizeof encode, "q = clamp(round(x / d) + %d, 0, %d)", zero, r->code_hi);
    snprintf(decode, sizeof decode, "y = (q - %d)·d", zero);
    explain_codes(at, encode, decode);
}

static void explain_largest(const cli_explained *at)
{
    char text[CLI_LINE];
    cli_step(at, "scale", "A = max|x|", at->working->hi[at->group], "max(%s)", cli_list(at, fabs, ", ", text));
}

/* nf4, bnbfp4 and codebook: levels times the largest magnitude. */
static void explain_levels(const cli_explained *at)
{
    const ql_report *r = at->report;
    explain_largest(at);
    if (r->block_maxima) {
        const double mean = r->tensor_scale, second = r->second_scales[at->group / 256];
        cli_step(at, "mean", "m = mean of all A", mean, "over %llu blocks", (unsigned long long)r->group_count);
        cli_step(at, "second scale", "B = max|A - m| of 256 blocks", second, "%s", "");
        cli_step(at, "scale code", "s = entry of the dynamic map", r->scale_codes[at->group], "nearest to (A - m) / B = %s",
                 cli_seven(second > 0 ? (r->block_maxima[at->group] - mean) / second : 0));
        cli_step(at, "stored scale", "A' = map[s]·B + m", scale_of(at), "instead of A = %s",
                 cli_seven(r->block_maxima[at->group]));
    }
    explain_codes(at, "q = level nearest to x / A", r->block_maxima ? "y = level[q]·A'" : "y = level[q]·A");
}

static void explain_fp4(const cli_explained *at)
{
    explain_largest(at);
    cli_step(at, "step", "d = A / 6", scale_of(at), "%s / 6", cli_seven(at->working->hi[at->group]));
    explain_codes(at, "q = e2m1(x / d)", "y = e2m1[q]·d");
}

static void explain_mxfp4(const cli_explained *at)
{
    const double largest = at->working->hi[at->group];
    const int byte = at->report->scale_codes[at->group];
    explain_largest(at);
    if (largest > 0)
        cli_step(at, "exponent", "E = floor(log2 A) - 2", byte - 127, "floor(%s) - 2, stored as E + 127 = %d",
                 cli_seven(log2(largest)), byte);
    cli_step(at, "step", "d = 2^E", scale_of(at), "2^%d", byte - 127);
    explain_codes(at, "q = e2m1(x / d)", "y = e2m1[q]·d");
}

static void explain_nvfp4(const cli_explained *at)
{
    const ql_report *r = at->report;
    const double tensor = r->tensor_scale, largest = at->working->hi[at->group];
    cli_step(at, "tensor scale", "T = max|x| / (6·448)", tensor, "of the whole tensor");
    explain_largest(at);
    char bits[48];
    cli_fields(bits, sizeof bits, QL_F8_E4M3, r->scale_codes[at->group]);
    cli_step(at, "scale code", "s = e4m3(A / 6 / T)", scale_of(at) / tensor, "e4m3(%s), stored as %s",
             cli_seven(largest / 6 / tensor), bits);
    cli_step(at, "step", "d = s·T", scale_of(at), "%s·%s", cli_seven(scale_of(at) / tensor), cli_seven(tensor));
    explain_codes(at, "q = e2m1(x / d)", "y = e2m1[q]·d");
}

static void explain_fp8(const cli_explained *at)
{
    const bool wide = strcmp(ql_mapping_describe(at->spec->mapping)->name, "fp8_e5m2") == 0;
    const double largest = ql_dtype_describe(wide ? QL_F8_E5M2 : QL_F8_E4M3)->max_finite;
    const char *encode = wide ? "q = e5m2(x / d)" : "q = e4m3(x / d)", *decode = wide ? "y = e5m2[q]·d" : "y = e4m3[q]·d";
    if (at->spec->scale) {
        explain_largest(at);
        cli_step(at, "step", wide ? "d = A / 57344" : "d = A / 448", scale_of(at), "%s / %s",
                 cli_seven(at->working->hi[at->group]), cli_seven(largest));
    } else {
        cli_step(at, "step", "d = 1: as they are", 1, "%s", "");
    }
    explain_codes(at, encode, decode);
}

static void explain_float(const cli_explained *at)
{
    explain_codes(at, "q = nearest code, ties to even", "y = its value");
}

static void explain_kmeans(const cli_explained *at)
{
    cli_step(at, "start", "level[k] = percentile 100·(k + 0.5) / K", NAN, "K = 2^%u = %u levels", at->spec->bits,
             at->report->levels);
    cli_step(at, "repeat", "level[k] = mean of the x nearest to it", NAN, "until no x moves, %llu times at most",
             (unsigned long long)at->spec->iterations);
    explain_codes(at, "q = nearest level", "y = level[q]");
}

static void explain_quantile(const cli_explained *at)
{
    cli_step(at, "edges", "D[k] = percentile 100·k / K", NAN, "K = 2^%u = %u bins", at->spec->bits, at->report->levels);
    cli_step(at, "levels", "level[k] = mean of the x in bin k", NAN, "%s", "");
    explain_codes(at, "q = bin of x", "y = level[q]");
}

static void explain_mean(const cli_explained *at)
{
    char text[CLI_LINE];
    cli_step(at, "scale", "mean|x|", at->working->hi[at->group], "(%s) / %zu", cli_list(at, fabs, " + ", text), at->n);
}

static void explain_ternary(const cli_explained *at)
{
    explain_mean(at);
    cli_step(at, "step", "d = max(mean|x|, eps)", scale_of(at), "max(%s, %s)", cli_seven(at->working->hi[at->group]),
             cli_seven(at->spec->eps));
    explain_codes(at, "q = clamp(round(x / d), -1, 1)", "y = q·d");
}

static void explain_binary(const cli_explained *at)
{
    explain_mean(at);
    cli_step(at, "step", "d = mean|x|", scale_of(at), "%s", "");
    explain_codes(at, "q = x >= 0 ? +1 : -1", "y = q·d");
}

/* ---- ggml ---------------------------------------------------------------------------------------------------------- */

static double extreme(const cli_explained *at)
{
    return -cli_least(at) > cli_greatest(at) ? cli_least(at) : cli_greatest(at);
}

static void explain_q8_0(const cli_explained *at)
{
    char text[CLI_LINE];
    cli_step(at, "scale", "A = max|x|", fabs(extreme(at)), "max(%s)", cli_list(at, fabs, ", ", text));
    cli_step(at, "step", "d = A / 127", scale_of(at), "%s / 127, stored in half precision", cli_seven(fabs(extreme(at))));
    explain_codes(at, "q = round away(x / d)", "y = q·half(d)");
}

/* q4_0 and q5_0: the sign of d is such that the largest magnitude is the lowest code. */
static void explain_middle(const cli_explained *at)
{
    const int middle = (at->report->code_hi + 1) / 2;
    char text[CLI_LINE], encode[96], decode[96];
    cli_step(at, "scale", "m = x of largest magnitude", extreme(at), "of %s", cli_list(at, cli_identity, ", ", text));
    cli_step(at, "step", middle == 8 ? "d = m / -8" : "d = m / -16", scale_of(at), "%s / -%d, stored in half precision",
             cli_seven(extreme(at)), middle);
    snprintf(encode, sizeof encode, "q = min(trunc(x / d + %d.5), %d)", middle, at->report->code_hi);
    snprintf(decode, sizeof decode, "y = (q - %d)·half(d)", middle);
    explain_codes(at, encode, decode);
}

static void explain_minimum(const cli_explained *at)
{
    const int top = at->report->code_hi;
    char text[CLI_LINE];
    cli_step(at, "range", "m = min x", at->working->levels[at->group * at->working->code_count],
             "min(%s), stored in half precision", cli_list(at, cli_identity, ", ", text));
    cli_step(at, "step", top == 15 ? "d = (max - m) / 15" : "d = (max - m) / 31", scale_of(at),
             "(%s - %s) / %d, stored in half precision", cli_seven(cli_greatest(at)), cli_seven(cli_least(at)), top);
    explain_codes(at, "q = trunc((x - m) / d + 0.5)", "y = q·half(d) + half(m)");
}

static const cli_explainer EXPLAINERS[] = {
    { "absmax", explain_absmax, "x / d", -1, false, false },
    { "zeropoint", explain_zeropoint, "x / d", -1, false, false },
    { "int4g", explain_int4g, "x / d", -1, false, false },
    { "nf4", explain_levels, "x / A", -1, true, false },
    { "bnbfp4", explain_levels, "x / A", -1, true, false },
    { "fp4", explain_fp4, "x / d", QL_F4, true, false },
    { "mxfp4", explain_mxfp4, "x / d", QL_F4, true, false },
    { "nvfp4", explain_nvfp4, "x / d", QL_F4, true, false },
    { "fp8_e4m3", explain_fp8, "x / d", QL_F8_E4M3, false, false },
    { "fp8_e5m2", explain_fp8, "x / d", QL_F8_E5M2, false, false },
    { "fp16", explain_float, NULL, QL_F16, false, false },
    { "bf16", explain_float, NULL, QL_BF16, false, false },
    { "kmeans", explain_kmeans, NULL, -1, true, false },
    { "quantile", explain_quantile, NULL, -1, true, false },
    { "codebook", explain_levels, "x / A", -1, true, false },
    { "ternary", explain_ternary, "x / d", -1, false, false },
    { "binary", explain_binary, NULL, -1, false, false },
    { "q8_0", explain_q8_0, "x / d", -1, false, false },
    { "q4_0", explain_middle, "x / d", -1, false, false },
    { "q4_1", explain_minimum, "(x - m) / d", -1, false, true },
    { "q5_0", explain_middle, "x / d", -1, false, false },
    { "q5_1", explain_minimum, "(x - m) / d", -1, false, true },
};

const cli_explainer *cli_explainer_of(const ql_mapping *mapping)
{
    const char *name = ql_mapping_describe(mapping)->name;
    for (size_t i = 0; i < sizeof EXPLAINERS / sizeof EXPLAINERS[0]; i++)
        if (strcmp(EXPLAINERS[i].mapping, name) == 0)
            return &EXPLAINERS[i];
    return NULL;
}
