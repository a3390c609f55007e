/* Options: see options.h. */
#include "cli/options.h"

#include "cli/command.h"
#include "cli/complain.h"
#include "text/memory.h"
#include "text/near.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cli_option_info OPTIONS[CLI_OPTION_COUNT] = {
    [CLI_TENSOR] = { .name = "tensor",
                     .letter = 't',
                     .value = "NAME",
                     .help = "a tensor: its exact name, or a glob (* ? [a-z]; * crosses dots)",
                     .repeats = true },
    [CLI_SPEC] = { .name = "spec",
                   .letter = 's',
                   .value = "SPEC",
                   .help = "how to quantize: MAPPING[:key=value,...], see `qloupe schemes`",
                   .repeats = true },
    [CLI_X] = { .name = "x",
                .value = "FILE|FOLDER|synthetic",
                .help = "activations [tokens][channels] (FILE:TENSOR of several; a FOLDER of NAME.npy for NAME.weight): "
                        "measure the product, too" },
    [CLI_METHOD] = { .name = "method",
                     .letter = 'm',
                     .value = "METHOD",
                     .help = "how to multiply: see `qloupe help matmul` (a dozen usual ones when none is given)",
                     .repeats = true },
    [CLI_SHAPE] = { .name = "shape", .value = "MxKxN", .help = "X [M][K] and W [N][K], both made up" },
    [CLI_PRESET] = { .name = "preset",
                     .value = "NAME",
                     .help = "the layers of a model by their shapes, made up: gpt2, ..." },
    [CLI_M] = { .name = "m", .value = "ROWS", .help = "rows of X (made up: 512; of a file: all that are read)" },
    [CLI_RUNS] = { .name = "runs", .value = "N", .help = "how often a product is timed, after one that is not (5)" },
    [CLI_SEED] = { .name = "seed", .value = "N", .help = "of made-up activations (0)" },
    [CLI_OUTLIER_CHANNELS] = { .name = "outlier-channels",
                               .value = "N",
                               .help = "loud channels of made-up activations (0)" },
    [CLI_OUTLIER_SCALE] = { .name = "outlier-scale",
                            .value = "S",
                            .help = "how loud the loudest one is (20); the i-th S/i" },
    [CLI_SWEEP] = { .name = "sweep",
                    .value = "threshold=T,T,...",
                    .help = "methods that take a threshold once with each; llm_int8 when no method is given" },
    [CLI_BATCH] = { .name = "batch", .value = "FILE", .help = "run every line of FILE, each what stands behind `matmul`" },
    [CLI_KIND] = { .name = "kind", .value = "KIND", .help = "which figure" },
    [CLI_OUTPUT] = { .name = "output",
                     .letter = 'o',
                     .value = "PATH",
                     .help = "where to write: a folder, or a file whose ending chooses its format" },
    [CLI_FAIL_ON] = { .name = "fail-on",
                      .value = "CHECK",
                      .help = "exit 1 if a row matches, such as 'sqnr_db<30' (< <= > >= ==)",
                      .repeats = true },
    [CLI_PARAMS] = { .name = "params", .value = "COUNT", .help = "memory for that many parameters: 7e9, 7B, 350M" },
    [CLI_ROUNDS] = { .name = "rounds", .value = "N", .help = "how often every pass is run" },
    [CLI_DATA] = { .name = "data", .value = "FILE", .help = "time the passes on the first tensor of this file" },
    [CLI_GROWTH] = { .name = "growth", .help = "how the cost grows with the size of a tensor" },
    [CLI_SERVE] = { .name = "serve", .help = "run the passes that standard input names, one a line" },
    [CLI_FULL] = { .name = "full", .help = "whole names and metadata, however long" },
    [CLI_JSON] = { .name = "json", .help = "print JSON: every number with all its digits" },
    [CLI_CSV] = { .name = "csv", .help = "print comma-separated values" },
    [CLI_MD] = { .name = "md", .help = "print a Markdown table" },
    [CLI_RAW] = { .name = "raw",
                  .value = "DTYPE:SHAPE[:OFFSET]",
                  .help = "read FILE, whatever it is, as one tensor in C order, such as F16:256x1024:0x80" },
    [CLI_LAYOUT] = { .name = "layout",
                     .value = "in,out|out,in",
                     .help = "storage order of the matrices (default: found from the file)",
                     .choice = true },
    [CLI_THREADS] = { .name = "threads",
                      .value = "N",
                      .help = "worker threads (default: one per core); the numbers are the same for any N" },
    [CLI_ISA] = { .name = "isa",
                  .value = "NAME",
                  .help = "kernels of this instruction set (see `qloupe kernels`; default: the fastest, or $QLOUPE_ISA)" },
    [CLI_COLOR] = { .name = "color",
                    .value = "auto|always|never",
                    .help = "colours (default auto: on a terminal, unless NO_COLOR is set)",
                    .choice = true },
    [CLI_ASCII] = { .name = "ascii", .help = "ASCII characters only" },
    [CLI_QUIET] = { .name = "quiet", .letter = 'q', .help = "no progress and no remarks on stderr" },
    [CLI_NO_STATE] = { .name = "no-state", .help = "read and write nothing under the XDG folders" },
    [CLI_KEYS] = { .name = "keys", .value = "STRING|@FILE", .help = "play these keys in the terminal interface" },
    [CLI_RECORD] = { .name = "record", .value = "FILE", .help = "write the keys of the session down, for --keys @FILE" },
    [CLI_SIZE] = { .name = "size",
                   .value = "AxB",
                   .help = "columns x rows of a screen without a terminal; rows x columns of bench's matrix" },
    [CLI_SCREENSHOT] = { .name = "screenshot", .value = "OUT.(txt|ans|png)", .help = "write the screen and end" },
    [CLI_BENCH_UI] = { .name = "bench-ui",
                       .value = "STRING|@FILE",
                       .help = "play these keys on a terminal of --size, and print how long each took (--json: as JSON)" },
    [CLI_HELP] = { .name = "help", .letter = 'h', .help = "show help" },
    [CLI_VERSION] = { .name = "version", .help = "show the version" },
};

