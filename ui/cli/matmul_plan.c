/* What a command line of `qloupe matmul` asks for: see matmul.h. */
#include "cli/matmul.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "sheet/products.h"
#include "text/demo.h"
#include "text/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_ROWS = 512, USUAL_RUNS = 5, MOST_RUNS = 10000, MOST_SIDE = 1 << 30 };

/* A few of each kind, so that what int8, its outliers and 4 bits cost stands side by side. */
static const char *const USUAL_METHODS[] = {
    "fp32",        "int8:tensor",    "int8:row",        "int8:static",
    "llm_int8:6",  "bnb_llm_int8:6", "integer",         "weights:absmax:per=row",
    "weights:nf4", "weights_a8:nf4", "weights_a8:q4_0", "simulated:nf4",
};
static const char *const SWEPT[] = { "llm_int8" };

static void add_method(cli_plan *plan, const char *text)
{
    plan->methods = text_grow(plan->methods, &plan->method_capacity, plan->method_count + 1, sizeof *plan->methods);
    plan->methods[plan->method_count++] = text_copy(text);
}

static int add_checked(cli_plan *plan, const char *text)
{
    char canonical[QL_SPEC_TEXT + 32];
    ql_error error;
    if (ql_matmul_method_check(text, canonical, &error) != QL_OK)
        return cli_complain_error(&error);
    add_method(plan, canonical);
    return CLI_GOOD;
}

/* ---- Numbers */

static int number_given(const cli_arguments *arguments, cli_option option, uint64_t least, uint64_t most, uint64_t *out)
{
    const char *text = cli_value(arguments, option);
    char *end;
    if (!text)
        return CLI_GOOD;
    *out = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && !*end && *out >= least && *out <= most
               ? CLI_GOOD
               : cli_complain("--%s %s: a number from %" PRIu64 " to %" PRIu64 " is allowed",
                              cli_option_describe(option)->name, cli_shown(text), least, most);
}

static int scale_given(const cli_arguments *arguments, double *out)
{
    const char *text = cli_value(arguments, CLI_OUTLIER_SCALE);
    char *end;
    if (!text)
        return CLI_GOOD;
    *out = strtod(text, &end);
    return *text && !*end && *out > 0 && isfinite(*out)
               ? CLI_GOOD
               : cli_complain("--outlier-scale %s: a number above 0 is allowed", cli_shown(text));
}

/* ---- Methods */

/* T of "threshold=T,T,..." from *at on to out; moves on. False at the end. */
static bool next_threshold(const char **at, char *out, size_t size)
{
    const size_t length = strcspn(*at, ",");
    if (!**at)
        return false;
    snprintf(out, size, "%.*s", (int)length, *at);
    *at += length + ((*at)[length] == ',');
    return true;
}

static bool takes_threshold(const char *name)
{
    for (size_t i = 0; ql_matmul_method_at(i); i++)
        if (strcmp(ql_matmul_method_at(i)->name, name) == 0)
            return strchr(ql_matmul_method_at(i)->argument, 'T') != NULL;
    return false;
}

/* A method once, or with every threshold of the sweep if it has none of its own. */
static int add_swept(cli_plan *plan, const char *text, const char *thresholds)
{
    char threshold[64], method[200];
    int code = CLI_GOOD;
    if (!thresholds || !takes_threshold(text))
        return add_checked(plan, text);
    while (code == CLI_GOOD && next_threshold(&thresholds, threshold, sizeof threshold)) {
        snprintf(method, sizeof method, "%s:%s", text, threshold);
        code = add_checked(plan, method);
    }
    return code;
}

