/* qloupe plot: a figure of one tensor under one spec, or of products with it. */
#include "cli/plot.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "text/command.h"
#include "text/memory.h"

#include <stdlib.h>
#include <string.h>

/* What a figure is drawn of: one of report and ways. */
typedef struct subject {
    ql_report *report;
    ql_ways *ways;
} subject;

static int complain_kind(const char *kind)
{
    char names[256] = "";
    for (size_t i = 0; ql_figure_kind_at(i); i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", ql_figure_kind_at(i)->name);
    }
    return cli_complain("--kind %s: the kinds are: %s", cli_shown(kind), names);
}

/* --kind, the first of the table when it is not given. NULL when there is none of this name. */
static const ql_figure_kind *find_kind(const cli_arguments *arguments)
{
    const char *name = cli_value(arguments, CLI_KIND);
    for (size_t i = 0; ql_figure_kind_at(i); i++)
        if (!name || strcmp(name, ql_figure_kind_at(i)->name) == 0)
            return ql_figure_kind_at(i);
    return NULL;
}

/* The command line that makes the figure again, malloced. */
static char *canonical_command(const cli_session *session, const ql_spec *spec, const char *kind, const char *out)
{
    ql_text name = session->tensors[0]->name;
    char *tensor = text_allocate(name.size + 1, 1), spec_text[QL_SPEC_TEXT];
    memcpy(tensor, name.data, name.size);
    ql_spec_format(spec, spec_text);
    const text_words words = { .verb = "plot",
                               .file = session->path,
                               .tensor = tensor,
                               .specs = (const char *const[]) { spec_text },
                               .spec_count = 1,
                               .kind = kind,
                               .raw = cli_value(session->arguments, CLI_RAW),
                               .layout = cli_value(session->arguments, CLI_LAYOUT),
                               .out = out };
    size_t size = text_command(NULL, 0, &words) + 1;
    char *command = text_allocate(size, 1);
    text_command(command, size, &words);
    free(tensor);
    return command;
}

static int draw(const cli_session *session, const subject *of, const ql_spec *spec, const char *kind, const char *out)
{
    char *command = canonical_command(session, spec, kind, out);
    const ql_figure_options options = { .kind = kind,
                                        .command = command,
                                        .tensor = cli_shown_text(session->tensors[0]->name),
                                        .file = cli_shown(session->path) };
    ql_error error;
    ql_status status = of->ways ? ql_figure_write_ways(of->ways, &options, out, &error)
                                : ql_figure_write(of->report, &options, out, &error);
    free(command);
    if (status != QL_OK)
        return cli_complain_error(&error);
    if (!session->quiet)
        cli_complain("wrote %s", cli_shown(out));
    return CLI_GOOD;
}

static ql_status measure(cli_session *session, const ql_profile *profile, const ql_spec *spec, ql_figure_subject what,
                         double elements, subject *out, ql_error *error)
{
    const ql_monitor *monitor = cli_session_task(session, elements);
    return what == QL_FIGURE_OF_WAYS ? ql_ways_make(session->engine, profile, spec, monitor, &out->ways, error)
                                     : ql_report_make(session->engine, profile, spec, monitor, &out->report, error);
}

/* How often the elements are worked on, for the progress line: the profile is 1. */
static double parts_of(ql_figure_subject what)
{
    return what == QL_FIGURE_OF_WAYS ? 100 : 1;
}

static int measure_and_draw(cli_session *session, const ql_spec *spec, const ql_figure_kind *kind, const char *out)
{
    const ql_tensor *tensor = session->tensors[0];
    double elements = (double)tensor->element_count, rest = parts_of(kind->subject) * elements;
    int code = cli_session_start(session, elements + rest);
    if (code != CLI_GOOD)
        return code;
    ql_error error;
    ql_profile *profile = NULL;
    subject of = { .report = NULL };
    bool measured = ql_profile_make(session->engine, session->model, tensor, cli_session_task(session, elements), &profile,
                                    &error) == QL_OK &&
                    measure(session, profile, spec, kind->subject, rest, &of, &error) == QL_OK;
    cli_progress_hide();
    code = measured ? draw(session, &of, spec, kind->name, out) : cli_complain_error(&error);
    ql_ways_free(&of.ways);
    ql_report_free(&of.report);
    ql_profile_free(&profile);
    return code;
}