const cli_option_info *cli_option_describe(cli_option option)
{
    return &OPTIONS[option];
}

static ql_text option_name_at(const void *context, size_t index)
{
    (void)context;
    return ql_text_from(OPTIONS[index].name);
}

static void complain_unknown(const char *word)
{
    size_t near, name_size = strcspn(word + 2, "=");
    char name[64] = "";
    if (word[1] == '-' && name_size < sizeof name)
        memcpy(name, word + 2, name_size);
    if (text_near(name, option_name_at, NULL, CLI_OPTION_COUNT, &near, 1))
        cli_complain("unknown option '%s'; did you mean --%s?", cli_shown(word), OPTIONS[near].name);
    else
        cli_complain("unknown option '%s'; see `qloupe help`", cli_shown(word));
}

/* "--name" or "--name=value": finds the option, and its value in the same word (NULL: none there). */
static bool find_long(const char *word, cli_option *option, const char **value)
{
    size_t size = strcspn(word + 2, "=");
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (strlen(OPTIONS[i].name) == size && strncmp(OPTIONS[i].name, word + 2, size) == 0) {
            *option = (cli_option)i;
            *value = word[2 + size] == '=' ? word + 2 + size + 1 : NULL;
            return true;
        }
    }
    complain_unknown(word);
    return false;
}

/* "-x" or "-xvalue". */
static bool find_short(const char *word, cli_option *option, const char **value)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (OPTIONS[i].letter && OPTIONS[i].letter == word[1]) {
            *option = (cli_option)i;
            *value = word[2] ? word + 2 : NULL;
            return true;
        }
    }
    complain_unknown(word);
    return false;
}

/* `value` is one of the words of "a|b|c". */
static bool is_allowed(const char *choices, const char *value)
{
    size_t size = strlen(value);
    for (const char *at = choices;; at += strcspn(at, "|") + 1) {
        if (strcspn(at, "|") == size && strncmp(at, value, size) == 0)
            return true;
        if (!strchr(at, '|'))
            return false;
    }
}

/* Takes the option at argv[*at] and, if it has one, its value; leaves *at on the last word taken. */
static bool take_option(int argc, char **argv, int *at, cli_arguments *arguments)
{
    const char *word = argv[*at];
    cli_option option = CLI_OPTION_COUNT;
    const char *value = NULL;
    if (!(word[1] == '-' ? find_long(word, &option, &value) : find_short(word, &option, &value)))
        return false;
    const cli_option_info *info = &OPTIONS[option];
    if (!info->value && value) {
        cli_complain("--%s takes no value; '%s' gives one", info->name, cli_shown(word));
        return false;
    }
    if (info->value && !value) {
        if (*at + 1 >= argc) {
            cli_complain("--%s needs a value: %s", info->name, info->value);
            return false;
        }
        value = argv[++*at];
    }
    if (info->choice && !is_allowed(info->value, value)) {
        cli_complain("--%s %s: only %s is allowed", info->name, cli_shown(value), info->value);
        return false;
    }
    arguments->given[arguments->given_count++] = (cli_given) { option, value };
    return true;
}

/* Name of the first command that takes an option; every option belongs to one. */
static const char *first_that_takes(cli_option option)
{
    size_t index = 0;
    while (!(cli_command_at(index)->options & CLI_HAS(option)))
        index++;
    return cli_command_at(index)->name;
}

