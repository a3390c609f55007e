/* qloupe help: everything here comes from the tables of commands and options. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/matmul.h"
#include "text/plain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 512, NAME_WIDTH = 10, OPTION_WIDTH = 31 };

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void print(const char *format, ...)
{
    char text[4 * LINE_SIZE], plain[4 * LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_plain(plain, sizeof plain, text);
    fputs(plain, stdout);
}

static void print_option(cli_option option)
{
    const cli_option_info *info = cli_option_describe(option);
    char left[LINE_SIZE];
    snprintf(left, sizeof left, "%c%c%s--%s %s", info->letter ? '-' : ' ', info->letter ? info->letter : ' ',
             info->letter ? ", " : "  ", info->name, info->value ? info->value : "");
    print("  %-*s %s\n", OPTION_WIDTH, left, info->help);
}

static void print_options(const char *title, uint64_t options)
{
    print("\n%s\n", title);
    for (int option = 0; option < CLI_OPTION_COUNT; option++)
        if (options & CLI_HAS(option))
            print_option((cli_option)option);
}

/* Each line of the text, indented. */
static void print_lines(const char *text)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        print("  %.*s\n", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static void print_metrics(bool with_product)
{
    print("\nMetrics (x the original, y the dequantized value, e = x - y)\n");
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++)
        print("  %-16s %s\n", ql_metric_describe(metric)->name, ql_metric_describe(metric)->help);
    if (with_product)
        print("  %-16s %s\n", ql_product_info.name, ql_product_info.help);
}

static void print_numbers_of_products(void)
{
    const char *meaning;
    print("\nNumbers (of a product Y in a method, beside that in float32)\n");
    for (size_t i = 0; cli_matmul_number(i, &meaning); i++)
        print("  %-16s %s\n", cli_matmul_number(i, NULL), meaning);
}

static void print_methods(void)
{
    print("\nMethods\n");
    for (size_t i = 0; ql_matmul_method_at(i); i++) {
        const ql_matmul_method *method = ql_matmul_method_at(i);
        char left[LINE_SIZE];
        snprintf(left, sizeof left, "%s%s%s", method->name, *method->argument ? ":" : "", method->argument);
        print("  %-16s %s\n", left, method->meaning);
    }
}

static void print_presets(void)
{
    print("\nPresets (K x N of each layer)\n");
    for (size_t i = 0; cli_preset_at(i); i++) {
        print("  %-16s %s\n", cli_preset_at(i)->name, cli_preset_at(i)->meaning);
        for (const cli_layer *layer = cli_preset_at(i)->layers; layer->name; layer++)
            print("  %-16s   %5" PRIu64 " x %-5" PRIu64 " %s\n", "", layer->k, layer->n, layer->name);
    }
}

static void print_command(const cli_command *command)
{
    print("qloupe %s %s\n\n  %s\n", command->name, command->usage, command->summary);
    if (command->details) {
        print("\n");
        print_lines(command->details);
    }
    print_options("Options", command->options | CLI_EVERYWHERE);
    if (command->options & CLI_HAS(CLI_METHOD)) {
        print_numbers_of_products();
        print_methods();
    } else if (command->options & CLI_HAS(CLI_FAIL_ON)) {
        print_metrics(command->options & CLI_HAS(CLI_X));
    }
    if (command->options & CLI_HAS(CLI_PRESET))
        print_presets();
    if (command->example) {
        print("\nExamples\n");
        print_lines(command->example);
    }
    if (command->options & CLI_FILES)
        print("\n%s may be a folder: the index or the only weights in it.%s\n", command->least_operands ? "A or B" : "FILE",
              command->least_operands ? "" : " Without FILE the demo model is read.");
}

static void print_program(void)
{
    print("qloupe %s: a loupe for quantization\n\n", QL_VERSION);
    print("  %-*s  on a terminal: open the file (or the demo model) and look around; ? shows the keys\n", NAME_WIDTH + 14,
          "qloupe [FILE]");
    for (size_t i = 0; cli_command_at(i); i++) {
        char left[LINE_SIZE];
        snprintf(left, sizeof left, "qloupe %s", cli_command_at(i)->name);
        print("  %-*s  %s\n", NAME_WIDTH + 14, left, cli_command_at(i)->summary);
    }
    uint64_t all = 0;
    for (int option = 0; option < CLI_OPTION_COUNT; option++)
        all |= CLI_HAS(option);
    uint64_t screen =
        CLI_HAS(CLI_KEYS) | CLI_HAS(CLI_RECORD) | CLI_HAS(CLI_SIZE) | CLI_HAS(CLI_SCREENSHOT) | CLI_HAS(CLI_BENCH_UI);
    uint64_t general = CLI_EVERYWHERE | CLI_HAS(CLI_VERSION);
    print_options("Options of commands (`qloupe help COMMAND` says which)", all & ~screen & ~general);
    print_options("Options everywhere", general);
    print_options("The terminal interface in scripts", screen);
    print(
        "\nExit code: 0 good, 1 a --fail-on check failed, 2 wrong usage or a file that cannot be used, 130 interrupted.\n");
}

void cli_help_print(const cli_command *command)
{
    if (command)
        print_command(command);
    else
        print_program();
}

static int run(cli_session *session)
{
    const char *name = session->arguments->operand_count ? session->arguments->operands[0] : NULL;
    const cli_command *command = name ? cli_command_find(name) : NULL;
    if (name && !command) {
        const cli_command *near = cli_command_near(name);
        return cli_complain("there is no command '%s'%s%s%s", cli_shown(name),
                            near ? "; did you mean '" : "; see `qloupe help`", near ? near->name : "", near ? "'?" : "");
    }
    cli_help_print(command);
    return CLI_GOOD;
}

const cli_command cli_command_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "what a command does, its options, examples",
    .most_operands = 1,
    .run = run,
};
