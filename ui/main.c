/* qloupe: a command goes to the command line, everything else to the terminal interface if there is a terminal. */
#include "cli/cli.h"
#include "cli/complain.h"
#include "text/demo.h"
#include "text/maps.h"
#include "text/plain.h"
#include "tui/tui.h"

#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Options that only the terminal interface takes call it, terminal or not. */
static bool wants_screen(const cli_arguments *arguments)
{
    if (arguments->command || cli_is_given(arguments, CLI_HELP) || cli_is_given(arguments, CLI_VERSION))
        return false;
    return cli_is_given(arguments, CLI_KEYS) || cli_is_given(arguments, CLI_RECORD) || cli_is_given(arguments, CLI_SIZE) ||
           cli_is_given(arguments, CLI_SCREENSHOT) || cli_is_given(arguments, CLI_BENCH_UI) || isatty(STDOUT_FILENO);
}

static tui_color color_given(const cli_arguments *arguments)
{
    const char *color = cli_value(arguments, CLI_COLOR);
    return !color || strcmp(color, "auto") == 0 ? TUI_COLOR_AUTO
           : strcmp(color, "always") == 0       ? TUI_COLOR_ALWAYS
                                                : TUI_COLOR_NEVER;
}

static int open_screen(const cli_arguments *arguments)
{
    const bool bench = cli_is_given(arguments, CLI_BENCH_UI);
    char demo[PATH_MAX], demo_inputs[PATH_MAX];
    tui_options options = {
        .path = arguments->operand_count ? arguments->operands[0] : demo,
        .tensor = cli_value(arguments, CLI_TENSOR),
        .spec = cli_value(arguments, CLI_SPEC),
        .raw = cli_value(arguments, CLI_RAW),
        .layout = cli_layout_given(arguments),
        .x = cli_value(arguments, CLI_X),
        .color = color_given(arguments),
        .ascii = cli_is_given(arguments, CLI_ASCII),
        .no_state = cli_is_given(arguments, CLI_NO_STATE) || getenv("QLOUPE_NO_STATE"),
        .keys = cli_value(arguments, bench ? CLI_BENCH_UI : CLI_KEYS),
        .bench = bench,
        .json = cli_is_given(arguments, CLI_JSON),
        .record = cli_value(arguments, CLI_RECORD),
        .size = cli_value(arguments, CLI_SIZE),
        .screenshot = cli_value(arguments, CLI_SCREENSHOT),
    };
    int code = cli_threads_given(arguments, &options.threads);
    if (code != CLI_GOOD)
        return code;
    if (bench && (cli_is_given(arguments, CLI_KEYS) || options.screenshot))
        return cli_complain("--bench-ui plays its own keys and makes no picture: without --keys and --screenshot");
    if (options.path == demo && options.raw)
        return cli_complain("--raw describes a FILE: name it");
    if (options.path == demo && !text_demo_path(demo, sizeof demo))
        return cli_complain("no file was named, and the demo model is not at %s", cli_shown(demo));
    if (options.path == demo && text_demo_inputs(demo, demo_inputs, sizeof demo_inputs))
        options.usual_x = demo_inputs;
    return tui_main(&options);
}

/* --isa, or QLOUPE_ISA in the environment, or the fastest. */
static int choose_kernels(const cli_arguments *arguments)
{
    const char *name = cli_value(arguments, CLI_ISA);
    const char *source = name ? "--isa" : "QLOUPE_ISA";
    name = name ? name : getenv("QLOUPE_ISA");
    ql_error error;
    return name && *name && ql_isa_use(name, &error) != QL_OK ? cli_complain("%s: %s", source, error.message) : CLI_GOOD;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a write error like a full disk */
    text_map_files();
    cli_arguments arguments;
    int code = CLI_BAD;
    if (cli_arguments_parse(argc, argv, &arguments)) {
        text_set_ascii(cli_is_given(&arguments, CLI_ASCII));
        code = choose_kernels(&arguments);
    }
    if (code == CLI_GOOD) {
        code = wants_screen(&arguments) ? open_screen(&arguments) : cli_run(&arguments);
    }
    cli_arguments_free(&arguments);
    return code;
}