/* Every option given is one that the command takes. */
static bool check_options(const cli_arguments *arguments)
{
    const cli_command *command = arguments->command;
    uint64_t allowed = command ? command->options | CLI_EVERYWHERE : CLI_WITHOUT_COMMAND;
    if (cli_is_given(arguments, CLI_HELP) || cli_is_given(arguments, CLI_VERSION))
        return true;
    for (size_t i = 0; i < arguments->given_count; i++) {
        cli_option option = arguments->given[i].option;
        if (allowed & CLI_HAS(option))
            continue;
        if (command)
            cli_complain("`qloupe %s` takes no --%s; see `qloupe help %s`", command->name, OPTIONS[option].name,
                         command->name);
        else
            cli_complain("--%s needs a command that takes it, such as `qloupe %s`; see `qloupe help`", OPTIONS[option].name,
                         first_that_takes(option));
        return false;
    }
    return true;
}

/* A word that is no command and no file was probably meant as a command. */
static bool is_mistyped_command(const cli_arguments *arguments)
{
    if (arguments->command || arguments->operand_count == 0)
        return false;
    const char *word = arguments->operands[0];
    const cli_command *near = strpbrk(word, "/.") ? NULL : cli_command_near(word);
    if (!near || access(word, F_OK) == 0)
        return false;
    cli_complain("there is no file and no command '%s'; did you mean `qloupe %s`?", cli_shown(word), near->name);
    return true;
}

/* One form of output at a time. */
static bool check_formats(const cli_arguments *arguments)
{
    if (cli_value_count(arguments, CLI_JSON) + cli_value_count(arguments, CLI_CSV) + cli_value_count(arguments, CLI_MD) <= 1)
        return true;
    cli_complain("--json, --csv and --md: one of them at a time");
    return false;
}

static bool check_operands(const cli_arguments *arguments)
{
    size_t most = arguments->command ? arguments->command->most_operands : 1;
    if (cli_is_given(arguments, CLI_HELP))
        return true;
    if (arguments->command && arguments->operand_count < arguments->command->least_operands) {
        cli_complain("`qloupe %s` needs %zu files: qloupe %s %s", arguments->command->name,
                     arguments->command->least_operands, arguments->command->name, arguments->command->usage);
        return false;
    }
    if (arguments->operand_count <= most)
        return !is_mistyped_command(arguments);
    const char *extra = cli_shown(arguments->operands[most]), *name = arguments->command ? arguments->command->name : "";
    if (most == 0)
        cli_complain("`qloupe %s` takes no '%s'; see `qloupe help %s`", name, extra, name);
    else if (!arguments->command && cli_command_find(arguments->operands[most]))
        cli_complain("the command stands first: `qloupe %s %s`", extra, cli_shown(arguments->operands[0]));
    else
        cli_complain("'%s' is one too many, one at a time; see `qloupe help %s`", extra, name);
    return false;
}

/* "-3", "-.5": an operand, as no option is a digit. */
static bool is_negative_number(const char *word)
{
    return (word[1] >= '0' && word[1] <= '9') || (word[1] == '.' && word[2] >= '0' && word[2] <= '9');
}

bool cli_arguments_parse(int argc, char **argv, cli_arguments *out)
{
    *out = (cli_arguments) { 0 };
    out->operands = text_allocate((size_t)argc + 1, sizeof *out->operands);
    out->given = text_allocate((size_t)argc + 1, sizeof *out->given);
    bool options_ended = false, may_be_command = true;
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && word[0] == '-' && word[1] && !is_negative_number(word)) {
            if (!take_option(argc, argv, &at, out))
                return false;
        } else {
            const cli_command *command = may_be_command && !options_ended ? cli_command_find(word) : NULL;
            may_be_command = false;
            if (command)
                out->command = command;
            else
                out->operands[out->operand_count++] = word;
        }
    }
    return check_options(out) && check_formats(out) && check_operands(out);
}

void cli_arguments_free(cli_arguments *arguments)
{
    free(arguments->operands);
    free(arguments->given);
    *arguments = (cli_arguments) { 0 };
}

bool cli_is_given(const cli_arguments *arguments, cli_option option)
{
    return cli_value_count(arguments, option) > 0;
}

const char *cli_value(const cli_arguments *arguments, cli_option option)
{
    size_t count = cli_value_count(arguments, option);
    return count ? cli_value_at(arguments, option, count - 1) : NULL;
}

size_t cli_value_count(const cli_arguments *arguments, cli_option option)
{
    size_t count = 0;
    for (size_t i = 0; i < arguments->given_count; i++)
        count += arguments->given[i].option == option;
    return count;
}

const char *cli_value_at(const cli_arguments *arguments, cli_option option, size_t index)
{
    for (size_t i = 0; i < arguments->given_count; i++)
        if (arguments->given[i].option == option && index-- == 0)
            return arguments->given[i].value;
    return NULL;
}