static int find_methods(const cli_arguments *arguments, const cli_usual *usual, cli_plan *plan)
{
    static const char word[] = "threshold=";
    static const cli_usual dozen = { USUAL_METHODS, sizeof USUAL_METHODS / sizeof *USUAL_METHODS, NULL },
                           swept = { SWEPT, sizeof SWEPT / sizeof *SWEPT, NULL };
    const bool is_given = cli_is_given(arguments, CLI_SWEEP);
    usual = usual ? usual : is_given ? &swept : &dozen;
    const char *sweep = is_given ? cli_value(arguments, CLI_SWEEP) : usual->sweep;
    const size_t given = cli_value_count(arguments, CLI_METHOD);
    if (sweep && (strncmp(sweep, word, sizeof word - 1) != 0 || !sweep[sizeof word - 1]))
        return cli_complain("--sweep %s: threshold=T,T,... is allowed, such as threshold=2,4,6,8,inf", cli_shown(sweep));
    const char *thresholds = sweep ? sweep + sizeof word - 1 : NULL;
    bool is_swept = false;
    int code = CLI_GOOD;
    for (size_t i = 0; i < (given ? given : usual->count) && code == CLI_GOOD; i++) {
        const char *text = given ? cli_value_at(arguments, CLI_METHOD, i) : usual->methods[i];
        is_swept |= takes_threshold(text);
        code = add_swept(plan, text, thresholds);
    }
    if (code == CLI_GOOD && is_given && !is_swept)
        code = cli_complain("--sweep %s: no -m METHOD takes a threshold without having one, such as llm_int8",
                            cli_shown(sweep));
    return code;
}

/* ---- Products */

static void add_product(cli_plan *plan, const char *layer, const ql_tensor *tensor, uint64_t k, uint64_t n)
{
    plan->products = text_grow(plan->products, &plan->product_capacity, plan->product_count + 1, sizeof *plan->products);
    plan->products[plan->product_count++] = (cli_product_of) { text_copy(layer), tensor, k, n };
}

static int add_shape(const cli_arguments *arguments, cli_plan *plan)
{
    const char *text = cli_value(arguments, CLI_SHAPE);
    unsigned long long m, k, n;
    int used = 0;
    if (sscanf(text, "%llux%llux%llu%n", &m, &k, &n, &used) != 3 || text[used] || strchr(text, '-') || m < 1 || k < 1 ||
        n < 1 || m > MOST_SIDE || k > MOST_SIDE || n > MOST_SIDE)
        return cli_complain("--shape %s: MxKxN is allowed, rows of X, inputs and outputs of W, such as 512x4096x4096",
                            cli_shown(text));
    plan->m = m;
    add_product(plan, text, NULL, k, n);
    return CLI_GOOD;
}