/* A spec is for figures of reports, what is multiplied for those of products. */
static int check_options(const cli_arguments *arguments, const ql_figure_kind *kind)
{
    static const cli_option of_products[] = { CLI_X,    CLI_METHOD, CLI_M, CLI_SEED, CLI_OUTLIER_CHANNELS, CLI_OUTLIER_SCALE,
                                              CLI_SWEEP };
    const bool is_product = kind->subject == QL_FIGURE_OF_PRODUCTS;
    if (is_product && cli_is_given(arguments, CLI_SPEC))
        return cli_complain("--kind %s takes no -s; a spec is part of a method: -m weights:nf4, -m simulated:absmax:bits=4",
                            kind->name);
    for (size_t i = 0; i < sizeof of_products / sizeof of_products[0] && !is_product; i++)
        if (cli_is_given(arguments, of_products[i]))
            return cli_complain("--kind %s takes no --%s; it is for figures of products, such as --kind channels",
                                kind->name, cli_option_describe(of_products[i])->name);
    return CLI_GOOD;
}

static int run(cli_session *session)
{
    const char *out = cli_value(session->arguments, CLI_OUTPUT);
    const ql_figure_kind *kind = find_kind(session->arguments);
    if (!kind)
        return complain_kind(cli_value(session->arguments, CLI_KIND));
    if (!out)
        return cli_complain("`qloupe plot` needs a file to write: -o OUT.png (or svg pdf jpg bmp tga)");
    ql_spec spec;
    int code = check_options(session->arguments, kind);
    if (code == CLI_GOOD && kind->subject == QL_FIGURE_OF_PRODUCTS)
        return cli_plot_products(session, kind, out);
    if (code == CLI_GOOD)
        code = cli_session_choose_one(session, &spec);
    return code == CLI_GOOD ? measure_and_draw(session, &spec, kind, out) : code;
}

const cli_command cli_command_plot = {
    .name = "plot",
    .usage = "[FILE] -t NAME -s SPEC|--kind KIND [...] -o OUT.(png|svg|pdf|jpg|bmp|tga)",
    .summary = "draw a figure of one tensor: under one spec, or of products with it",
    .details =
        "The ending of OUT chooses the format. A figure bears the command line that makes it, and PNG also the spec and\n"
        "every metric as text; the same command makes the same bytes.\n"
        "--kind histogram: what the spec does to the values. --kind calibration: every clip method that the spec's mapping\n"
        "takes, side by side, with the loss curves of kl and mse.\n"
        "Without -s, of products Y = X W^T with the methods and activations of `qloupe matmul`; times are in none:\n"
        "--kind channels: the largest |x| of every input channel, and those that reach the threshold (6).\n"
        "--kind threshold: the error of LLM.int8() against its threshold, and the columns that each one splits off.\n"
        "--kind product-error: where in Y the error of one method is (llm_int8:6). --kind products: every method a row.",
    .example =
        "qloupe plot -t h.2.mlp.c_fc.weight -s absmax:bits=4 --kind histogram -o figure.png\n"
        "qloupe plot -t h.2.mlp.c_fc.weight -s absmax:bits=4 --kind calibration -o calibration.png\n"
        "qloupe plot -t h.1.attn.c_attn.weight --kind threshold --x data/inputs/h.1.attn.c_attn.npy -o threshold.pdf\n"
        "qloupe plot -t h.1.attn.c_attn.weight --kind product-error -m int8:row --outlier-channels 5 -o error.png",
    .options = CLI_COMPUTES | CLI_HAS(CLI_SPEC) | CLI_HAS(CLI_KIND) | CLI_HAS(CLI_OUTPUT) | CLI_HAS(CLI_X) |
               CLI_HAS(CLI_METHOD) | CLI_HAS(CLI_M) | CLI_HAS(CLI_SEED) | CLI_HAS(CLI_OUTLIER_CHANNELS) |
               CLI_HAS(CLI_OUTLIER_SCALE) | CLI_HAS(CLI_SWEEP),
    .most_operands = 1,
    .run = run,
};