static int add_preset(const cli_arguments *arguments, cli_plan *plan)
{
    const char *text = cli_value(arguments, CLI_PRESET);
    const cli_preset *preset = cli_preset_find(text);
    char names[200] = "";
    for (size_t i = 0; cli_preset_at(i); i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", cli_preset_at(i)->name);
    if (!preset)
        return cli_complain("--preset %s: %s are allowed", cli_shown(text), names);
    plan->m = preset->m ? preset->m : USUAL_ROWS;
    for (const cli_layer *layer = preset->layers; layer->name; layer++)
        add_product(plan, layer->name, NULL, layer->k, layer->n);
    return CLI_GOOD;
}

static int add_tensors(cli_session *session, cli_plan *plan)
{
    static const char *const demo_tensor[] = { TEXT_DEMO_TENSOR };
    int code = cli_session_open(session);
    if (code == CLI_GOOD && !cli_is_given(session->arguments, CLI_TENSOR) && !session->is_demo)
        return cli_complain("%s: which tensor? -t NAME; `qloupe ls` lists the names", cli_shown(session->path));
    if (code == CLI_GOOD)
        code = cli_is_given(session->arguments, CLI_TENSOR) ? cli_session_choose_given(session)
                                                            : cli_session_choose(session, demo_tensor, 1);
    for (size_t i = 0; i < session->tensor_count && code == CLI_GOOD; i++)
        add_product(plan, cli_shown_text(session->tensors[i]->name), session->tensors[i], 0, 0);
    return code;
}

static int find_products(cli_session *session, cli_plan *plan)
{
    const cli_arguments *arguments = session->arguments;
    const bool shape = cli_is_given(arguments, CLI_SHAPE), preset = cli_is_given(arguments, CLI_PRESET);
    if (shape + preset + (arguments->operand_count || cli_is_given(arguments, CLI_TENSOR)) > 1)
        return cli_complain("a tensor of FILE, --shape and --preset: one of them at a time");
    return shape ? add_shape(arguments, plan) : preset ? add_preset(arguments, plan) : add_tensors(session, plan);
}

/* ---- Activations */

/* Every product has its X: a folder has a file for every tensor, and for nothing that is made up; rows and columns suffice. */
static int check_operands(const cli_session *session, const cli_plan *plan)
{
    ql_error error;
    uint64_t rows;
    const ql_tensor nameless = { .name = ql_text_from("") };
    for (size_t i = 0; i < plan->product_count; i++) {
        const cli_product_of *product = &plan->products[i];
        const bool is_real = ql_activations_are_real(plan->x, product->tensor ? product->tensor : &nameless);
        if (plan->is_x_named && !is_real && !product->tensor)
            return cli_complain("--x %s: a folder is for the tensors of a FILE; name one file for %s",
                                cli_shown(plan->x_name), product->layer);
        if (plan->is_x_named && !is_real)
            return cli_complain(
                "%s: tensor '%s': %s has no file for it (NAME.npy is X of NAME.weight); name one with --x FILE",
                cli_shown(session->path), product->layer, cli_shown(plan->x_name));
        if (product->tensor && (ql_activations_fit(plan->x, product->tensor, &error) != QL_OK ||
                                ql_activations_rows(plan->x, product->tensor, plan->m, &rows, &error) != QL_OK))
            return cli_complain("%s: tensor '%s': %s", cli_shown(session->path), product->layer, error.message);
    }
    return CLI_GOOD;
}

static int find_activations(const cli_arguments *arguments, cli_plan *plan)
{
    const char *text = cli_value(arguments, CLI_X);
    ql_error error;
    if (text && strcmp(text, "synthetic") != 0) {
        const cli_option made_up[] = { CLI_SEED, CLI_OUTLIER_CHANNELS, CLI_OUTLIER_SCALE };
        for (size_t i = 0; i < 3; i++)
            if (cli_is_given(arguments, made_up[i]))
                return cli_complain("--%s is for made-up activations; --x names a file",
                                    cli_option_describe(made_up[i])->name);
        snprintf(plan->x_name, sizeof plan->x_name, "%s", text);
        plan->is_x_named = true;
        return ql_activations_open(text, &plan->x, &error) == QL_OK ? CLI_GOOD : cli_complain("--x: %s", error.message);
    }
    ql_synthetic made = { .strongest = ql_synthetic_usual.strongest };
    uint64_t channels = 0;
    int code = number_given(arguments, CLI_SEED, 0, UINT64_MAX, &made.seed);
    if (code == CLI_GOOD)
        code = number_given(arguments, CLI_OUTLIER_CHANNELS, 0, QL_SYNTHETIC_CHANNELS, &channels);
    if (code == CLI_GOOD)
        code = scale_given(arguments, &made.strongest);
    plan->m = plan->m ? plan->m : USUAL_ROWS;
    made.rows = plan->m;
    made.channels = (unsigned)channels;
    sheet_made_up_name(plan->x_name, sizeof plan->x_name, &made);
    plan->made_up = made;
    if (code == CLI_GOOD && ql_activations_make_up(&made, &plan->x, &error) != QL_OK)
        code = cli_complain_error(&error);
    return code;
}

int cli_plan_make(cli_session *session, const cli_usual *usual, cli_plan *plan)
{
    const cli_arguments *arguments = session->arguments;
    uint64_t runs = USUAL_RUNS;
    *plan = (cli_plan) { 0 };
    int code = find_methods(arguments, usual, plan);
    if (code == CLI_GOOD)
        code = number_given(arguments, CLI_RUNS, 1, MOST_RUNS, &runs);
    plan->runs = (unsigned)runs;
    if (code == CLI_GOOD)
        code = find_products(session, plan);
    if (code == CLI_GOOD)
        code = number_given(arguments, CLI_M, 1, MOST_SIDE, &plan->m);
    if (code == CLI_GOOD)
        code = find_activations(arguments, plan);
    return code == CLI_GOOD ? check_operands(session, plan) : code;
}

double cli_plan_parts(const cli_plan *plan)
{
    return (double)plan->product_count * (double)(plan->method_count + 1);
}

int cli_complain_product(const cli_session *session, const cli_product_of *product, const ql_error *error)
{
    if (!product->tensor || error->status == QL_CANCELLED || strstr(error->message, "tensor '"))
        return cli_complain_error(error);
    return cli_complain("%s: tensor '%s': %s", cli_shown(session->path), product->layer, error->message);
}

void cli_plan_free(cli_plan *plan)
{
    for (size_t i = 0; i < plan->product_count; i++)
        free(plan->products[i].layer);
    for (size_t i = 0; i < plan->method_count; i++)
        free(plan->methods[i]);
    free(plan->products);
    free(plan->methods);
    ql_activations_free(&plan->x);
    *plan = (cli_plan) { 0 };
}
